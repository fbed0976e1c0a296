"""Regions to rings (design.md section 4).

One sweep down the row boundaries looks at the four pixels around each lattice vertex where a run starts. A vertex
counts unless a border runs straight through it downwards; so straight vertices are never made. Two borders meet at a
corner; at an *anchor* three or four do: three or more labels meet there (also where one of them runs straight
through), or two regions touch at a corner.

Every region gets its own *bends* at a vertex: one for each of its sectors between two borders, with the border the
ring arrives by and the one it leaves by. The sweep links each bend to the next one, walking with the region on the
right; the rings are then cycles to be followed. Where two diagonal pixels belong to one region, its two bends are
joined across the vertex, so that no ring meets itself.

Both regions along a border get the same vertices, anchors included; background gets no bends. The plane outside the
mask has the label -1, so the mask's frame is a border too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from prelabel.kernels._jit import kernel, read_only
from prelabel.kernels.scratch import scratch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array, Runs, UInt32Array

RO_I4 = read_only("int32")
RO_U1 = read_only("uint8")
RO_I8 = read_only("int64")
RO_XY = read_only("int32", 2)

Number = TypeVar("Number", bound=np.generic)

OUTSIDE = -1
DONE = np.uint32(0xFFFFFFFF)

# Indices are unsigned inside the sweep: numba then leaves out the test for negative ones, half of all instructions.
U8 = np.uint64


@kernel(f"boolean(int64, int64, int64, int64, {RO_I4}, {RO_I4})")
def _rows_agree(above: int, n_above: int, below: int, n_below: int, starts: Int32Array, labels: Int32Array) -> bool:
    """Tell whether two rows have the same borders between the same labels."""
    if n_above != n_below:
        return False
    for k in range(n_above):
        if starts[above + k] != starts[below + k] or labels[above + k] != labels[below + k]:
            return False
    return True


@kernel(f"void(int64, int64, int64, {RO_I4}, {RO_I4}, int32[:, ::1])")
def _copy_row(first: int, n_runs: int, width: int, starts: Int32Array, labels: Int32Array, row: Int32Array) -> None:
    """Write a row's borders and the labels on their right, the mask's right edge and a border that is never reached."""
    for k in range(n_runs):
        row[0, k] = starts[first + k]
        row[1, k] = labels[first + k]
    end = max(n_runs, 0)
    if n_runs > 0:
        row[0, end] = width
        row[1, end] = OUTSIDE
        end += 1
    row[0, end] = width + 1
    row[1, end] = OUTSIDE


@kernel(
    f"int64(int64, int64, {RO_I4}, {RO_I4}, {RO_I4}, int32[:, ::1], int32[:, ::1], uint32[:, ::1], uint32[:, ::1],"
    " int64[::1], uint8[::1], int32[::1], uint32[::1], int64[::1], int64[::1])"
)
def _sweep(
    first_y: int,
    width: int,
    row_offsets: Int32Array,
    starts: Int32Array,
    labels: Int32Array,
    above: Int32Array,
    below: Int32Array,
    pending: Int32Array,
    next_pending: Int32Array,
    places: NDArray[np.int64],
    anchors: NDArray[np.uint8],
    vertex_rows: Int32Array,
    following: UInt32Array,
    bends: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> int:
    """Sweep down the row boundaries from ``first_y`` on, as long as a whole row surely fits; link all bends.

    Args:
        first_y: the row boundary to go on with; 0 is the mask's upper edge.
        width: pixels in a row.
        row_offsets, starts, labels: the runs and the label of each; neighbours in a row differ.
        above, below: int32 scratch, 2 x (runs of the fullest row + 2).
        pending, next_pending: int32, 2 x (runs of the fullest row + 1), kept between calls: for each border that
            goes on downwards, the bend at its upper end of the region on its left and of the one on its right.
        places: int64, written: the vertices' lattice coordinates, x in the low and y in the high half, in scan order.
        anchors: uint8, written: 1 where more than two borders meet.
        vertex_rows: int32, height + 2, written: vertices with y = k are ``vertex_rows[k]`` to ``vertex_rows[k + 1]``.
        following: uint32, written: the bend after each bend; bend 0 is nobody's and takes what belongs nowhere.
        bends: int64, written: the vertex of each bend in the low, its region in the high half.
        counts: int64, 2, kept between calls: vertices and bends so far.

    Returns:
        The row boundary to go on with: height + 1 when done, less when there is no room for one more row.
    """
    height = len(row_offsets) - 1
    n_vertices, n_bends = U8(counts[0]), U8(counts[1])
    for y in range(first_y, height + 1):
        first_above = np.int64(row_offsets[y - 1]) if y > 0 else np.int64(0)
        n_above = np.int64(row_offsets[y]) - first_above if y > 0 else np.int64(0)
        first_below = np.int64(row_offsets[y]) if y < height else np.int64(0)
        n_below = np.int64(row_offsets[y + 1]) - first_below if y < height else np.int64(0)
        most = U8(n_above + n_below + 2)
        if n_vertices + most > U8(len(places)) or n_bends + U8(4) * most > U8(len(following)):
            counts[0], counts[1] = n_vertices, n_bends
            return y
        vertex_rows[y] = n_vertices
        high_y = y << 32
        if _rows_agree(first_above, n_above, first_below, n_below, starts, labels):
            continue
        _copy_row(first_above, n_above, width, starts, labels, above)
        _copy_row(first_below, n_below, width, starts, labels, below)
        i = j = U8(0)
        a = c = np.int32(OUTSIDE)  # a, b, c, d: north-west, north-east, south-west, south-east
        open_above = open_below = U8(0)
        # No branch depends on the picture in here: on noise the processor could not foresee any.
        while True:
            x_above, x_below = above[0, i], below[0, j]
            x = min(x_above, x_below)
            if x > width:
                break
            in_above, in_below = U8(x_above == x), U8(x_below == x)
            # Loads come before choices, so that choices compile to selections.
            label_above, label_below = above[1, i], below[1, j]
            left_bend, right_bend = pending[0, i], pending[1, i]
            b = label_above if in_above else a
            d = label_below if in_below else c
            north, east, south, west = U8(a != b), U8(b != d), U8(c != d), U8(a != c)
            turns = west | east
            degree = north + east + south + west
            places[n_vertices] = high_y | np.int64(x)
            anchors[n_vertices] = degree > 2
            # A sector begins at one border and ends, clockwise, at the next one. The ring leaves by the former.
            has_north, has_east = turns & north & U8(b > 0), east & U8(d > 0)
            has_south, has_west = turns & south & U8(c > 0), west & U8(a > 0)
            out_north = n_bends * has_north
            bends[n_bends] = np.int64(b) << 32 | np.int64(n_vertices)
            n_bends += has_north
            out_east = n_bends * has_east
            bends[n_bends] = np.int64(d) << 32 | np.int64(n_vertices)
            n_bends += has_east
            out_south = n_bends * has_south
            bends[n_bends] = np.int64(c) << 32 | np.int64(n_vertices)
            n_bends += has_south
            out_west = n_bends * has_west
            bends[n_bends] = np.int64(a) << 32 | np.int64(n_vertices)
            n_bends += has_west
            in_north = out_west if west else (out_south if south else out_east)
            in_east = out_north if north else (out_west if west else out_south)
            in_south = out_east if east else (out_north if north else out_west)
            in_west = out_south if south else (out_east if east else out_north)
            if degree == 4:
                joined_falling, joined_rising = (a == d) & (a > 0), (b == c) & (b > 0)
                in_north, in_south = (in_south, in_north) if joined_falling else (in_north, in_south)
                in_east, in_west = (in_west, in_east) if joined_rising else (in_east, in_west)
            following[out_west] = open_above
            following[open_below] = in_west
            joins_north = turns & north
            following[left_bend * joins_north] = in_north
            following[out_north] = right_bend
            open_above = in_east * east
            open_below = out_east
            next_pending[0, j] = out_south if turns else left_bend
            next_pending[1, j] = in_south if turns else right_bend
            n_vertices += turns
            i += in_above
            j += in_below
            a, c = b, d
        for k in range(np.int64(j)):
            pending[0, k] = next_pending[0, k]
            pending[1, k] = next_pending[1, k]
    vertex_rows[height + 1] = n_vertices
    counts[0], counts[1] = n_vertices, n_bends
    return height + 1


@kernel(f"int64(int64, uint32[::1], {RO_I8}, int32[::1], int32[::1], int32[::1])")
def _follow(
    n_bends: int,
    following: UInt32Array,
    bends: NDArray[np.int64],
    nodes: Int32Array,
    ring_offsets: Int32Array,
    ring_regions: Int32Array,
) -> int:
    """Follow the bends around. Rings come in the scan order of their first vertices: exteriors before their holes.

    Args:
        n_bends: bends, the unused first one included.
        following: uint32: the bend after each; becomes DONE.
        bends: where each bend is and whose; see :func:`_sweep`.
        nodes: int32, written: the vertices, ring after ring.
        ring_offsets, ring_regions: int32, written.

    Returns:
        The number of rings.
    """
    n_rings = n_nodes = U8(0)
    ring_offsets[0] = 0
    for first in range(U8(1), U8(n_bends)):
        if following[first] == DONE:
            continue
        bend = U8(first)
        after = following[bend]
        while after != DONE:
            nodes[n_nodes] = bends[bend] & 0xFFFFFFFF
            n_nodes += U8(1)
            following[bend] = DONE
            bend = U8(after)
            after = following[bend]
        ring_regions[n_rings] = bends[first] >> 32
        n_rings += U8(1)
        ring_offsets[n_rings] = n_nodes
    return n_rings


@kernel(f"void({RO_I4}, {RO_I4}, {RO_I4}, int32[::1], int32[::1], int32[::1], int32[::1])")
def _group(
    nodes: Int32Array,
    ring_offsets: Int32Array,
    ring_regions: Int32Array,
    polygon_offsets: Int32Array,
    order: Int32Array,
    out_nodes: Int32Array,
    out_offsets: Int32Array,
) -> None:
    """Put the rings of each region together, in the order they come in.

    Args:
        nodes, ring_offsets, ring_regions: the rings as :func:`_follow` wrote them.
        polygon_offsets: int32, regions + 1, written: rings of region r are from entry r - 1 to entry r.
        order: int32 scratch, one per ring.
        out_nodes, out_offsets: int32, written: the rings in their new order.
    """
    n_rings = len(ring_regions)
    polygon_offsets[:] = 0
    for ring in range(n_rings):
        polygon_offsets[ring_regions[ring]] += 1
    for region in range(1, len(polygon_offsets)):
        polygon_offsets[region] += polygon_offsets[region - 1]
    # Counted back to front, each region's entry ends at its first ring; the offsets then only need to move up by one.
    for ring in range(n_rings - 1, -1, -1):
        region = ring_regions[ring]
        polygon_offsets[region] -= 1
        order[polygon_offsets[region]] = ring
    for region in range(1, len(polygon_offsets)):
        polygon_offsets[region - 1] = polygon_offsets[region]
    polygon_offsets[len(polygon_offsets) - 1] = n_rings
    out_offsets[0] = 0
    n_nodes = 0
    for slot in range(n_rings):
        for k in range(ring_offsets[order[slot]], ring_offsets[order[slot] + 1]):
            out_nodes[n_nodes] = nodes[k]
            n_nodes += 1
        out_offsets[slot + 1] = n_nodes


@kernel(f"void({RO_I4}, {RO_XY}, int32[:, ::1])")
def _look_up_points(nodes: Int32Array, xy: Int32Array, points: Int32Array) -> None:
    """Write the coordinates (x, y) of vertices."""
    for k in range(len(nodes)):
        node = U8(nodes[k])
        points[k, 0] = xy[node, 0]
        points[k, 1] = xy[node, 1]


@kernel(f"void({RO_XY}, {RO_I4}, {RO_I4}, uint8[::1])")
def _find_turns(xy: Int32Array, nodes: Int32Array, ring_offsets: Int32Array, turns: NDArray[np.uint8]) -> None:
    """Write 1 for each vertex at which its ring turns, 0 where it runs straight through an anchor."""
    for ring in range(len(ring_offsets) - 1):
        first, last = ring_offsets[ring], ring_offsets[ring + 1]
        before, here = nodes[last - 2], nodes[last - 1]
        for k in range(first, last):
            after = nodes[k]
            straight = xy[before, 0] == xy[here, 0] == xy[after, 0] or xy[before, 1] == xy[here, 1] == xy[after, 1]
            turns[k - 1 if k > first else last - 1] = not straight
            before, here = here, after


@kernel(f"void({RO_I4}, {RO_I4}, {RO_U1}, int32[::1], int32[::1])")
def _keep(
    nodes: Int32Array, ring_offsets: Int32Array, kept: NDArray[np.uint8], out_nodes: Int32Array, out_offsets: Int32Array
) -> None:
    """Copy rings without the vertices that go."""
    n_out = 0
    for ring in range(len(ring_offsets) - 1):
        out_offsets[ring] = n_out
        for k in range(ring_offsets[ring], ring_offsets[ring + 1]):
            if kept[k]:
                out_nodes[n_out] = nodes[k]
                n_out += 1
    out_offsets[len(ring_offsets) - 1] = n_out


class Rings(NamedTuple):
    """The rings of all regions, grouped by region, on shared vertices.

    Attributes:
        xy: int32, vertices x 2: their coordinates (x, y), in scan order.
        vertex_rows: int32, height + 2: vertices with y = k are ``vertex_rows[k]`` to ``vertex_rows[k + 1]``.
        anchors: uint8, one per vertex: 1 where more than two borders meet, and at the mask's own corners.
        nodes: int32: vertices, ring after ring; rings are open and walked with their region on the right.
        ring_offsets: int32, rings + 1, into ``nodes``.
        polygon_offsets: int32, regions + 1, into the rings: region r is entry r - 1 to r; its exterior comes first.
    """

    xy: Int32Array
    vertex_rows: Int32Array
    anchors: NDArray[np.uint8]
    nodes: Int32Array
    ring_offsets: Int32Array
    polygon_offsets: Int32Array

    def points(self) -> Int32Array:
        """Return int32, nodes x 2: the coordinates (x, y)."""
        points = np.empty((len(self.nodes), 2), np.int32)
        _look_up_points(self.nodes, self.xy, points)
        return points

    def keep(self, kept: NDArray[np.uint8]) -> Rings:
        """Return the rings without the places where ``kept`` (uint8, one per place in ``nodes``) is 0."""
        nodes, offsets = np.empty(np.count_nonzero(kept), np.int32), np.empty_like(self.ring_offsets)
        _keep(self.nodes, self.ring_offsets, kept, nodes, offsets)
        return self._replace(nodes=nodes, ring_offsets=offsets)

    def without_straight(self) -> Rings:
        """Return the rings without anchors that they run straight through."""
        turns = np.empty(len(self.nodes), np.uint8)
        _find_turns(self.xy, self.nodes, self.ring_offsets, turns)
        return self.keep(turns)


def trace_rings(runs: Runs, labels: Int32Array, n_regions: int) -> Rings:
    """Trace the rings of every region.

    The vertices are in the thread's scratch memory: done with before the same thread traces the next mask.

    Args:
        runs: the mask.
        labels: int32, one per run: 0 background, else a region from 1; neighbours in a row differ.
        n_regions: the highest label.

    Returns:
        The rings, exact, with a vertex at every anchor.
    """
    fullest = int(np.diff(runs.row_offsets).max()) + 2
    rows, pending = np.empty((2, 2, fullest), np.int32), np.empty((2, 2, fullest), np.uint32)
    room, bend_room = 2 * len(runs.starts) + 2 * fullest, 3 * len(runs.starts) + 8 * fullest
    places, anchors = scratch.take("places", room, np.int64), scratch.take("anchors", room, np.uint8)
    following, bends = scratch.take("following", bend_room, np.uint32), scratch.take("bends", bend_room, np.int64)
    vertex_rows, counts = np.empty(runs.height + 2, np.int32), np.array([0, 1], np.int64)
    y = 0
    while True:
        y = _sweep(
            y,
            runs.width,
            runs.row_offsets,
            runs.starts,
            labels,
            rows[0],
            rows[1],
            pending[0],
            pending[1],
            places,
            anchors,
            vertex_rows,
            following,
            bends,
            counts,
        )
        if y > runs.height:
            break
        places, anchors = _doubled(places), _doubled(anchors)
        following, bends = _doubled(following), _doubled(bends)
    n_vertices, n_bends = counts.tolist()
    # The mask's own corners stay, so that a region in a corner keeps filling it.
    anchors[[0, vertex_rows[1] - 1, vertex_rows[runs.height], n_vertices - 1]] = 1
    nodes, grouped = scratch.take("nodes", n_bends - 1, np.int32), np.empty(n_bends - 1, np.int32)
    most_rings = (n_bends - 1) // 4
    offsets = scratch.take("offsets", most_rings + 1, np.int32)
    regions = scratch.take("regions", most_rings, np.int32)
    n_rings = _follow(n_bends, following, bends, nodes, offsets, regions)
    polygon_offsets, ring_offsets = np.empty(n_regions + 1, np.int32), np.empty(n_rings + 1, np.int32)
    order = scratch.take("order", n_rings, np.int32)
    _group(nodes, offsets, regions[:n_rings], polygon_offsets, order, grouped, ring_offsets)
    xy = places[:n_vertices].view(np.int32).reshape(-1, 2)
    return Rings(xy, vertex_rows, anchors[:n_vertices], grouped, ring_offsets, polygon_offsets)


def _doubled(array: NDArray[Number]) -> NDArray[Number]:
    return np.concatenate([array, np.empty_like(array)])
