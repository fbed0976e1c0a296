"""Polygons simplified each for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_XY, U8, inner, kernel
from prelabel.kernels.chains import CHAIN, NODE, load_chain, room_for_longest
from prelabel.kernels.douglas_peucker import reduce_chain
from prelabel.kernels.scratch import scratch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.kernels.rings import Rings
    from prelabel.model import Int32Array

    Int64Array = NDArray[np.int64]


@inner(
    f"int64({RO_XY}, {RO_I4}, {RO_I4}, int64, int64, float64, uint8[::1], uint8[::1], int32[::1], uint8[::1], {CHAIN},"
    " uint8[::1], int32[::1])",
    inline=True,
)
def _simplify_ring(
    xy: Int32Array,
    vertex_rows: Int32Array,
    nodes: Int32Array,
    first: int,
    end: int,
    tolerance: float,
    kept: NDArray[np.uint8],
    standing: NDArray[np.uint8],
    positions: Int32Array,
    pins: NDArray[np.uint8],
    chain: Int64Array,
    chain_kept: NDArray[np.uint8],
    stack: Int32Array,
) -> int:
    """Simplify the ring in places ``first`` to ``end`` of ``nodes``, between nodes that are pinned if there are any.

    Args: see :func:`_simplify_rings`.

    Returns:
        How often a chord within the tolerance had to be refused.
    """
    n = end - first
    begin, n_pinned = first, 0
    for k in range(first, end):
        if pins[nodes[k]]:
            begin = k if n_pinned == 0 else begin
            n_pinned += 1
    load_chain(chain, chain_kept, xy, nodes, U8(first), U8(end), U8(begin), U8(n))
    n_refused = np.int64(0)
    start, n_kept_before = np.int64(0), np.int64(0)
    for k in range(1, n + 1):
        if k < n and not pins[chain[NODE, k]]:
            continue
        # Of two pieces between the same two nodes only one may become a single edge.
        must_bend = n_pinned == 2 and start > 0 and n_kept_before == 0
        must_bend = must_bend or (n_pinned == 2 and start == 0 and k + 1 == n)
        refused, n_gone = reduce_chain(
            chain, chain_kept, start, k, must_bend, xy, vertex_rows, tolerance, standing, positions, stack
        )
        n_refused += refused
        n_kept_before += k - start - 1 - n_gone
        start = np.int64(k)
    for k in range(n):
        kept[begin + k if begin + k < end else begin + k - n] = chain_kept[k]
    return n_refused


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
            n_refused = _simplify_ring(
                xy,
                vertex_rows,
                nodes,
                first,
                end,
                tolerance,
                kept,
                standing,
                positions,
                pins,
                chain,
                chain_kept,
                stack,
            )
            n_restrained += n_refused > 0
        for slot in range(polygon_offsets[polygon], polygon_offsets[polygon + 1]):
            ring = order[slot]
            for k in range(ring_offsets[ring], ring_offsets[ring + 1]):
                standing[nodes[k]] = pins[nodes[k]] = 0
    return n_restrained


def simplify_rings(rings: Rings, tolerance: float) -> tuple[NDArray[np.uint8], int]:
    """Simplify each polygon for itself: its rings stay simple and apart, neighbours may drift from each other.

    Args:
        rings: exact, without straight anchors.
        tolerance: pixels.

    Returns:
        uint8, one per node: whether it stays; and the number of rings simplified less than the tolerance allows.
    """
    n_vertices = len(rings.places)
    standing, pins, positions = scratch.together("single rings", n_vertices, _tables)
    standing[:n_vertices] = pins[:n_vertices] = 0
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
        standing,
        positions,
        pins,
        *room_for_longest(rings.ring_offsets),
    )
    return kept, n_restrained


def _tables(n_vertices: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8], Int32Array]:
    """Make the scratch of :func:`_simplify_rings`, one each per vertex."""
    return np.empty(n_vertices, np.uint8), np.empty(n_vertices, np.uint8), np.empty(n_vertices, np.int32)
