"""Douglas-Peucker that never tears: chains are simplified only where nothing lies between them and their chord.

Source: D. H. Douglas and T. K. Peucker, "Algorithms for the reduction of the number of points required to represent a
digitized line or its caricature" (1973), with the distance to the chord as a segment, and with the acceptance rule of
M. de Berg, M. van Kreveld and S. Schirra, "Topologically correct subdivision simplification using the bandwidth
criterion" (1998).

A chord replaces a piece of chain only if no node that still stands lies in the area between the two (by parity, chord
included). Then no other border can cross the chord: its straight edge would have to end in that area. And no node
changes sides, since a polygon's interior changes by just that area. So what was a valid coverage stays one, at every
tolerance; where the rule forbids a chord, the piece is split as if it were too far away, which ends at single edges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import kernel, read_only
from prelabel.kernels.scratch import scratch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.kernels.rings import Rings
    from prelabel.model import Int32Array

RO_I4 = read_only("int32")
RO_U1 = read_only("uint8")
RO_XY = read_only("int32", 2)


@kernel(f"UniTuple(int64, 2)({RO_I4}, int64, int64, {RO_XY}, float64)")
def _farthest(chain: Int32Array, first: int, last: int, xy: Int32Array, tolerance: float) -> tuple[int, int]:
    """Return the inner node farthest from the chord, and 1 if it is further away than the tolerance.

    Distances are to the segment between the ends (to the point, where both ends are one).
    """
    ax, ay = np.float64(xy[chain[first], 0]), np.float64(xy[chain[first], 1])
    dx, dy = xy[chain[last], 0] - ax, xy[chain[last], 1] - ay
    length2 = dx * dx + dy * dy
    farthest, most = first + 1, -1.0
    for k in range(first + 1, last):
        px, py = xy[chain[k], 0] - ax, xy[chain[k], 1] - ay
        along = px * dx + py * dy
        if along <= 0.0:
            distance2 = (px * px + py * py) * length2 if length2 > 0.0 else px * px + py * py
        elif along >= length2:
            px -= dx
            py -= dy
            distance2 = (px * px + py * py) * length2
        else:
            across = px * dy - py * dx
            distance2 = across * across
        if distance2 > most:
            most, farthest = distance2, k
    scale = length2 if length2 > 0.0 else 1.0
    return farthest, np.int64(most > tolerance * tolerance * scale)


@kernel(f"boolean(int64, int64, {RO_I4}, int64, int64, {RO_XY})")
def _lies_between(x: int, y: int, chain: Int32Array, first: int, last: int, xy: Int32Array) -> bool:
    """Tell whether a lattice point lies between a piece of chain and its chord (by parity), or on the chord.

    Exact: all in int64.
    """
    inside = False
    px, py = np.int64(xy[chain[last], 0]), np.int64(xy[chain[last], 1])
    for k in range(first, last + 1):
        qx, qy = np.int64(xy[chain[k], 0]), np.int64(xy[chain[k], 1])
        across = (qx - px) * (y - py) - (qy - py) * (x - px)
        if k == first and across == 0 and min(px, qx) <= x <= max(px, qx) and min(py, qy) <= y <= max(py, qy):
            return True
        if (py > y) != (qy > y) and (across > 0) == (qy > py):
            inside = not inside
        px, py = qx, qy
    return inside


@kernel(f"boolean(int64, int64, int64, {RO_I4}, int64, int64, {RO_XY}, float64, int32[::1], int64, int32[::1], int64)")
def _row_is_clear(
    node: int,
    step: int,
    y: int,
    chain: Int32Array,
    first: int,
    last: int,
    xy: Int32Array,
    end: float,
    standing: Int32Array,
    tag: int,
    stamps: Int32Array,
    stamp: int,
) -> bool:
    """Look along row ``y`` from ``node`` as far as x = ``end`` for nodes between a piece of chain and its chord."""
    while 0 <= node < len(xy) and xy[node, 1] == y and step * (xy[node, 0] - end) <= 0:
        if (
            standing[node] == tag
            and stamps[node] != stamp
            and _lies_between(np.int64(xy[node, 0]), y, chain, first, last, xy)
        ):
            return False
        node += step
    return True


@kernel(f"int64({RO_XY}, {RO_I4}, int64, float64)")
def _first_from(xy: Int32Array, vertex_rows: Int32Array, y: int, x: float) -> int:
    """Return the first node of row ``y`` at ``x`` or right of it; the next row's first, if there is none."""
    begin, end = np.int64(vertex_rows[y]), np.int64(vertex_rows[y + 1])
    while begin < end:
        middle = (begin + end) >> 1
        if xy[middle, 0] < x:
            begin = middle + 1
        else:
            end = middle
    return begin


