"""Arcs: the stretches of rings from anchor to anchor, which two regions share, or a region and the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prelabel.kernels._jit import RO_I4, RO_U1, RO_XY, U8, inner
from prelabel.kernels.clearance import first_from
from prelabel.kernels.sweep_row import EAST, SOUTH

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from prelabel.model import Int32Array

PLACE, EDGES, RING = 0, 1, 2
"""What is known of an arc: where in the nodes it begins, how many edges it has, and of which ring it is."""


@inner(f"uint64({RO_U1}, {RO_I4}, {RO_I4}, int32[:, ::1])")
def list_arcs(anchors: NDArray[np.uint8], nodes: Int32Array, ring_offsets: Int32Array, arcs: Int32Array) -> int:
    """Cut rings into arcs, from anchor to anchor, and list those that can lose a node: of two edges and more.

    A ring without anchors is one arc from its first node, and one with a single anchor an arc from there.

    Args:
        anchors: uint8, one per vertex: not 0 for anchors.
        nodes, ring_offsets: the rings.
        arcs: int32, nodes x 3 or more, written: PLACE, EDGES and RING.

    Returns:
        How many are listed.
    """
    n_arcs, one = U8(0), U8(1)
    for ring in range(U8(len(ring_offsets) - 1)):
        first, end = U8(ring_offsets[ring]), U8(ring_offsets[ring + 1])
        first_anchor = before = first
        is_cut = False
        for k in range(first, end):
            if anchors[U8(nodes[k])] == 0:
                continue
            arcs[n_arcs, PLACE], arcs[n_arcs, EDGES], arcs[n_arcs, RING] = before, k - before, ring
            n_arcs += U8(is_cut & (k - before > one))
            first_anchor = first_anchor if is_cut else U8(k)
            before = U8(k)
            is_cut = True
        n_edges = first_anchor + end - first - before
        arcs[n_arcs, PLACE], arcs[n_arcs, EDGES], arcs[n_arcs, RING] = before, n_edges, ring
        n_arcs += U8(n_edges > one)
    return n_arcs


@inner(f"boolean({RO_U1}, {RO_XY}, {RO_I4}, uint64, uint64)")
def is_edge(anchors: NDArray[np.uint8], xy: Int32Array, vertex_rows: Int32Array, a: int, b: int) -> bool:
    """Tell whether a border runs straight from one anchor to another, with no vertex between: a single edge.

    Args:
        anchors: uint8, one per vertex: which borders leave it.
        xy, vertex_rows: the vertices, in scan order, and where each row of them starts.
        a, b: the anchors.
    """
    one, west_or_north, other = U8(1), min(a, b), max(a, b)
    left, top, bottom = xy[west_or_north, 0], xy[west_or_north, 1], xy[other, 1]
    if top == bottom:
        return other == west_or_north + one and anchors[west_or_north] & EAST != 0
    if left != xy[other, 0] or anchors[west_or_north] & SOUTH == 0:
        return False
    for y in range(top + 1, bottom):
        node = first_from(xy, vertex_rows, U8(y), left)
        if node < U8(vertex_rows[y + 1]) and xy[node, 0] == left:
            return False
    return True


@inner(f"boolean({RO_XY}, uint64, uint64)", inline=True)
def is_on_frame(xy: Int32Array, a: int, b: int) -> bool:
    """Tell whether a chord would lie on the frame: it matters where background reaches it, which has no rings there."""
    right, bottom = xy[U8(len(xy) - 1), 0], xy[U8(len(xy) - 1), 1]
    return (xy[a, 0] == xy[b, 0] and (xy[a, 0] == 0 or xy[a, 0] == right)) or (
        xy[a, 1] == xy[b, 1] and (xy[a, 1] == 0 or xy[a, 1] == bottom)
    )


@inner("boolean(int32[::1], int32[:, ::1], uint64, uint64)", inline=True)
def is_noted(heads: Int32Array, notes: Int32Array, a: int, b: int) -> bool:
    """Tell whether it was noted that an arc between two anchors is a single edge now; see :func:`note_edge`."""
    note = heads[a]
    while note >= 0:
        if U8(notes[U8(note), 0]) == b:
            return True
        note = notes[U8(note), 1]
    return False


@inner("uint64(int32[::1], int32[:, ::1], uint64, uint64, uint64)", inline=True)
def note_edge(heads: Int32Array, notes: Int32Array, n_notes: int, a: int, b: int) -> int:
    """Note at both ends of an arc that it is a single edge now.

    Args:
        heads: int32, one per vertex: its latest note, -1 where there is none.
        notes: int32, two per arc x 2: the arc's other end, and the note before it, -1 for none.
        n_notes: how many there are.
        a, b: the ends.

    Returns:
        How many there are now.
    """
    one = U8(1)
    notes[n_notes, 0], notes[n_notes, 1], heads[a] = b, heads[a], n_notes
    n_notes += one
    notes[n_notes, 0], notes[n_notes, 1], heads[b] = a, heads[b], n_notes
    return n_notes + one
