"""Where a hole can be joined, against a look at every node and edge; any rings will do but for visible vertices."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

import oracles
from prelabel.kernels._jit import kernel
from prelabel.kernels.bridges import cast_ray, find_touch, vertex_at, visible_vertex
from prelabel.kernels.ring_nodes import MERGED, NEXT, NODES, NUMBERS, PREVIOUS, X, Y

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]


@kernel(f"UniTuple(int64, 2)({NODES}, {NODES}, {NUMBERS}, int64)")
def touch(nodes: Numbers, entries: Numbers, heads: Numbers, hole: int) -> tuple[int, int]:
    """Call it from compiled code, the only place it can be called from."""
    return find_touch(nodes, entries, heads, hole)


@kernel(f"UniTuple(float64, 2)({NODES}, {NODES}, {NUMBERS}, int64)")
def ray(nodes: Numbers, entries: Numbers, heads: Numbers, hole: int) -> tuple[float, float]:
    """Likewise."""
    return cast_ray(nodes, entries, heads, hole)


@kernel(f"int64({NODES}, {NODES}, {NUMBERS}, int64, int64, int64)")
def vertex(nodes: Numbers, entries: Numbers, heads: Numbers, x: int, y: int, hole: int) -> int:
    """Likewise."""
    return vertex_at(nodes, entries, heads, x, y, hole)


@kernel(f"int64({NODES}, {NODES}, {NUMBERS}, float64, int64, int64)")
def visible(nodes: Numbers, entries: Numbers, heads: Numbers, hit_x: float, hit: int, hole: int) -> int:
    """Likewise."""
    return visible_vertex(nodes, entries, heads, hit_x, hit, hole)


class Table(NamedTuple):
    """A table of nodes: merged rings, others that are not yet, and the hole, which is the last one.

    Attributes:
        nodes, entries, heads: as the kernels take them.
        hole: the hole's first node.
    """

    nodes: Numbers
    entries: Numbers
    heads: Numbers
    hole: int

    @classmethod
    def of(cls, merged: Sequence[oracles.Ring], hole: oracles.Ring, others: Sequence[oracles.Ring] = ()) -> Table:
        """Lay out rings, and note which edges reach each row."""
        columns: list[tuple[int, int, int, int, int]] = []
        for number, ring in enumerate((*merged, *others, hole)):
            first, n = len(columns), len(ring)
            columns += [
                (x, y, first + (k + 1) % n, first + (k - 1) % n, number < len(merged)) for k, (x, y) in enumerate(ring)
            ]
        nodes = np.array(columns, np.int64).T.copy()
        heads = np.full(max(y for _, y, *_ in columns) + 1, -1, np.int64)
        entries: list[tuple[int, int]] = []
        for node, (_, y, after, _, _) in enumerate(columns):
            for row in range(min(y, columns[after][1]), max(y, columns[after][1]) + 1):
                entries.append((node, int(heads[row])))
                heads[row] = len(entries) - 1
        return cls(nodes, np.array(entries, np.int64).T.copy(), heads, len(columns) - len(hole))

    def place(self, node: int) -> oracles.Point:
        """Where a node is."""
        return int(self.nodes[X, node]), int(self.nodes[Y, node])

    def merged(self) -> list[int]:
        """The nodes of the ring."""
        return np.flatnonzero(self.nodes[MERGED]).tolist()

    def at(self, place: oracles.Point) -> list[int]:
        """Its nodes at a place."""
        return [node for node in self.merged() if self.place(node) == place]

    def faces(self, node: int, place: oracles.Point) -> bool:
        """Whether the way from a node to a place begins inside: clockwise between the next edge and the previous."""
        x, y = self.place(node)
        after, before, there = (
            math.atan2(v - y, u - x)
            for u, v in (self.place(self.nodes[NEXT, node]), self.place(self.nodes[PREVIOUS, node]), place)
        )
        return place != (x, y) and 0 < (there - after) % math.tau < (before - after) % math.tau

    def left_of_hole(self) -> dict[int, Fraction]:
        """Where the ring's edges are hit by a ray from the hole to the left, each at its rightmost point."""
        x, y = self.place(self.hole)
        hits: dict[int, Fraction] = {}
        for node in self.merged():
            (ax, ay), (bx, by) = self.place(node), self.place(self.nodes[NEXT, node])
            if ay == by == y and min(ax, bx) <= x:
                hits[node] = Fraction(min(max(ax, bx), x))
            elif ay != by and min(ay, by) <= y <= max(ay, by):
                place = ax + Fraction((y - ay) * (bx - ax), by - ay)
                hits |= {node: place} if place <= x else {}
        return hits


