"""One row boundary of the sweep: vertices, bends and links where the rows above and below have borders.

The sweep (:mod:`prelabel.kernels.sweep`) goes down the row boundaries and looks at the four pixels around each lattice
vertex where a run starts:

    a | b        a, b: the row above, left and right of the vertex
    --+--        c, d: the row below
    c | d

Where two of them differ a *border* leaves the vertex: north between a and b, east between b and d, south, west. A
vertex counts unless one border runs straight through it downwards; so straight vertices are never made. Two borders
meet at a corner; at an *anchor* three or four do: three or more labels meet there (also where one of them runs straight
through), or two regions touch at a corner.

Every region gets its own *bends* at a vertex: one for each of its sectors between two borders. A ring, walked with its
region on the right, leaves by the first of the two, clockwise, and arrives by the other. The sweep links each bend to
the next one. Both regions along a border get the same vertices, anchors included; background gets no bends. The plane
outside the mask has a value of its own, so the mask's frame is a border too.

On the way the runs of equal value that lie over each other are joined to regions: union-find, as in L. Lacassagne and
A. B. Zavidovique, "Light speed labeling for RISC architectures" (2009), but a run gets a number of its own only at its
end, if nothing above it had one; so there are hardly more numbers than regions. Whether two diagonal pixels belong to
one region is known only at the end: these *saddles* are noted, and their bends joined across the vertex afterwards, so
that no ring meets itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import U8, inlined
from prelabel.kernels.bends import bend_at_anchor, is_region
from prelabel.kernels.regions import join_numbers
from prelabel.kernels.row_borders import FIELDS, OUTSIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array, UInt32Array

    Int64Array = NDArray[np.int64]

# Which borders leave a vertex, as a number.
NORTH, SOUTH, EAST, WEST = 1, 2, 4, 8


@inlined
def sweep_row(
    y: int,
    width: int,
    above: int,
    below: int,
    label_i: int,
    label_j: int,
    n_vertices: int,
    n_bends: int,
    n_tops: int,
    n_saddles: int,
    n_labels: int,
    rows: UInt32Array,
    labels: Int32Array,
    parents: UInt32Array,
    label_values: UInt32Array,
    places: Int64Array,
    anchors: NDArray[np.uint8],
    bends: Int64Array,
    following: UInt32Array,
    tops: Int64Array,
    saddles: UInt32Array,
) -> tuple[int, int, int, int, int]:
    """Go along one row boundary, from border to border, and make and link what is there.

    Args:
        y, width: which boundary, and the pixels in a row.
        above, below: where in ``rows`` the row above, and the one below, begins.
        label_i, label_j: where in ``labels`` the number of the run at the next border of the row above is, and that of
            the current run of the row below.
        n_vertices, n_bends, n_tops, n_saddles, n_labels: how many there are so far.
        rows, labels, parents, label_values, places, anchors, bends, tops, saddles: see
            :func:`prelabel.kernels.sweep.sweep`.
        following: uint32, ``bends`` by halves: at twice a bend's index the bend after it.

    Returns:
        How many vertices, bends, tops, four times the saddles, and numbers there are now.
    """
    one, two, three, fields = U8(1), U8(2), U8(3), U8(FIELDS)
    i, j = above, below
    a = c = OUTSIDE
    label_b, label_d = np.int32(0), labels[label_j]
    open_above = open_below = U8(0)  # the bends at the west end of the border that is going east
    while True:
        x_above, x_below = rows[i], rows[j]
        x = min(x_above, x_below)
        if x > width:
            return n_vertices, n_bends, n_tops, n_saddles, n_labels
        north, south = U8(x_above == x), U8(x_below == x)
        # Loads come before choices, so that choices compile to selections.
        value_above, value_below, label_above = rows[i + one], rows[j + one], labels[label_i]
        left, right = U8(rows[i + two]), U8(rows[i + three])
        b = value_above if north else a
        d = value_below if south else c
        label_b = label_above if north else label_b
        borders = north | south << one | U8(b != d) << two | U8(a != c) << three
        if borders == NORTH | SOUTH:  # a = c | b = d: straight through, no vertex
            rows[j + two], rows[j + three] = left, right
            labels[label_j] = label_d
            label_d = label_b
            label_i += one
            label_j += one
            i += fields
            j += fields
            a, c = b, d
            continue
        places[n_vertices] = np.int64(y) << 32 | np.int64(x)
        anchors[n_vertices] = 0
        here = np.int64(n_vertices) << 32
        n_vertices += one
        if borders == NORTH | EAST:  # b | a = c = d
            bends[n_bends] = here | np.int64(right)
            open_above = n_bends * is_region(b)
            n_bends += is_region(b)
            bends[n_bends] = here
            open_below = n_bends * is_region(a)
            n_bends += is_region(a)
            following[two * left] = open_below
            label_i += one
            i += fields
        elif borders == NORTH | WEST:  # a | b = c = d: the run below goes on under b, so the two may be one region
            bends[n_bends] = here | np.int64(right)
            following[two * open_below] = n_bends * is_region(b)
            n_bends += is_region(b)
            bends[n_bends] = here | np.int64(open_above)
            following[two * left] = n_bends * is_region(a)
            n_bends += is_region(a)
            if is_region(b) and label_d != label_b:
                if label_d == 0:
                    label_d = label_b
                else:
                    join_numbers(parents, U8(label_d), U8(label_b))
            open_above = open_below = U8(0)
            label_i += one
            i += fields
        elif borders == SOUTH | EAST:  # d | a = b = c: two rings may begin here, one of d and one around it
            labels[label_j] = label_d
            label_j += one
            label_d = np.int32(0)
            bends[n_bends] = here
            open_below = n_bends * is_region(d)
            tops[n_tops] = np.int64(open_below) << 32 | np.int64(label_j)
            n_tops += is_region(d)
            n_bends += is_region(d)
            bends[n_bends] = here
            open_above = n_bends * is_region(a)
            tops[n_tops] = np.int64(open_above) << 32 | np.int64(label_i - one)
            n_tops += is_region(a)
            n_bends += is_region(a)
            rows[j + two], rows[j + three] = open_above, open_below
            j += fields
        else:
            # South and west, or three borders or four: c may end here, with no number yet.
            is_new = U8(borders & U8(SOUTH | WEST) == SOUTH | WEST) & is_region(c) & U8(label_d == 0)
            parents[n_labels + one], label_values[n_labels + one] = n_labels + one, c
            n_labels += is_new
            label_d = np.int32(n_labels) if is_new else label_d
            labels[label_j] = label_d
            if borders == SOUTH | WEST:  # c | a = b = d
                label_d = label_b
                bends[n_bends] = here
                into_south = n_bends * is_region(c)
                n_bends += is_region(c)
                bends[n_bends] = here | np.int64(open_above)
                rows[j + two], rows[j + three] = into_south, n_bends * is_region(a)
                n_bends += is_region(a)
                following[two * open_below] = into_south
                open_above = open_below = U8(0)
                label_j += one
                j += fields
            else:
                # An anchor. No branch depends on which borders: a processor could not foresee them.
                anchors[n_vertices - one] = borders
                east, west = U8(b != d), U8(a != c)
                label_d = np.int32(0) if south else label_d
                label_d = label_d if east else label_b
                label_i += north
                label_j += south
                out_north, out_east, out_south, out_west, n_bends = bend_at_anchor(
                    bends, n_bends, here, right, open_above, a, b, c, d, north, east, south, west
                )
                # Who comes along a border leaves by the next one, clockwise from where it came.
                in_north = out_west if west else (out_south if south else out_east)
                in_east = out_north if north else (out_west if west else out_south)
                in_south = out_east if east else (out_north if north else out_west)
                in_west = out_south if south else (out_east if east else out_north)
                tops[n_tops] = np.int64(out_east) << 32 | np.int64(label_j)
                n_tops += east & south & is_region(d)
                if borders == NORTH | SOUTH | EAST | WEST:  # diagonal pixels of equal value touch
                    saddles[n_saddles], saddles[n_saddles + one] = out_west, out_east
                    saddles[n_saddles + two], saddles[n_saddles + three] = label_i - two, label_j
                    n_saddles += U8(4) * (U8(a == d) & is_region(a))
                    saddles[n_saddles], saddles[n_saddles + one] = out_north, out_south
                    saddles[n_saddles + two], saddles[n_saddles + three] = label_i - one, label_j - one
                    n_saddles += U8(4) * (U8(b == c) & is_region(b))
                    tops[n_tops] = np.int64(out_north) << 32 | np.int64(label_i - one)
                    n_tops += U8(b == c) & is_region(b)
                following[two * open_below] = in_west
                following[two * left * north] = in_north
                rows[j + two], rows[j + three] = out_south, in_south
                open_above = in_east * east
                open_below = out_east
                i += fields * north
                j += fields * south
        a, c = b, d
