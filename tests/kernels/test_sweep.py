"""Regions against a flood fill and against scipy.ndimage.label; the links are tested with the rings they make."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage
from hypothesis import example, given
from hypothesis import strategies as st

import oracles
import strategies
from conftest import JIT_OFF
from prelabel.kernels.pixel_runs import runs_from_array
from prelabel.kernels.run_values import run_lengths
from prelabel.kernels.traced_rings import trace_classes

SPIRAL = np.array(
    [
        [1, 1, 1, 1, 1, 1, 1],
        [0, 0, 0, 0, 0, 0, 1],
        [1, 1, 1, 1, 1, 0, 1],
        [1, 0, 0, 0, 1, 0, 1],
        [1, 0, 1, 1, 1, 0, 1],
        [1, 0, 0, 0, 0, 0, 1],
        [1, 1, 1, 1, 1, 1, 1],
    ],
    np.uint8,
)
COMB = np.array([[1, 0, 1, 0, 1, 0, 1], [1, 0, 1, 0, 1, 0, 1], [1, 1, 1, 1, 1, 1, 1]], np.uint8)
CORNERS = np.array([[1, 0, 2, 0], [0, 1, 0, 2], [2, 0, 1, 0], [0, 2, 0, 1]], np.uint8)


def label_image(mask: np.ndarray, connectivity: int) -> np.ndarray:
    """Return the kernel's regions or objects as pixels, from 1, and check their values on the way."""
    runs = runs_from_array(mask)
    swept = trace_classes(runs)
    regions = swept.run_regions(len(runs.starts))
    assert regions.dtype == np.int32
    assert swept.values.dtype == np.uint32
    values = np.append(np.uint32(0), swept.values)
    np.testing.assert_array_equal(values[regions], runs.values)
    if connectivity == 8:
        objects = swept.objects()
        assert objects.dtype == np.int32
        regions = np.append(np.int32(0), objects + 1)[regions]
    return np.repeat(regions, run_lengths(runs)).reshape(mask.shape)


@given(strategies.masks(), st.sampled_from((4, 8)))
@example(SPIRAL, 4)
@example(SPIRAL, 8)
@example(COMB, 4)
@example(CORNERS, 4)
@example(CORNERS, 8)
@example(CORNERS[:, ::-1], 8)
@example(np.zeros((3, 3), np.uint8), 4)
def test_regions_are_the_flood_fill_s(mask: np.ndarray, connectivity: int) -> None:
    """Same regions, same numbers: both count in scan order."""
    np.testing.assert_array_equal(
        label_image(mask, connectivity), oracles.components(oracles.packed(mask), connectivity)
    )


@given(strategies.masks(), st.sampled_from((4, 8)))
@example(SPIRAL, 4)
@example(CORNERS, 8)
def test_regions_are_scipy_s(mask: np.ndarray, connectivity: int) -> None:
    """Equal partitions up to renaming, value by value."""
    labels = label_image(mask, connectivity)
    structure = np.ones((3, 3)) if connectivity == 8 else None

    n_regions = 0
    for value in np.unique(mask[mask != 0]):
        theirs, n_theirs = scipy.ndimage.label(mask == value, structure)
        pairs = set(zip(theirs[mask == value].tolist(), labels[mask == value].tolist(), strict=True))
        assert len(pairs) == n_theirs == len({ours for _, ours in pairs})
        n_regions += n_theirs

    assert labels.max() == n_regions


@pytest.mark.skipif(JIT_OFF, reason="a million pixels take minutes without the JIT")
@pytest.mark.parametrize("density", [0.1, 0.5, 0.593, 0.9])
@pytest.mark.parametrize("connectivity", [4, 8])
def test_large_noise(density: float, connectivity: int) -> None:
    """Noise about the percolation threshold has the longest chains of merges; scipy numbers in scan order as well."""
    mask = (np.random.default_rng(7).random((700, 900)) < density).astype(np.uint8)

    labels = label_image(mask, connectivity)

    theirs, _ = scipy.ndimage.label(mask, np.ones((3, 3)) if connectivity == 8 else None)
    np.testing.assert_array_equal(labels, theirs)
