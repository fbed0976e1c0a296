"""A table of vertices whose rings are linked lists through it, and which edges reach each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prelabel.kernels._jit import inner

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Nodes = NDArray[np.int64]

# The rows of the table, which has a column per node.
X, Y, NEXT, PREVIOUS, MERGED = 0, 1, 2, 3, 4

NODES = "int64[:, ::1]"
NUMBERS = "int64[::1]"


@inner(f"int64({NODES}, int64, int64, int64, int64, int64)")
def _cross(nodes: Nodes, node: int, x: int, y: int, u: int, v: int) -> int:
    return (x - nodes[X, node]) * (v - nodes[Y, node]) - (y - nodes[Y, node]) * (u - nodes[X, node])


@inner(f"boolean({NODES}, int64, int64, int64)")
def faces(nodes: Nodes, node: int, x: int, y: int) -> bool:
    """Tell whether the way from a vertex of the ring to (x, y) begins inside the polygon."""
    before, after = nodes[PREVIOUS, node], nodes[NEXT, node]
    bx, by, ax, ay = nodes[X, before], nodes[Y, before], nodes[X, after], nodes[Y, after]
    past_next = _cross(nodes, node, ax, ay, x, y) > 0
    before_previous = _cross(nodes, node, x, y, bx, by) > 0
    if _cross(nodes, node, ax, ay, bx, by) >= 0:  # not more than a half turn is inside
        return past_next and before_previous
    return past_next or before_previous


@inner(f"int64({NODES}, {NODES}, {NUMBERS}, int64, int64)")
def register(nodes: Nodes, entries: NDArray[np.int64], heads: NDArray[np.int64], n_entries: int, node: int) -> int:
    """Note in every row it reaches the edge that leaves a node. Returns the number of entries."""
    y, v = nodes[Y, node], nodes[Y, nodes[NEXT, node]]
    for row in range(min(y, v), max(y, v) + 1):
        entries[0, n_entries], entries[1, n_entries] = node, heads[row]
        heads[row] = n_entries
        n_entries += 1
    return n_entries


@inner(f"int64({NODES}, int64, int64)")
def link(nodes: Nodes, first: int, second: int) -> int:
    """Let one node follow another."""
    nodes[NEXT, first], nodes[PREVIOUS, second] = second, first
    return 0


@inner(f"int64({NODES}, int64, int64)")
def copied(nodes: Nodes, n_nodes: int, node: int) -> int:
    """Put a copy of a node at place ``n_nodes``; returns the place behind it."""
    nodes[X, n_nodes], nodes[Y, n_nodes], nodes[MERGED, n_nodes] = nodes[X, node], nodes[Y, node], 1
    return n_nodes + 1
