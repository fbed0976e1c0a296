"""Regions to the border graph and its arcs (design.md section 4).

One sweep down the row boundaries looks at the four pixels around each lattice vertex where a run starts. A vertex
becomes a node unless a border runs straight through it downwards; so straight vertices are never made. Directions are
0 east, 1 south, 2 west, 3 north; a *dart* is a node and a direction, and its face is the label on its right.

* Nodes where two borders meet are corners. Nodes where three or four meet are *anchors*: three or more labels meet
  there (also where one of them runs straight through), or two regions touch at a corner.
* An *arc* is the chain of nodes from one anchor to the next, and has one label on each side. A border without anchors
  is a closed arc, cut at its first node in scan order.

The plane outside the mask has the label -1, so the mask's frame is a border too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prelabel.kernels._jit import kernel, read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array, Runs

RO_I4 = read_only("int32")
RO_I4_2D = read_only("int32", 2)

OUTSIDE = -1
NO_EDGE = -1
CORNER, ANCHOR, PASSED = 0, 1, 2


@kernel(f"boolean(int64, int64, int64, int64, {RO_I4}, {RO_I4})")
def _rows_agree(above: int, n_above: int, below: int, n_below: int, starts: Int32Array, labels: Int32Array) -> bool:
    """Tell whether two rows have the same borders between the same labels."""
    if n_above != n_below:
        return False
    for k in range(n_above):
        if starts[above + k] != starts[below + k] or labels[above + k] != labels[below + k]:
            return False
    return True


@kernel(
    f"int64(int64, {RO_I4}, {RO_I4}, {RO_I4}, int32[::1], int32[::1], int32[::1], int32[::1], int32[:, ::1],"
    " int32[:, ::1], uint8[::1], int32[::1])"
)
def _link_nodes(
    width: int,
    row_offsets: Int32Array,
    starts: Int32Array,
    labels: Int32Array,
    pending: Int32Array,
    next_pending: Int32Array,
    xs: Int32Array,
    ys: Int32Array,
    edges: Int32Array,
    faces: Int32Array,
    kinds: NDArray[np.uint8],
    node_rows: Int32Array,
) -> int:
    """Sweep down the row boundaries and build the border graph.

    Args:
        width: pixels in a row.
        row_offsets, starts: the runs.
        labels: int32, one per run; neighbours in a row differ.
        pending, next_pending: int32 scratch, one more than the runs of the fullest row plus one.
        xs, ys: int32, written: the nodes' lattice coordinates, in scan order.
        edges: int32, nodes x 4, written: the node at the other end of each dart, or ``NO_EDGE``.
        faces: int32, nodes x 4, written: the label on the right of each dart (there is one even without an edge).
        kinds: uint8, written: CORNER or ANCHOR.
        node_rows: int32, height + 2, written: nodes with y = k are ``node_rows[k]`` to ``node_rows[k + 1]``.

    Returns:
        The number of nodes.
    """
    height = len(row_offsets) - 1
    n_nodes = 0
    for y in range(height + 1):
        node_rows[y] = n_nodes
        above = np.int64(row_offsets[y - 1]) if y > 0 else np.int64(0)
        n_above = np.int64(row_offsets[y]) - above if y > 0 else np.int64(-1)
        below = np.int64(row_offsets[y]) if y < height else np.int64(0)
        n_below = np.int64(row_offsets[y + 1]) - below if y < height else np.int64(-1)
        if _rows_agree(above, n_above, below, n_below, starts, labels):
            continue
        i = j = np.int64(0)
        north_west = south_west = np.int32(OUTSIDE)
        open_node = -1
        while i <= n_above or j <= n_below:
            x_above = starts[above + i] if i < n_above else (width if i == n_above else width + 1)
            x_below = starts[below + j] if j < n_below else (width if j == n_below else width + 1)
            x = min(x_above, x_below)
            north_east = north_west
            south_east = south_west
            if x_above == x:
                north_east = labels[above + i] if i < n_above else np.int32(OUTSIDE)
            if x_below == x:
                south_east = labels[below + j] if j < n_below else np.int32(OUTSIDE)
            west, east = north_west != south_west, north_east != south_east
            if west or east:
                node = n_nodes
                n_nodes += 1
                xs[node] = x
                ys[node] = y
                edges[node, 0] = edges[node, 1] = edges[node, 2] = edges[node, 3] = NO_EDGE
                faces[node, 0] = south_east
                faces[node, 1] = south_west
                faces[node, 2] = north_west
                faces[node, 3] = north_east
                degree = np.int64(west) + np.int64(east)
                if west:
                    edges[node, 2] = open_node
                    edges[open_node, 0] = node
                if east:
                    open_node = node
                if north_west != north_east:
                    edges[node, 3] = pending[i]
                    edges[pending[i], 1] = node
                    degree += 1
                if south_west != south_east:
                    next_pending[j] = node
                    degree += 1
                kinds[node] = ANCHOR if degree > 2 else CORNER
            elif south_west != south_east:
                next_pending[j] = pending[i]
            if x_above == x:
                i += 1
            if x_below == x:
                j += 1
            north_west, south_west = north_east, south_east
        for k in range(n_below + 1):
            pending[k] = next_pending[k]
    node_rows[height + 1] = n_nodes
    return n_nodes


@kernel(
    f"int64(int64, {RO_I4}, {RO_I4}, int32[:, ::1], {RO_I4_2D}, uint8[::1], int32[::1], int32[::1], int32[:, ::1],"
    " uint8[:, ::1], int64[::1])"
)
def _walk_arcs(
    n_nodes: int,
    xs: Int32Array,
    ys: Int32Array,
    edges: Int32Array,
    faces: Int32Array,
    kinds: NDArray[np.uint8],
    arc_nodes: Int32Array,
    arc_offsets: Int32Array,
    arc_faces: Int32Array,
    arc_headings: NDArray[np.uint8],
    arc_areas: NDArray[np.int64],
) -> int:
    """Walk every arc once, those from anchors first, then the closed ones.

    Args:
        n_nodes: nodes of the graph.
        xs, ys, faces: the graph.
        edges: the graph; at the ends of arcs ``edges[node, direction]`` becomes ``-2 - (2 * arc + backwards)``.
        kinds: CORNER nodes become PASSED, the cut of a closed arc becomes an ANCHOR.
        arc_nodes, arc_offsets: int32, written: the nodes of each arc, both ends included.
        arc_faces: int32, arcs x 2, written: the label on the right and on the left.
        arc_headings: uint8, arcs x 2, written: the direction of the first and of the last edge.
        arc_areas: int64, written: the arc's share of the shoelace sum, walked forwards.

    Returns:
        The number of arcs.
    """
    n_arcs = n_arc_nodes = np.int64(0)
    arc_offsets[0] = 0
    for closed in range(2):
        for start in range(n_nodes):
            if kinds[start] != (CORNER if closed else ANCHOR):
                continue
            for first_heading in range(4):
                if edges[start, first_heading] < 0 or kinds[start] == PASSED:
                    continue
                if closed:
                    kinds[start] = ANCHOR
                node, heading = start, first_heading
                area = np.int64(0)
                arc_nodes[n_arc_nodes] = start
                n_arc_nodes += 1
                while True:
                    following = edges[node, heading]
                    area += np.int64(xs[node]) * ys[following] - np.int64(xs[following]) * ys[node]
                    node = following
                    arc_nodes[n_arc_nodes] = node
                    n_arc_nodes += 1
                    if kinds[node] == ANCHOR:
                        break
                    kinds[node] = PASSED
                    right = (heading + 1) & 3
                    heading = right if edges[node, right] >= 0 else (heading + 3) & 3
                edges[start, first_heading] = -2 - 2 * n_arcs
                edges[node, heading ^ 2] = -2 - (2 * n_arcs + 1)
                arc_faces[n_arcs, 0] = faces[start, first_heading]
                arc_faces[n_arcs, 1] = faces[node, heading ^ 2]
                arc_headings[n_arcs, 0] = first_heading
                arc_headings[n_arcs, 1] = heading
                arc_areas[n_arcs] = area
                n_arcs += 1
                arc_offsets[n_arcs] = n_arc_nodes
    return n_arcs


class Graph(NamedTuple):
    """The border graph of a labelled mask and its arcs; see the module's docstring and :func:`_link_nodes`."""

    xs: Int32Array
    ys: Int32Array
    edges: Int32Array
    faces: Int32Array
    node_rows: Int32Array
    arc_nodes: Int32Array
    arc_offsets: Int32Array
    arc_faces: Int32Array
    arc_headings: NDArray[np.uint8]
    arc_areas: NDArray[np.int64]


