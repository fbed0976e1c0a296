"""Polygons as tables of linked nodes, and polygons of slanted edges with a hole."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import shapely
from hypothesis import assume
from hypothesis import strategies as st

import oracles
from prelabel.kernels._jit import kernel
from prelabel.kernels.ring_nodes import MERGED, NEXT, NODES, NUMBERS, PREVIOUS, X, Y, faces, register

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Nodes = NDArray[np.int64]

SIDE = 16


@kernel(f"int64({NODES}, {NODES}, {NUMBERS}, int64, int64)")
def registered(nodes: Nodes, entries: Nodes, heads: Nodes, n_entries: int, node: int) -> int:
    """Call it from compiled code, the only place it can be called from."""
    return register(nodes, entries, heads, n_entries, node)


@kernel(f"boolean({NODES}, int64, int64, int64)")
def leads_inside(nodes: Nodes, node: int, x: int, y: int) -> bool:
    """Likewise."""
    return faces(nodes, node, x, y)


def table_of(rings: Sequence[oracles.Ring]) -> Nodes:
    """Link the nodes of rings, the first ring's as merged; they are numbered as they come."""
    columns: list[tuple[int, int, int, int, int]] = []
    for place, ring in enumerate(rings):
        first, n = len(columns), len(ring)
        columns += [(x, y, first + (k + 1) % n, first + (k - 1) % n, place == 0) for k, (x, y) in enumerate(ring)]
    table = np.empty((5, len(columns)), np.int64)
    table[[X, Y, NEXT, PREVIOUS, MERGED]] = np.array(columns).T
    return table


def rows_of(table: Nodes) -> tuple[Nodes, Nodes, int]:
    """Register the edges of all nodes: entries, heads, and how many entries there are."""
    heads = np.full(SIDE + 1, -1, np.int64)
    entries = np.full((2, table.shape[1] * (SIDE + 1)), -1, np.int64)
    n_entries = 0
    for node in range(table.shape[1]):
        n_entries = registered(table, entries, heads, n_entries, node)
    return entries, heads, n_entries


def oriented(ring: Sequence[oracles.Point], *, hole: bool) -> oracles.Ring:
    """Return a ring with its polygon on the right."""
    return list(ring) if (oracles.shoelace(ring) < 0) == hole else list(ring)[::-1]


@st.composite
def polygons(draw: st.DrawFn) -> tuple[oracles.Ring, oracles.Ring]:
    """An exterior that is a star about some place, with edges of any slope, and a hole in it, which may touch it."""
    lattice = st.tuples(st.integers(0, SIDE), st.integers(0, SIDE))
    center = (SIDE / 2 + 0.37, SIDE / 2 + 0.41)
    corners = draw(st.sets(lattice, min_size=4, max_size=10))
    exterior = sorted(corners, key=lambda point: math.atan2(point[1] - center[1], point[0] - center[0]))
    x, y = draw(st.integers(3, SIDE - 5)), draw(st.integers(3, SIDE - 5))
    wide, high = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    hole = draw(
        st.sampled_from(
            (
                [(x, y), (x, y + high), (x + wide, y + high), (x + wide, y)],
                [(x, y), (x + wide, y + high), (x + wide, y)],
                [(x, y + high), (x + wide, y + high), (x + wide, y)],
            )
        )
    )
    assume(oracles.shoelace(exterior) != 0)
    rings = oriented(exterior, hole=False), oriented(hole, hole=True)
    assume(shapely.Polygon(exterior).is_valid)
    assume(shapely.Polygon(rings[0], [rings[1]]).is_valid)
    return rings
