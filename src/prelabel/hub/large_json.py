"""JSON of many megabytes to Python objects, without the searches for garbage that so many new ones would set off.

What is read holds no cycle, so the searches find nothing, and for stored labels they take four fifths of the time.
"""

from __future__ import annotations

import gc
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGE_BYTES = 100_000

_lock = threading.Lock()
_pauses = {"under way": 0, "to be ended": 0}


def loads(text: bytes) -> Any:
    """Read JSON as orjson does.

    Raises:
        orjson.JSONDecodeError: it is none.
    """
    if len(text) < LARGE_BYTES:
        return orjson.loads(text)
    with _no_collection():
        return orjson.loads(text)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Pause the process's collector until the last block that is under way in any thread ends, if it was on."""
    with _lock:
        if not _pauses["under way"]:
            _pauses["to be ended"] = gc.isenabled()
            gc.disable()
        _pauses["under way"] += 1
    try:
        yield
    finally:
        with _lock:
            _pauses["under way"] -= 1
            if not _pauses["under way"] and _pauses["to be ended"]:
                gc.enable()