@kernel(f"boolean({RO_I4}, int64, int64, {RO_XY}, {RO_I4}, float64, int32[::1], int64, int32[::1], int64)")
def _is_clear(
    chain: Int32Array,
    first: int,
    last: int,
    xy: Int32Array,
    vertex_rows: Int32Array,
    tolerance: float,
    standing: Int32Array,
    tag: int,
    stamps: Int32Array,
    stamp: int,
) -> bool:
    """Tell whether no node that still stands lies between a piece of chain and its chord.

    Nodes are numbered in scan order: those beside the piece are next to its own, row by row. A row that the piece
    crosses on a vertical edge is searched only where the chord is a pixel away or more; nearer there is no room.

    Args:
        chain, first, last: the piece; its own nodes do not count.
        xy, vertex_rows: all nodes, in scan order, and where each row of them starts.
        tolerance: no node of the piece is further than this from the chord.
        standing: int32: nodes where it equals ``tag`` still stand.
        tag: see ``standing``.
        stamps: int32 scratch, one per node.
        stamp: a number not yet used in ``stamps``.

    Returns:
        True if the chord may replace the piece.
    """
    ax, ay = np.int64(xy[chain[first], 0]), np.int64(xy[chain[first], 1])
    dx, dy = xy[chain[last], 0] - ax, xy[chain[last], 1] - ay
    left = right = ax
    top = bottom = ay
    for k in range(first, last + 1):
        node = chain[k]
        stamps[node] = stamp
        x, y = np.int64(xy[node, 0]), np.int64(xy[node, 1])
        left, right, top, bottom = min(left, x), max(right, x), min(top, y), max(bottom, y)
    if dx != 0 and dy != 0 and (right - left <= 1 or bottom - top <= 1):
        return True  # the area has no lattice points but those of its own border
    slope = dx / dy if dy != 0 else 0.0
    half = tolerance * np.sqrt(np.float64(dx * dx + dy * dy)) / abs(dy) + 1e-6 if dy != 0 else np.inf
    last_node = len(xy) - 1
    before = ay
    for k in range(first, last + 1):
        node = np.int64(chain[k])
        y = np.int64(xy[node, 1])
        west, east = max(node - 1, 0), min(node + 1, last_node)
        if stamps[west] != stamp and xy[west, 1] == y and xy[west, 0] >= left:
            end = max(np.float64(left), ax + slope * (y - ay) - half)
            if not _row_is_clear(west, -1, y, chain, first, last, xy, end, standing, tag, stamps, stamp):
                return False
        if stamps[east] != stamp and xy[east, 1] == y and xy[east, 0] <= right:
            end = min(np.float64(right), ax + slope * (y - ay) + half)
            if not _row_is_clear(east, 1, y, chain, first, last, xy, end, standing, tag, stamps, stamp):
                return False
        for row in range(min(before, y) + 1, max(before, y)):
            middle = ax + slope * (row - ay)
            if dy != 0 and abs(middle - xy[node, 0]) < 1.0 - 1e-9:
                continue
            low, high = max(np.float64(left), middle - half), min(np.float64(right), middle + half)
            start = _first_from(xy, vertex_rows, row, low)
            if not _row_is_clear(start, 1, row, chain, first, last, xy, high, standing, tag, stamps, stamp):
                return False
        before = y
    return True


