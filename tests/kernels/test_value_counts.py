"""Pixels counted by value against a counter."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

import strategies
from kernels import inner_steps
from prelabel.kernels.pixel_runs import runs_from_array
from prelabel.kernels.value_counts import count_unknown
from prelabel.model import TRANSPARENT


@given(
    st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 40), min_size=1, max_size=60),
    st.sets(st.integers(0, 40), max_size=9),
    st.integers(1, 9),
)
@example([5, TRANSPARENT, 0, 5, 7], {7}, 2)
def test_count_unknown(values: list[int], keys: set[int], width: int) -> None:
    """A counter's counts of the pixels, most first, equal ones by value."""
    mask = np.resize(np.array(values, np.uint32), (-(-len(values) // width), width))

    found, pixels = count_unknown(runs_from_array(mask), np.array(sorted(keys), np.uint32))

    counted = Counter(value for value in mask.ravel().tolist() if value not in keys | {0, TRANSPARENT})
    expected = sorted(counted.items(), key=lambda entry: (-entry[1], entry[0]))
    assert list(zip(found.tolist(), pixels.tolist(), strict=True)) == expected


def test_count_more_unknown_values_than_first_foreseen() -> None:
    """The table grows, and nothing is lost; values that hash alike are told apart."""
    values = np.concatenate([np.arange(1, 3001), (np.arange(1, 500) << 20)]).astype(np.uint32)[np.newaxis]

    found, pixels = count_unknown(runs_from_array(values), np.array([17], np.uint32))

    assert found.tolist() == sorted(set(values[0].tolist()) - {17})
    assert set(pixels.tolist()) == {1}


@given(strategies.masks(), st.sampled_from([1, TRANSPARENT]))
def test_background_is_counted(mask: np.ndarray, one: int) -> None:
    """Pixels of value 0, and transparent ones."""
    values = mask.astype(np.uint32)
    values[mask == 1] = one

    runs = runs_from_array(values)
    counts = inner_steps.count(runs.width, runs.row_offsets, runs.starts, runs.values)

    assert list(counts) == [np.count_nonzero(values == 0), np.count_nonzero(values == TRANSPARENT)]
