"""Kernels that are being compiled just in time, which takes a while: who is told of it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_listeners: list[Callable[[str], None]] = []
_logged: list[str] = []


@contextmanager
def telling(listener: Callable[[str], None]) -> Iterator[None]:
    """Have somebody told before each kernel that is compiled, in words, in the thread that needs it.

    Where nobody is told, the log is, once: of a library call that takes long.
    """
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def tell(n_ready: int, n_kernels: int, why_not_kept: str) -> None:
    """Tell those who want to know that one more kernel is about to be compiled.

    Args:
        n_ready: kernels that this process has already.
        n_kernels: how many there are.
        why_not_kept: why it will have to be compiled by other processes, too; empty where it is kept.
    """
    words = f"compiling kernels, {'on every run' if why_not_kept else 'once each'} (about 20 s for all)"
    for listener in [*_listeners]:
        listener(f"{words}: {n_ready + 1} of {n_kernels}")
    if not _listeners and not _logged:
        _log(f"{words}{f', as {why_not_kept}' if why_not_kept else ''}")


def _log(words: str) -> None:
    import logging  # noqa: PLC0415 - kernels are mostly compiled already

    logging.getLogger("prelabel.kernels").warning("prelabel: %s", words)
    _logged.append(words)
