"""Masks as COCO run lengths, part of stage 4: ``{"size": [height, width], "counts": ...}`` -> runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from prelabel.errors import MaskError
from prelabel.kernels.coco import counts_from_text
from prelabel.kernels.transpose import transposed
from prelabel.masks.limits import MaskLimits
from prelabel.masks.whole_number import whole_number
from prelabel.model import Runs
from prelabel.spelling import counted, short

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_SHOWN = 80


def from_coco_rle(rle: Mapping[str, Any], limits: MaskLimits = MaskLimits()) -> Runs:  # noqa: B008 - frozen
    """Read a mask from COCO run lengths.

    Args:
        rle: ``size``, [height, width] in pixels, and ``counts``: lengths of background and object in turn, column by
            column, as a list, or compressed as a str or bytes.
        limits: how large the mask may be; checked before anything is allocated.

    Returns:
        The runs: 1 where the object is, 0 elsewhere. Memory goes with the runs, not with the pixels.

    Raises:
        MaskError: that is no mask in COCO's format, or it is too large; says why.
    """
    height, width = _size_of(rle)
    limits.check_size((height, width))
    try:
        counts = _counts_of(rle, height * width)
    except (ValueError, TypeError, OverflowError) as error:
        raise MaskError(f"the COCO counts cannot be read: {error}", shape=(height, width)) from error
    if int(counts.sum()) != height * width:
        raise MaskError(
            f"the COCO counts add up to {counted(int(counts.sum()), 'pixel')}, and the size is {height} x {width} = "
            f"{height * width}: give counts and size of one mask",
            shape=(height, width),
        )
    try:
        return transposed(_columns(counts, height, width), max_runs=limits.max_runs)
    except OverflowError as error:
        raise limits.too_many_runs((height, width)) from error


def _size_of(rle: Mapping[str, Any]) -> tuple[int, int]:
    size = rle.get("size")
    sides = [whole_number(side) or 0 for side in size] if isinstance(size, list | tuple | np.ndarray) else []
    if len(sides) != 2 or min(sides) < 1:
        given = f"got {short(repr(size), _SHOWN)}" if "size" in rle else "give it"
        raise MaskError(
            f'a COCO mask has "size": [height, width] in pixels, 1 or more: {given}', reference=type(size).__name__
        )
    return sides[0], sides[1]


def _counts_of(rle: Mapping[str, Any], n_pixels: int) -> NDArray[np.int64]:
    """Return the counts; raises ValueError or TypeError, the reason as its text."""
    counts = rle.get("counts")
    if isinstance(counts, str | bytes):
        return counts_from_text(counts.encode() if isinstance(counts, str) else counts, n_pixels)
    if not isinstance(counts, list | tuple | np.ndarray):
        raise TypeError('a COCO mask has "counts", a list of lengths or a text')
    array = np.asarray(counts)
    is_whole = array.dtype.kind in "iu" or (array.dtype.kind == "f" and np.array_equal(array, np.trunc(array)))
    if array.ndim != 1 or not is_whole:
        raise ValueError("it is not a list of whole numbers")
    if array.size and not 0 <= int(array.min()) <= int(array.max()) <= n_pixels:
        raise ValueError("a count is negative or larger than the mask")
    return array.astype(np.int64)


def _columns(counts: NDArray[np.int64], height: int, width: int) -> Runs:
    """Return the mask with rows and columns swapped: COCO's columns are its rows."""
    # Where an even number of changes falls on one pixel nothing changes there.
    changes, n_changes = np.unique(np.cumsum(counts)[:-1], return_counts=True)
    changes = changes[n_changes % 2 == 1]
    borders = np.arange(width + 1) * height
    places = np.union1d(changes, borders[:-1])
    places = places[places < borders[-1]]
    values = (np.searchsorted(changes, places, "right") & 1).astype(np.uint32)
    row_offsets = np.searchsorted(places, borders).astype(np.int32)
    return Runs(height, row_offsets, (places % height).astype(np.int32), values)
