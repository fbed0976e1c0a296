"""Holes cut open to their exterior, so that one ring carries them all.

As in D. Eberly, "Triangulation by Ear Clipping" (2002): holes are taken from left to right; from a hole's leftmost
vertex a ray goes left, and a bridge to what it hits first, there and back, makes two rings one. On pixel edges the hit
is a lattice point, which becomes a vertex. Where the ray hits a slanted edge between lattice points, the bridge goes to
the visible vertex at the smallest angle to the ray. A hole that touches the ring already is joined there.

The two edges of a bridge are the same line there and back, so areas, windings and pixels stay what they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import inner, kernel, read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array

    Nodes = NDArray[np.int64]

RO_I4 = read_only("int32")
RO_I4_2D = read_only("int32", 2)

# The rows of a table of nodes, one column per node; the rings are linked lists through it.
X, Y, NEXT, PREVIOUS, MERGED = 0, 1, 2, 3, 4

NODES = "int64[:, ::1]"
NUMBERS = "int64[::1]"


@inner(f"int64({NODES}, int64, int64, int64, int64, int64)")
def _cross(nodes: Nodes, node: int, x: int, y: int, u: int, v: int) -> int:
    return (x - nodes[X, node]) * (v - nodes[Y, node]) - (y - nodes[Y, node]) * (u - nodes[X, node])


@inner(f"boolean({NODES}, int64, int64, int64)")
def _faces(nodes: Nodes, node: int, x: int, y: int) -> bool:
    """Tell whether the way from a vertex of the ring to (x, y) begins inside the polygon."""
    before, after = nodes[PREVIOUS, node], nodes[NEXT, node]
    bx, by, ax, ay = nodes[X, before], nodes[Y, before], nodes[X, after], nodes[Y, after]
    past_next = _cross(nodes, node, ax, ay, x, y) > 0
    before_previous = _cross(nodes, node, x, y, bx, by) > 0
    if _cross(nodes, node, ax, ay, bx, by) >= 0:  # not more than a half turn is inside
        return past_next and before_previous
    return past_next or before_previous


@inner(f"int64({NODES}, {NODES}, {NUMBERS}, int64, int64)")
def _register(nodes: Nodes, entries: NDArray[np.int64], heads: NDArray[np.int64], n_entries: int, node: int) -> int:
    """Note in every row it reaches the edge that leaves a node. Returns the number of entries."""
    y, v = nodes[Y, node], nodes[Y, nodes[NEXT, node]]
    for row in range(min(y, v), max(y, v) + 1):
        entries[0, n_entries], entries[1, n_entries] = node, heads[row]
        heads[row] = n_entries
        n_entries += 1
    return n_entries


@inner(f"int64({NODES}, int64, int64)")
def _link(nodes: Nodes, first: int, second: int) -> int:
    nodes[NEXT, first], nodes[PREVIOUS, second] = second, first
    return 0


@inner(f"int64({NODES}, int64, int64)")
def _copied(nodes: Nodes, n_nodes: int, node: int) -> int:
    """Put a copy of a node at place ``n_nodes``; returns the place behind it."""
    nodes[X, n_nodes], nodes[Y, n_nodes], nodes[MERGED, n_nodes] = nodes[X, node], nodes[Y, node], 1
    return n_nodes + 1


@inner(f"UniTuple(int64, 2)({NODES}, {NODES}, {NUMBERS}, int64)")
def _find_touch(nodes: Nodes, entries: NDArray[np.int64], heads: NDArray[np.int64], hole: int) -> tuple[int, int]:
    """Return a vertex of the ring and one of the hole at the same place, or -1 twice."""
    node = hole
    while True:
        after = nodes[NEXT, node]
        entry = heads[nodes[Y, node]]
        while entry >= 0:
            other = entries[0, entry]
            if (
                nodes[MERGED, other]
                and nodes[X, other] == nodes[X, node]
                and nodes[Y, other] == nodes[Y, node]
                and _faces(nodes, other, nodes[X, after], nodes[Y, after])
            ):
                return other, node
            entry = entries[1, entry]
        node = after
        if node == hole:
            return -1, -1


@inner(f"UniTuple(float64, 2)({NODES}, {NODES}, {NUMBERS}, int64)")
def _cast(nodes: Nodes, entries: NDArray[np.int64], heads: NDArray[np.int64], hole: int) -> tuple[float, float]:
    """Send a ray to the left. Returns the x of the first hit, and the node whose edge it hits there."""
    x, y = nodes[X, hole], nodes[Y, hole]
    best, hit = -1.0, np.int64(-1)
    entry = heads[y]
    while entry >= 0:
        node = entries[0, entry]
        entry = entries[1, entry]
        after = nodes[NEXT, node]
        ax, ay, bx, by = nodes[X, node], nodes[Y, node], nodes[X, after], nodes[Y, after]
        if not nodes[MERGED, node] or min(ay, by) > y or max(ay, by) < y:
            continue
        if ay == by:
            if min(ax, bx) > x:
                continue
            place = np.float64(min(max(ax, bx), x))
        else:  # one division, so that equal places are equal numbers
            place = np.float64(ax * (by - ay) + (y - ay) * (bx - ax)) / np.float64(by - ay)
            if place > x:
                continue
        # An edge that goes up has the polygon on its right; of a bridge's two edges that is the one to cut.
        if place > best or (place == best and by < ay):
            best, hit = place, node
    return best, np.float64(hit)


@inner(f"int64({NODES}, {NODES}, {NUMBERS}, int64, int64, int64)")
def _vertex_at(nodes: Nodes, entries: NDArray[np.int64], heads: NDArray[np.int64], x: int, y: int, hole: int) -> int:
    """Return the ring's vertex at (x, y) that faces the hole (else any there), or -1."""
    found = np.int64(-1)
    entry = heads[y]
    while entry >= 0:
        node = entries[0, entry]
        entry = entries[1, entry]
        if nodes[MERGED, node] and nodes[X, node] == x and nodes[Y, node] == y:
            found = node
            if _faces(nodes, node, nodes[X, hole], nodes[Y, hole]):
                return node
    return found


