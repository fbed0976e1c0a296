"""Kernels that are being compiled just in time, which takes a while: who is told of it, and who has it stopped."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_listeners: list[Callable[[str], None]] = []
_logged: list[str] = []
_under_way: list[str] = []
_thread = threading.local()


class NobodyWaits(BaseException):
    """Ends the work of a thread whose results nobody waits for any more."""


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


def ask_first(check: Callable[[], None]) -> None:
    """Have this thread call ``check`` before it begins to compile a kernel; what that raises ends the kernel's call.

    Compiling cannot be interrupted in another thread than the main one. It is what a pool's threads begin with.
    """
    _thread.check = check


def is_compiling() -> bool:
    """Whether a kernel is being compiled in any thread."""
    return bool(_under_way)


@contextmanager
def compiling(n_ready: int, n_kernels: int, why_not_kept: str) -> Iterator[None]:
    """Tell those who want to know that the block compiles one more kernel, unless its thread is to stop.

    Args:
        n_ready: kernels that this process has already.
        n_kernels: how many there are.
        why_not_kept: why it will have to be compiled by other processes, too; empty where it is kept.
    """
    words = f"compiling kernels, {'on every run' if why_not_kept else 'once each'} (about 20 s for all)"
    _under_way.append(words)  # before asking: who has it stopped and looks then must not miss it
    try:
        if (check := getattr(_thread, "check", None)) is not None:
            check()
        for listener in [*_listeners]:
            listener(f"{words}: {n_ready + 1} of {n_kernels}")
        if not _listeners and not _logged:
            _log(f"{words}{f', as {why_not_kept}' if why_not_kept else ''}")
        yield
    finally:
        _under_way.pop()


def _log(words: str) -> None:
    import logging  # noqa: PLC0415 - kernels are mostly compiled already

    logging.getLogger("prelabel.kernels").warning("prelabel: %s", words)
    _logged.append(words)
