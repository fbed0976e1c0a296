"""Distinct values by insertion, against numpy's by sorting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prelabel.kernels._jit import RO_U4, kernel
from prelabel.kernels.distinct_values import rank_values

if TYPE_CHECKING:
    from prelabel.model import Int32Array, UInt32Array


@kernel(f"int64({RO_U4}, uint32[::1], int32[::1])")
def rank(values: UInt32Array, distinct: UInt32Array, ranks: Int32Array) -> int:
    """Call it from compiled code, the only place it can be called from."""
    return rank_values(values, distinct, ranks)


@given(st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 5), max_size=30), st.integers(0, 12))
def test_the_distinct_values_are_numpy_s(values: list[int], room: int) -> None:
    """In ascending order, with each value's place; -1 where there are too many for the room, which is kept to."""
    distinct, ranks = np.full(room + 1, 77, np.uint32), np.empty(len(values), np.int32)

    n_distinct = rank(np.array(values, np.uint32), distinct[:room], ranks)

    expected, places = np.unique(np.array(values, np.uint32), return_inverse=True)
    assert n_distinct == (len(expected) if len(expected) <= room else -1)
    if n_distinct >= 0:
        assert distinct[:n_distinct].tolist() == expected.tolist()
        assert ranks.tolist() == places.tolist()
    assert distinct[room] == 77
