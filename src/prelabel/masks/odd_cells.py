"""Cells of the mask column that hold a mask in a form that is not read: named for what they are. Part of stage 4.

Without this they would pass for paths, and nobody looks for a file of a hundred thousand characters.
"""

from __future__ import annotations

import re

from prelabel.spelling import means_nothing

_COCO = '{"size": [height, width], "counts": ...}'
_IN_FORM = f"write the mask as a file, as a data: URL or as COCO run lengths, {_COCO}"
_BASE64 = re.compile(r"[A-Za-z0-9+/_=\s-]{40,}")
_PLAIN_PATH = re.compile(r"[\w./\\-]{1,200}\.[A-Za-z]\w{1,4}")
"""Letters, digits and what joins them, with an ending: no form below is like it, so one look does for most cells."""
_LONGEST_KEY = 1024  # of a bucket
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
            r"\{\s*b?'|\{.{0,200}?:\s{0,9}b['\"]|(?:ordered)?dict\(",
            "COCO run lengths as Python prints a dict: write JSON, by json.dumps (of bytes: counts.decode())",
        ),
        (
            r"\{\s*\"(?!.*\}$)",
            "the beginning of COCO run lengths: copy them whole (spreadsheets cut cells at 32,767 characters)",
        ),
        (r"(['\"])\s*\{.*\}\s*\1$", "COCO run lengths in quotes: write the JSON alone, by one json.dumps"),
        (r"(['\"])\s*data:.*\1$", "a data: URL in quotes: take the quotes away"),
        (
            r"(?:image/[\w.+-]{1,40};)?base64,",
            "base64 without the beginning of a data: URL: write data:image/png;base64,...",
        ),
        (
            r"\[\s*\{",
            "a list of run lengths, and a cell holds one mask: merge them, or write a file with a value for each",
        ),
        (r"\[\s*\]$|\(\s*\)$", "an empty list: leave the cell empty where there is no mask"),
        (r"-1$", "what Kaggle's tables write for no mask: leave the cell empty"),
        (
            r"\d+(?:[\s,;]+\d+)+$",
            f"numbers, like the run lengths of Kaggle, which do not tell the mask's size: write {_COCO}",
        ),
        (
            r"(?:array|tensor)?[\[(](?=[^,\s]*[,\s])[\[\](),.\d\s+e-]*[\])]$|-?[\d.]+(?:[\s,;]+-?[\d.]+){2,}$",
            f"a list of numbers, not a mask: {_IN_FORM}",
        ),
        (r"b'.*'$|b\".*\"$", "bytes as Python prints them: write a data: URL, data:image/png;base64,..."),
        (r"(?:array|tensor)\(.*\)$|<.* at 0x[\da-f]+>$", f"an object as Python prints it: {_IN_FORM}"),
        (r"<(?:!doctype|\?xml|html|svg|img|a\s)\b.*>$", f"markup, not a mask: {_IN_FORM}"),
        (r"(?:multi)?polygon\s*(?:z\s*)?\(", f"a polygon (WKT), not a mask: {_IN_FORM}"),
        (
            r"#(?:ref|value|name|num|div/0)[!?]$|=\w+\(",
            "a spreadsheet's formula or its error: write what the formula should give",
        ),
    )
)


def odd_cell(text: str) -> str:
    """Say what a cell holds that is no reference and no mask as we read it, and what to write instead.

    Args:
        text: the cell, without spaces around it.

    Returns:
        What follows "the cell holds"; an empty string for all that may be a reference.
    """
    return "" if _PLAIN_PATH.fullmatch(text) else odd_form(text)


def odd_form(text: str) -> str:
    """Go through all the forms: as :func:`odd_cell`, and slower."""
    on_one_line = text.replace("\n", " ")
    fault = _bare_base64(text) or next((fault for pattern, fault in _FORMS if pattern.match(on_one_line)), "")
    if not fault and means_nothing(text):
        return "what programs write for no value: leave the cell empty where there is no mask"
    return fault


def is_base64(text: str) -> bool:
    """Whether a text is a file as base64 and nothing else."""
    return bool(_bare_base64(text))


def _bare_base64(text: str) -> str:
    """Say that a text is base64 and nothing else, in quotes or not; without a known beginning only if it is long."""
    bare = text.strip("\"'")
    what, media_type = next((kind for start, kind in _BEGINNINGS.items() if bare.startswith(start)), ("", "image/png"))
    if not (what or len(bare) > _LONGEST_KEY) or not _BASE64.fullmatch(bare):
        return ""
    what = f"{what} as base64" if what else "what looks like base64"
    return f"{what}, without the prefix of a data: URL: write data:{media_type};base64, before it"
