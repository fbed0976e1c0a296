"""Borders between labels simplified once, for both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_XY, U8, kernel
from prelabel.kernels.arcs import are_twins, lay_out_arcs, note_straight
from prelabel.kernels.chains import CHAIN, NODE, load_chain, room_for_longest
from prelabel.kernels.douglas_peucker import reduce_chain
from prelabel.kernels.scratch import scratch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.kernels.rings import Rings
    from prelabel.model import Int32Array

    Int64Array = NDArray[np.int64]


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
        arcs, arc_offsets: see :func:`prelabel.kernels.arcs.list_arcs`.
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
                        note_straight(xy, straight, ranks, start, second, start, second)
                    continue
                if n == one or done[second]:
                    continue
                load_chain(chain, chain_kept, xy, nodes, first, end, at, n)
                start, node = U8(chain[NODE, 0]), U8(chain[NODE, n])
                must_bend = start != node and are_twins(xy, straight, U8(ranks[start]), start, node)
                n_refused, n_gone = reduce_chain(
                    chain, chain_kept, 0, n, must_bend, xy, vertex_rows, tolerance, standing, positions, stack
                )
                n_restrained += n_refused > 0
                # The last node but one is the second of whoever comes along the arc from its other side.
                done[U8(chain[NODE, n - one])] = 1
                if n_gone == np.int64(n) - 1:
                    note_straight(xy, straight, ranks, start, U8(chain[NODE, 1]), U8(chain[NODE, n - one]), node)
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
    n_vertices, n_nodes = len(rings.places), len(rings.nodes)
    tables = scratch.together("shared borders", max(n_vertices, n_nodes), _tables)
    ranks, positions, standing, done, straight, arcs, arc_offsets = tables
    lay_out_arcs(rings.anchors, rings.nodes, rings.ring_offsets, ranks, arcs, arc_offsets, straight, standing, done)
    kept = np.empty(n_nodes, np.uint8)
    n_restrained = _simplify_shared(
        rings.xy,
        rings.vertex_rows,
        ranks,
        rings.nodes,
        rings.ring_offsets,
        arcs,
        arc_offsets,
        tolerance,
        kept,
        standing,
        positions,
        done,
        straight,
        *room_for_longest(rings.ring_offsets),
    )
    return kept, n_restrained


def _tables(size: int) -> tuple[NDArray[Any], ...]:
    """Make the scratch of :func:`_simplify_shared` for so many vertices and nodes."""
    return (
        np.empty(size, np.int32),
        np.empty(size, np.int32),
        np.empty(size, np.uint8),
        np.empty(size, np.uint8),
        np.empty(4 * size, np.int32),
        np.empty(size + 1, np.int32),
        np.empty(size + 1, np.int32),
    )
