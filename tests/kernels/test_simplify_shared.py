"""Shared borders simplified: what must never break, at any tolerance."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st

import oracles
import strategies
from conftest import JIT_OFF
from prelabel.kernels.simplify_shared import simplify_shared
from ring_checks import (
    ISLAND_IN_BAY,
    LARGE_MASKS,
    STAIRS,
    STEP,
    TOLERANCES,
    check_rings,
    check_valid,
    large_mask,
    lists_of,
    polygons,
    trace,
    tricky_examples,
)


@tricky_examples
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


@tricky_examples
@given(strategies.full_masks(), st.sampled_from(TOLERANCES))
def test_no_gaps_between_neighbours(mask: np.ndarray, tolerance: float) -> None:
    """Where regions cover the whole mask, they still do: no gap, and the mask's own corners stay."""
    exact = trace(mask + (mask == 0))

    shapes = polygons(exact, simplify_shared(exact, tolerance)[0])

    union = shapely.union_all(shapes)
    assert union.equals(shapely.box(0, 0, mask.shape[1], mask.shape[0]))
    assert shapely.area(shapes).sum() == pytest.approx(mask.size)


@given(strategies.masks(), st.sampled_from((0.0, 0.1, 0.4472)))
@example(STEP, 0.4472)
@example(STAIRS, 0.4472)
def test_nothing_goes_below_the_first_step(mask: np.ndarray, tolerance: float) -> None:
    """Below sqrt(1/5) no corner can go: every ring is left as it was."""
    kept, n_restrained = simplify_shared(trace(mask), tolerance)

    assert kept.all()
    assert n_restrained == 0


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
@pytest.mark.parametrize("kind", LARGE_MASKS)
def test_large_masks(kind: str, tolerance: float) -> None:
    """The same on masks with tens of thousands of borders, where every safeguard is at work."""
    exact = trace(large_mask(kind))

    kept, _ = simplify_shared(exact, tolerance)

    shapes = polygons(exact, kept)
    check_valid(shapes)
    assert bool(shapely.coverage_is_valid(shapes))
    check_rings(lists_of(exact), lists_of(exact, kept), tolerance)
