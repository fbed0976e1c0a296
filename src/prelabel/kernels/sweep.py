"""Runs to regions and to the linked corners of their rings, in one sweep (docs/decisions/0002-one-sweep.md).

The sweep goes down the row boundaries and looks at the four pixels around each lattice vertex where a run starts:

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

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prelabel.kernels._jit import inlined, inner, kernel, read_only
from prelabel.kernels.scratch import scratch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array, Runs, UInt32Array

    Int64Array = NDArray[np.int64]

RO_I4 = read_only("int32")
RO_U4 = read_only("uint32")

OUTSIDE = np.uint32(0xFFFFFFFF)
"""The value of the plane around the mask; no run has it."""

# Which borders leave a vertex, as a number.
NORTH, SOUTH, EAST, WEST = 1, 2, 4, 8

# Fields of a border in the sweep's memory of a row: where it is, the value on its right, and the bends at its upper
# end of the region on its left and of the one on its right.
FIELDS = 4

# Indices are unsigned in here: numba then leaves out the test for negative ones, half of all instructions.
U8 = np.uint64


@inlined
def _is_region(value: int) -> int:
    return U8((value != 0) & (value != OUTSIDE))


@inner("void(uint32[::1], uint64, uint64)")
def _join(parents: UInt32Array, i: int, j: int) -> None:
    """Make two numbers one region's; the smaller root wins, so roots come in scan order."""
    while parents[i] != i:
        parents[i] = parents[parents[i]]
        i = U8(parents[i])
    while parents[j] != j:
        parents[j] = parents[parents[j]]
        j = U8(parents[j])
    parents[max(i, j)] = min(i, j)


@inner(f"boolean({RO_I4}, {RO_U4}, uint64, uint64, uint64)")
def _rows_agree(starts: Int32Array, values: UInt32Array, above: int, below: int, n_runs: int) -> bool:
    """Tell whether two rows of as many runs have the same borders between the same values."""
    for k in range(n_runs):
        if starts[above + k] != starts[below + k] or values[above + k] != values[below + k]:
            return False
    return True


