"""Bends: what each region has at a vertex, one for each of its sectors between two borders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import U8, inner
from prelabel.kernels.row_borders import OUTSIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Int64Array = NDArray[np.int64]


@inner("uint64(uint32)", inline=True)
def is_region(value: int) -> int:
    """Return 1 for the value of a region, 0 for background and the plane around the mask."""
    return U8((value != 0) & (value != OUTSIDE))


@inner(
    "UniTuple(uint64, 5)(int64[::1], uint64, int64, uint64, uint64, uint32, uint32, uint32, uint32, uint64, uint64,"
    " uint64, uint64)",
    inline=True,
)
def bend_at_anchor(
    bends: Int64Array,
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
    """Append a bend for each region that leaves an anchor along a border: b north, d east, c south, a west.

    Returns:
        Where they are, 0 where there is no border or background, and how many bends there are now.
    """
    out_north = n_bends * (north & is_region(b))
    bends[n_bends] = here | np.int64(right)
    n_bends += north & is_region(b)
    out_east = n_bends * (east & is_region(d))
    bends[n_bends] = here
    n_bends += east & is_region(d)
    out_south = n_bends * (south & is_region(c))
    bends[n_bends] = here
    n_bends += south & is_region(c)
    out_west = n_bends * (west & is_region(a))
    bends[n_bends] = here | np.int64(open_above)
    n_bends += west & is_region(a)
    return out_north, out_east, out_south, out_west, n_bends
