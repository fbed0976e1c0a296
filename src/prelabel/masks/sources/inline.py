"""Masks that a cell itself holds: ``data:`` URLs and COCO run lengths. Part of stage 4, see router.py."""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

import orjson

from prelabel.codes import Code
from prelabel.errors import MaskError
from prelabel.masks.decoders.coco_rle import from_coco_rle
from prelabel.spelling import listed

if TYPE_CHECKING:
    from prelabel.masks.limits import MaskLimits
    from prelabel.masks.references import InlineMask
    from prelabel.model import Runs


def read_inline(mask: InlineMask, limits: MaskLimits) -> bytes | Runs:
    """Return what a cell holds: a mask file's bytes, or the runs.

    Args:
        mask: the cell.
        limits: how large it may be.

    Raises:
        MaskError: it is cut off, mistyped or too large.
    """
    return _file_in(mask.text, limits.max_bytes) if mask.kind == "data" else _runs_in(mask.text, limits)


def _file_in(url: str, max_bytes: int) -> bytes:
    """Decode a ``data:`` URL (RFC 2397)."""
    head, comma, body = url.partition(",")
    if not comma:
        raise MaskError(
            "the data: URL has no comma before its content: write data:image/png;base64,...", code=Code.MASK_REFERENCE
        )
    content = unquote_to_bytes(body)
    if head.rpartition(";")[2].strip().lower() == "base64":
        packed = b"".join(content.split())
        try:
            content = binascii.a2b_base64(packed + b"=" * (-len(packed) % 4), strict_mode=True)
        except binascii.Error as error:
            raise MaskError(
                f"the data: URL is not base64 ({error}): copy it whole", code=Code.MASK_REFERENCE
            ) from error
    if len(content) > max_bytes:
        raise MaskError(
            f"the data: URL holds {len(content)} bytes and at most {max_bytes} are allowed: shorten it",
            code=Code.MASK_TOO_LARGE,
        )
    return content


def _runs_in(text: str, limits: MaskLimits) -> Runs:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise MaskError(
            f"the cell looks like COCO run lengths and is no JSON ({error}): copy it whole, or write it by json.dumps",
            code=Code.MASK_REFERENCE,
        ) from error
    assert isinstance(found, dict), "the text stands in braces"
    if not {"size", "counts"} <= found.keys():
        raise MaskError(
            f"the cell holds a JSON object with {listed(found) if found else 'no keys'}, and COCO run lengths have "
            '"size" and "counts": give it both, {"size": [height, width], "counts": ...}',
            code=Code.MASK_REFERENCE,
        )
    return from_coco_rle(found, limits)
