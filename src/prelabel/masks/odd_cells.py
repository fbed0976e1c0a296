"""Cells of the mask column that hold a mask in a form that is not read: named for what they are. Part of stage 4.

Without this they would pass for paths, and nobody looks for a file of a hundred thousand characters.
"""

from __future__ import annotations

import re

from prelabel.spelling import means_nothing

_COCO = '{"size": [height, width], "counts": ...}'
_IN_FORM = f"write the mask as a file, as a data: URL or as COCO run lengths, {_COCO}"
_BASE64 = re.compile(r"[A-Za-z0-9+/_=\s-]{40,}")
_BEGINNINGS = {
    "iVBORw0KGgo": ("a PNG", "image/png"),
    "/9j/": ("a JPEG", "image/jpeg"),
    "R0lGOD": ("a GIF", "image/gif"),
    "SUkqA": ("a TIFF", "image/tiff"),
    "TU0AK": ("a TIFF", "image/tiff"),
    "UklGR": ("a WebP", "image/webp"),
    "k05VTVBZ": ("a NumPy array", "application/octet-stream"),
}
"""What the base64 of files begins with, what they are called, and their media type."""

_FORMS = tuple(
    (re.compile(pattern, re.IGNORECASE), fault)
    for pattern, fault in (
        (
            r"\{\s*b?'|\{.{0,200}?:\s{0,9}b['\"]",
            "COCO run lengths as Python prints a dict: write JSON, by json.dumps (of bytes: counts.decode())",
        ),
        (
            r"\{\s*\"(?!.*\}$)",
            "the beginning of COCO run lengths: copy them whole (spreadsheets cut cells at 32,767 characters)",
        ),
        (
            r"\[\s*\{",
            "a list of run lengths, and a cell holds one mask: merge them, or write a file with a value for each",
        ),
        (r"\[\s*\]$", "an empty list: leave the cell empty where there is no mask"),
        (r"\[(?=[^,\s]*[,\s])[\[\](),.\d\s+e-]*\]$", f"a list of numbers, not a mask: {_IN_FORM}"),
        (
            r"\d+(?:[\s,;]+\d+)+$",
            f"numbers, like the run lengths of Kaggle, which do not tell the mask's size: write {_COCO}",
        ),
        (r"b'.*'$|b\".*\"$", "bytes as Python prints them: write a data: URL, data:image/png;base64,..."),
        (r"(?:multi)?polygon\s*(?:z\s*)?\(", f"a polygon (WKT), not a mask: {_IN_FORM}"),
    )
)


def odd_cell(text: str) -> str:
    """Say what a cell holds that is no reference and no mask as we read it, and what to write instead.

    Args:
        text: the cell, without spaces around it.

    Returns:
        What follows "the cell holds"; an empty string for all that may be a reference.
    """
    if means_nothing(text):
        return "what programs write for no value: leave the cell empty where there is no mask"
    for beginning, (what, media_type) in _BEGINNINGS.items():
        if text.startswith(beginning) and _BASE64.fullmatch(text):
            return f"{what} as base64, without the prefix of a data: URL: write data:{media_type};base64, before it"
    on_one_line = text.replace("\n", " ")
    return next((fault for pattern, fault in _FORMS if pattern.match(on_one_line)), "")