@inner(f"int64({NODES}, {NODES}, {NUMBERS}, float64, int64, int64)")
def _visible_vertex(
    nodes: Nodes, entries: NDArray[np.int64], heads: NDArray[np.int64], hit_x: float, hit: int, hole: int
) -> int:
    """Return the ring's vertex at the smallest angle to the ray, in the triangle of hole, hit and the edge's end.

    Nothing can lie between it and the hole: it would have to cross the ray before the hit, or the edge.
    """
    x, y = nodes[X, hole], nodes[Y, hole]
    after = nodes[NEXT, hit]
    corner = hit if nodes[X, hit] < nodes[X, after] else after  # this end is left of the hit, and so of the hole
    cx, cy = nodes[X, corner], nodes[Y, corner]
    best, best_along, best_across = np.int64(-1), np.int64(0), np.int64(0)
    side = 1 if cy > y else -1
    for row in range(min(y, cy), max(y, cy) + 1):
        entry = heads[row]
        while entry >= 0:
            node = entries[0, entry]
            entry = entries[1, entry]
            along, across = x - nodes[X, node], (nodes[Y, node] - y) * side
            if not nodes[MERGED, node] or nodes[Y, node] != row or along <= 0:
                continue
            # Inside the triangle: right of the edge hit, and not steeper than the way to the corner.
            edge = (np.float64(nodes[X, node]) - hit_x) * (cy - y) - (np.float64(cx) - hit_x) * (row - y)
            if edge * side < -1e-9 * abs(cy - y) or across * (x - cx) > (cy - y) * side * along:
                continue
            flatter = across * best_along - best_across * along
            if (best < 0 or flatter < 0 or (flatter == 0 and along < best_along)) and _faces(nodes, node, x, y):
                best, best_along, best_across = node, along, across
    return best


