"""Items to batches: bounds, order, halves."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.hub.batches import Batcher, halve, n_bytes_of
from prelabel.model import Batch, Item


def items_of(sizes: list[int]) -> list[Item]:
    """Items with bodies of these sizes."""
    return [Item(number, f"id{number}", b"x" * size) for number, size in enumerate(sizes, start=1)]


def batched(batcher: Batcher, items: list[Item]) -> list[Batch]:
    """Feed all, then flush."""
    return [batch for item in items for batch in batcher.feed(item)] + list(batcher.flush())


sizes_lists = st.lists(st.integers(0, 50), max_size=60)


@given(sizes=sizes_lists, max_rows=st.integers(1, 12), max_bytes=st.integers(1, 200))
def test_bounds_and_order(sizes: list[int], max_rows: int, max_bytes: int) -> None:
    """Nothing is lost or reordered, no bound is broken but by an item alone, and no batch could have held one more."""
    items = items_of(sizes)
    batches = batched(Batcher(max_rows, max_bytes), items)

    assert [item for batch in batches for item in batch.items] == items
    assert [batch.number for batch in batches] == list(range(1, len(batches) + 1))
    for batch in batches:
        assert batch.n_bytes == n_bytes_of(batch.items)
        assert len(batch.items) == 1 or (len(batch.items) <= max_rows and batch.n_bytes <= max_bytes)
    for batch, following in itertools.pairwise(batches):
        one_more = batch.n_bytes + len(following.items[0].body) + 1
        assert len(batch.items) == max_rows or one_more > max_bytes


def test_a_full_batch_comes_at_once() -> None:
    """The row that fills a batch returns it; nothing waits for the next row."""
    batcher = Batcher(2, 1000)

    assert [len(batcher.feed(item)) for item in items_of([1, 1, 1, 1])] == [0, 1, 0, 1]
    assert batcher.flush() == ()


def test_an_oversize_item_travels_alone() -> None:
    """It closes the batch before it, and is a batch itself: two at once."""
    batcher = Batcher(10, 20)
    small, large = items_of([5, 500])

    assert batcher.feed(small) == ()
    assert [batch.items for batch in batcher.feed(large)] == [(small,), (large,)]


def test_a_lowered_bound_counts_from_then_on() -> None:
    """What a Hub refused for its size makes later batches smaller."""
    batcher = Batcher(100, 1000)
    assert [len(batch.items) for batch in batched(batcher, items_of([99] * 10))] == [10]
    batcher.max_bytes = 500

    assert [len(batch.items) for batch in batched(batcher, items_of([99] * 10))] == [5, 5]


def test_two_flushes_are_one() -> None:
    """Flushing nothing returns nothing."""
    batcher = Batcher(10, 10)

    assert batcher.flush() == ()
    assert batcher.feed(items_of([1])[0]) == ()
    assert len(batcher.flush()) == 1
    assert batcher.flush() == ()


@pytest.mark.parametrize("bounds", [(0, 1), (1, 0)])
def test_bounds_need_room(bounds: tuple[int, int]) -> None:
    """A batch without room is refused."""
    with pytest.raises(ValueError, match="needs room for a row and a byte"):
        Batcher(*bounds)


@given(sizes=st.lists(st.integers(0, 50), min_size=2, max_size=30))
def test_halves(sizes: list[int]) -> None:
    """Two parts, neither empty, in order, as even as any cut makes them."""
    items = items_of(sizes)
    first, second = halve(Batch(7, tuple(items), n_bytes_of(items)))

    assert [*first.items, *second.items] == items
    assert first.items
    assert second.items
    assert (first.number, second.number) == (7, 7)
    assert first.n_bytes + second.n_bytes == n_bytes_of(items)
    cuts = [max(n_bytes_of(items[:at]), n_bytes_of(items[at:])) for at in range(1, len(items))]
    assert max(first.n_bytes, second.n_bytes) == min(cuts)


def test_one_item_has_no_halves() -> None:
    """Halving stops at a row."""
    with pytest.raises(ValueError, match="batch 3 has one item"):
        halve(Batch(3, tuple(items_of([1])), 2))
