"""Which side of an array is which: one rule for arrays and for files of them. Part of stage 4."""

from __future__ import annotations

CHANNELS = frozenset({3, 4})
"""What a third side is of colours, RGB or RGBA."""

_FEW = 4
_MUCH_LESS = 8


def picture_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return a picture's shape without a side of 1 that stands for its one channel, or for one image.

    Args:
        shape: of a whole array. Of other than three sides it stays as it is, as does one row of colours.
    """
    if len(shape) == 3 and shape[2] == 1:
        return shape[:2]
    if len(shape) == 3 and shape[0] == 1 and shape[2] not in CHANNELS:
        return shape[1:]
    return shape


def may_have_planes_last(shape: tuple[int, ...]) -> bool:
    """Whether an array of three sides is rather height x width x planes, or channels, than planes x height x width.

    Masks of few columns, or long strips, would have to be many at once for this to be wrong.
    """
    first, second, last = shape
    return last < first and (last <= _FEW or last * _MUCH_LESS < min(first, second))
