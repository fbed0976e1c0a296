"""Pictures against pictures, counted pixel by pixel."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import strategies
from prelabel.kernels.overlap import overlap
from prelabel.kernels.pixel_runs import runs_from_array


@given(strategies.masks(max_side=9), st.randoms(use_true_random=False))
def test_overlap(mask: np.ndarray, random: object) -> None:
    """Counts of pixels, value by value."""
    other = np.roll(mask, random.randint(0, 3), axis=random.randint(0, 1))  # type: ignore[attr-defined]

    counted = overlap(runs_from_array(mask), runs_from_array(other), 6)

    assert counted.n_wrong == int((mask != other).sum())
    for value in range(6):
        assert counted.n_first[value] == int((mask == value).sum())
        assert counted.n_second[value] == int((other == value).sum())
        assert counted.n_both[value] == int(((mask == value) & (other == value)).sum())