def build_graph(runs: Runs, labels: Int32Array) -> Graph:
    """Build the border graph of a labelled mask and walk its arcs.

    Args:
        runs: the mask.
        labels: int32, one per run: 0 background, else a region; neighbours in a row differ.

    Returns:
        The graph.
    """
    bound = 2 * (len(runs.starts) + runs.height)
    fullest = int(np.diff(runs.row_offsets).max()) + 1
    xs, ys = np.empty(bound, np.int32), np.empty(bound, np.int32)
    edges, faces = np.empty((bound, 4), np.int32), np.empty((bound, 4), np.int32)
    kinds, node_rows = np.empty(bound, np.uint8), np.empty(runs.height + 2, np.int32)
    pending, next_pending = np.empty(fullest, np.int32), np.empty(fullest, np.int32)
    n_nodes = _link_nodes(
        runs.width, runs.row_offsets, runs.starts, labels, pending, next_pending, xs, ys, edges, faces, kinds, node_rows
    )
    n_anchors = int(np.count_nonzero(kinds[:n_nodes] == ANCHOR))
    n_corners = n_nodes - n_anchors
    most_arcs = 2 * n_anchors + n_corners // 4
    arc_nodes = np.empty(n_corners + 4 * n_anchors + n_corners // 4, np.int32)
    arc_offsets, arc_faces = np.empty(most_arcs + 1, np.int32), np.empty((most_arcs, 2), np.int32)
    arc_headings, arc_areas = np.empty((most_arcs, 2), np.uint8), np.empty(most_arcs, np.int64)
    n_arcs = _walk_arcs(
        n_nodes, xs, ys, edges, faces, kinds, arc_nodes, arc_offsets, arc_faces, arc_headings, arc_areas
    )
    return Graph(
        xs[:n_nodes],
        ys[:n_nodes],
        edges[:n_nodes],
        faces[:n_nodes],
        node_rows,
        arc_nodes[: arc_offsets[n_arcs]],
        arc_offsets[: n_arcs + 1],
        arc_faces[:n_arcs],
        arc_headings[:n_arcs],
        arc_areas[:n_arcs],
    )
