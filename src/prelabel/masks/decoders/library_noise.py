"""Damaged masks told of once, by us: beside stage 4, see decode.py. Loads no Pillow by itself."""

from __future__ import annotations

import sys
import warnings
from contextlib import suppress


def quieten_libraries() -> None:
    """Keep Pillow and libtiff from telling of damaged files: for a program of its own, not for a part of another.

    libtiff writes lines of its own to stderr, and Pillow warns of what it repairs. What stops them holds for the whole
    process; it loses nothing, as both also tell what they could not read. Where libtiff cannot be reached (it may be
    part of Pillow, with its names hidden) it goes on writing.
    """
    warnings.filterwarnings("ignore", module=r"PIL\.")
    _Libtiff.is_unwanted = True
    if "PIL._imaging" in sys.modules:
        quieten_libtiff()


class _Libtiff:
    """Whether libtiff is to be silent once Pillow has brought it."""

    is_unwanted = False


def quieten_libtiff() -> None:
    """Do so if it was asked for; called where Pillow has been loaded."""
    if not _Libtiff.is_unwanted:
        return
    import ctypes  # noqa: PLC0415 - only where there is a libtiff

    from PIL import _imaging  # noqa: PLC0415 - most imports go without Pillow

    with suppress(AttributeError, OSError):
        set_handler = ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler
        set_handler.argtypes, set_handler.restype = [ctypes.c_void_p], ctypes.c_void_p
        set_handler(None)
