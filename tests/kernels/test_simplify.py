"""Simplification: what it must never break, at any tolerance, and plain Douglas-Peucker against its twin."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st

import oracles
import strategies
from conftest import JIT_OFF
from prelabel.kernels.rings import ALL, Rings, follow_rings
from prelabel.kernels.runs import runs_from_array
from prelabel.kernels.simplify import simplify_loose, simplify_rings, simplify_shared
from prelabel.kernels.sweep import sweep_runs

TOLERANCES = (0.1, 0.4472, 0.4473, 0.5, 0.75, 1.0, 2.0, 5.0, 20.0)
SPECKLED = np.pad(np.eye(5, dtype=np.uint8), 2)
WAVE = np.array([[1, 1, 1, 1, 1, 1, 1, 1], [1, 0, 1, 0, 1, 0, 1, 0], [0, 0, 0, 0, 0, 0, 0, 0]], np.uint8)
COMBS = np.array([[1, 1, 1, 1, 1, 1, 1], [1, 2, 1, 2, 1, 2, 1], [2, 2, 2, 2, 2, 2, 2]], np.uint8)
ISLAND_IN_BAY = np.array(
    [
        [1, 1, 1, 1, 1, 1, 1, 1, 1],
        [1, 1, 1, 1, 1, 1, 1, 1, 1],
        [1, 0, 0, 0, 0, 0, 0, 0, 1],
        [0, 0, 0, 0, 2, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 0],
    ],
    np.uint8,
)
TOUCHING_HOLES = np.array(
    [
        [1, 1, 1, 1, 1, 1],
        [1, 0, 1, 1, 1, 1],
        [1, 1, 0, 1, 0, 1],
        [1, 0, 1, 0, 1, 1],
        [1, 1, 1, 1, 1, 0],
    ],
    np.uint8,
)
PLUS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)
STAIRS = np.tri(12, 12, dtype=np.uint8)
STEP = np.array([[1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 1, 1]], np.uint8)
TRICKY = (
    SPECKLED,
    WAVE,
    COMBS,
    ISLAND_IN_BAY,
    TOUCHING_HOLES,
    PLUS,
    STAIRS,
    STAIRS + 1,
    STEP,
    np.ones((1, 1), np.uint8),
)


def trace(mask: np.ndarray) -> Rings:
    """Trace a mask exactly; the rings are good until the next mask is traced."""
    return follow_rings(sweep_runs(runs_from_array(mask)))


def split(points: np.ndarray, offsets: np.ndarray) -> list[np.ndarray]:
    """Return rings one by one."""
    return [points[first:last] for first, last in pairwise(offsets)]


def lists_of(rings: Rings, kept: np.ndarray = ALL) -> list[np.ndarray]:
    """Return the rings' points, ring by ring, grouped by polygon."""
    return split(*rings.polygons(kept)[:2])


def polygons(rings: Rings, kept: np.ndarray = ALL) -> np.ndarray:
    """Return shapely polygons."""
    lists = lists_of(rings, kept)
    pairs = pairwise(rings.polygon_offsets.tolist())
    return np.array([shapely.Polygon(lists[first], lists[first + 1 : last]) for first, last in pairs], object)


def check_rings(exact: list[np.ndarray], reduced: list[np.ndarray], tolerance: float) -> None:
    """Assert that every ring is still there, made of its own vertices in their order, and nowhere further away."""
    assert len(exact) == len(reduced)
    for before, after in zip(exact, reduced, strict=True):
        points = [tuple(point) for point in before.tolist()]
        places = [points.index(tuple(point)) for point in after.tolist()]
        first = places.index(min(places))
        assert len(places) >= 3
        assert places[first:] + places[:first] == sorted(set(places))
        line = shapely.LinearRing(after)
        assert shapely.distance(shapely.points(before), line).max() <= tolerance + 1e-9


def check_valid(shapes: np.ndarray) -> None:
    """Assert that polygons are valid and have an area; valid says that holes are inside and no ring crosses any."""
    assert bool(shapely.is_valid(shapes).all()), shapely.is_valid_reason(shapes[~shapely.is_valid(shapes)])
    assert bool((shapely.area(shapes) > 0).all())
    assert bool((shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON).all())


examples = strategies.examples(*((mask, tolerance) for mask in TRICKY for tolerance in (0.75, 20.0)))


@examples
@given(strategies.masks(), st.sampled_from(TOLERANCES))
def test_shared_borders(mask: np.ndarray, tolerance: float) -> None:
    """No ring lost, none invalid, none strays; neighbours keep sharing their borders, and nothing overlaps."""
    exact = trace(mask)

    kept, n_restrained = simplify_shared(exact, tolerance)

    check_rings(lists_of(exact), lists_of(exact, kept), tolerance)
    shapes = polygons(exact, kept)
    check_valid(shapes)
    assert bool(shapely.coverage_is_valid(shapes))
    assert 0 <= n_restrained <= len(exact.nodes)


@examples
@given(strategies.full_masks(), st.sampled_from(TOLERANCES))
def test_no_gaps_between_neighbours(mask: np.ndarray, tolerance: float) -> None:
    """Where regions cover the whole mask, they still do: no gap, and the mask's own corners stay."""
    exact = trace(mask + (mask == 0))

    shapes = polygons(exact, simplify_shared(exact, tolerance)[0])

    union = shapely.union_all(shapes)
    assert union.equals(shapely.box(0, 0, mask.shape[1], mask.shape[0]))
    assert shapely.area(shapes).sum() == pytest.approx(mask.size)