@kernel(
    f"int64({RO_I4}, uint8[::1], int64, int64, boolean, {RO_XY}, {RO_I4}, float64, int32[::1], int64,"
    " int32[::1], int64[::1], int32[::1])"
)
def _reduce(
    chain: Int32Array,
    kept: NDArray[np.uint8],
    first: int,
    last: int,
    must_bend: bool,
    xy: Int32Array,
    vertex_rows: Int32Array,
    tolerance: float,
    standing: Int32Array,
    tag: int,
    stamps: Int32Array,
    stamp: NDArray[np.int64],
    stack: Int32Array,
) -> int:
    """Simplify the piece of chain between two nodes that stay.

    Args:
        chain, first, last: the piece.
        kept: uint8, one per place of the chain: set to 0 for nodes that go.
        must_bend: forbids the single chord from end to end (it would lie on another border).
        xy, vertex_rows, tolerance, standing, tag, stamps: see :func:`_is_clear`; an empty ``vertex_rows`` means
            that nothing stands in the way.
        stamp: int64, one number, counted up.
        stack: int32 scratch, as long as the chain.

    Returns:
        How often a chord within the tolerance had to be refused.
    """
    n_refused = 0
    n_stacked = 0
    start, end = first, last
    while True:
        while end > start + 1:
            farthest, too_far = _farthest(chain, start, end, xy, tolerance)
            if not too_far:
                clear = not (must_bend and start == first and end == last)
                if clear and len(vertex_rows) > 0:
                    stamp[0] += 1
                    clear = _is_clear(chain, start, end, xy, vertex_rows, tolerance, standing, tag, stamps, stamp[0])
                if clear:
                    for k in range(start + 1, end):
                        kept[k] = 0
                        if len(vertex_rows) > 0:
                            standing[chain[k]] = -1
                    break
                n_refused += 1
            stack[n_stacked] = end
            n_stacked += 1
            end = farthest
        if n_stacked == 0:
            return n_refused
        start = end
        n_stacked -= 1
        end = np.int64(stack[n_stacked])


@kernel(
    f"int64({RO_I4}, uint8[::1], int64, int64, {RO_XY}, {RO_I4}, float64, int32[::1], int64, int32[::1],"
    " int64[::1], int32[::1])"
)
def _reduce_closed(
    chain: Int32Array,
    kept: NDArray[np.uint8],
    first: int,
    last: int,
    xy: Int32Array,
    vertex_rows: Int32Array,
    tolerance: float,
    standing: Int32Array,
    tag: int,
    stamps: Int32Array,
    stamp: NDArray[np.int64],
    stack: Int32Array,
) -> int:
    """Simplify a chain whose two ends are one node: cut it at the farthest node, keep three corners at least."""
    far, _ = _farthest(chain, first, last, xy, tolerance)
    must_bend = far + 1 == last
    n_refused = _reduce(
        chain, kept, first, far, must_bend, xy, vertex_rows, tolerance, standing, tag, stamps, stamp, stack
    )
    must_bend = True
    for k in range(first + 1, far):
        if kept[k]:
            must_bend = False
    return n_refused + _reduce(
        chain, kept, far, last, must_bend, xy, vertex_rows, tolerance, standing, tag, stamps, stamp, stack
    )


@kernel(f"int64({RO_XY}, int64, int64)")
def _heading(xy: Int32Array, node: int, other: int) -> int:
    """Return the direction of an axis-parallel step: 0 east, 1 south, 2 west, 3 north."""
    if xy[node, 1] == xy[other, 1]:
        return 0 if xy[other, 0] > xy[node, 0] else 2
    return 1 if xy[other, 1] > xy[node, 1] else 3


