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

from prelabel.kernels._jit import inlined, inner, kernel, read_only
from prelabel.kernels.scratch import scratch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.kernels.rings import Rings
    from prelabel.model import Int32Array

    Int64Array = NDArray[np.int64]

RO_I4 = read_only("int32")
RO_I8 = read_only("int64")
RO_U1 = read_only("uint8")
RO_XY = read_only("int32", 2)

# The rows of a chain: the vertex of each of its positions, and where that is.
NODE, X, Y = 0, 1, 2
CHAIN = "int64[:, ::1]"

LONG = 16
"""Positions from which on a chain is measured several at a time first, and then searched for the farthest."""

U8 = np.uint64  # numba tests signed indices for being negative


@inner("boolean(int64, int64)")
def _are_coprime(a: int, b: int) -> bool:
    a, b = abs(a), abs(b)
    while b:
        a, b = b, a % b
    return a == 1


@inlined
def _farthest(chain: Int64Array, first: int, last: int, tolerance: float) -> tuple[int, int]:
    """Return the inner position farthest from the chord, and what stands against the chord.

    Distances are to the segment between the ends (to the point, where both ends are one).

    Returns:
        The position, the first of several, and 0 if nothing stands against the chord, 1 if its neighbourhood must be
        searched, 2 if it is too far away.
    """
    ax, ay = chain[X, U8(first)], chain[Y, U8(first)]
    dx, dy = chain[X, U8(last)] - ax, chain[Y, U8(last)] - ay
    length2 = dx * dx + dy * dy
    farthest = first + 1
    px, py = chain[X, U8(farthest)] - ax, chain[Y, U8(farthest)] - ay
    widest, along = abs(px * dy - py * dx), px * dx + py * dy
    beyond = (length2 == 0) | (along < 0) | (along > length2)
    if last - first < LONG:
        for k in range(first + 2, last):
            px, py = chain[X, U8(k)] - ax, chain[Y, U8(k)] - ay
            across, along = abs(px * dy - py * dx), px * dx + py * dy
            beyond |= (along < 0) | (along > length2)
            farthest = k if across > widest else farthest
            widest = max(across, widest)
    else:
        for k in range(U8(first + 2), U8(last)):
            px, py = chain[X, k] - ax, chain[Y, k] - ay
            across, along = abs(px * dy - py * dx), px * dx + py * dy
            beyond |= (along < 0) | (along > length2)
            widest = max(across, widest)
        while abs((chain[X, U8(farthest)] - ax) * dy - (chain[Y, U8(farthest)] - ay) * dx) < widest:
            farthest += 1
    if not beyond:
        if np.float64(widest) * np.float64(widest) > tolerance * tolerance * np.float64(length2):
            return farthest, 2
        longer = max(abs(dx), abs(dy))
        return farthest, 0 if widest < longer or (widest == longer and _are_coprime(dx, dy)) else 1
    most = -1.0
    for k in range(first + 1, last):
        px, py = chain[X, U8(k)] - ax, chain[Y, U8(k)] - ay
        along = px * dx + py * dy
        if along <= 0:
            distance2 = np.float64(px * px + py * py) * max(np.float64(length2), 1.0)
        elif along >= length2:
            px -= dx
            py -= dy
            distance2 = np.float64(px * px + py * py) * np.float64(length2)
        else:
            across2 = np.float64(px * dy - py * dx)
            distance2 = across2 * across2
        if distance2 > most:
            most, farthest = distance2, k
    return farthest, 2 if most > tolerance * tolerance * max(np.float64(length2), 1.0) else 1


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
def _first_from(xy: Int32Array, vertex_rows: Int32Array, y: int, x: float) -> int:
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
def _is_clear(
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
            start = _first_from(xy, vertex_rows, U8(row), low)
            if not _row_is_clear(np.int64(start), 1, row, chain, first, last, xy, high, standing, positions):
                return False
        before = y
    return True


@inlined
def _reduce(
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
        xy, vertex_rows, tolerance, standing: see :func:`_is_clear`; an empty ``vertex_rows`` means that nothing stands
            in the way.
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
        cut, _ = _farthest(chain, first, last, tolerance)
        stack[0] = last
        n_stacked = U8(1)
        end = cut
        must_bend = cut + 1 == last
    while True:
        while end > start + 1:
            farthest, against = _farthest(chain, start, end, tolerance)
            if against == 1 and len(vertex_rows) > 0 and not is_placed:
                for k in range(U8(first), U8(last)):
                    positions[U8(chain[NODE, k])] = k
                is_placed = True
            if against < 2:
                is_whole = start in (first, cut) and end in (last, cut)
                if (must_bend and is_whole) or (
                    against == 1
                    and len(vertex_rows) > 0
                    and not _is_clear(chain, U8(start), U8(end), xy, vertex_rows, tolerance, standing, positions)
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
            end = farthest
        if n_stacked == U8(0):
            return n_refused, n_gone
        if is_ring and end == cut:  # the way back must bend if the way there does not
            must_bend = True
            for k in range(U8(first + 1), U8(cut)):
                must_bend = must_bend and kept[k] == 0
        start = end
        n_stacked -= U8(1)
        end = np.int64(stack[n_stacked])


@inlined
def _heading(xy: Int32Array, node: int, other: int) -> int:
    """Return the direction of an axis-parallel step: 0 east, 1 south, 2 west, 3 north."""
    right, down = xy[other, 0] - xy[node, 0], xy[other, 1] - xy[node, 1]
    return U8(down != 0) | U8(right + down < 0) << U8(1)


@inlined
def _are_twins(xy: Int32Array, straight: Int32Array, rank: int, a: int, b: int) -> bool:
    """Tell whether a chord between two anchors would lie on another border: one that is an edge already, or the frame.

    The frame matters where background reaches it, since borders of background alone are not traced.
    """
    for heading in range(U8(4)):
        if straight[U8(4) * rank + heading] == b:
            return True
    right, bottom = xy[U8(len(xy) - 1), 0], xy[U8(len(xy) - 1), 1]
    return (xy[a, 0] == xy[b, 0] and (xy[a, 0] == 0 or xy[a, 0] == right)) or (
        xy[a, 1] == xy[b, 1] and (xy[a, 1] == 0 or xy[a, 1] == bottom)
    )


@inlined
def _note_straight(
    xy: Int32Array, straight: Int32Array, ranks: Int32Array, a: int, after_a: int, before_b: int, b: int
) -> None:
    """Note at both ends of an arc that it is a single edge now."""
    straight[U8(4) * U8(ranks[a]) + _heading(xy, a, after_a)] = b
    straight[U8(4) * U8(ranks[b]) + _heading(xy, b, before_b)] = a


@kernel(f"int64({RO_U1}, int32[::1])")
def _rank_anchors(anchors: NDArray[np.uint8], ranks: Int32Array) -> int:
    """Number the anchors: written to ``ranks``, where they are. Returns how many there are."""
    n_anchors = 0
    for node in range(len(anchors)):
        ranks[node] = n_anchors
        n_anchors += np.int64(anchors[node])
    return n_anchors


@kernel(f"void({RO_U1}, {RO_I4}, {RO_I4}, int32[::1], int32[::1])")
def _list_arcs(
    anchors: NDArray[np.uint8], nodes: Int32Array, ring_offsets: Int32Array, arcs: Int32Array, arc_offsets: Int32Array
) -> None:
    """Cut rings into arcs, from anchor to anchor; a ring without any is one arc from its first node.

    Args:
        anchors, nodes, ring_offsets: the rings.
        arcs: int32, one more than nodes, written: where in ``nodes`` each arc begins. It ends where the ring's next one
            begins, which for the last one is the first.
        arc_offsets: int32, rings + 1, written: the arcs of each ring.
    """
    n_arcs, one = U8(0), U8(1)
    for ring in range(len(ring_offsets) - 1):
        arc_offsets[ring] = n_arcs
        for k in range(U8(ring_offsets[ring]), U8(ring_offsets[ring + 1])):
            arcs[n_arcs] = k
            n_arcs += U8(anchors[U8(nodes[k])])
        if n_arcs == U8(arc_offsets[ring]):
            arcs[n_arcs] = ring_offsets[ring]
            n_arcs += one
    arc_offsets[len(ring_offsets) - 1] = n_arcs


@kernel(
    f"int64({RO_XY}, {RO_I4}, {RO_I4}, {RO_I4}, {RO_I4}, {RO_I4}, {RO_I4}, float64, uint8[::1], uint8[::1], int32[::1],"
    f" uint8[::1], int32[::1], {CHAIN}, uint8[::1], int32[::1])"
)
def _simplify_shared(
    xy: Int32Array,
    vertex_rows: Int32Array,
    ranks: Int32Array,
    nodes: Int32Array,
    ring_offsets: Int32Array,
    arcs: Int32Array,
    arc_offsets: Int32Array,
    tolerance: float,
    kept: NDArray[np.uint8],
    standing: NDArray[np.uint8],
    positions: Int32Array,
    done: NDArray[np.uint8],
    straight: Int32Array,
    chain: Int64Array,
    chain_kept: NDArray[np.uint8],
    stack: Int32Array,
) -> int:
    """Simplify every border once: the first ring that comes along it decides for both sides.

    Args:
        xy, vertex_rows, nodes, ring_offsets: exact rings of all regions.
        ranks: int32, one per vertex: the number of each anchor.
        arcs, arc_offsets: see :func:`_list_arcs`.
        tolerance: pixels.
        kept: uint8, one per node, written: whether it stays.
        standing: uint8 scratch, one per vertex, ones.
        positions: int32 scratch, one per vertex, of any content.
        done: uint8 scratch, one per vertex, zeros: second vertices of arcs that have had their turn.
        straight: int32 scratch, four per anchor, all -1: the other end of arcs that are a single edge, by direction.
        chain, chain_kept, stack: scratch, one position more than the longest ring has nodes.

    Returns:
        The number of arcs simplified less than the tolerance allows.
    """
    n_restrained, one = 0, U8(1)
    for notes_edges in (True, False):  # edges that are there from the start must be known before any arc is one
        for ring in range(len(ring_offsets) - 1):
            first, end = U8(ring_offsets[ring]), U8(ring_offsets[ring + 1])
            first_arc, end_arc = U8(arc_offsets[ring]), U8(arc_offsets[ring + 1])
            around = U8(arcs[first_arc]) + end - first
            for arc in range(first_arc, end_arc):
                at = U8(arcs[arc])
                n = (U8(arcs[arc + one]) if arc + one < end_arc else around) - at
                second = U8(nodes[at + one if at + one < end else first])
                if notes_edges:
                    if n == one:
                        start = U8(nodes[at])
                        _note_straight(xy, straight, ranks, start, second, start, second)
                    continue
                if n == one or done[second]:
                    continue
                for k in range(n + one):  # the node it leads to included
                    node = U8(nodes[at])
                    chain[NODE, k], chain[X, k], chain[Y, k] = node, xy[node, 0], xy[node, 1]
                    chain_kept[k] = 1
                    at = at + one if at + one < end else first
                start, node = U8(chain[NODE, 0]), U8(chain[NODE, n])
                must_bend = start != node and _are_twins(xy, straight, U8(ranks[start]), start, node)
                n_refused, n_gone = _reduce(
                    chain, chain_kept, 0, n, must_bend, xy, vertex_rows, tolerance, standing, positions, stack
                )
                n_restrained += n_refused > 0
                # The last node but one is the second of whoever comes along the arc from its other side.
                done[U8(chain[NODE, n - one])] = 1
                if n_gone == np.int64(n) - 1:
                    _note_straight(xy, straight, ranks, start, U8(chain[NODE, 1]), U8(chain[NODE, n - one]), node)
    for k in range(len(nodes)):
        kept[k] = standing[U8(nodes[k])]
    return n_restrained


@kernel(
    f"int64({RO_XY}, {RO_I4}, {RO_I4}, {RO_I4}, {RO_I4}, {RO_I4}, float64, uint8[::1], uint8[::1], int32[::1],"
    f" uint8[::1], {CHAIN}, uint8[::1], int32[::1])"
)
def _simplify_rings(
    xy: Int32Array,
    vertex_rows: Int32Array,
    nodes: Int32Array,
    ring_offsets: Int32Array,
    order: Int32Array,
    polygon_offsets: Int32Array,
    tolerance: float,
    kept: NDArray[np.uint8],
    standing: NDArray[np.uint8],
    positions: Int32Array,
    pins: NDArray[np.uint8],
    chain: Int64Array,
    chain_kept: NDArray[np.uint8],
    stack: Int32Array,
) -> int:
    """Simplify each polygon alone; only its own nodes stand in its way.

    Args:
        xy, vertex_rows, nodes, ring_offsets, order, polygon_offsets: exact rings of all regions.
        tolerance: pixels.
        kept: uint8, one per node, written: whether it stays.
        standing, pins: uint8 scratch, one per vertex, zeros.
        positions: int32 scratch, one per vertex, of any content.
        chain, chain_kept, stack: scratch, one position more than the longest ring has nodes.

    Returns:
        The number of rings simplified less than the tolerance allows.
    """
    kept[:] = 1
    n_restrained = 0
    for polygon in range(len(polygon_offsets) - 1):
        for slot in range(polygon_offsets[polygon], polygon_offsets[polygon + 1]):
            ring = order[slot]  # nodes where two rings of the polygon touch must stay in both
            for k in range(ring_offsets[ring], ring_offsets[ring + 1]):
                pins[nodes[k]] = standing[nodes[k]]
                standing[nodes[k]] = 1
        for slot in range(polygon_offsets[polygon], polygon_offsets[polygon + 1]):
            ring = order[slot]
            first, end = np.int64(ring_offsets[ring]), np.int64(ring_offsets[ring + 1])
            n = end - first
            begin, n_pinned = first, 0
            for k in range(first, end):
                if pins[nodes[k]]:
                    begin = k if n_pinned == 0 else begin
                    n_pinned += 1
            for k in range(n + 1):
                at = begin + k if begin + k < end else begin + k - n
                node = np.int64(nodes[at])
                chain[NODE, k], chain[X, k], chain[Y, k] = node, xy[node, 0], xy[node, 1]
            chain_kept[: n + 1] = 1
            n_refused = np.int64(0)
            start, n_kept_before = np.int64(0), np.int64(0)
            for k in range(1, n + 1):
                if k < n and not pins[chain[NODE, k]]:
                    continue
                # Of two pieces between the same two nodes only one may become a single edge.
                must_bend = n_pinned == 2 and start > 0 and n_kept_before == 0
                must_bend = must_bend or (n_pinned == 2 and start == 0 and k + 1 == n)
                refused, n_gone = _reduce(
                    chain, chain_kept, start, k, must_bend, xy, vertex_rows, tolerance, standing, positions, stack
                )
                n_refused += refused
                n_kept_before += k - start - 1 - n_gone
                start = np.int64(k)
            n_restrained += n_refused > 0
            for k in range(n):
                kept[begin + k if begin + k < end else begin + k - n] = chain_kept[k]
        for slot in range(polygon_offsets[polygon], polygon_offsets[polygon + 1]):
            ring = order[slot]
            for k in range(ring_offsets[ring], ring_offsets[ring + 1]):
                standing[nodes[k]] = pins[nodes[k]] = 0
    return n_restrained


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
            _reduce(chain, chain_kept, 0, n, False, points, ring_offsets[:0], tolerance, chain_kept, stack, stack)
        for k in range(n):
            if chain_kept[k]:
                out_points[n_out, 0], out_points[n_out, 1] = chain[X, k], chain[Y, k]
                n_out += 1
        out_offsets[ring + 1] = n_out
    return n_out


def simplify_shared(rings: Rings, tolerance: float) -> tuple[NDArray[np.uint8], int]:
    """Simplify the borders between labels, each once for both sides.

    Args:
        rings: exact, of all regions, straight anchors included; anchors stay.
        tolerance: pixels; no point of a border ends up further than this from what repositions it.

    Returns:
        uint8, one per node: whether it stays; and the number of arcs simplified less than the tolerance allows.
    """
    n_vertices, xy = len(rings.places), rings.xy
    kept, ranks = np.empty(len(rings.nodes), np.uint8), scratch.at_least("ranks", n_vertices, np.int32)
    straight = scratch.take("straight", 4 * _rank_anchors(rings.anchors, ranks), np.int32)
    straight[:] = -1
    arcs = scratch.at_least("arcs", len(rings.nodes) + 1, np.int32)
    arc_offsets = scratch.at_least("arc offsets", len(rings.ring_offsets), np.int32)
    _list_arcs(rings.anchors, rings.nodes, rings.ring_offsets, arcs, arc_offsets)
    standing = scratch.take("standing", n_vertices, np.uint8)
    standing[:] = 1
    n_restrained = _simplify_shared(
        xy,
        rings.vertex_rows,
        ranks,
        rings.nodes,
        rings.ring_offsets,
        arcs,
        arc_offsets,
        tolerance,
        kept,
        standing,
        scratch.at_least("chain positions", n_vertices, np.int32),
        scratch.zeros("done", n_vertices, np.uint8),
        straight,
        *_room_for_longest(rings.ring_offsets),
    )
    return kept, n_restrained


def simplify_rings(rings: Rings, tolerance: float) -> tuple[NDArray[np.uint8], int]:
    """Simplify each polygon for itself: its rings stay simple and apart, neighbours may drift from each other.

    Args:
        rings: exact, without straight anchors.
        tolerance: pixels.

    Returns:
        uint8, one per node: whether it stays; and the number of rings simplified less than the tolerance allows.
    """
    n_vertices = len(rings.places)
    kept = np.empty(len(rings.nodes), np.uint8)
    n_restrained = _simplify_rings(
        rings.xy,
        rings.vertex_rows,
        rings.nodes,
        rings.ring_offsets,
        rings.order,
        rings.polygon_offsets,
        tolerance,
        kept,
        scratch.zeros("standing", n_vertices, np.uint8),
        scratch.at_least("chain positions", n_vertices, np.int32),
        scratch.zeros("pins", n_vertices, np.uint8),
        *_room_for_longest(rings.ring_offsets),
    )
    return kept, n_restrained


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
    room = _room_for_longest(ring_offsets)
    n_points = _simplify_loose(points, ring_offsets, tolerance, out_points, out_offsets, *room)
    return out_points[:n_points].copy(), out_offsets


def _room_for_longest(ring_offsets: Int32Array) -> tuple[Int64Array, NDArray[np.uint8], Int32Array]:
    """Return a chain, what of it is kept, and a stack that the longest ring fits in."""
    n = int(np.diff(ring_offsets).max(initial=0)) + 1
    return np.empty((3, n), np.int64), np.empty(n, np.uint8), np.empty(n, np.int32)
