"""Who is told of kernels that are being compiled just in time, which takes a while."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COMPILING = "compiling kernels, once (about 20 s)"

_listeners: list[Callable[[str], None]] = []
_logged: list[str] = []


@contextmanager
def telling(listener: Callable[[str], None]) -> Iterator[None]:
    """Have somebody told of each kernel before it is compiled, by its name, in the thread that needs it.

    Where nobody is told, the log is, once: of a library call that takes long.
    """
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def tell(name: str) -> None:
    """Tell those who want to know that a kernel is about to be compiled."""
    for listener in [*_listeners]:
        listener(name)
    if not _listeners and not _logged:
        import logging  # noqa: PLC0415 - kernels are mostly compiled already

        logging.getLogger("prelabel.kernels").warning(COMPILING)
        _logged.append(name)