@kernel(f"boolean({RO_XY}, {RO_I4}, int64, int64)")
def _are_twins(xy: Int32Array, straight: Int32Array, a: int, b: int) -> bool:
    """Tell whether a chord between two anchors would lie on another border: one that is an edge already, or the frame.

    The frame matters where background reaches it, since borders of background alone are not traced.
    """
    for heading in range(4):
        if straight[4 * a + heading] == b:
            return True
    right, bottom = xy[len(xy) - 1, 0], xy[len(xy) - 1, 1]
    return (xy[a, 0] == xy[b, 0] and (xy[a, 0] == 0 or xy[a, 0] == right)) or (
        xy[a, 1] == xy[b, 1] and (xy[a, 1] == 0 or xy[a, 1] == bottom)
    )


@kernel(f"void({RO_XY}, int32[::1], {RO_I4}, int64, int64)")
def _note_straight(xy: Int32Array, straight: Int32Array, chain: Int32Array, first: int, last: int) -> None:
    """Note at both ends of an arc that it is a single edge now."""
    a, b = np.int64(chain[first]), np.int64(chain[last])
    straight[4 * a + _heading(xy, a, np.int64(chain[first + 1]))] = b
    straight[4 * b + _heading(xy, b, np.int64(chain[last - 1]))] = a


@kernel(f"int64({RO_I4}, int64, int64, {RO_U1}, int32[::1])")
def _unroll_arcs(nodes: Int32Array, first: int, last: int, anchors: NDArray[np.uint8], chain: Int32Array) -> int:
    """Write an open ring as a chain that starts and ends at an anchor, if there is one. Returns their number."""
    n = last - first
    begin = first
    n_anchors = 0
    for k in range(first, last):
        if anchors[nodes[k]]:
            if n_anchors == 0:
                begin = k
            n_anchors += 1
    for k in range(n + 1):
        place = begin + k
        chain[k] = nodes[place if place < last else place - n]
    return n_anchors


@kernel(
    f"int64({RO_XY}, {RO_I4}, {RO_U1}, {RO_I4}, {RO_I4}, float64, uint8[::1], int32[::1], int32[::1],"
    " uint8[::1], int32[::1], int32[:, ::1])"
)
def _simplify_shared(
    xy: Int32Array,
    vertex_rows: Int32Array,
    anchors: NDArray[np.uint8],
    nodes: Int32Array,
    ring_offsets: Int32Array,
    tolerance: float,
    kept: NDArray[np.uint8],
    standing: Int32Array,
    stamps: Int32Array,
    done: NDArray[np.uint8],
    straight: Int32Array,
    buffers: Int32Array,
) -> int:
    """Simplify every border once: the first ring that comes along it decides for both sides.

    Args:
        xy, vertex_rows, anchors, nodes, ring_offsets: exact rings of all regions.
        tolerance: pixels.
        kept: uint8, one per place in ``nodes``, written: whether the vertex stays.
        standing, stamps: int32 scratch, one per vertex, zeros.
        done: uint8 scratch, one per vertex, zeros: vertices of arcs that have had their turn.
        straight: int32 scratch, four per vertex, all -1: the other end of arcs that are a single edge, by direction.
        buffers: int32 scratch, 2 x (places of the longest ring + 1).

    Returns:
        The number of arcs simplified less than the tolerance allows.
    """
    chain, stack = buffers[0], buffers[1]
    chain_kept = np.empty(buffers.shape[1], np.uint8)
    stamp = np.zeros(1, np.int64)
    n_rings = len(ring_offsets) - 1
    for ring in range(n_rings):  # edges that are there from the start must be known before any arc becomes one
        before = nodes[ring_offsets[ring + 1] - 1]
        for k in range(ring_offsets[ring], ring_offsets[ring + 1]):
            if anchors[before] and anchors[nodes[k]]:
                chain[0], chain[1] = before, nodes[k]
                _note_straight(xy, straight, chain, 0, 1)
            before = nodes[k]
    n_restrained = 0
    for ring in range(n_rings):
        first, last = np.int64(ring_offsets[ring]), np.int64(ring_offsets[ring + 1])
        n = last - first
        n_anchors = _unroll_arcs(nodes, first, last, anchors, chain)
        begin = np.int64(0)
        for end in range(1, n + 1):
            if end < n and not (n_anchors > 0 and anchors[chain[end]]):
                continue
            if end > begin + 1 and not done[chain[begin + 1]]:
                chain_kept[begin : end + 1] = 1
                if chain[begin] == chain[end]:
                    n_refused = _reduce_closed(
                        chain, chain_kept, begin, end, xy, vertex_rows, tolerance, standing, 0, stamps, stamp, stack
                    )
                else:
                    must_bend = _are_twins(xy, straight, np.int64(chain[begin]), np.int64(chain[end]))
                    n_refused = _reduce(
                        chain,
                        chain_kept,
                        begin,
                        end,
                        must_bend,
                        xy,
                        vertex_rows,
                        tolerance,
                        standing,
                        0,
                        stamps,
                        stamp,
                        stack,
                    )
                n_restrained += n_refused > 0
                n_inner = 0
                for k in range(begin + 1, end):
                    done[chain[k]] = 1
                    n_inner += chain_kept[k]
                if n_inner == 0:
                    _note_straight(xy, straight, chain, begin, end)
            begin = np.int64(end)
    for k in range(len(nodes)):
        kept[k] = standing[nodes[k]] == 0
    return n_restrained


