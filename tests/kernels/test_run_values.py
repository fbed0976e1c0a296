"""Runs with other values against translated pixels."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import oracles
import strategies
from prelabel.kernels.pixel_runs import runs_from_array
from prelabel.kernels.run_values import run_lengths, with_values
from run_checks import check_runs


@given(strategies.masks(max_labels=6), st.lists(st.integers(0, 2), min_size=7, max_size=7))
def test_other_values_join_neighbours(mask: np.ndarray, table: list[int]) -> None:
    """New values give the runs of the translated pixels; the old runs are not touched."""
    runs = runs_from_array(mask)
    before = runs.values.copy()

    translated = with_values(runs, np.array(table, np.uint32)[runs.values])

    check_runs(translated, np.array(table, np.int64)[mask])
    check_runs(runs, oracles.packed(mask))
    np.testing.assert_array_equal(runs.values, before)


@given(strategies.masks())
def test_lengths_are_those_of_the_twin(mask: np.ndarray) -> None:
    """Each run reaches to the next one, or to the end of its row."""
    runs = runs_from_array(mask)

    lengths = run_lengths(runs)

    bounds = np.append(
        runs.starts + np.repeat(np.arange(runs.height), np.diff(runs.row_offsets)) * runs.width, mask.size
    )
    assert lengths.dtype == np.int32
    assert lengths.tolist() == np.diff(bounds).tolist()
