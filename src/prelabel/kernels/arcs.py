"""Arcs: the stretches of rings from anchor to anchor, which two regions share, or a region and the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_U1, RO_XY, U8, inner, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array


@inner(f"int64({RO_U1}, int32[::1])")
def rank_anchors(anchors: NDArray[np.uint8], ranks: Int32Array) -> int:
    """Number the anchors: written to ``ranks``, where they are. Returns how many there are."""
    n_anchors = 0
    for node in range(len(anchors)):
        ranks[node] = n_anchors
        n_anchors += np.int64(anchors[node])
    return n_anchors


@inner(f"void({RO_U1}, {RO_I4}, {RO_I4}, int32[::1], int32[::1])")
def list_arcs(
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


@kernel(f"void({RO_U1}, {RO_I4}, {RO_I4}, int32[::1], int32[::1], int32[::1], int32[::1], uint8[::1], uint8[::1])")
def lay_out_arcs(
    anchors: NDArray[np.uint8],
    nodes: Int32Array,
    ring_offsets: Int32Array,
    ranks: Int32Array,
    arcs: Int32Array,
    arc_offsets: Int32Array,
    straight: Int32Array,
    standing: NDArray[np.uint8],
    done: NDArray[np.uint8],
) -> None:
    """Make all ready for borders to be simplified: in one call, as of a small mask each would be felt.

    Args:
        anchors, nodes, ring_offsets: the rings.
        ranks: see :func:`rank_anchors`.
        arcs, arc_offsets: see :func:`list_arcs`.
        straight: int32, four per anchor or more, written: -1.
        standing, done: uint8, one per vertex or more, written: 1 and 0.
    """
    n_anchors = rank_anchors(anchors, ranks)
    for k in range(U8(4 * n_anchors)):
        straight[k] = -1
    for node in range(U8(len(anchors))):
        standing[node] = 1
        done[node] = 0
    list_arcs(anchors, nodes, ring_offsets, arcs, arc_offsets)


@inner(f"uint64({RO_XY}, uint64, uint64)", inline=True)
def _heading(xy: Int32Array, node: int, other: int) -> int:
    """Return the direction of an axis-parallel step: 0 east, 1 south, 2 west, 3 north."""
    right, down = xy[other, 0] - xy[node, 0], xy[other, 1] - xy[node, 1]
    return U8(down != 0) | U8(right + down < 0) << U8(1)


@inner(f"boolean({RO_XY}, int32[::1], uint64, uint64, uint64)", inline=True)
def are_twins(xy: Int32Array, straight: Int32Array, rank: int, a: int, b: int) -> bool:
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


@inner(f"void({RO_XY}, int32[::1], {RO_I4}, uint64, uint64, uint64, uint64)", inline=True)
def note_straight(
    xy: Int32Array, straight: Int32Array, ranks: Int32Array, a: int, after_a: int, before_b: int, b: int
) -> None:
    """Note at both ends of an arc that it is a single edge now."""
    straight[U8(4) * U8(ranks[a]) + _heading(xy, a, after_a)] = b
    straight[U8(4) * U8(ranks[b]) + _heading(xy, b, before_b)] = a