@kernel(f"int64({RO_I4}, int64, int64, int64, int32[::1], int32[::1], int32[::1])")
def _unroll(
    nodes: Int32Array, first: int, last: int, tag: int, pins: Int32Array, chain: Int32Array, places: Int32Array
) -> int:
    """Write an open ring as a chain that starts and ends at a pinned node, if there is one. Returns their number."""
    n = last - first
    begin = first
    n_pinned = 0
    for k in range(first, last):
        if pins[nodes[k]] == tag:
            if n_pinned == 0:
                begin = k
            n_pinned += 1
    for k in range(n + 1):
        place = begin + k if begin + k < last else begin + k - n
        chain[k] = nodes[place]
        places[k] = place
    return n_pinned


@kernel(
    f"int64({RO_XY}, {RO_I4}, {RO_I4}, {RO_I4}, {RO_I4}, float64, uint8[::1], int32[::1], int32[::1],"
    " int32[::1], int32[:, ::1])"
)
def _simplify_rings(
    xy: Int32Array,
    vertex_rows: Int32Array,
    ring_nodes: Int32Array,
    ring_offsets: Int32Array,
    polygon_offsets: Int32Array,
    tolerance: float,
    kept: NDArray[np.uint8],
    standing: Int32Array,
    stamps: Int32Array,
    pins: Int32Array,
    buffers: Int32Array,
) -> int:
    """Simplify each polygon alone; only its own nodes stand in its way.

    Args:
        xy, vertex_rows: the graph's nodes; an empty ``vertex_rows`` means that nothing stands in the way.
        ring_nodes, ring_offsets, polygon_offsets: the rings, grouped by polygon.
        tolerance: pixels.
        kept: uint8, one per place in ``ring_nodes``, written: whether the node stays.
        standing, stamps, pins: int32 scratch, one per node, zeros.
        buffers: int32 scratch, 3 x (places of the longest ring + 1).

    Returns:
        The number of rings simplified less than the tolerance allows.
    """
    chain, places, stack = buffers[0], buffers[1], buffers[2]
    chain_kept = np.empty(buffers.shape[1], np.uint8)
    stamp = np.zeros(1, np.int64)
    kept[:] = 1
    n_restrained = 0
    for polygon in range(len(polygon_offsets) - 1):
        tag = polygon + 1
        rings = range(polygon_offsets[polygon], polygon_offsets[polygon + 1])
        for ring in rings:  # nodes where two rings of the polygon touch must stay in both
            for k in range(ring_offsets[ring], ring_offsets[ring + 1]):
                if standing[ring_nodes[k]] == tag:
                    pins[ring_nodes[k]] = tag
                standing[ring_nodes[k]] = tag
        for ring in rings:
            first, last = np.int64(ring_offsets[ring]), np.int64(ring_offsets[ring + 1])
            n = last - first
            n_pinned = _unroll(ring_nodes, first, last, tag, pins, chain, places)
            chain_kept[: n + 1] = 1
            n_refused = np.int64(0)
            if n_pinned < 2:
                n_refused += _reduce_closed(
                    chain, chain_kept, 0, n, xy, vertex_rows, tolerance, standing, tag, stamps, stamp, stack
                )
            else:
                begin = np.int64(0)
                n_kept_before = np.int64(0)
                for k in range(1, n + 1):
                    if k < n and pins[chain[k]] != tag:
                        continue
                    # Of two pieces between the same two nodes only one may become a single edge.
                    must_bend = n_pinned == 2 and ((begin == 0 and k + 1 == n) or (begin > 0 and n_kept_before == 0))
                    n_refused += _reduce(
                        chain,
                        chain_kept,
                        begin,
                        k,
                        must_bend,
                        xy,
                        vertex_rows,
                        tolerance,
                        standing,
                        tag,
                        stamps,
                        stamp,
                        stack,
                    )
                    for inner in range(begin + 1, k):
                        n_kept_before += chain_kept[inner]
                    begin = k
            n_restrained += n_refused > 0
            for k in range(n):
                kept[places[k]] = chain_kept[k]
    return n_restrained


