"""What the sweep makes at each lattice vertex, by the four pixels around it; the links are tested as rings."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given

import strategies
from kernels import inner_steps
from prelabel.kernels.sweep_row import EAST, NORTH, SOUTH, WEST
from ring_checks import TRICKY

OUTSIDE = -1

examples = strategies.examples(*((mask,) for mask in TRICKY))


def around(mask: np.ndarray, x: int, y: int) -> tuple[int, int, int, int]:
    """Return the pixels a, b (above) and c, d (below) around a vertex; the plane outside has a value of its own."""
    framed = np.pad(mask.astype(np.int64), 1, constant_values=OUTSIDE)
    a, b, c, d = framed[y : y + 2, x : x + 2].ravel().tolist()
    return a, b, c, d


def borders(a: int, b: int, c: int, d: int) -> dict[str, tuple[int, int]]:
    """Return the borders that leave a vertex, with the values on their two sides."""
    sides = {"north": (a, b), "east": (b, d), "south": (c, d), "west": (a, c)}
    return {way: sides[way] for way in sides if sides[way][0] != sides[way][1]}


def swept(mask: np.ndarray) -> tuple[inner_steps.Sweep, list[tuple[int, int]]]:
    """Sweep a mask; return the vertices' places as well."""
    sweep = inner_steps.swept(mask)
    assert len(sweep.places) == int(sweep.vertex_rows[-1])
    return sweep, [(int(place) & 0xFFFFFFFF, int(place) >> 32) for place in sweep.places]


@examples
@given(strategies.masks())
def test_vertices(mask: np.ndarray) -> None:
    """Wherever borders meet or turn, in scan order; not where one runs straight through."""
    height, width = mask.shape
    expected = []
    for y in range(height + 1):
        for x in range(width + 1):
            ways = borders(*around(mask, x, y)).keys()
            if ways and ways not in ({"north", "south"}, {"east", "west"}):
                expected.append((x, y))

    sweep, places = swept(mask)

    assert places == expected
    rows = [sum(y < row for _, y in places) for row in range(height + 2)]
    assert sweep.vertex_rows.tolist() == rows


@examples
@given(strategies.masks())
def test_anchors(mask: np.ndarray) -> None:
    """Which borders meet, where three or four do, and at the mask's own corners."""
    ways = {"north": NORTH, "east": EAST, "south": SOUTH, "west": WEST}
    height, width = mask.shape
    sweep, places = swept(mask)

    for (x, y), leaving in zip(places, sweep.anchors[: len(places)].tolist(), strict=True):
        found = borders(*around(mask, x, y))
        is_anchor = (x in {0, width} and y in {0, height}) or len(found) > 2
        assert leaving == is_anchor * sum(ways[way] for way in found)


@examples
@given(strategies.masks())
def test_bends(mask: np.ndarray) -> None:
    """At each vertex as many as there are borders with a region on their right, seen from it; each is followed once."""
    sweep, places = swept(mask)

    bends = sweep.bends[1:]
    found = Counter((bends >> 32).tolist())
    for vertex, (x, y) in enumerate(places):
        sides = borders(*around(mask, x, y))
        right = [pair[way in {"north", "east"}] for way, pair in sides.items()]
        assert found[vertex] == sum(value not in {0, OUTSIDE} for value in right)
    assert sorted((bends & 0xFFFFFFFF).tolist()) == list(range(1, len(sweep.bends)))


@examples
@given(strategies.masks())
def test_bends_go_along_edges(mask: np.ndarray) -> None:
    """From a bend to the next the way is level or upright, with one region's pixels all along its right."""
    sweep, places = swept(mask)

    for bend in range(1, len(sweep.bends)):
        linked = int(sweep.bends[bend])
        after = int(sweep.bends[linked & 0xFFFFFFFF]) >> 32
        (ax, ay), (bx, by) = places[linked >> 32], places[after]
        if ay == by:
            pixels = mask[ay, ax:bx] if bx > ax else mask[ay - 1, bx:ax]
        else:
            assert ax == bx
            pixels = mask[ay:by, ax - 1] if by > ay else mask[by:ay, ax]
        assert (pixels == pixels[0]).all()
        assert pixels[0] != 0
