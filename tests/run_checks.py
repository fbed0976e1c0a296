"""What must hold of any runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import oracles

if TYPE_CHECKING:
    import numpy as np

    from prelabel.model import Runs


def check_runs(runs: Runs, values: np.ndarray) -> None:
    """Assert that the runs keep model.Runs' promises and are those of the twin."""
    offsets, starts, run_values = oracles.runs_of(values)
    assert [array.dtype.str[1:] for array in (runs.row_offsets, runs.starts, runs.values)] == ["i4", "i4", "u4"]
    assert (runs.height, runs.width) == values.shape
    assert runs.row_offsets.tolist() == offsets
    assert runs.starts.tolist() == starts
    assert runs.values.tolist() == run_values