@examples
@given(strategies.masks(), st.sampled_from(TOLERANCES))
def test_each_polygon_alone(mask: np.ndarray, tolerance: float) -> None:
    """No ring lost, none invalid, none strays."""
    exact = trace(mask).without_straight()

    kept, n_restrained = simplify_rings(exact, tolerance)

    check_rings(lists_of(exact), lists_of(exact, kept), tolerance)
    check_valid(polygons(exact, kept))
    assert 0 <= n_restrained <= len(exact.ring_offsets) - 1


@given(strategies.masks(), st.sampled_from((0.0, 0.1, 0.4472)))
@example(STEP, 0.4472)
@example(STAIRS, 0.4472)
def test_nothing_goes_below_the_first_step(mask: np.ndarray, tolerance: float) -> None:
    """Below sqrt(1/5) no corner can go: both ways of simplifying leave every ring as it was."""
    exact = trace(mask)

    shared, n_restrained = simplify_shared(exact, tolerance)
    alone, n_restrained_alone = simplify_rings(exact.without_straight(), tolerance)

    assert shared.all()
    assert alone.all()
    assert n_restrained == n_restrained_alone == 0


@given(strategies.masks(), st.sampled_from((0.5, 0.75, 1.0, 2.0, 5.0)))
@example(STAIRS, 0.5)
@example(TOUCHING_HOLES, 1.0)
def test_loose_rings_are_the_twin_s(mask: np.ndarray, tolerance: float) -> None:
    """With nothing in the way every ring is what the textbook makes of it."""
    points, offsets, _ = trace(mask).without_straight().polygons()

    reduced = split(*simplify_loose(points, offsets, tolerance))

    assert [list(map(tuple, ring.tolist())) for ring in reduced] == [
        oracles.douglas_peucker_ring([(x, y) for x, y in ring.tolist()], tolerance) for ring in split(points, offsets)
    ]


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=25), max_size=4),
    st.sampled_from((0.5, 1.0, 4.0, 16.0)),
)
def test_loose_on_any_rings(rings: list[list[oracles.Point]], tolerance: float) -> None:
    """Rings of one and two points, spikes and repeated points included."""
    points = np.array([point for ring in rings for point in ring], np.int32).reshape(-1, 2)
    offsets = np.cumsum([0, *map(len, rings)]).astype(np.int32)

    reduced = split(*simplify_loose(points, offsets, tolerance))

    assert [list(map(tuple, ring.tolist())) for ring in reduced] == [
        oracles.douglas_peucker_ring(ring, tolerance) for ring in rings
    ]


def test_an_unhindered_border_is_the_twin_s() -> None:
    """Two regions and one border between them: it becomes what the textbook makes of it, for both."""
    mask = np.array([[1 if x < 9 + y // 2 + (y % 5 == 0) else 2 for x in range(24)] for y in range(20)], np.uint8)
    exact = trace(mask)
    left, right = (list(map(tuple, ring.tolist())) for ring in lists_of(exact))
    # Down the left region's ring from the mask's upper edge to its lower one.
    first = next(k for k, point in enumerate(left) if point[1] == 0 and point in right)
    around = left[first:] + left[:first]
    border = around[: next(k for k, (_, y) in enumerate(around) if y == 20) + 1]
    expected = oracles.douglas_peucker(border, 1.0)

    kept, n_restrained = simplify_shared(exact, 1.0)

    left, right = (list(map(tuple, ring.tolist())) for ring in lists_of(exact, kept))
    assert sorted(set(left) & set(right)) == sorted(expected)
    assert 2 < len(expected) < len(border)
    assert n_restrained == 0


def test_what_stands_in_the_way_is_counted() -> None:
    """The bay's long chord would cut off the island: that border is simplified less, and counted; without it, not."""
    exact = trace(ISLAND_IN_BAY)
    kept, n_restrained = simplify_shared(exact, 3.0)
    n_points = len(lists_of(exact, kept)[0])
    alone = trace(np.where(ISLAND_IN_BAY == 2, 0, ISLAND_IN_BAY).astype(np.uint8))

    kept, n_without_island = simplify_shared(alone, 3.0)

    assert n_restrained > n_without_island
    assert n_points > len(lists_of(alone, kept)[0])


@pytest.mark.skipif(JIT_OFF, reason="large masks take minutes without the JIT")
@pytest.mark.parametrize("tolerance", [0.5, 1.0, 2.0, 5.0, 20.0])
@pytest.mark.parametrize("kind", ["noise", "blocks", "labels"])
def test_large_masks(kind: str, tolerance: float) -> None:
    """The same on masks with tens of thousands of borders, where every safeguard is at work."""
    generator = np.random.default_rng(5)
    mask = {
        "noise": generator.integers(0, 2, (150, 200)),
        "blocks": np.kron(generator.integers(0, 4, (60, 80)), np.ones((4, 3))),
        "labels": generator.integers(1, 6, (120, 150)),
    }[kind].astype(np.uint8)
    exact = trace(mask)
    plain = exact.without_straight()

    kept, _ = simplify_shared(exact, tolerance)
    alone, _ = simplify_rings(plain, tolerance)

    shapes = polygons(exact, kept)
    check_valid(shapes)
    check_valid(polygons(plain, alone))
    assert bool(shapely.coverage_is_valid(shapes))
    check_rings(lists_of(exact), lists_of(exact, kept), tolerance)
