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

from prelabel.kernels._jit import RO_I4, RO_XY, inner, kernel
from prelabel.kernels.bridges import cast_ray, find_touch, vertex_at, visible_vertex
from prelabel.kernels.ring_nodes import MERGED, NEXT, NODES, NUMBERS, PREVIOUS, X, Y, copied, link, register

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array

    Nodes = NDArray[np.int64]

NO_HOLE, NO_ROOM = -1, -2


@inner(f"UniTuple(int64, 2)({RO_XY}, {RO_I4}, {NODES}, {NUMBERS})")
def _lay_out(
    points: Int32Array, ring_offsets: Int32Array, nodes: Nodes, leftmost: NDArray[np.int64]
) -> tuple[int, int]:
    """Write the rings to the table, the exterior as merged.

    Args:
        points, ring_offsets: the rings.
        nodes: int64, written.
        leftmost: int64, one per ring, written: its leftmost node, the highest of several.

    Returns:
        How often edges reach rows, and how many rows there are.
    """
    n_entries, n_rows = np.int64(0), np.int64(0)
    for ring in range(len(ring_offsets) - 1):
        first, last = np.int64(ring_offsets[ring]), np.int64(ring_offsets[ring + 1])
        best = first
        for k in range(first, last):
            nodes[X, k], nodes[Y, k] = points[k, 0], points[k, 1]
            nodes[NEXT, k] = k + 1 if k + 1 < last else first
            nodes[PREVIOUS, k] = k - 1 if k > first else last - 1
            nodes[MERGED, k] = ring == 0
            n_rows = max(n_rows, nodes[Y, k] + 1)
            n_entries += abs(np.int64(points[nodes[NEXT, k], 1]) - points[k, 1]) + 1
            if points[k, 0] < points[best, 0] or (points[k, 0] == points[best, 0] and points[k, 1] < points[best, 1]):
                best = k
        leftmost[ring] = best
    return n_entries, n_rows


@inner(f"boolean({NODES}, int64, int64)")
def _is_right_of(nodes: Nodes, a: int, b: int) -> bool:
    """Tell whether node a comes after b from left to right, then downwards, then as they are numbered."""
    if nodes[X, a] != nodes[X, b]:
        return nodes[X, a] > nodes[X, b]
    if nodes[Y, a] != nodes[Y, b]:
        return nodes[Y, a] > nodes[Y, b]
    return a > b


@inner(f"void({NODES}, {NUMBERS}, int64)")
def _sort_from_left(nodes: Nodes, order: NDArray[np.int64], first: int) -> None:
    """Sort the nodes in ``order`` from place ``first`` on, in place; numba's own sort takes longer to compile.

    Source: J. W. J. Williams, "Algorithm 232: Heapsort" (1964).
    """
    n = len(order) - first
    n_heaped, n_left = n >> 1, n  # the heap is built from its middle to its top, then taken down from its end
    while n_left > 1:
        if n_heaped > 0:
            n_heaped -= 1
        else:
            n_left -= 1
            order[first], order[first + n_left] = order[first + n_left], order[first]
        at = n_heaped
        sinking = order[first + at]
        while 2 * at + 1 < n_left:
            child = 2 * at + 1
            if child + 1 < n_left and _is_right_of(nodes, order[first + child + 1], order[first + child]):
                child += 1
            if not _is_right_of(nodes, order[first + child], sinking):
                break
            order[first + at] = order[first + child]
            at = child
        order[first + at] = sinking


@inner(f"UniTuple(int64, 4)({NODES}, {NODES}, {NUMBERS}, int64, int64)")
def _find_ends(
    nodes: Nodes, entries: NDArray[np.int64], heads: NDArray[np.int64], n_nodes: int, hole: int
) -> tuple[int, int, int, int]:
    """Find where to join the hole with this leftmost node to the ring.

    Returns:
        The node of the ring, -1 if there is none; that of the hole; 1 if they are at the same place; and how many
        nodes there are now: the ray may end on an edge, which then gets a vertex.
    """
    ring_node, hole_node = find_touch(nodes, entries, heads, hole)
    if ring_node >= 0:
        return ring_node, hole_node, 1, n_nodes
    hit_x, hit_place = cast_ray(nodes, entries, heads, hole)
    hit = np.int64(hit_place)
    if hit < 0:
        return -1, hole, 0, n_nodes
    if hit_x != np.floor(hit_x):
        return visible_vertex(nodes, entries, heads, hit_x, hit, hole), hole, 0, n_nodes
    ring_node = vertex_at(nodes, entries, heads, np.int64(hit_x), nodes[Y, hole], hole)
    if ring_node < 0:  # a new vertex on the edge
        ring_node, after = n_nodes, nodes[NEXT, hit]
        nodes[X, n_nodes], nodes[Y, n_nodes], nodes[MERGED, n_nodes] = np.int64(hit_x), nodes[Y, hole], 1
        n_nodes += 1
        link(nodes, hit, ring_node)
        link(nodes, ring_node, after)
    return ring_node, hole, 0, n_nodes


