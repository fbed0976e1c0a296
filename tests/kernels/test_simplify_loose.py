"""Plain Douglas-Peucker against its twin."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

import oracles
import strategies
from prelabel.kernels.simplify_loose import simplify_loose
from ring_checks import (
    STAIRS,
    TOUCHING_HOLES,
    split,
    trace,
)


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
