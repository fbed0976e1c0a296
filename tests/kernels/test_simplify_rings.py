"""Polygons simplified one by one: what must never break, at any tolerance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import strategies
from conftest import JIT_OFF
from prelabel.kernels.simplify_rings import simplify_rings
from ring_checks import (
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

if TYPE_CHECKING:
    import numpy as np


@tricky_examples
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
    """Below sqrt(1/5) no corner can go: every ring is left as it was."""
    kept, n_restrained = simplify_rings(trace(mask).without_straight(), tolerance)

    assert kept.all()
    assert n_restrained == 0


@pytest.mark.skipif(JIT_OFF, reason="large masks take minutes without the JIT")
@pytest.mark.parametrize("tolerance", [0.5, 1.0, 2.0, 5.0, 20.0])
@pytest.mark.parametrize("kind", LARGE_MASKS)
def test_large_masks(kind: str, tolerance: float) -> None:
    """The same on masks with tens of thousands of borders, where every safeguard is at work."""
    exact = trace(large_mask(kind)).without_straight()

    kept, _ = simplify_rings(exact, tolerance)

    check_valid(polygons(exact, kept))
    check_rings(lists_of(exact), lists_of(exact, kept), tolerance)
