"""Working memory: kept per thread and name, never shared between threads, given back where it is huge."""

from __future__ import annotations

import threading
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.kernels.scratch import KEPT_BYTES, Scratch, doubled


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

    assert len(huge) == KEPT_BYTES + 1
    assert np.shares_memory(scratch.take("a", 10, np.uint8), small)


def test_doubled_buffers_begin_as_before() -> None:
    """What was used is copied."""
    small = np.array([7, 8, 9, 6], np.int32)

    large = doubled(small, 3)

    assert (len(large), str(large.dtype)) == (8, "int32")
    assert large[:3].tolist() == [7, 8, 9]


def make_two(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return an array of the size and one of twice that."""
    return np.empty(size, np.uint8), np.empty(2 * size, np.int64)


def test_arrays_that_are_made_together() -> None:
    """They are made once for all sizes up to theirs, and again for larger ones."""
    scratch = Scratch()

    first, second, larger, again = (scratch.together("a", size, make_two) for size in (100, 50, 100_000, 100))

    assert second is first
    assert larger is not first
    assert again is larger
    assert len(first[0]) >= 100
    assert len(larger[0]) >= 100_000


def test_huge_arrays_are_not_kept_together() -> None:
    """Nor what a caller grew beyond the limit; what was kept before still is."""
    scratch = Scratch()
    small = scratch.together("a", 10, make_two)

    assert len(scratch.together("a", KEPT_BYTES // 16 + 1, make_two)[0]) > KEPT_BYTES // 16
    scratch.keep_together("a", 10, (np.empty(KEPT_BYTES + 1, np.uint8),))

    assert scratch.together("a", 10, make_two) is small
    scratch.keep_together("a", 20, grown := make_two(20))
    assert scratch.together("a", 15, make_two) is grown


def test_what_is_in_use_can_be_set_aside() -> None:
    """In the block names stand for other places; after it, also after an error, for those that they stood for."""
    scratch = Scratch()
    single, several = scratch.take("a", 10, np.uint8), scratch.together("b", 10, make_two)

    with suppress(ZeroDivisionError), scratch.set_aside():
        others = scratch.take("a", 10, np.uint8), scratch.together("b", 10, make_two)
        raise ZeroDivisionError

    assert not np.shares_memory(single, others[0])
    assert others[1] is not several
    assert np.shares_memory(single, scratch.take("a", 10, np.uint8))
    assert scratch.together("b", 10, make_two) is several


def test_threads_have_their_own() -> None:
    """The same name in two threads is two places."""
    scratch = Scratch()
    mine = scratch.take("a", 10, np.uint8)
    theirs: list[np.ndarray] = []
    thread = threading.Thread(target=lambda: theirs.append(scratch.take("a", 10, np.uint8)))

    thread.start()
    thread.join()

    assert not np.shares_memory(mine, theirs[0])
