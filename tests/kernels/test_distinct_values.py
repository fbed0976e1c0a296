"""Distinct values by insertion, against numpy's by sorting."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prelabel.kernels.distinct_values import rank_values


@given(st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 5), max_size=30), st.integers(0, 12))
def test_the_distinct_values_are_numpy_s(values: list[int], room: int) -> None:
    """In ascending order, with each value's place; -1 where there are too many for the room, which is kept to."""
    distinct, ranks = np.full(room + 1, 77, np.uint32), np.empty(len(values), np.int32)

    n_distinct = rank_values(np.array(values, np.uint32), distinct[:room], ranks)

    expected, places = np.unique(np.array(values, np.uint32), return_inverse=True)
    assert n_distinct == (len(expected) if len(expected) <= room else -1)
    if n_distinct >= 0:
        assert distinct[:n_distinct].tolist() == expected.tolist()
        assert ranks.tolist() == places.tolist()
    assert distinct[room] == 77
