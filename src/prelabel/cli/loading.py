"""A quick start, and a quick end: what modules bring stays for good, so no time goes into looking for garbage in it."""

from __future__ import annotations

import atexit
import gc
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_AUTHORITIES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""What tells OpenSSL where they are."""


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


def begin_work() -> None:
    """Collect garbage from now on, though without looking for it in what there is: modules, which stay."""
    gc.freeze()  # first: enabled, Python would go over all of it at once
    gc.enable()


@contextmanager
def loading() -> Iterator[None]:
    """Load a command's modules in the block; garbage is collected again after it, though not looked for in them."""
    gc.disable()
    try:
        yield
    finally:
        begin_work()


@contextmanager
def without_authorities() -> Iterator[None]:
    """Load aiohttp in the block without the system's certificate authorities, which it would read then, and twice.

    It keeps them for connections that bring no TLS context. All of a command's do (``hub/transport.py``,
    ``masks/sources/web.py``), made when a connection needs it; one that brings none would trust nobody.
    """
    before = {name: os.environ.get(name) for name in _AUTHORITIES}
    os.environ.update(dict.fromkeys(_AUTHORITIES, os.devnull))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