@inner(f"UniTuple(int64, 2)({NODES}, {NODES}, {NUMBERS}, int64, int64, int64)")
def _join_hole(
    nodes: Nodes, entries: NDArray[np.int64], heads: NDArray[np.int64], n_nodes: int, n_entries: int, hole: int
) -> tuple[int, int]:
    """Join the hole with this leftmost node to the ring. Returns the numbers of nodes and entries; -1 if impossible."""
    ring_node, hole_node, touches, n_nodes = _find_ends(nodes, entries, heads, n_nodes, hole)
    if ring_node < 0:
        return -1, n_entries
    node = hole
    while nodes[MERGED, node] == 0:
        nodes[MERGED, node] = 1
        node = nodes[NEXT, node]
    # ring_node -> hole_node, around the hole, its copy -> ring_node's copy -> on as before
    back, onwards = n_nodes, nodes[NEXT, ring_node]
    n_nodes = copied(nodes, n_nodes, ring_node)
    if touches:
        last = nodes[PREVIOUS, hole_node]
        link(nodes, ring_node, nodes[NEXT, hole_node])
        link(nodes, last, back)
        nodes[MERGED, hole_node] = 0  # its place is taken by the ring's two
    else:
        last = n_nodes
        n_nodes = copied(nodes, n_nodes, hole_node)
        link(nodes, nodes[PREVIOUS, hole_node], last)
        link(nodes, ring_node, hole_node)
        link(nodes, last, back)
        n_entries = register(nodes, entries, heads, n_entries, last)
    link(nodes, back, onwards)
    n_entries = register(nodes, entries, heads, n_entries, ring_node)
    return n_nodes, register(nodes, entries, heads, n_entries, back)


@kernel(f"int64({RO_XY}, {RO_I4}, {NODES}, {NUMBERS}, {NUMBERS}, {NODES}, int32[:, ::1])")
def _open_holes(
    points: Int32Array,
    ring_offsets: Int32Array,
    nodes: Nodes,
    leftmost: NDArray[np.int64],
    heads: NDArray[np.int64],
    entries: NDArray[np.int64],
    out: Int32Array,
) -> int:
    """Write one ring for a polygon with holes.

    Args:
        points, ring_offsets: the polygon's rings, its exterior first; y from 0 on.
        nodes: int64 scratch, 5 x with room for three more points per hole.
        leftmost: int64 scratch, one per ring.
        heads: int64 scratch, one per row that the polygon reaches.
        entries: int64 scratch, 2 x how often edges reach rows, bridges included.
        out: int32, x 2, with room for three more points per hole, written.

    Returns:
        The number of points; ``NO_HOLE`` if a hole could not be joined: the polygon is not valid; ``NO_ROOM`` if
        ``entries`` is too short.
    """
    n_rings = len(ring_offsets) - 1
    n_nodes = np.int64(ring_offsets[n_rings])
    room, n_rows = _lay_out(points, ring_offsets, nodes, leftmost)
    for row in range(n_rows):
        heads[row] = -1
    n_entries = np.int64(0)
    if room > entries.shape[1]:
        return NO_ROOM
    for node in range(n_nodes):
        n_entries = register(nodes, entries, heads, n_entries, node)
    _sort_from_left(nodes, leftmost, 1)
    for ring in range(1, n_rings):
        if n_entries + 4 * n_rows > entries.shape[1]:
            return NO_ROOM
        n_nodes, n_entries = _join_hole(nodes, entries, heads, n_nodes, n_entries, leftmost[ring])
        if n_nodes < 0:
            return NO_HOLE
    node, n_out = np.int64(0), np.int64(0)
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
    n_holes, n_rows = len(ring_offsets) - 2, int(points[:, 1].max()) + 1
    out = np.empty((len(points) + 3 * n_holes, 2), np.int32)
    nodes, leftmost = np.empty((5, len(out)), np.int64), np.empty(n_holes + 1, np.int64)
    heads = np.empty(n_rows, np.int64)
    room = 2 * len(points) + int(np.abs(np.diff(points[:, 1], append=points[-1:, 1])).sum()) + 4 * n_rows
    while True:
        n_points = _open_holes(points, ring_offsets, nodes, leftmost, heads, np.empty((2, room), np.int64), out)
        if n_points != NO_ROOM:
            break
        room *= 2  # bridges are mostly short, so there is room at once, or soon
    if n_points == NO_HOLE:
        raise ValueError("a hole lies outside of its polygon: only valid polygons can be cut open")
    return out[:n_points]
