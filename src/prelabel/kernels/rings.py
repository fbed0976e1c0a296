"""The rings of all regions, on shared vertices; and their points, as many of them as stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_I8, RO_U1, U8, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array

    Int64Array = NDArray[np.int64]

ALL = np.empty(0, np.uint8)
"""Stands for "every place is kept"."""


@kernel(f"int64({RO_I8}, {RO_I4}, {RO_I4}, {RO_I4}, {RO_I4}, {RO_U1}, int64[::1], int32[::1], int64[::1])")
def _collect(
    places: Int64Array,
    nodes: Int32Array,
    ring_offsets: Int32Array,
    order: Int32Array,
    polygon_offsets: Int32Array,
    kept: NDArray[np.uint8],
    points: Int64Array,
    point_offsets: Int32Array,
    areas: Int64Array,
) -> int:
    """Write the points of the rings in order, and measure the regions on the way.

    Args:
        places, nodes, ring_offsets, order, polygon_offsets: see :class:`Rings`.
        kept: uint8, one per node: 0 for those that go; empty keeps all.
        points: int64, written: x in the low and y in the high half.
        point_offsets: int32, rings + 1, written.
        areas: int64, regions, written: pixels, by the shoelace formula on all nodes; edges follow the axes.

    Returns:
        The number of points.
    """
    n_points = U8(0)
    point_offsets[0] = 0
    keeps_all = len(kept) == 0
    for region in range(U8(len(areas))):
        area = np.int64(0)
        for slot in range(U8(polygon_offsets[region]), U8(polygon_offsets[region + U8(1)])):
            ring = U8(order[slot])
            first, end = U8(ring_offsets[ring]), U8(ring_offsets[ring + U8(1)])
            place = places[U8(nodes[end - U8(1)])]
            for node in range(first, end):
                before = place
                place = places[U8(nodes[node])]
                area += (before & 0xFFFFFFFF) * ((place >> 32) - (before >> 32))
                points[n_points] = place
                n_points += U8(1) if keeps_all else U8(kept[node])
            point_offsets[slot + U8(1)] = n_points
        areas[region] = area
    return np.int64(n_points)


@kernel(f"int64({RO_I8}, {RO_I4}, {RO_I4}, int32[::1], int32[::1])")
def _keep_turns(
    places: Int64Array, nodes: Int32Array, ring_offsets: Int32Array, out_nodes: Int32Array, out_offsets: Int32Array
) -> int:
    """Copy rings without the nodes at which they run straight through. Returns how many nodes are left."""
    n_out = 0
    out_offsets[0] = 0
    for ring in range(len(ring_offsets) - 1):
        first, end = ring_offsets[ring], ring_offsets[ring + 1]
        before, here = places[nodes[end - 1]], places[nodes[first]]
        for k in range(first, end):
            after = places[nodes[k + 1 if k + 1 < end else first]]
            # On axis-parallel edges the x of three nodes are equal, or their y, just where the ring runs straight.
            straight = ((before ^ here) | (here ^ after)) & 0xFFFFFFFF == 0 or before >> 32 == here >> 32 == after >> 32
            out_nodes[n_out] = nodes[k]
            n_out += not straight
            before, here = here, after
        out_offsets[ring + 1] = n_out
    return np.int64(n_out)


class Rings(NamedTuple):
    """The rings of all regions, on shared vertices.

    Part of it is in the thread's scratch memory: done with before the same thread traces the next mask.

    Attributes:
        places: int64, one per vertex: its coordinates, x in the low and y in the high half, in scan order.
        vertex_rows: int32, height + 2: vertices with y = k are ``vertex_rows[k]`` to ``vertex_rows[k + 1]``.
        anchors: uint8, one per vertex: which borders leave it where more than two do, and at the mask's own corners; 0
            elsewhere. See :mod:`prelabel.kernels.sweep_row`.
        nodes: int32: vertices, ring after ring; rings are open and walked with their region on the right.
        ring_offsets: int32, rings + 1, into ``nodes``; rings are in the scan order of their first vertices.
        order: int32, one per ring: the rings, grouped by region, exteriors first.
        polygon_offsets: int32, regions + 1, into ``order``: region r has places r - 1 to r.
    """

    places: Int64Array
    vertex_rows: Int32Array
    anchors: NDArray[np.uint8]
    nodes: Int32Array
    ring_offsets: Int32Array
    order: Int32Array
    polygon_offsets: Int32Array

    @property
    def xy(self) -> Int32Array:
        """int32, vertices x 2: the coordinates (x, y)."""
        return self.places.view(np.int32).reshape(-1, 2)

    def polygons(self, kept: NDArray[np.uint8] = ALL) -> tuple[Int32Array, Int32Array, Int64Array]:
        """Return the rings, grouped by region.

        Args:
            kept: uint8, one per node: 0 for those that go; empty keeps all.

        Returns:
            int32, points x 2: the coordinates (x, y); int32, rings + 1: the rings in them; int64, one per region: its
            pixels, of all nodes.
        """
        points = np.empty(len(self.nodes) if kept is ALL else int(np.count_nonzero(kept)) + 1, np.int64)
        offsets, areas = np.empty_like(self.ring_offsets), np.empty(len(self.polygon_offsets) - 1, np.int64)
        n_points = _collect(
            self.places,
            self.nodes,
            self.ring_offsets,
            self.order,
            self.polygon_offsets,
            kept,
            points,
            offsets,
            areas,
        )
        return points[:n_points].view(np.int32).reshape(-1, 2), offsets, areas

    def without_straight(self) -> Rings:
        """Return the rings without anchors that they run straight through."""
        places, vertex_rows, anchors, nodes, ring_offsets, order, polygon_offsets = self
        turns, offsets = np.empty(len(nodes), np.int32), np.empty(len(ring_offsets), np.int32)
        n_turns = _keep_turns(places, nodes, ring_offsets, turns, offsets)
        return Rings(places, vertex_rows, anchors, turns[:n_turns], offsets, order, polygon_offsets)
