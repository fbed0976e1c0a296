"""Distinct values by marks and by insertion, against numpy's by sorting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prelabel.kernels._jit import RO_U4, kernel
from prelabel.kernels.distinct_values import MAX_INSERTED, MOST_INSERTED, rank_values

if TYPE_CHECKING:
    from prelabel.model import Int32Array, UInt32Array


@kernel(f"int64({RO_U4}, uint32[::1], int32[::1], int32[::1])")
def rank(values: UInt32Array, distinct: UInt32Array, ranks: Int32Array, marks: Int32Array) -> int:
    """Call it from compiled code, the only place it can be called from."""
    return rank_values(values, distinct, ranks, marks)


def ranked(values: np.ndarray, n_marks: int) -> tuple[list[int], list[int]] | None:
    """Return the distinct values and each value's place; None where they are refused. The room is kept to."""
    room = max(n_marks, MOST_INSERTED)
    distinct, marks = np.full(room + 1, 77, np.uint32), np.full(n_marks + 1, 77, np.int32)
    ranks = np.empty(len(values), np.int32)

    n_distinct = rank(values, distinct[:room], ranks, marks[:n_marks])

    assert distinct[room] == 77
    assert marks[n_marks] == 77
    return None if n_distinct < 0 else (distinct[:n_distinct].tolist(), ranks.tolist())


def by_sorting(values: np.ndarray) -> tuple[list[int], list[int]]:
    """The same by numpy."""
    distinct, places = np.unique(values, return_inverse=True)
    return distinct.tolist(), places.tolist()


@given(
    st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 5) | st.integers(0, 300), max_size=90),
    st.sampled_from([1, 6, 300, 4096]),
)
def test_the_distinct_values_are_numpy_s(values: list[int], n_marks: int) -> None:
    """In ascending order, with each value's place; none where they are too many to insert and too large to mark."""
    array = np.array(values, np.uint32)

    found = ranked(array, n_marks)

    if found is None:
        assert len(set(values)) > MOST_INSERTED
        assert max(values) >= min(n_marks, 256 + 8 * len(values))
    else:
        assert found == by_sorting(array)


def test_small_values_are_ranked_however_many_there_are() -> None:
    """All sixteen-bit values; and not if one is larger, with too many beside it."""
    every = np.arange(1 << 16, dtype=np.uint32)[::-1].copy()

    assert ranked(every, 1 << 16) == by_sorting(every)
    assert ranked(np.append(every, np.uint32(1 << 16)), 1 << 16) is None
    assert ranked(np.repeat(np.array([7, 1 << 20], np.uint32), MAX_INSERTED), 1 << 16) is None
