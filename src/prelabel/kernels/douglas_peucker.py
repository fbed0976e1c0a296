"""Douglas-Peucker that never tears: chains are simplified only where nothing lies between them and their chord.

Source: D. H. Douglas and T. K. Peucker, "Algorithms for the reduction of the number of points required to represent a
digitized line or its caricature" (1973), with the distance to the chord as a segment, and with the acceptance rule of
M. de Berg, M. van Kreveld and S. Schirra, "Topologically correct subdivision simplification using the bandwidth
criterion" (1998).

A chord replaces a piece of chain only if no node that still stands lies in the area between the two (by parity, chord
included). Then no other border can cross the chord: its straight edge would have to end in that area. And no node
changes sides, since a polygon's interior changes by just that area. So what was a valid coverage stays one, at every
tolerance; where the rule forbids a chord, the piece is split as if it were too far away, which ends at single edges.

Nodes are lattice points, and mostly the area has none but the piece's own. Say the chord goes further in x than in y.
In each column that it passes the piece is at whole numbers; if none of them is a pixel or more away from the chord, no
lattice point is between, and one on the chord is on the piece as well, where no other border can be without sharing a
node. A whole pixel is as good where the chord has no lattice points but its ends: it is that far away only in the
columns of these. Only where neither is so the neighbourhood is searched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_XY, U8, inner
from prelabel.kernels.chains import CHAIN, NODE
from prelabel.kernels.chords import farthest
from prelabel.kernels.clearance import is_clear

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array

    Int64Array = NDArray[np.int64]


@inner(
    f"UniTuple(int64, 2)({CHAIN}, uint8[::1], int64, int64, boolean, {RO_XY}, {RO_I4}, float64, uint8[::1], int32[::1],"
    " int32[::1])",
    inline=True,
)
def reduce_chain(
    chain: Int64Array,
    kept: NDArray[np.uint8],
    first: int,
    last: int,
    must_bend: bool,
    xy: Int32Array,
    vertex_rows: Int32Array,
    tolerance: float,
    standing: NDArray[np.uint8],
    positions: Int32Array,
    stack: Int32Array,
) -> tuple[int, int]:
    """Simplify the piece of chain between two nodes that stay; a ring is cut at the node farthest from its end.

    Args:
        chain, first, last: the piece; a ring's two ends are one node, and three corners of it stay at least.
        kept: uint8, one per position of the chain, 1: set to 0 for nodes that go.
        must_bend: forbids the single chord from end to end (it would lie on another border).
        xy, vertex_rows, tolerance, standing: see :func:`prelabel.kernels.clearance.is_clear`; an empty
            ``vertex_rows`` means that nothing stands in the way.
        positions: int32 scratch, one per node, of any content.
        stack: int32 scratch, as long as the chain.

    Returns:
        How often a chord within the tolerance had to be refused, and how many nodes went.
    """
    n_refused, n_gone, n_stacked, is_placed = 0, np.int64(0), U8(0), False
    first, last = np.int64(first), np.int64(last)
    start, end = first, last
    is_ring = chain[NODE, first] == chain[NODE, last]
    cut = np.int64(-1)  # where a ring was cut
    if is_ring:
        cut, _ = farthest(chain, first, last, tolerance)
        stack[0] = last
        n_stacked = U8(1)
        end = cut
        must_bend = cut + 1 == last
    while True:
        while end > start + 1:
            apart, against = farthest(chain, start, end, tolerance)
            if against == 1 and len(vertex_rows) > 0 and not is_placed:
                for k in range(U8(first), U8(last)):
                    positions[U8(chain[NODE, k])] = k
                is_placed = True
            if against < 2:
                is_whole = start in (first, cut) and end in (last, cut)
                if (must_bend and is_whole) or (
                    against == 1
                    and len(vertex_rows) > 0
                    and not is_clear(chain, U8(start), U8(end), xy, vertex_rows, tolerance, standing, positions)
                ):
                    against = 2
                    n_refused += 1
            if against < 2:
                n_gone += end - start - 1
                for k in range(U8(start + 1), U8(end)):
                    kept[k] = 0
                    if len(vertex_rows) > 0:
                        standing[U8(chain[NODE, k])] = 0
                break
            stack[n_stacked] = end
            n_stacked += U8(1)
            end = apart
        if n_stacked == U8(0):
            return n_refused, n_gone
        if is_ring and end == cut:  # the way back must bend if the way there does not
            must_bend = True
            for k in range(U8(first + 1), U8(cut)):
                must_bend = must_bend and kept[k] == 0
        start = end
        n_stacked -= U8(1)
        end = np.int64(stack[n_stacked])
