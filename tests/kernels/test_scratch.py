"""Working memory: kept per thread and name, never shared between threads, given back where it is huge."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.kernels.scratch import KEPT_BYTES, Scratch


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 300), st.sampled_from((np.uint8, np.int32, np.int64))),
        max_size=12,
    )
)
def test_arrays_of_different_names_are_apart(wanted: list[tuple[str, int, type[np.generic]]]) -> None:
    """Each has the size and dtype asked for, and writing to one leaves the latest of the other names alone."""
    scratch = Scratch()
    latest: dict[str, tuple[np.ndarray, int]] = {}

    for number, (name, n, dtype) in enumerate(wanted):
        array = scratch.take(name, n, dtype)
        assert (array.shape, array.dtype) == ((n,), np.dtype(dtype))
        array[:] = number
        latest[name] = (array, number)

    for array, number in latest.values():
        assert (array == number).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_zeros_are_zeros(dtype: type[np.generic]) -> None:
    """Whatever was there before."""
    scratch = Scratch()
    scratch.take("a", 100, np.uint8)[:] = 255

    assert not scratch.zeros("a", 12, dtype).any()


def test_memory_is_used_again() -> None:
    """The second take of a name is the same memory, as long as it suffices."""
    scratch = Scratch()

    first, second, larger = (scratch.take("a", n, np.int32) for n in (100, 50, 100_000))

    assert np.shares_memory(first, second)
    assert not np.shares_memory(first, larger)


def test_huge_buffers_are_not_kept() -> None:
    """One huge mask does not stay in memory for good, and what was kept before still is."""
    scratch = Scratch()
    small = scratch.take("a", 10, np.uint8)

    huge = scratch.take("a", KEPT_BYTES + 1, np.uint8)

    bigger = scratch.doubled("a", huge, 3)

    assert len(huge) == KEPT_BYTES + 1
    assert len(bigger) >= 2 * len(huge)
    assert np.shares_memory(scratch.take("a", 10, np.uint8), small)


def test_doubled_buffers_begin_as_before() -> None:
    """What was used is copied, and the name stands for the larger buffer from then on."""
    scratch = Scratch()
    small = scratch.at_least("a", 10, np.int32)
    small[:3] = (7, 8, 9)

    large = scratch.doubled("a", small, 3)

    assert len(large) == 2 * len(small)
    assert large[:3].tolist() == [7, 8, 9]
    assert scratch.at_least("a", 15, np.int32) is large


def test_threads_have_their_own() -> None:
    """The same name in two threads is two places."""
    scratch = Scratch()
    mine = scratch.take("a", 10, np.uint8)
    theirs: list[np.ndarray] = []
    thread = threading.Thread(target=lambda: theirs.append(scratch.take("a", 10, np.uint8)))

    thread.start()
    thread.join()

    assert not np.shares_memory(mine, theirs[0])
