"""A quick start, and a quick end: what modules bring stays for good, so no time goes into looking for garbage in it."""

from __future__ import annotations

import atexit
import gc
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def start_quickly() -> None:
    """Begin the process; until its work begins, and in its last moments, Python looks for no garbage.

    At its end it would go over all objects there are, twice, only to free what ends with the process anyway. Whoever is
    registered to be called at exit is called as ever, and the standard streams are flushed; what a module still holds
    then may go without its ``__del__``, so files are closed where they are used, as they are everywhere here.
    """
    gc.disable()
    atexit.register(gc.freeze)
    # Loading numpy would start a thread for each core, each spinning for a while: none of its linear algebra is used.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@contextmanager
def loading() -> Iterator[None]:
    """Load a command's modules in the block; garbage is collected again after it, though not looked for in them."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