@kernel(f"int64({RO_I4_2D}, {RO_I4}, int32[:, ::1])", allocates=True)
def _open_holes(points: Int32Array, ring_offsets: Int32Array, out: Int32Array) -> int:
    """Write one ring for a polygon with holes.

    Args:
        points, ring_offsets: the polygon's rings, its exterior first; y from 0 on.
        out: int32, x 2, with room for three more points per hole, written.

    Returns:
        The number of points, or -1 if a hole could not be joined: the polygon is not valid.
    """
    n_rings = len(ring_offsets) - 1
    n_nodes = np.int64(ring_offsets[n_rings])
    nodes = np.empty((5, n_nodes + 3 * (n_rings - 1)), np.int64)
    n_entries, n_rows = np.int64(0), np.int64(0)
    leftmost = np.empty(n_rings, np.int64)
    for ring in range(n_rings):
        first, last = np.int64(ring_offsets[ring]), np.int64(ring_offsets[ring + 1])
        leftmost[ring] = first
        for k in range(first, last):
            nodes[X, k], nodes[Y, k] = points[k, 0], points[k, 1]
            nodes[NEXT, k] = k + 1 if k + 1 < last else first
            nodes[PREVIOUS, k] = k - 1 if k > first else last - 1
            nodes[MERGED, k] = ring == 0
            n_rows = max(n_rows, nodes[Y, k] + 1)
            n_entries += abs(np.int64(points[nodes[NEXT, k], 1]) - points[k, 1]) + 1
            best = leftmost[ring]
            if points[k, 0] < points[best, 0] or (points[k, 0] == points[best, 0] and points[k, 1] < points[best, 1]):
                leftmost[ring] = k
    heads = np.full(n_rows, -1, np.int64)
    entries = np.empty((2, n_entries + 4 * n_rows), np.int64)
    n_entries = np.int64(0)
    for node in range(n_nodes):
        n_entries = _register(nodes, entries, heads, n_entries, node)
    keys = np.empty(n_rings - 1, np.int64)
    for ring in range(1, n_rings):
        keys[ring - 1] = nodes[X, leftmost[ring]] << 32 | nodes[Y, leftmost[ring]]
    for slot in np.argsort(keys, kind="mergesort"):
        if n_entries + 4 * n_rows > entries.shape[1]:
            wider = np.empty((2, 2 * entries.shape[1] + 4 * n_rows), np.int64)
            wider[:, :n_entries] = entries[:, :n_entries]
            entries = wider
        hole = leftmost[slot + 1]
        ring_node, hole_node = _find_touch(nodes, entries, heads, hole)
        touches = ring_node >= 0
        if not touches:
            hole_node = hole
            hit_x, hit_place = _cast(nodes, entries, heads, hole)
            hit = np.int64(hit_place)
            if hit < 0:
                return -1
            if hit_x == np.floor(hit_x):
                ring_node = _vertex_at(nodes, entries, heads, np.int64(hit_x), nodes[Y, hole], hole)
                if ring_node < 0:  # a new vertex on the edge
                    ring_node, after = n_nodes, nodes[NEXT, hit]
                    nodes[X, n_nodes], nodes[Y, n_nodes], nodes[MERGED, n_nodes] = np.int64(hit_x), nodes[Y, hole], 1
                    n_nodes += 1
                    _link(nodes, hit, ring_node)
                    _link(nodes, ring_node, after)
            else:
                ring_node = _visible_vertex(nodes, entries, heads, hit_x, hit, hole)
                if ring_node < 0:
                    return -1
        node = hole
        while nodes[MERGED, node] == 0:
            nodes[MERGED, node] = 1
            node = nodes[NEXT, node]
        # ring_node -> hole_node, around the hole, its copy -> ring_node's copy -> on as before
        back, onwards = n_nodes, nodes[NEXT, ring_node]
        n_nodes = _copied(nodes, n_nodes, ring_node)
        if touches:
            last = nodes[PREVIOUS, hole_node]
            _link(nodes, ring_node, nodes[NEXT, hole_node])
            _link(nodes, last, back)
            nodes[MERGED, hole_node] = 0  # its place is taken by the ring's two
        else:
            last = n_nodes
            n_nodes = _copied(nodes, n_nodes, hole_node)
            _link(nodes, nodes[PREVIOUS, hole_node], last)
            _link(nodes, ring_node, hole_node)
            _link(nodes, last, back)
            n_entries = _register(nodes, entries, heads, n_entries, last)
        _link(nodes, back, onwards)
        n_entries = _register(nodes, entries, heads, n_entries, ring_node)
        n_entries = _register(nodes, entries, heads, n_entries, back)
    node = np.int64(0)
    n_out = np.int64(0)
    while n_out == 0 or node != 0:
        out[n_out, 0], out[n_out, 1] = nodes[X, node], nodes[Y, node]
        n_out += 1
        node = nodes[NEXT, node]
    return n_out


def open_holes(points: Int32Array, ring_offsets: Int32Array) -> Int32Array:
    """Make one ring of a polygon's exterior and holes.

    Args:
        points: int32, points x 2, not negative: the rings of a valid polygon, exterior and holes oppositely oriented.
        ring_offsets: int32, rings + 1, into ``points``; the first ring is the exterior.

    Returns:
        int32, points x 2: the ring, which starts where the exterior does.

    Raises:
        ValueError: a hole is not inside the exterior.
    """
    out = np.empty((len(points) + 3 * (len(ring_offsets) - 2), 2), np.int32)
    n_points = _open_holes(points, ring_offsets, out)
    if n_points < 0:
        raise ValueError("a hole lies outside of its polygon: only valid polygons can be cut open")
    return out[:n_points]