@kernel(
    f"int64(int64, int64, {RO_I4}, {RO_I4}, {RO_U4}, uint32[::1], int32[::1], uint32[::1], uint32[::1], int64[::1],"
    " uint8[::1], int32[::1], int64[::1], int64[::1], uint32[::1], int64[::1])"
)
def _sweep(
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
        anchors: uint8, written: 1 where more than two borders meet, and at the mask's own corners.
        vertex_rows: int32, height + 2, written: vertices with y = k are ``vertex_rows[k]`` to ``vertex_rows[k + 1]``.
        bends: int64, written: the bend after each in the low, its vertex in the high half; bend 0 is nobody's and
            takes what belongs nowhere.
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
    following = bends.view(np.uint32)  # twice a bend's index: the bend after it
    n_vertices, n_bends, n_tops = U8(counts[0]), U8(counts[1]), U8(counts[2])
    n_saddles, n_labels, above = U8(counts[3]), U8(counts[4]), U8(counts[5])
    one, two, three, fields = U8(1), U8(2), U8(3), U8(FIELDS)
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
            counts[0], counts[1], counts[2] = n_vertices, n_bends, n_tops
            counts[3], counts[4], counts[5] = n_saddles, n_labels, above
            return y
        vertex_rows[y] = n_vertices
        if n_above == n_below and _rows_agree(starts, values, first_above, first_below, n_below):
            for k in range(n_below):
                labels[first_below + k + one] = labels[first_above + k + one]
            continue
        below = U8(len(rows) >> 1) - above
        end = below
        for k in range(n_below):
            rows[end] = starts[first_below + k]
            rows[end + one] = values[first_below + k]
            end += fields
        if n_below > 0:
            rows[end], rows[end + one] = width, OUTSIDE
            end += fields
        rows[end], rows[end + one] = width + 1, OUTSIDE  # never reached
        i, j = above, below
        # Where the number of the run at the next border of the row above, and of the current run below, is.
        label_i, label_j = first_above + one, first_below
        a = c = OUTSIDE
        label_b, label_d = np.int32(0), labels[first_below]
        open_above = open_below = U8(0)  # the bends at the west end of the border that is going east
        while True:
            x_above, x_below = rows[i], rows[j]
            x = min(x_above, x_below)
            if x > width:
                break
            north, south = U8(x_above == x), U8(x_below == x)
            # Loads come before choices, so that choices compile to selections.
            value_above, value_below, label_above = rows[i + one], rows[j + one], labels[label_i]
            left, right = U8(rows[i + two]), U8(rows[i + three])
            b = value_above if north else a
            d = value_below if south else c
            label_b = label_above if north else label_b
            borders = north | south << one | U8(b != d) << two | U8(a != c) << three
            if borders == NORTH | SOUTH:  # straight through: no vertex
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
                open_above = n_bends * _is_region(b)
                n_bends += _is_region(b)
                bends[n_bends] = here
                open_below = n_bends * _is_region(a)
                n_bends += _is_region(a)
                following[two * left] = open_below
                label_i += one
                i += fields
            elif borders == NORTH | WEST:  # a | b = c = d
                bends[n_bends] = here | np.int64(right)
                following[two * open_below] = n_bends * _is_region(b)
                n_bends += _is_region(b)
                bends[n_bends] = here | np.int64(open_above)
                following[two * left] = n_bends * _is_region(a)
                n_bends += _is_region(a)
                if _is_region(b) and label_d != label_b:
                    if label_d == 0:
                        label_d = label_b
                    else:
                        _join(parents, U8(label_d), U8(label_b))
                open_above = open_below = U8(0)
                label_i += one
                i += fields
            elif borders == SOUTH | EAST:  # d | a = b = c
                labels[label_j] = label_d
                label_j += one
                label_d = np.int32(0)
                bends[n_bends] = here
                open_below = n_bends * _is_region(d)
                tops[n_tops] = np.int64(open_below) << 32 | np.int64(label_j)
                n_tops += _is_region(d)
                n_bends += _is_region(d)
                bends[n_bends] = here
                open_above = n_bends * _is_region(a)
                tops[n_tops] = np.int64(open_above) << 32 | np.int64(label_i - one)
                n_tops += _is_region(a)
                n_bends += _is_region(a)
                rows[j + two], rows[j + three] = open_above, open_below
                j += fields
            else:
                # South and west, or three borders or four: c may end here, with no number yet.
                is_new = U8(borders & U8(SOUTH | WEST) == SOUTH | WEST) & _is_region(c) & U8(label_d == 0)
                parents[n_labels + one], label_values[n_labels + one] = n_labels + one, c
                n_labels += is_new
                label_d = np.int32(n_labels) if is_new else label_d
                labels[label_j] = label_d
                if borders == SOUTH | WEST:  # c | a = b = d
                    label_d = label_b
                    bends[n_bends] = here
                    into_south = n_bends * _is_region(c)
                    n_bends += _is_region(c)
                    bends[n_bends] = here | np.int64(open_above)
                    rows[j + two], rows[j + three] = into_south, n_bends * _is_region(a)
                    n_bends += _is_region(a)
                    following[two * open_below] = into_south
                    open_above = open_below = U8(0)
                    label_j += one
                    j += fields
                else:
                    # No branch depends on which borders: a processor could not foresee them.
                    anchors[n_vertices - one] = 1
                    east, west = U8(b != d), U8(a != c)
                    label_d = np.int32(0) if south else label_d
                    label_d = label_d if east else label_b
                    label_i += north
                    label_j += south
                    out_north = n_bends * (north & _is_region(b))
                    bends[n_bends] = here | np.int64(right)
                    n_bends += north & _is_region(b)
                    out_east = n_bends * (east & _is_region(d))
                    bends[n_bends] = here
                    n_bends += east & _is_region(d)
                    out_south = n_bends * (south & _is_region(c))
                    bends[n_bends] = here
                    n_bends += south & _is_region(c)
                    out_west = n_bends * (west & _is_region(a))
                    bends[n_bends] = here | np.int64(open_above)
                    n_bends += west & _is_region(a)
                    in_north = out_west if west else (out_south if south else out_east)
                    in_east = out_north if north else (out_west if west else out_south)
                    in_south = out_east if east else (out_north if north else out_west)
                    in_west = out_south if south else (out_east if east else out_north)
                    tops[n_tops] = np.int64(out_east) << 32 | np.int64(label_j)
                    n_tops += east & south & _is_region(d)
                    if borders == NORTH | SOUTH | EAST | WEST:
                        saddles[n_saddles], saddles[n_saddles + one] = out_west, out_east
                        saddles[n_saddles + two], saddles[n_saddles + three] = label_i - two, label_j
                        n_saddles += U8(4) * (U8(a == d) & _is_region(a))
                        saddles[n_saddles], saddles[n_saddles + one] = out_north, out_south
                        saddles[n_saddles + two], saddles[n_saddles + three] = label_i - one, label_j - one
                        n_saddles += U8(4) * (U8(b == c) & _is_region(b))
                        tops[n_tops] = np.int64(out_north) << 32 | np.int64(label_i - one)
                        n_tops += U8(b == c) & _is_region(b)
                    following[two * open_below] = in_west
                    following[two * left * north] = in_north
                    rows[j + two], rows[j + three] = out_south, in_south
                    open_above = in_east * east
                    open_below = out_east
                    i += fields * north
                    j += fields * south
            a, c = b, d
        above = below
    vertex_rows[height + 1] = n_vertices
    # The mask's own corners stay, so that a region in a corner keeps filling it.
    anchors[0] = anchors[U8(vertex_rows[1]) - one] = anchors[U8(vertex_rows[height])] = anchors[n_vertices - one] = 1
    counts[0], counts[1], counts[2] = n_vertices, n_bends, n_tops
    counts[3], counts[4], counts[5] = n_saddles, n_labels, above
    return height + 1


@kernel(f"int64(int64, {RO_U4}, {RO_U4}, int32[::1], uint32[::1])")
def _number_regions(
    n_labels: int, parents: UInt32Array, label_values: UInt32Array, regions: Int32Array, values: UInt32Array
) -> int:
    """Number the trees from 1, in scan order of their first runs.

    Args:
        n_labels, parents, label_values: the numbers; see :func:`_sweep`.
        regions: int32, numbers + 1, written: the region of each number; 0 stays 0.
        values: uint32, regions, written: their values.

    Returns:
        How many there are.
    """
    n_regions = 0
    regions[0] = 0
    for label in range(U8(1), U8(n_labels) + U8(1)):
        parent = U8(parents[label])
        values[n_regions] = label_values[label]
        n_regions += parent == label
        regions[label] = n_regions if parent == label else regions[parent]  # a parent always precedes its child
    return n_regions


@kernel(f"void(int64, {RO_U4}, {RO_I4}, {RO_I4}, int64[::1])")
def _join_saddles(
    n_saddles: int, saddles: UInt32Array, labels: Int32Array, regions: Int32Array, bends: Int64Array
) -> None:
    """Where both diagonal pixels are of one region, let its two bends go on with each other's way out."""
    following = bends.view(np.uint32)
    for k in range(U8(0), U8(n_saddles), U8(4)):
        if regions[labels[saddles[k + U8(2)]]] == regions[labels[saddles[k + U8(3)]]]:
            first, second = U8(2) * U8(saddles[k]), U8(2) * U8(saddles[k + U8(1)])
            following[first], following[second] = following[second], following[first]


@kernel(f"void(int64, {RO_U4}, {RO_I4}, {RO_I4}, int32[::1])")
def _join_corners(
    n_saddles: int, saddles: UInt32Array, labels: Int32Array, regions: Int32Array, objects: Int32Array
) -> None:
    """Number the objects of regions that touch at corners, from 0, in scan order.

    Args:
        n_saddles, saddles, labels: see :func:`_sweep`.
        regions: int32, one per number: its region, from 1.
        objects: int32, one per region, written.
    """
    for region in range(len(objects)):
        objects[region] = region
    for k in range(0, n_saddles, 4):
        i, j = regions[labels[saddles[k + 2]]] - 1, regions[labels[saddles[k + 3]]] - 1
        while objects[i] != i:
            objects[i] = objects[objects[i]]
            i = objects[i]
        while objects[j] != j:
            objects[j] = objects[objects[j]]
            j = objects[j]
        objects[max(i, j)] = min(i, j)
    n_objects = np.int32(0)
    for region in range(len(objects)):
        parent = objects[region]
        if parent == region:
            objects[region] = n_objects
            n_objects += 1
        else:
            objects[region] = objects[parent]


class Sweep(NamedTuple):
    """A mask's regions and the linked corners of their rings.

    All but ``vertex_rows`` and ``values`` is in the thread's scratch memory, and where counts are told, of any length
    beyond them: done with before the same thread sweeps the next mask.

    Attributes:
        places: int64, one per vertex: its lattice coordinates, x in the low and y in the high half, in scan order.
        anchors: uint8, one per vertex: 1 where more than two borders meet, and at the mask's own corners.
        vertex_rows: int32, height + 2: vertices with y = k are ``vertex_rows[k]`` to ``vertex_rows[k + 1]``.
        bends: int64: the bend after each in the low, its vertex in the high half; the first one is nobody's.
        n_bends: how many there are, that one included.
        tops: int64: bends, in the high half, with which rings may begin, and the place in ``labels`` of their run.
        n_tops: how many there are.
        labels: int32: the number of run i at place i + 1, 0 for background.
        regions: int32: the region of each number, from 1 in scan order, 0 for background.
        values: uint32, one per region: its runs' value.
        saddles: uint32, four each: corners at which pixels of equal value touch; see :func:`_sweep`.
        n_saddles: four times how many there are.
    """

    places: Int64Array
    anchors: NDArray[np.uint8]
    vertex_rows: Int32Array
    bends: Int64Array
    n_bends: int
    tops: Int64Array
    n_tops: int
    labels: Int32Array
    regions: Int32Array
    values: UInt32Array
    saddles: UInt32Array
    n_saddles: int

    def run_regions(self, n_runs: int) -> Int32Array:
        """Return int32, one per run: its region, from 1 in scan order, 0 for background."""
        return self.regions[self.labels[1 : n_runs + 1]]

    def objects(self) -> Int32Array:
        """Return int32, one per region: the 8-connected object it belongs to, from 0 in scan order."""
        objects = np.empty(len(self.values), np.int32)
        _join_corners(self.n_saddles, self.saddles, self.labels, self.regions, objects)
        return objects


def sweep_runs(runs: Runs) -> Sweep:
    """Find the 4-connected regions of equal value, and link the corners of their rings.

    Args:
        runs: the mask; value 0 is background, and no run is ``TRANSPARENT``.

    Returns:
        The regions and corners.
    """
    n_runs, width = len(runs.starts), runs.width
    rows = scratch.at_least("rows", 2 * FIELDS * (width + 2), np.uint32)
    labels = scratch.at_least("labels", n_runs + 2, np.int32)
    parents = scratch.at_least("parents", n_runs + 3, np.uint32)
    label_values = scratch.at_least("label values", n_runs + 3, np.uint32)
    places = scratch.at_least("places", 2 * n_runs + 4, np.int64)
    anchors = scratch.at_least("anchors", len(places), np.uint8)
    bends = scratch.at_least("bends", 3 * n_runs + 16, np.int64)
    tops = scratch.at_least("tops", n_runs + 8, np.int64)
    saddles = scratch.at_least("saddles", n_runs + 32, np.uint32)
    vertex_rows, counts = np.empty(runs.height + 2, np.int32), scratch.at_least("counts", 6, np.int64)
    y = 0
    while True:
        y = _sweep(
            y,
            width,
            runs.row_offsets,
            runs.starts,
            runs.values,
            rows,
            labels,
            parents,
            label_values,
            places,
            anchors,
            vertex_rows,
            bends,
            tops,
            saddles,
            counts,
        )
        n_vertices, n_bends, n_tops, n_saddles, n_labels = counts[:5].tolist()
        if y > runs.height:
            break
        places = scratch.doubled("places", places, n_vertices)
        anchors = scratch.doubled("anchors", anchors, n_vertices)
        bends = scratch.doubled("bends", bends, n_bends)
        tops = scratch.doubled("tops", tops, n_tops)
        saddles = scratch.doubled("saddles", saddles, n_saddles)
    regions = scratch.at_least("regions", n_labels + 1, np.int32)
    values = scratch.at_least("region values", n_labels + 1, np.uint32)
    n_regions = _number_regions(n_labels, parents, label_values, regions, values)
    _join_saddles(n_saddles, saddles, labels, regions, bends)
    return Sweep(
        places[:n_vertices],
        anchors[:n_vertices],
        vertex_rows,
        bends,
        n_bends,
        tops,
        n_tops,
        labels,
        regions,
        values[:n_regions].copy(),
        saddles,
        n_saddles,
    )
