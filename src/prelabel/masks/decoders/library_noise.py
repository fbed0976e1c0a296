"""Damaged masks told of once, by us: beside stage 4, see decode.py. Loads no kernels."""

from __future__ import annotations

import ctypes
import warnings
from contextlib import suppress

from PIL import _imaging


def quieten_libraries() -> None:
    """Keep Pillow and libtiff from telling of damaged files: for a program of its own, not for a part of another.

    libtiff writes lines of its own to stderr, and Pillow warns of what it repairs. What stops them holds for the whole
    process; it loses nothing, as both also tell what they could not read. Where libtiff cannot be reached (it may be
    part of Pillow, with its names hidden) it goes on writing.
    """
    warnings.filterwarnings("ignore", module=r"PIL\.")
    with suppress(AttributeError, OSError):
        set_handler = ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler
        set_handler.argtypes, set_handler.restype = [ctypes.c_void_p], ctypes.c_void_p
        set_handler(None)
