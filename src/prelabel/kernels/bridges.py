"""Where a hole can be joined to its exterior: a common vertex, what a ray to the left hits, or a visible vertex."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import inner
from prelabel.kernels.ring_nodes import MERGED, NEXT, NODES, NUMBERS, X, Y, faces

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Nodes = NDArray[np.int64]


@inner(f"UniTuple(int64, 2)({NODES}, {NODES}, {NUMBERS}, int64)")
def find_touch(nodes: Nodes, entries: NDArray[np.int64], heads: NDArray[np.int64], hole: int) -> tuple[int, int]:
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
                and faces(nodes, other, nodes[X, after], nodes[Y, after])
            ):
                return other, node
            entry = entries[1, entry]
        node = after
        if node == hole:
            return -1, -1


@inner(f"UniTuple(float64, 2)({NODES}, {NODES}, {NUMBERS}, int64)")
def cast_ray(nodes: Nodes, entries: NDArray[np.int64], heads: NDArray[np.int64], hole: int) -> tuple[float, float]:
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
def vertex_at(nodes: Nodes, entries: NDArray[np.int64], heads: NDArray[np.int64], x: int, y: int, hole: int) -> int:
    """Return the ring's vertex at (x, y) that faces the hole (else any there), or -1."""
    found = np.int64(-1)
    entry = heads[y]
    while entry >= 0:
        node = entries[0, entry]
        entry = entries[1, entry]
        if nodes[MERGED, node] and nodes[X, node] == x and nodes[Y, node] == y:
            found = node
            if faces(nodes, node, nodes[X, hole], nodes[Y, hole]):
                return node
    return found


@inner(f"int64({NODES}, {NODES}, {NUMBERS}, float64, int64, int64)")
def visible_vertex(
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
            if (best < 0 or flatter < 0 or (flatter == 0 and along < best_along)) and faces(nodes, node, x, y):
                best, best_along, best_across = node, along, across
    return best
