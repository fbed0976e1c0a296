"""Linked corners to rings: the bends that :mod:`prelabel.kernels.sweep` left are followed once, grouped by region."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prelabel.kernels._jit import kernel, read_only
from prelabel.kernels.scratch import scratch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.kernels.sweep import Sweep
    from prelabel.model import Int32Array

    Int64Array = NDArray[np.int64]

RO_I4 = read_only("int32")
RO_I8 = read_only("int64")
RO_U1 = read_only("uint8")

DONE = np.uint32(0xFFFFFFFF)
ALL = np.empty(0, np.uint8)
"""Stands for "every place is kept"."""

# Indices are unsigned in here: numba then leaves out the test for negative ones.
U8 = np.uint64


@kernel(f"int64(int64, {RO_I8}, {RO_I4}, {RO_I4}, int64[::1], int32[::1], int32[::1], int32[::1])")
def _follow(
    n_tops: int,
    tops: Int64Array,
    labels: Int32Array,
    regions: Int32Array,
    bends: Int64Array,
    nodes: Int32Array,
    ring_offsets: Int32Array,
    ring_regions: Int32Array,
) -> int:
    """Follow the bends around. Rings come in the scan order of their first vertices: exteriors before their holes.

    Args:
        n_tops, tops, labels, regions: see :class:`prelabel.kernels.sweep.Sweep`.
        bends: likewise; those that were followed are marked DONE.
        nodes: int32, written: the vertices, ring after ring.
        ring_offsets, ring_regions: int32, written.

    Returns:
        The number of rings.
    """
    following = bends.view(np.uint32)
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
    return np.int64(n_rings)


@kernel(f"void(int64, {RO_I4}, int32[::1], int32[::1])")
def _group(n_rings: int, ring_regions: Int32Array, polygon_offsets: Int32Array, order: Int32Array) -> None:
    """List the rings of each region together, in the order they come in.

    Args:
        n_rings, ring_regions: the rings as :func:`_follow` wrote them.
        polygon_offsets: int32, regions + 1, written: region r has places r - 1 to r of ``order``.
        order: int32, one per ring, written.
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


@kernel(f"int64({RO_I8}, {RO_I4}, {RO_I4}, uint8[::1])")
def _find_turns(places: Int64Array, nodes: Int32Array, ring_offsets: Int32Array, turns: NDArray[np.uint8]) -> int:
    """Write 1 for each node at which its ring turns, 0 where it runs straight through. Returns how many turn."""
    n_turns = 0
    for ring in range(len(ring_offsets) - 1):
        first, end = ring_offsets[ring], ring_offsets[ring + 1]
        before, here = places[nodes[end - 2]], places[nodes[end - 1]]
        for k in range(first, end):
            after = places[nodes[k]]
            # On axis-parallel edges the x of three nodes are equal, or their y, just where the ring runs straight.
            straight = ((before ^ here) | (here ^ after)) & 0xFFFFFFFF == 0 or before >> 32 == here >> 32 == after >> 32
            turns[k - 1 if k > first else end - 1] = not straight
            n_turns += not straight
            before, here = here, after
    return n_turns


@kernel(f"void({RO_I4}, {RO_I4}, {RO_U1}, int32[::1], int32[::1])")
def _keep(
    nodes: Int32Array, ring_offsets: Int32Array, kept: NDArray[np.uint8], out_nodes: Int32Array, out_offsets: Int32Array
) -> None:
    """Copy rings without the nodes that go."""
    n_out = 0
    for ring in range(len(ring_offsets) - 1):
        out_offsets[ring] = n_out
        for k in range(ring_offsets[ring], ring_offsets[ring + 1]):
            if kept[k]:
                out_nodes[n_out] = nodes[k]
                n_out += 1
    out_offsets[len(ring_offsets) - 1] = n_out


class Rings(NamedTuple):
    """The rings of all regions, on shared vertices.

    Part of it is in the thread's scratch memory: done with before the same thread traces the next mask.

    Attributes:
        places: int64, one per vertex: its coordinates, x in the low and y in the high half, in scan order.
        vertex_rows: int32, height + 2: vertices with y = k are ``vertex_rows[k]`` to ``vertex_rows[k + 1]``.
        anchors: uint8, one per vertex: 1 where more than two borders meet, and at the mask's own corners.
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
        turns = np.empty(len(self.nodes), np.uint8)
        nodes, offsets = (
            np.empty(_find_turns(self.places, self.nodes, self.ring_offsets, turns), np.int32),
            np.empty_like(self.ring_offsets),
        )
        _keep(self.nodes, self.ring_offsets, turns, nodes, offsets)
        return self._replace(nodes=nodes, ring_offsets=offsets)


def follow_rings(swept: Sweep) -> Rings:
    """Follow the rings of every region, once: ``swept`` is used up.

    Returns:
        The rings, exact, with a vertex at every anchor.
    """
    n_nodes = swept.n_bends - 1
    nodes = scratch.at_least("nodes", n_nodes, np.int32)
    offsets = scratch.at_least("offsets", n_nodes // 4 + 1, np.int32)
    ring_regions = scratch.at_least("ring regions", n_nodes // 4, np.int32)
    n_rings = _follow(swept.n_tops, swept.tops, swept.labels, swept.regions, swept.bends, nodes, offsets, ring_regions)
    polygon_offsets, order = np.empty(len(swept.values) + 1, np.int32), np.empty(n_rings, np.int32)
    _group(n_rings, ring_regions, polygon_offsets, order)
    return Rings(
        swept.places,
        swept.vertex_rows,
        swept.anchors,
        nodes[:n_nodes],
        offsets[: n_rings + 1],
        order,
        polygon_offsets,
    )
