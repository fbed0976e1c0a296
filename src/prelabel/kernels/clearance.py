"""Is there room for a chord: the search for nodes between a piece of chain and the chord that would replace it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_XY, U8, inner
from prelabel.kernels.chains import CHAIN, NODE, X, Y

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array

    Int64Array = NDArray[np.int64]


@inner(f"boolean(int64, int64, {CHAIN}, uint64, uint64)")
def _lies_between(x: int, y: int, chain: Int64Array, first: int, last: int) -> bool:
    """Tell whether a lattice point lies between a piece of chain and its chord (by parity), or on the chord."""
    inside = False
    px, py = chain[X, last], chain[Y, last]
    for k in range(first, last + U8(1)):
        qx, qy = chain[X, k], chain[Y, k]
        across = (qx - px) * (y - py) - (qy - py) * (x - px)
        if k == first and across == 0 and min(px, qx) <= x <= max(px, qx) and min(py, qy) <= y <= max(py, qy):
            return True
        if (py > y) != (qy > y) and (across > 0) == (qy > py):
            inside = not inside
        px, py = qx, qy
    return inside


@inner(f"boolean({CHAIN}, uint64, uint64, int32[::1], uint64)")
def _is_of_piece(chain: Int64Array, first: int, last: int, positions: Int32Array, node: int) -> bool:
    """Tell whether a node is one of a piece of chain; ``positions`` says where in the chain it would be."""
    position = U8(positions[node])
    return node == U8(chain[NODE, last]) or (first <= position <= last and U8(chain[NODE, position]) == node)


@inner(f"boolean(int64, int64, int64, {CHAIN}, uint64, uint64, {RO_XY}, float64, uint8[::1], int32[::1])")
def _row_is_clear(
    node: int,
    step: int,
    y: int,
    chain: Int64Array,
    first: int,
    last: int,
    xy: Int32Array,
    end: float,
    standing: NDArray[np.uint8],
    positions: Int32Array,
) -> bool:
    """Look along row ``y`` from ``node`` as far as x = ``end`` for nodes between a piece of chain and its chord."""
    while 0 <= node < len(xy) and xy[U8(node), 1] == y and step * (xy[U8(node), 0] - end) <= 0:
        if (
            standing[U8(node)]
            and not _is_of_piece(chain, first, last, positions, U8(node))
            and _lies_between(np.int64(xy[U8(node), 0]), y, chain, first, last)
        ):
            return False
        node += step
    return True


@inner(f"uint64({RO_XY}, {RO_I4}, uint64, float64)")
def first_from(xy: Int32Array, vertex_rows: Int32Array, y: int, x: float) -> int:
    """Return the first node of row ``y`` at ``x`` or right of it; the next row's first, if there is none."""
    one = U8(1)
    begin, end = U8(vertex_rows[y]), U8(vertex_rows[y + one])
    while begin < end:
        middle = (begin + end) >> one
        if xy[middle, 0] < x:
            begin = middle + one
        else:
            end = middle
    return begin


@inner(f"boolean({CHAIN}, uint64, uint64, {RO_XY}, {RO_I4}, float64, uint8[::1], int32[::1])")
def is_clear(
    chain: Int64Array,
    first: int,
    last: int,
    xy: Int32Array,
    vertex_rows: Int32Array,
    tolerance: float,
    standing: NDArray[np.uint8],
    positions: Int32Array,
) -> bool:
    """Tell whether no node that still stands lies between a piece of chain and its chord.

    Nodes are numbered in scan order: those beside the piece are next to its own, row by row. A row that the piece
    crosses on a vertical edge is searched only where the chord is a pixel away or more; nearer there is no room.

    Args:
        chain, first, last: the piece; its own nodes do not count.
        xy, vertex_rows: all nodes, in scan order, and where each row of them starts.
        tolerance: no node of the piece is further than this from the chord.
        standing: uint8, one per node: whether it still stands.
        positions: int32, one per node: its position in the chain, anything for nodes that are not in it.

    Returns:
        True if the chord may replace the piece.
    """
    one = U8(1)
    ax, ay = chain[X, first], chain[Y, first]
    dx, dy = chain[X, last] - ax, chain[Y, last] - ay
    left = right = ax
    top = bottom = ay
    for k in range(first, last + one):
        x, y = chain[X, k], chain[Y, k]
        left, right, top, bottom = min(left, x), max(right, x), min(top, y), max(bottom, y)
    if dx != 0 and dy != 0 and (right - left <= 1 or bottom - top <= 1):
        return True  # the area has no lattice points but those of its own border
    slope = dx / dy if dy != 0 else 0.0
    half = tolerance * np.sqrt(np.float64(dx * dx + dy * dy)) / abs(dy) + 1e-6 if dy != 0 else np.inf
    last_node = U8(len(xy) - 1)
    before = ay
    for k in range(first, last + one):
        node, y = U8(chain[NODE, k]), chain[Y, k]
        west, east = max(node, one) - one, min(node + one, last_node)
        if xy[west, 1] == y and xy[west, 0] >= left and not _is_of_piece(chain, first, last, positions, west):
            end = max(np.float64(left), ax + slope * (y - ay) - half)
            if not _row_is_clear(np.int64(west), -1, y, chain, first, last, xy, end, standing, positions):
                return False
        if xy[east, 1] == y and xy[east, 0] <= right and not _is_of_piece(chain, first, last, positions, east):
            end = min(np.float64(right), ax + slope * (y - ay) + half)
            if not _row_is_clear(np.int64(east), 1, y, chain, first, last, xy, end, standing, positions):
                return False
        for row in range(min(before, y) + 1, max(before, y)):
            middle = ax + slope * (row - ay)
            if dy != 0 and abs(middle - chain[X, k]) < 1.0 - 1e-9:
                continue
            low, high = max(np.float64(left), middle - half), min(np.float64(right), middle + half)
            start = first_from(xy, vertex_rows, U8(row), low)
            if not _row_is_clear(np.int64(start), 1, row, chain, first, last, xy, high, standing, positions):
                return False
        before = y
    return True
