"""Runs to regions and to the linked corners of their rings, in one sweep (docs/decisions/0002-one-sweep.md).

What happens at a row boundary is explained in :mod:`prelabel.kernels.sweep_row`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_U4, U8, inner
from prelabel.kernels.row_borders import FIELDS, OUTSIDE, rows_agree, write_borders
from prelabel.kernels.sweep_row import EAST, NORTH, SOUTH, WEST, sweep_row

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array, UInt32Array

    Int64Array = NDArray[np.int64]


@inner(
    f"int64(int64, int64, {RO_I4}, {RO_I4}, {RO_U4}, uint32[::1], int32[::1], uint32[::1], uint32[::1], int64[::1],"
    " uint8[::1], int32[::1], int64[::1], uint32[::1], int64[::1], uint32[::1], int64[::1])"
)
def sweep(
    first_y: int,
    width: int,
    row_offsets: Int32Array,
    starts: Int32Array,
    values: UInt32Array,
    rows: UInt32Array,
    labels: Int32Array,
    parents: UInt32Array,
    label_values: UInt32Array,
    places: Int64Array,
    anchors: NDArray[np.uint8],
    vertex_rows: Int32Array,
    bends: Int64Array,
    following: UInt32Array,
    tops: Int64Array,
    saddles: UInt32Array,
    counts: Int64Array,
) -> int:
    """Sweep down the row boundaries from ``first_y`` on, as long as a whole row surely fits.

    Args:
        first_y: the row boundary to go on with; 0 is the mask's upper edge.
        width: pixels in a row.
        row_offsets, starts, values: the runs; neighbours in a row differ; 0 is background, ``OUTSIDE`` nobody's.
        rows: uint32, 2 x FIELDS x (width + 2), kept between calls: the borders of the row above and of the one below.
        labels: int32, runs + 2, written: the number of run i, 0 for background, at place i + 1.
        parents: uint32, runs + 3, written: the union-find forest of the numbers.
        label_values: uint32, likewise: the value each number is for.
        places: int64, written: the vertices' lattice coordinates, x in the low and y in the high half, in scan order.
        anchors: uint8, written: which borders leave a vertex where more than two do, and at the mask's own corners;
            0 elsewhere.
        vertex_rows: int32, height + 2, written: vertices with y = k are ``vertex_rows[k]`` to ``vertex_rows[k + 1]``.
        bends: int64, written: the bend after each in the low, its vertex in the high half; bend 0 is nobody's and
            takes what belongs nowhere.
        following: uint32, ``bends`` by halves: at twice a bend's index the bend after it.
        tops: int64, written: bends that may be a ring's first in scan order, in the high half, and in the low one the
            place in ``labels`` of a run of the ring's region.
        saddles: uint32, four each, written: two bends of diagonal pixels, and the places in ``labels`` of their runs.
        counts: int64, 6, written and kept between calls: vertices, bends, tops, four times the saddles, and numbers so
            far, and where the row above begins in ``rows``.

    Returns:
        The row boundary to go on with: height + 1 when done, less when there is no room for one more row.
    """
    height = len(row_offsets) - 1
    if first_y == 0:
        counts[:] = 0
        counts[1] = 1
        labels[0] = 0
        rows[0], rows[1] = width + 1, OUTSIDE  # above the mask there is no border
    n_vertices, n_bends, n_tops = U8(counts[0]), U8(counts[1]), U8(counts[2])
    n_saddles, n_labels, above = U8(counts[3]), U8(counts[4]), U8(counts[5])
    one, two = U8(1), U8(2)
    end_y = height + 1
    for y in range(first_y, height + 1):
        first_above, first_below = U8(row_offsets[max(y - 1, 0)]), U8(row_offsets[y])
        n_above, n_below = first_below - first_above, U8(row_offsets[min(y + 1, height)]) - first_below
        most = n_above + n_below + two
        if (
            n_vertices + most > len(places)
            or n_bends + U8(4) * most > len(bends)
            or n_tops + two * most > len(tops)
            or n_saddles + U8(8) * most > len(saddles)
        ):
            end_y = y
            break
        vertex_rows[y] = n_vertices
        if n_above == n_below and rows_agree(starts, values, first_above, first_below, n_below):
            for k in range(n_below):
                labels[first_below + k + one] = labels[first_above + k + one]
            continue
        below = U8(len(rows) >> 1) - above
        write_borders(width, starts, values, first_below, n_below, rows, below)
        n_vertices, n_bends, n_tops, n_saddles, n_labels = sweep_row(
            y,
            width,
            above,
            below,
            first_above + one,
            first_below,
            n_vertices,
            n_bends,
            n_tops,
            n_saddles,
            n_labels,
            rows,
            labels,
            parents,
            label_values,
            places,
            anchors,
            bends,
            following,
            tops,
            saddles,
        )
        above = below
    if end_y > height:
        vertex_rows[height + 1] = n_vertices
        # The mask's own corners stay, so that a region in a corner keeps filling it.
        anchors[0], anchors[U8(vertex_rows[1]) - one] = SOUTH | EAST, SOUTH | WEST
        anchors[U8(vertex_rows[height])], anchors[n_vertices - one] = NORTH | EAST, NORTH | WEST
    counts[0], counts[1], counts[2] = n_vertices, n_bends, n_tops
    counts[3], counts[4], counts[5] = n_saddles, n_labels, above
    return end_y


def tables(size: int) -> tuple[NDArray[Any], ...]:
    """Make the arrays that :func:`sweep` writes, for ``size`` runs and rows of as many pixels.

    In the order of its parameters, without ``vertex_rows`` and ``following``; the last two take each number's region,
    and each region's value.
    """
    n, i4, u4, i8 = size, np.int32, np.uint32, np.int64
    kinds = [(2 * FIELDS * (n + 2), u4), (n + 2, i4), (n + 3, u4), (n + 3, u4), (2 * n + 4, i8), (2 * n + 4, np.uint8)]
    kinds += [(3 * n + 16, i8), (n + 8, i8), (n + 32, u4), (6, i8), (n + 2, i4), (n + 2, u4)]
    return tuple(np.empty(length, dtype) for length, dtype in kinds)
