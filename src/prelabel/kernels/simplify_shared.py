"""Borders between labels simplified once, for both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_U1, RO_XY, U8, inner, kernel
from prelabel.kernels.arcs import EDGES, PLACE, RING, is_edge, is_noted, is_on_frame, list_arcs, note_edge
from prelabel.kernels.chains import CHAIN, load_chain, room_for_longest
from prelabel.kernels.douglas_peucker import reduce_chain
from prelabel.kernels.scratch import scratch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.kernels.rings import Rings
    from prelabel.model import Int32Array

    Int64Array = NDArray[np.int64]

STAYS, MAY_GO, IN_QUESTION = 0, 1, 2


@inner(f"int64({RO_XY}, uint64, uint64, float64)", inline=True)
def _corner_may_go(xy: Int32Array, a: int, b: int, tolerance: float) -> int:
    """Tell whether an arc of two edges, from ``a`` to ``b``, may become one, as :func:`reduce_chain` would.

    The corner is at a right angle, so nowhere else than across the chord. Next to a step of one pixel no lattice point
    lies in the triangle but its own; of larger steps it would have to be seen.
    """
    dx, dy = np.int64(xy[b, 0]) - np.int64(xy[a, 0]), np.int64(xy[b, 1]) - np.int64(xy[a, 1])
    across, length2 = np.float64(dx * dy), np.float64(dx * dx + dy * dy)
    if across * across > tolerance * tolerance * length2:
        return STAYS
    return MAY_GO if min(abs(dx), abs(dy)) == 1 else IN_QUESTION


@kernel(
    f"int64({RO_XY}, {RO_I4}, {RO_U1}, {RO_I4}, {RO_I4}, float64, uint8[::1], uint8[::1], int32[::1], uint8[::1],"
    f" int32[:, ::1], int32[::1], int32[:, ::1], {CHAIN}, uint8[::1], int32[::1])"
)
def _simplify_shared(
    xy: Int32Array,
    vertex_rows: Int32Array,
    anchors: NDArray[np.uint8],
    nodes: Int32Array,
    ring_offsets: Int32Array,
    tolerance: float,
    kept: NDArray[np.uint8],
    standing: NDArray[np.uint8],
    positions: Int32Array,
    done: NDArray[np.uint8],
    arcs: Int32Array,
    heads: Int32Array,
    notes: Int32Array,
    chain: Int64Array,
    chain_kept: NDArray[np.uint8],
    stack: Int32Array,
) -> int:
    """Simplify every border once: the first ring that comes along it decides for both sides.

    Args:
        xy, vertex_rows, anchors, nodes, ring_offsets: exact rings of all regions.
        tolerance: pixels.
        kept: uint8, one per node, written: whether it stays.
        standing: uint8 scratch, one per vertex.
        positions: int32 scratch, one per vertex.
        done: uint8 scratch, one per vertex: second vertices of arcs that have had their turn.
        arcs: int32 scratch, nodes + 1 x 3: see :func:`prelabel.kernels.arcs.list_arcs`.
        heads, notes: int32 scratch, one per vertex, and nodes x 2: see :func:`prelabel.kernels.arcs.note_edge`.
        chain, chain_kept, stack: scratch, one position more than the longest ring has nodes.

    Returns:
        The number of arcs simplified less than the tolerance allows.
    """
    n_restrained, n_notes, one, two = 0, U8(0), U8(1), U8(2)
    for vertex in range(U8(len(anchors))):
        standing[vertex] = 1
        done[vertex] = 0
        heads[vertex] = -1
    for arc in range(list_arcs(anchors, nodes, ring_offsets, arcs)):
        at, n = U8(arcs[arc, PLACE]), U8(arcs[arc, EDGES])
        first, end = U8(ring_offsets[U8(arcs[arc, RING])]), U8(ring_offsets[U8(arcs[arc, RING]) + one])
        second = U8(nodes[at + one if at + one < end else first])
        if done[second]:
            continue
        # The last node but one is the second of whoever comes along the arc from its other side.
        before_last, last = at + n - one, at + n
        done[U8(nodes[before_last if before_last < end else before_last + first - end])] = 1
        start, node = U8(nodes[at]), U8(nodes[last if last < end else last + first - end])
        verdict = _corner_may_go(xy, start, node, tolerance) if n == two else IN_QUESTION
        if verdict == STAYS:
            continue
        must_bend = start != node and (
            is_noted(heads, notes, start, node)
            or is_on_frame(xy, start, node)
            or is_edge(anchors, xy, vertex_rows, start, node)
        )
        if verdict == MAY_GO:
            n_refused, n_gone = np.int64(must_bend), np.int64(not must_bend)
            standing[second] = U8(must_bend)
        else:
            load_chain(chain, chain_kept, xy, nodes, first, end, at, n)
            n_refused, n_gone = reduce_chain(
                chain, chain_kept, 0, n, must_bend, xy, vertex_rows, tolerance, standing, positions, stack
            )
        n_restrained += n_refused > 0
        if n_gone == np.int64(n) - 1:
            n_notes = note_edge(heads, notes, n_notes, start, node)
    for k in range(len(nodes)):
        kept[k] = standing[U8(nodes[k])]
    return n_restrained


def simplify_shared(rings: Rings, tolerance: float) -> tuple[NDArray[np.uint8], int]:
    """Simplify the borders between labels, each once for both sides.

    Args:
        rings: exact, of all regions, straight anchors included; anchors stay.
        tolerance: pixels; no point of a border ends up further than this from what repositions it.

    Returns:
        uint8, one per node: whether it stays; and the number of arcs simplified less than the tolerance allows.
    """
    n_nodes = len(rings.nodes)
    kept = np.empty(n_nodes, np.uint8)
    tables = scratch.together("shared borders", max(len(rings.places), n_nodes), _tables)
    standing, positions, done, arcs, heads, notes = tables
    n_restrained = _simplify_shared(
        rings.xy,
        rings.vertex_rows,
        rings.anchors,
        rings.nodes,
        rings.ring_offsets,
        tolerance,
        kept,
        standing,
        positions,
        done,
        arcs,
        heads,
        notes,
        *room_for_longest(rings.ring_offsets),
    )
    return kept, n_restrained


def _tables(size: int) -> tuple[NDArray[Any], ...]:
    """Make the scratch of :func:`_simplify_shared` for so many vertices and nodes."""
    u1, i4 = np.uint8, np.int32
    shapes = [(size, u1), (size, i4), (size, u1), ((size + 1, 3), i4), (size, i4), ((size, 2), i4)]
    return tuple(np.empty(shape, dtype) for shape, dtype in shapes)
