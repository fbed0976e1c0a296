"""Results in order from many threads, a bounded look-ahead, and no thread left at work."""

from __future__ import annotations

import gc
import threading
import time
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.kernels import is_compiling
from prelabel.kernels._compiling import compiling
from prelabel.polygons.in_order import MAX_ITEMS, MAX_WEIGHT, in_order

if TYPE_CHECKING:
    from collections.abc import Iterator


def threads_at_work() -> list[str]:
    """Names of the pool's threads."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("prelabel-masks")]


def light(_: object) -> int:
    """As many in a piece as there may be."""
    return 0


def heavy(_: object) -> int:
    """A piece of its own each."""
    return MAX_WEIGHT + 1


@given(st.lists(st.integers(0, 2 * MAX_WEIGHT), max_size=60), st.integers(1, 4))
def test_results_come_in_order(weights: list[int], n_threads: int) -> None:
    """Whatever the items weigh, and however many threads there are; none is left."""
    results = list(in_order(enumerate(weights), lambda item: item[0] * 10, n_threads, lambda item: item[1]))

    assert results == [10 * number for number in range(len(weights))]
    assert not threads_at_work()


def test_several_threads_are_at_work() -> None:
    """Each of the pieces waits until as many are under way as there are threads."""
    barrier = threading.Barrier(3, timeout=10)

    results = list(in_order(range(6), lambda item: (barrier.wait(), item)[1], 3, heavy))

    assert results == list(range(6))


@pytest.mark.parametrize(("weigh", "n_most"), [(heavy, 4), (light, 4 * MAX_ITEMS)])
def test_what_is_read_ahead_is_bounded(weigh: object, n_most: int) -> None:
    """By two pieces a thread, of an endless source too."""
    read = []

    def source() -> Iterator[int]:
        for number in count():
            read.append(number)
            yield number

    results = in_order(source(), lambda item: item, 2, weigh)  # type: ignore[arg-type]
    for wanted in range(40):
        assert next(results) == wanted
        # The piece that is being yielded, those ahead, and the item that began the next one.
        assert len(read) <= wanted + 1 + n_most + MAX_ITEMS + 1
    results.close()

    assert not threads_at_work()


def test_one_thread_is_the_caller_s_own() -> None:
    """Nothing is read before it is asked for."""
    source = iter(range(10))

    results = in_order(source, lambda item: (item, threading.current_thread()), 1, light)

    assert next(results) == (0, threading.current_thread())
    assert next(source) == 1


@pytest.mark.parametrize("weigh", [light, heavy])
@pytest.mark.parametrize("bad", [0, 1, 15, 16, 39])
def test_an_error_comes_at_its_turn(weigh: object, bad: int) -> None:
    """After the results of all items before, wherever in its piece it is."""

    def work(item: int) -> int:
        if item == bad:
            raise ZeroDivisionError(f"item {item}")
        return item

    results = in_order(range(40), work, 3, weigh)  # type: ignore[arg-type]
    assert [next(results) for _ in range(bad)] == list(range(bad))
    with pytest.raises(ZeroDivisionError, match=f"item {bad}$"):
        next(results)

    assert next(results, None) is None
    assert not threads_at_work()


@pytest.mark.parametrize("n_before", [0, 1, 20])
def test_an_error_of_the_source_comes_last(n_before: int) -> None:
    """What it gave before is worked on and yielded."""

    def source() -> Iterator[int]:
        yield from range(n_before)
        raise OSError("the source has run dry")

    results = in_order(source(), lambda item: item, 2, light)

    assert [next(results) for _ in range(n_before)] == list(range(n_before))
    with pytest.raises(OSError, match="run dry"):
        next(results)


@pytest.mark.parametrize("way", ["close", "let go", "never begun"])
def test_breaking_off_leaves_no_thread(way: str) -> None:
    """What is under way comes to its end, the rest of its piece and all other pieces are not begun."""
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        time.sleep(0.01)
        return item

    results = in_order(count(), work, 2, light)
    if way != "never begun":
        assert next(results) == 0
    n_begun = len(begun)
    if way == "close":
        results.close()
    del results
    gc.collect()

    assert not threads_at_work()
    assert len(begun) <= n_begun + 2


def test_breaking_off_has_no_further_kernel_compiled() -> None:
    """The item that needs it ends where it is, as nobody waits for what it comes to."""
    n_wanted, compiled, began = 500, list[int](), threading.Event()

    def work(item: int) -> int:
        for number in range(item * n_wanted):
            with compiling(number, n_wanted, ""):
                compiled.append(number)
                began.set()
                time.sleep(0.01)
        return item

    results = in_order(range(2), work, 2, lambda _: MAX_WEIGHT + 1)
    assert next(results) == 0
    assert began.wait(60)
    results.close()

    assert len(compiled) < n_wanted
    assert not is_compiling()


def test_results_that_are_there_are_not_kept_back() -> None:
    """A slow source does not delay what it gave long ago: as many pieces as there are threads may be behind it."""
    read = []

    def source() -> Iterator[int]:
        for number in range(20):
            read.append(number)
            time.sleep(0.02)
            yield number

    results = in_order(source(), lambda item: item, 2, heavy)

    assert next(results) == 0
    assert len(read) <= 4
    results.close()
