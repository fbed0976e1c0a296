"""Runs by column against numpy's transpose."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

import oracles
import strategies
from prelabel.kernels.pixel_runs import runs_from_array
from prelabel.kernels.transpose import transposed


@given(strategies.masks())
def test_transposed(mask: np.ndarray) -> None:
    """The transpose, as runs that are the shortest there are."""
    runs = transposed(runs_from_array(mask))

    np.testing.assert_array_equal(oracles.pixels_of(runs), mask.T)
    assert runs.row_offsets.dtype == runs.starts.dtype == np.int32
    assert (runs.row_offsets.tolist(), runs.starts.tolist(), runs.values.tolist()) == oracles.runs_of(
        mask.T.astype(np.int64)
    )


@given(strategies.masks())
def test_twice_is_as_before(mask: np.ndarray) -> None:
    """Rows and columns swapped back."""
    runs = runs_from_array(mask)

    back = transposed(transposed(runs))

    assert back.width == runs.width
    for name in ("row_offsets", "starts", "values"):
        np.testing.assert_array_equal(getattr(back, name), getattr(runs, name))


@given(strategies.masks())
def test_no_more_runs_than_allowed(mask: np.ndarray) -> None:
    """Just as many are made, and not one more."""
    runs = runs_from_array(mask)
    n_runs = len(transposed(runs).starts)

    assert len(transposed(runs, max_runs=n_runs).starts) == n_runs
    with pytest.raises(OverflowError, match=f"more than {n_runs - 1} runs"):
        transposed(runs, max_runs=n_runs - 1)
