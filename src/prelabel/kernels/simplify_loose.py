"""Rings simplified with nothing in their way: plain Douglas-Peucker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_XY, kernel
from prelabel.kernels.chains import CHAIN, NODE, X, Y, room_for_longest
from prelabel.kernels.douglas_peucker import reduce_chain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array

    Int64Array = NDArray[np.int64]


@kernel(f"int64({RO_XY}, {RO_I4}, float64, int32[:, ::1], int32[::1], {CHAIN}, uint8[::1], int32[::1])")
def _simplify_loose(
    points: Int32Array,
    ring_offsets: Int32Array,
    tolerance: float,
    out_points: Int32Array,
    out_offsets: Int32Array,
    chain: Int64Array,
    chain_kept: NDArray[np.uint8],
    stack: Int32Array,
) -> int:
    """Copy rings simplified with nothing in their way: plain Douglas-Peucker.

    Args:
        points, ring_offsets: open rings.
        tolerance: pixels.
        out_points, out_offsets: written.
        chain, chain_kept, stack: scratch, one position more than the longest ring has points.

    Returns:
        The number of points written.
    """
    n_out = 0
    out_offsets[0] = 0
    for ring in range(len(ring_offsets) - 1):
        first = np.int64(ring_offsets[ring])
        n = np.int64(ring_offsets[ring + 1]) - first
        for k in range(n + 1):
            at = k if k < n else 0
            chain[NODE, k], chain[X, k], chain[Y, k] = at, points[first + at, 0], points[first + at, 1]
        chain_kept[: n + 1] = 1
        if n > 2:
            reduce_chain(chain, chain_kept, 0, n, False, points, ring_offsets[:0], tolerance, chain_kept, stack, stack)
        for k in range(n):
            if chain_kept[k]:
                out_points[n_out, 0], out_points[n_out, 1] = chain[X, k], chain[Y, k]
                n_out += 1
        out_offsets[ring + 1] = n_out
    return n_out


def simplify_loose(points: Int32Array, ring_offsets: Int32Array, tolerance: float) -> tuple[Int32Array, Int32Array]:
    """Simplify rings with nothing in their way, as rings through pixels are, which run over each other by nature.

    Args:
        points: int32, points x 2.
        ring_offsets: int32, rings + 1; rings are open.
        tolerance: pixels.

    Returns:
        The new points and ring offsets.
    """
    out_points, out_offsets = np.empty_like(points), np.empty_like(ring_offsets)
    room = room_for_longest(ring_offsets)
    n_points = _simplify_loose(points, ring_offsets, tolerance, out_points, out_offsets, *room)
    return out_points[:n_points].copy(), out_offsets
