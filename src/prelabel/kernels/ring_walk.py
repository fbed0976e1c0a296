"""Linked corners to rings: the bends that :mod:`prelabel.kernels.sweep` left are followed once, grouped by region."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_I8, U8, inner

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array, UInt32Array

    Int64Array = NDArray[np.int64]

DONE = np.uint32(0xFFFFFFFF)


@inner(f"void(int64, {RO_I4}, int32[::1], int32[::1])")
def _group(n_rings: int, ring_regions: Int32Array, polygon_offsets: Int32Array, order: Int32Array) -> None:
    """List the rings of each region together, in the order they come in.

    Args:
        n_rings, ring_regions: the rings as :func:`follow` wrote them.
        polygon_offsets: int32, regions + 1, written: region r has places r - 1 to r of ``order``.
        order: int32, one per ring or more, written.
    """
    polygon_offsets[:] = 0
    for ring in range(U8(n_rings)):
        polygon_offsets[U8(ring_regions[ring])] += 1
    for region in range(1, len(polygon_offsets)):
        polygon_offsets[region] += polygon_offsets[region - 1]
    # Counted back to front, each region's entry ends at its first ring; the offsets then only need to move up by one.
    for ring in range(n_rings - 1, -1, -1):
        region = U8(ring_regions[ring])
        polygon_offsets[region] -= 1
        order[U8(polygon_offsets[region])] = ring
    for region in range(1, len(polygon_offsets)):
        polygon_offsets[region - 1] = polygon_offsets[region]
    polygon_offsets[len(polygon_offsets) - 1] = n_rings


@inner(
    f"int64(int64, {RO_I8}, {RO_I4}, {RO_I4}, int64[::1], uint32[::1], int32[::1], int32[::1], int32[::1], int32[::1],"
    " int32[::1])"
)
def follow(
    n_tops: int,
    tops: Int64Array,
    labels: Int32Array,
    regions: Int32Array,
    bends: Int64Array,
    following: UInt32Array,
    nodes: Int32Array,
    ring_offsets: Int32Array,
    ring_regions: Int32Array,
    polygon_offsets: Int32Array,
    order: Int32Array,
) -> int:
    """Follow the bends around. Rings come in the scan order of their first vertices: exteriors before their holes.

    Args:
        n_tops, tops, labels: see :func:`prelabel.kernels.sweep.sweep`.
        regions: see :func:`prelabel.kernels.regions.number_regions`.
        bends, following: see :func:`prelabel.kernels.sweep.sweep`; those that were followed are marked DONE.
        nodes: int32, written: the vertices, ring after ring.
        ring_offsets, ring_regions: int32, written.
        polygon_offsets, order: int32, written: see :func:`_group`.

    Returns:
        The number of rings.
    """
    n_rings = n_nodes = U8(0)
    ring_offsets[0] = 0
    for top in range(U8(n_tops)):
        bend = first = U8(tops[top]) >> U8(32)
        if following[U8(2) * first] == DONE:
            continue
        while True:
            linked = U8(bends[bend])
            nodes[n_nodes] = linked >> U8(32)
            n_nodes += U8(1)
            following[U8(2) * bend] = DONE
            bend = linked & U8(0xFFFFFFFF)
            if bend == first:
                break
        ring_regions[n_rings] = regions[labels[U8(tops[top]) & U8(0xFFFFFFFF)]]
        n_rings += U8(1)
        ring_offsets[n_rings] = n_nodes
    _group(np.int64(n_rings), ring_regions, polygon_offsets, order)
    return np.int64(n_rings)


def tables(n_nodes: int) -> tuple[Int32Array, Int32Array, Int32Array, Int32Array]:
    """Make room for nodes, ring offsets, each ring's region and the rings' order; a ring has four nodes at least."""
    most = n_nodes // 4
    sizes = (n_nodes, most + 1, most, most)
    nodes, offsets, ring_regions, order = (np.empty(size, np.int32) for size in sizes)
    return nodes, offsets, ring_regions, order
