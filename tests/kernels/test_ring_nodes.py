"""Linked rings: which edges reach a row, and which way leads into the polygon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from kernels.node_tables import SIDE, leads_inside, polygons, rows_of, table_of
from prelabel.kernels._jit import kernel
from prelabel.kernels.ring_nodes import MERGED, NEXT, NODES, PREVIOUS, X, Y, copied, link

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from oracles import Point, Ring

    Nodes = NDArray[np.int64]


@kernel(f"int64({NODES}, int64, int64)")
def doubled(nodes: Nodes, n_nodes: int, node: int) -> int:
    """Call them from compiled code, the only place they can be called from: put a copy behind a node."""
    after = nodes[NEXT, node]
    end = copied(nodes, n_nodes, node)
    link(nodes, node, n_nodes)
    link(nodes, n_nodes, after)
    return end


@given(polygons(), st.tuples(st.integers(0, SIDE), st.integers(0, SIDE)))
def test_ways_that_begin_inside(rings: tuple[Ring, Ring], target: Point) -> None:
    """From any vertex: a small step towards the target is inside of the exterior, or outside of the hole."""
    nodes = table_of(rings)
    exterior, hole = shapely.Polygon(rings[0]), shapely.Polygon(rings[1])
    for node, (x, y) in enumerate(nodes[[X, Y]].T.tolist()):
        if (x, y) == target:
            continue
        step = shapely.Point(x + (target[0] - x) * 1e-4, y + (target[1] - y) * 1e-4)
        is_inside = exterior.contains(step) if nodes[MERGED, node] else not hole.covers(step)
        ends = [(nodes[X, nodes[way, node]], nodes[Y, nodes[way, node]]) for way in (NEXT, PREVIOUS)]
        goes_along = any(
            (u - x) * (target[1] - y) == (v - y) * (target[0] - x)
            and (u - x) * (target[0] - x) + (v - y) * (target[1] - y) > 0
            for u, v in ends
        )
        assert leads_inside(nodes, node, *target) == (not goes_along and is_inside)


@given(polygons())
def test_every_row_knows_its_edges(rings: tuple[Ring, Ring]) -> None:
    """Those that reach it, both ends' rows included, each once."""
    nodes = table_of(rings)

    entries, heads, n_entries = rows_of(nodes)

    n_found = 0
    for row in range(SIDE + 1):
        found, entry = [], int(heads[row])
        while entry >= 0:
            found.append(int(entries[0, entry]))
            entry = int(entries[1, entry])
        tops = np.minimum(nodes[Y], nodes[Y, nodes[NEXT]])
        bottoms = np.maximum(nodes[Y], nodes[Y, nodes[NEXT]])
        assert sorted(found) == np.flatnonzero((tops <= row) & (row <= bottoms)).tolist()
        n_found += len(found)
    assert n_found == n_entries


def test_a_copy_takes_its_place_in_the_ring() -> None:
    """Same place, merged, between the node and the one that followed it, both ways."""
    nodes = np.pad(table_of([[(0, 0)], [(5, 1), (8, 3), (5, 9)]]), ((0, 0), (0, 1)))

    assert doubled(nodes, 4, 2) == 5

    assert nodes[[X, Y, MERGED], 4].tolist() == [8, 3, 1]
    assert nodes[NEXT].tolist() == [0, 2, 4, 1, 3]
    assert nodes[PREVIOUS].tolist() == [0, 3, 1, 4, 2]
