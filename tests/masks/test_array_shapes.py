"""Which sides of arrays stand for a channel, an image, planes."""

from __future__ import annotations

import pytest

from prelabel.masks.array_shapes import may_have_planes_last, picture_shape


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((30, 40), (30, 40)),
        ((30, 40, 1), (30, 40)),
        ((1, 30, 40), (30, 40)),
        ((1, 30, 1), (1, 30)),
        ((1, 1, 1), (1, 1)),
        ((30, 1, 40), (30, 1, 40)),
        ((1, 40, 3), (1, 40, 3)),
        ((30, 40, 4), (30, 40, 4)),
        ((40, 1), (40, 1)),
        ((1, 1, 30, 40), (1, 1, 30, 40)),
    ],
)
def test_a_side_of_one_is_left_out(shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """The last of three, else the first; a row of colours and what has other than three sides stay."""
    assert picture_shape(shape) == expected


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((480, 640, 3), True),
        ((480, 640, 2), True),
        ((5, 8, 4), True),
        ((1024, 1024, 20), True),
        ((480, 640, 59), True),
        ((480, 640, 60), False),
        ((3, 480, 640), False),
        ((2, 100, 3), False),
        ((3, 100, 3), False),
        ((100, 28, 28), False),
        ((500, 28, 5), False),
    ],
)
def test_planes_may_come_last(shape: tuple[int, int, int], *, expected: bool) -> None:
    """Few or far fewer columns than there would be planes and rows."""
    assert may_have_planes_last(shape) == expected
