"""Arcs to rings, grouped by region (design.md section 4). A ring is a cycle of arcs with one region on its right."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prelabel.kernels._jit import kernel, read_only
from prelabel.kernels.graph import NO_EDGE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.kernels.graph import Graph
    from prelabel.model import Int32Array

RO_I4 = read_only("int32")
RO_I4_2D = read_only("int32", 2)
RO_I8 = read_only("int64")


@kernel(f"int64({RO_I4_2D}, {RO_I4_2D}, int64, int64, int64)")
def _next_heading(edges: Int32Array, faces: Int32Array, node: int, heading: int, region: int) -> int:
    """Return where a ring that arrives at a node goes on, its region on the right.

    Right if it can: unless the region goes on diagonally across the node; there its two pixels are joined and the ring
    turns left, so that no ring meets itself.
    """
    right, left = (heading + 1) & 3, (heading + 3) & 3
    if edges[node, right] != NO_EDGE:
        return left if faces[node, left] == region else right
    return heading if edges[node, heading] != NO_EDGE else left


@kernel(
    f"int64(int64, boolean, {RO_I4_2D}, {RO_I4_2D}, {RO_I4}, {RO_I4}, uint8[:, ::1], {RO_I8},"
    " uint8[:, ::1], int32[::1], int32[::1], int32[::1], int64[::1])"
)
def _assemble(
    n_nodes: int,
    keep_straight: bool,
    edges: Int32Array,
    faces: Int32Array,
    arc_nodes: Int32Array,
    arc_offsets: Int32Array,
    arc_headings: NDArray[np.uint8],
    arc_areas: NDArray[np.int64],
    used: NDArray[np.uint8],
    ring_nodes: Int32Array,
    ring_offsets: Int32Array,
    ring_regions: Int32Array,
    ring_areas: NDArray[np.int64],
) -> int:
    """Follow the arcs around every region.

    Args:
        n_nodes: nodes of the graph.
        keep_straight: whether anchors that a ring runs straight through stay in it.
        edges, faces: the graph, its darts at anchors naming their arcs.
        arc_nodes, arc_offsets: the arcs, perhaps simplified.
        arc_headings, arc_areas: as they were before simplification.
        used: uint8, arcs x 2, zeros: darts done.
        ring_nodes: int32, written: the rings' nodes, ring after ring.
        ring_offsets: int32, written.
        ring_regions: int32, written: the region on the right of each ring, always above 0.
        ring_areas: int64, written: shoelace sums before simplification, positive for exteriors.

    Returns:
        The number of rings.
    """
    n_rings = n_points = np.int64(0)
    ring_offsets[0] = 0
    for start in range(n_nodes):
        for first_heading in range(4):
            code = -2 - edges[start, first_heading]
            region = faces[start, first_heading]
            if code < 0 or region <= 0 or used[code >> 1, code & 1]:
                continue
            area = np.int64(0)
            while not used[code >> 1, code & 1]:
                arc, backwards = code >> 1, code & 1
                used[arc, backwards] = 1
                first, last = arc_offsets[arc], arc_offsets[arc + 1] - 1
                if backwards:
                    area -= arc_areas[arc]
                    node, heading = arc_nodes[first], arc_headings[arc, 0] ^ 2
                    for k in range(last - 1, first, -1):
                        ring_nodes[n_points] = arc_nodes[k]
                        n_points += 1
                else:
                    area += arc_areas[arc]
                    node, heading = arc_nodes[last], np.int64(arc_headings[arc, 1])
                    for k in range(first + 1, last):
                        ring_nodes[n_points] = arc_nodes[k]
                        n_points += 1
                turned = _next_heading(edges, faces, node, heading, region)
                if keep_straight or turned != heading:
                    ring_nodes[n_points] = node
                    n_points += 1
                code = -2 - edges[node, turned]
            ring_regions[n_rings] = region
            ring_areas[n_rings] = area
            n_rings += 1
            ring_offsets[n_rings] = n_points
    return n_rings


@kernel(f"void({RO_I4}, {RO_I4}, {RO_I4}, {RO_I8}, int32[::1], int32[::1], int32[::1], int32[::1])")
def _group_by_region(
    ring_nodes: Int32Array,
    ring_offsets: Int32Array,
    ring_regions: Int32Array,
    ring_areas: NDArray[np.int64],
    polygon_offsets: Int32Array,
    out_nodes: Int32Array,
    out_offsets: Int32Array,
    order: Int32Array,
) -> None:
    """Put the rings of each region together, its exterior first, holes in scan order, regions in their own order.

    Args:
        ring_nodes, ring_offsets, ring_regions, ring_areas: the rings as :func:`_assemble` wrote them.
        polygon_offsets: int32, regions + 1, written: rings of region r are from entry r - 1 to entry r.
        out_nodes, out_offsets: int32, written: the rings in their new order.
        order: int32 scratch, one per ring.
    """
    n_rings = len(ring_regions)
    polygon_offsets[:] = 0
    for ring in range(n_rings):
        polygon_offsets[ring_regions[ring]] += 1
    for region in range(1, len(polygon_offsets)):
        polygon_offsets[region] += polygon_offsets[region - 1]
    # Fill each region's slots: the exterior takes the first, holes the following ones.
    taken = np.ones(len(polygon_offsets), np.int32)
    for ring in range(n_rings):
        region = ring_regions[ring]
        slot = polygon_offsets[region - 1]
        if ring_areas[ring] < 0:
            slot += taken[region]
            taken[region] += 1
        order[slot] = ring
    out_offsets[0] = 0
    n_nodes = 0
    for slot in range(n_rings):
        for k in range(ring_offsets[order[slot]], ring_offsets[order[slot] + 1]):
            out_nodes[n_nodes] = ring_nodes[k]
            n_nodes += 1
        out_offsets[slot + 1] = n_nodes


@kernel(f"void({RO_I4}, {RO_I4}, {RO_I4}, int32[:, ::1])")
def _look_up_points(nodes: Int32Array, xs: Int32Array, ys: Int32Array, points: Int32Array) -> None:
    """Write the coordinates (x, y) of nodes."""
    for k in range(len(nodes)):
        points[k, 0] = xs[nodes[k]]
        points[k, 1] = ys[nodes[k]]


class Rings(NamedTuple):
    """The rings of all regions, grouped by region.

    Attributes:
        nodes: int32: the graph's nodes, ring after ring; rings are open.
        ring_offsets: int32, rings + 1, into ``nodes``.
        polygon_offsets: int32, regions + 1, into the rings: region r is entry r - 1 to r; its exterior comes first.
    """

    nodes: Int32Array
    ring_offsets: Int32Array
    polygon_offsets: Int32Array

    def points(self, graph: Graph) -> Int32Array:
        """Return int32, nodes x 2: the coordinates (x, y)."""
        points = np.empty((len(self.nodes), 2), np.int32)
        _look_up_points(self.nodes, graph.xs, graph.ys, points)
        return points


def assemble_rings(graph: Graph, n_regions: int, *, keep_straight: bool) -> Rings:
    """Put the rings of every region together from the graph's arcs.

    Args:
        graph: the border graph, its arcs perhaps simplified.
        n_regions: regions are labelled 1 to this.
        keep_straight: keep anchors that a ring runs straight through (needed for shared borders to agree).

    Returns:
        The rings, grouped by region.
    """
    n_arcs = len(graph.arc_areas)
    inner = np.diff(graph.arc_offsets) - 1
    n_points = int((inner * (graph.arc_faces > 0).sum(axis=1)).sum())
    nodes, grouped = np.empty(n_points, np.int32), np.empty(n_points, np.int32)
    ring_offsets, ring_regions = np.empty(2 * n_arcs + 1, np.int32), np.empty(2 * n_arcs, np.int32)
    ring_areas = np.empty(2 * n_arcs, np.int64)
    n_rings = _assemble(
        len(graph.xs),
        keep_straight,
        graph.edges,
        graph.faces,
        graph.arc_nodes,
        graph.arc_offsets,
        graph.arc_headings,
        graph.arc_areas,
        np.zeros((n_arcs, 2), np.uint8),
        nodes,
        ring_offsets,
        ring_regions,
        ring_areas,
    )
    polygon_offsets, offsets = np.empty(n_regions + 1, np.int32), np.empty(n_rings + 1, np.int32)
    _group_by_region(
        nodes,
        ring_offsets,
        ring_regions[:n_rings],
        ring_areas[:n_rings],
        polygon_offsets,
        grouped,
        offsets,
        np.empty(n_rings, np.int32),
    )
    return Rings(grouped[: offsets[n_rings]], offsets, polygon_offsets)