def simplify_shared(rings: Rings, tolerance: float) -> tuple[Rings, int]:
    """Simplify the borders between labels, each once for both sides.

    Args:
        rings: exact, of all regions, straight anchors included; anchors stay.
        tolerance: pixels; no point of a border ends up further than this from what replaces it.

    Returns:
        The rings with fewer vertices, and the number of arcs simplified less than the tolerance allows.
    """
    n_vertices, longest = len(rings.xy), int(np.diff(rings.ring_offsets).max(initial=0)) + 1
    kept = scratch.take("kept", len(rings.nodes), np.uint8)
    straight = scratch.take("straight", 4 * n_vertices, np.int32)
    straight[:] = -1
    n_restrained = _simplify_shared(
        rings.xy,
        rings.vertex_rows,
        rings.anchors,
        rings.nodes,
        rings.ring_offsets,
        tolerance,
        kept,
        scratch.zeros("standing", n_vertices, np.int32),
        scratch.zeros("stamps", n_vertices, np.int32),
        scratch.zeros("done", n_vertices, np.uint8),
        straight,
        np.empty((2, longest), np.int32),
    )
    return rings.keep(kept), n_restrained


def simplify_rings(rings: Rings, tolerance: float) -> tuple[Rings, int]:
    """Simplify each polygon for itself: its rings stay simple and apart, neighbours may drift from each other.

    Args:
        rings: exact, without straight anchors. Rings whose ``vertex_rows`` is empty are simplified with nothing in
            their way: plain Douglas-Peucker.
        tolerance: pixels.

    Returns:
        The rings with fewer vertices, and the number of rings simplified less than the tolerance allows.
    """
    n_vertices, longest = len(rings.xy), int(np.diff(rings.ring_offsets).max(initial=0)) + 1
    kept = scratch.take("kept", len(rings.nodes), np.uint8)
    n_restrained = _simplify_rings(
        rings.xy,
        rings.vertex_rows,
        rings.nodes,
        rings.ring_offsets,
        rings.polygon_offsets,
        tolerance,
        kept,
        scratch.zeros("standing", n_vertices, np.int32),
        scratch.zeros("stamps", n_vertices, np.int32),
        scratch.zeros("pins", n_vertices, np.int32),
        np.empty((3, longest), np.int32),
    )
    return rings.keep(kept), n_restrained
