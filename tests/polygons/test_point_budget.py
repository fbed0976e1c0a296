"""The smallest tolerance that fits: what is tried, what is chosen, and what cannot be."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import strategies
from prelabel.errors import RowError
from prelabel.kernels.pixel_runs import runs_from_array
from prelabel.polygons.point_budget import LARGEST_PX, STEP, coarser, fit
from prelabel.polygons.single_rings import single_rings
from prelabel.polygons.trace import LOSSLESS_BELOW, TraceOptions, outline, trace

if TYPE_CHECKING:
    from prelabel.polygons.arrays import PolygonArrays

DISC = (np.hypot(*(np.mgrid[:60, :60] - 30)) < 25).astype(np.uint8)
DISC[28:33, 28:33] = 0


@given(st.floats(0, 200))
def test_tolerances_tried(first: float) -> None:
    """From the given one up in steps to the largest, none that changes nothing."""
    tried = [first, *coarser(first)]

    assert tried[0] == first
    assert all(low > LOSSLESS_BELOW for low in tried[1:])
    assert all(low < high <= max(low * STEP, 0.451) for low, high in itertools.pairwise(tried))
    assert tried[-1] == max(first, LARGEST_PX)


@pytest.mark.parametrize(
    "options", [TraceOptions(), TraceOptions(1.0, "rings"), TraceOptions(0, "shared", "pixel_centers")]
)
@pytest.mark.parametrize("most", [10_000, 100, 40, 16, 8])
def test_the_smallest_that_fits(options: TraceOptions, most: int) -> None:
    """The polygons are those of a trace at that tolerance; at the one tried before there are too many points."""
    runs = runs_from_array(DISC)

    polygons, tolerance = fit(outline(runs, None, options), options, most, lambda polygons: polygons)

    tried = list(itertools.takewhile(lambda t: t < tolerance, [options.tolerance, *coarser(options.tolerance)]))
    for t in [*tried, tolerance]:
        there = trace(runs, None, TraceOptions(t, options.simplification, options.coordinates))
        assert (len(there.points) <= most) == (t == tolerance)
    np.testing.assert_array_equal(polygons.points, there.points)
    np.testing.assert_array_equal(polygons.ring_offsets, there.ring_offsets)


@given(strategies.masks(), st.integers(3, 120))
def test_fits_or_says_so(mask: np.ndarray, most: int) -> None:
    """What counts is what will be sent: here without holes."""

    def finish(polygons: PolygonArrays) -> PolygonArrays:
        return single_rings(polygons, np.ones(len(polygons), bool), keyhole=False)

    runs, options = runs_from_array(mask), TraceOptions()
    try:
        polygons, _ = fit(outline(runs, None, options), options, most, finish)
    except RowError:
        coarsest = finish(trace(runs, None, TraceOptions(LARGEST_PX)))
        assert len(coarsest.points) > most
    else:
        assert len(polygons.points) <= most
        assert polygons.n_holes == 0


def test_too_many_points() -> None:
    """Even at the largest tolerance: how many, and what to do."""
    runs, options = runs_from_array(np.eye(4, dtype=np.uint8)), TraceOptions()

    with pytest.raises(RowError) as caught:
        fit(outline(runs, None, options), options, 11, lambda polygons: polygons)

    assert str(caught.value) == (
        'the mask\'s polygons have 14 points at a tolerance of 64 px, and "max_points_per_asset" is 11: raise it, or '
        'leave small regions out with "min_area"'
    )