coordinate = st.integers(0, 4)
ring = st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=8, unique=True)
tables = st.builds(Table.of, st.lists(ring, min_size=1, max_size=3), ring, st.lists(ring, max_size=1))


@given(tables)
def test_the_first_touch(table: Table) -> None:
    """Around the hole from its first node: the first at which there is a vertex that its next edge leaves inwards."""
    ring_node, hole_node = touch(table.nodes, table.entries, table.heads, table.hole)

    touches = [
        (facing, node)
        for node in range(table.hole, table.nodes.shape[1])
        if (facing := [n for n in table.at(table.place(node)) if table.faces(n, table.place(table.nodes[NEXT, node]))])
    ]
    facing, node = touches[0] if touches else ([-1], -1)
    assert ring_node in facing
    assert hole_node == node


@given(tables)
def test_what_a_ray_hits_first(table: Table) -> None:
    """The rightmost place on any edge left of the hole, as the nearest float; an edge that goes up before others."""
    best, hit = ray(table.nodes, table.entries, table.heads, table.hole)

    hits = table.left_of_hole()
    if not hits:
        assert (best, hit) == (-1, -1)
        return
    nearest = [node for node, place in hits.items() if place == max(hits.values())]
    upwards = [node for node in nearest if table.nodes[Y, table.nodes[NEXT, node]] < table.nodes[Y, node]]
    assert best == float(max(hits.values()))
    assert hit in (upwards or nearest)


@given(tables, st.tuples(coordinate, coordinate))
def test_the_vertex_at_a_place(table: Table, place: oracles.Point) -> None:
    """One that faces the hole, else any there; of the ring only."""
    place = place[0], min(place[1], len(table.heads) - 1)

    found = vertex(table.nodes, table.entries, table.heads, *place, table.hole)

    here = table.at(place)
    facing = [node for node in here if table.faces(node, table.place(table.hole))]
    assert found in (facing or here or [-1])


@st.composite
def pierced_plates(draw: st.DrawFn) -> tuple[oracles.Ring, list[oracles.Ring]]:
    """A plate with a slanted left side, and triangles cut out of it, each in a cell of its own."""
    exterior = [(draw(st.integers(0, 40)), 0), (80, 0), (80, 36), (draw(st.integers(0, 40)), 36)]
    holes = []
    for x, y in product(range(42, 77, 7), range(1, 36, 7)):
        corners = [(x + draw(st.integers(0, 5)), y + draw(st.integers(0, 5))) for _ in range(3)]
        area = oracles.shoelace(corners)
        holes += [corners if area < 0 else corners[::-1]] if area else []
    return exterior, holes


def check_visible(table: Table, hit_x: Fraction, hit: int) -> None:
    """Assert that the vertex found is the one at the smallest angle, and that nothing is between it and the hole."""
    found = visible(table.nodes, table.entries, table.heads, float(hit_x), hit, table.hole)

    x, y = table.place(table.hole)
    cx, cy = min(table.place(hit), table.place(table.nodes[NEXT, hit]))
    seen = []
    for node in table.merged():
        u, v = table.place(node)
        across = (v - y) * (1 if cy > y else -1)
        right_of_edge = 0 <= across <= abs(cy - y) and u >= hit_x + (cx - hit_x) * Fraction(across, abs(cy - y))
        if right_of_edge and u < x and table.faces(node, (x, y)):
            seen.append((Fraction(across, x - u), x - u))
    angle, along = min(seen)
    u, v = table.place(found)
    assert (Fraction(abs(v - y), x - u), x - u) == (angle, along)
    assert found in table.merged()
    way = shapely.LineString([(x, y), (u, v)])
    edges = [shapely.LineString([table.place(node), table.place(table.nodes[NEXT, node])]) for node in table.merged()]
    assert not any(way.crosses(edge) for edge in edges if edge.distance(shapely.Point(u, v)) > 0)


@given(pierced_plates())
def test_the_visible_vertex(plate: tuple[oracles.Ring, list[oracles.Ring]]) -> None:
    """Wherever a ray ends between lattice points; holes come from left to right, as they do in use."""
    exterior, holes = plate
    turned = sorted(map(oracles.turned, holes))
    for number, hole in enumerate(turned):
        table = Table.of([exterior, *turned[:number]], hole)
        place, node = max((place, node) for node, place in table.left_of_hole().items())
        if place.denominator > 1:
            check_visible(table, place, node)
