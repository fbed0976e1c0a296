"""Bends at an anchor, against a loop over its four borders."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest

from prelabel.kernels._jit import kernel
from prelabel.kernels.bends import bend_at_anchor, is_region
from prelabel.kernels.row_borders import OUTSIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray

BACKGROUND = {0, int(OUTSIDE)}


@kernel("uint64(uint32)")
def ask(value: int) -> int:
    """Call it from compiled code, which it becomes part of."""
    return is_region(value)


@kernel(
    "UniTuple(uint64, 5)(int64[::1], uint64, int64, uint64, uint64, uint32, uint32, uint32, uint32, uint64, uint64,"
    " uint64, uint64)"
)
def bend(
    bends: NDArray[np.int64],
    n_bends: int,
    here: int,
    right: int,
    open_above: int,
    a: int,
    b: int,
    c: int,
    d: int,
    north: int,
    east: int,
    south: int,
    west: int,
) -> tuple[int, int, int, int, int]:
    """Likewise."""
    return bend_at_anchor(bends, n_bends, here, right, open_above, a, b, c, d, north, east, south, west)


@pytest.mark.parametrize("value", [0, 1, 255, 2**31, int(OUTSIDE) - 1, int(OUTSIDE)])
def test_what_is_a_region(value: int) -> None:
    """Neither background nor the plane around the mask."""
    assert ask(value) == (value not in BACKGROUND)


@pytest.mark.parametrize("borders", list(product((0, 1), repeat=4)))
def test_bends_at_an_anchor(borders: tuple[int, ...]) -> None:
    """One for each border with a region on its right as one leaves: there and at this vertex, the next one known."""
    here, right, open_above, n_bends = 5 << 32, 2**32 - 1, 7, 3
    for pixels in product((0, 1, 2, int(OUTSIDE)), repeat=4):
        a, b, c, d = pixels
        expected, places = [-1] * n_bends, []
        # The next bends are known where the sweep has been: at the upper end of the border north, and west.
        for is_border, region, after in zip(borders, (b, d, c, a), (right, 0, 0, open_above), strict=True):
            has_bend = is_border and region not in BACKGROUND
            places.append(len(expected) if has_bend else 0)
            expected += [here | after] if has_bend else []
        bends = np.full(n_bends + 5, -1, np.int64)

        *found, n_after = bend(bends, n_bends, here, right, open_above, *pixels, *borders)

        assert (found, n_after) == (places, len(expected))
        assert bends[: len(expected)].tolist() == expected
