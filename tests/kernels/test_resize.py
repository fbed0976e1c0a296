"""Nearest neighbour on runs, against a slow twin and other people's readers."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

import oracles
import strategies
from prelabel.kernels.pixel_runs import runs_from_array
from prelabel.kernels.resize import resized

SIDES = st.integers(1, 60)


@given(strategies.masks(), SIDES, SIDES)
@example(np.array([[1, 2]], np.uint8), 1, 1)
@example(np.array([[1, 2, 1]], np.uint8), 1, 2)
def test_each_pixel_has_the_value_under_its_centre(mask: np.ndarray, height: int, width: int) -> None:
    """As the slow twin says, as runs that are the shortest there are."""
    runs = resized(runs_from_array(mask), (height, width))

    expected = oracles.resized(mask, height, width)
    np.testing.assert_array_equal(oracles.pixels_of(runs), expected)
    assert (runs.row_offsets.tolist(), runs.starts.tolist(), runs.values.tolist()) == oracles.runs_of(
        expected.astype(np.int64)
    )
    assert [str(array.dtype) for array in (runs.row_offsets, runs.starts, runs.values)] == ["int32", "int32", "uint32"]


@given(strategies.masks(), st.integers(1, 5), st.integers(1, 5))
def test_whole_factors_repeat_and_come_back(mask: np.ndarray, down: int, across: int) -> None:
    """Enlarged by whole numbers every pixel becomes a rectangle, and made small again it is as before."""
    height, width = mask.shape
    large = resized(runs_from_array(mask), (height * down, width * across))

    np.testing.assert_array_equal(oracles.pixels_of(large), mask.repeat(down, axis=0).repeat(across, axis=1))
    np.testing.assert_array_equal(oracles.pixels_of(resized(large, (height, width))), mask)


def is_on_an_edge(n_from: int, n_to: int) -> bool:
    """Whether the centre of some pixel of the result falls between two of the mask's."""
    return any((2 * i + 1) * n_from % (2 * n_to) == 0 for i in range(n_to))


@given(st.integers(1, 40), st.integers(1, 40), SIDES, SIDES)
def test_pillow_and_opencv_sample_alike(height: int, width: int, new_height: int, new_width: int) -> None:
    """Pillow's NEAREST and OpenCV's INTER_NEAREST_EXACT, wherever no centre falls on an edge between two pixels."""
    mask = np.arange(height * width, dtype=np.uint16).reshape(height, width)
    ours = oracles.pixels_of(resized(runs_from_array(mask), (new_height, new_width)))
    if is_on_an_edge(height, new_height) or is_on_an_edge(width, new_width):
        return
    size = (new_width, new_height)
    np.testing.assert_array_equal(ours, np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST)))
    np.testing.assert_array_equal(ours, cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST_EXACT))


def test_opencvs_plain_nearest_samples_corners() -> None:
    """Which moves a mask up to half a pixel: not what we do."""
    mask = np.array([[1, 2, 3, 4]], np.uint8)
    assert cv2.resize(mask, (2, 1), interpolation=cv2.INTER_NEAREST).tolist() == [[1, 3]]
    assert oracles.pixels_of(resized(runs_from_array(mask), (1, 2))).tolist() == [[2, 4]]


@given(strategies.masks(), SIDES, SIDES)
def test_no_more_runs_than_allowed(mask: np.ndarray, height: int, width: int) -> None:
    """Just as many are made, and not one more."""
    runs = runs_from_array(mask)
    n_runs = len(resized(runs, (height, width)).starts)

    assert len(resized(runs, (height, width), max_runs=n_runs).starts) == n_runs
    with pytest.raises(OverflowError, match=f"more than {n_runs - 1} runs"):
        resized(runs, (height, width), max_runs=n_runs - 1)
