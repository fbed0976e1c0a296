"""What is said of a path that a library's caller gives, where no mask comes of it; loaded only then."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from prelabel.errors import MaskError
from prelabel.masks.odd_cells import is_base64
from prelabel.masks.references import without_secrets
from prelabel.spelling import quoted

if TYPE_CHECKING:
    from collections.abc import Callable

_URL = re.compile(r"[a-z][a-z0-9+.-]+:/", re.IGNORECASE)  # one slash is what a path object leaves of two
_NO_PATHS: tuple[tuple[Callable[[str], object], str], ...] = (
    (
        re.compile("data:", re.IGNORECASE).match,
        "data: URLs are not read by this call: give the bytes that are in it, by base64.b64decode",
    ),
    (re.compile("file:", re.IGNORECASE).match, "file: URLs are not read by this call: give the path alone"),
    (_URL.match, "this call reads files of this machine, not URLs: fetch it and give its bytes"),
    (re.compile("{").match, "run lengths are not read from text by this call: give them as a dict, by json.loads"),
    (re.compile("~").match, '"~" is not expanded: give os.path.expanduser of it'),
    (is_base64, "base64 is not read by this call: give its bytes, by base64.b64decode"),
)
"""What texts are that are no paths, the first that fits, and what to give instead."""


def unreadable(path: str | os.PathLike[str], error: Exception) -> MaskError:
    """Return the error that a file cannot be read: it names it, and says what to give where it is no path."""
    shown = shown_path(path)
    fault = _fault_of(os.fsdecode(path).strip())
    if not fault:
        fault = f"{getattr(error, 'strerror', None) or error}: check the path"
    return MaskError(f"cannot read the mask {quoted(shown)}: {fault}", reference=shown)


def shown_path(path: str | os.PathLike[str]) -> str:
    """Return what a path may be named by: of a URL no user, password and query."""
    text = os.fsdecode(path)
    if not _URL.match(text.lstrip()):
        return text
    return without_secrets(text if "://" in text else text.replace(":/", "://", 1))


def _fault_of(text: str) -> str:
    """Say what a text is that is no path, and what to give instead; an empty string where it may be one."""
    return next((fault for is_so, fault in _NO_PATHS if is_so(text)), "")
