"""Rows to items on several threads: order, bounds, errors, closing."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any, cast

import pytest

from prelabel.encode import EncodedRow
from prelabel.errors import RowError
from prelabel.model import BrokenRow, Item, RowBatch, RowOutcome
from prelabel.parallel import EncodedChunk, count_cores, encode_rows, pulled

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from prelabel.encode import RowEncoder


class SlowFirst:
    """An encoder that takes longest for the first row of each chunk and fails where the ID says so."""

    def __init__(self) -> None:
        self.n_now = self.n_most = 0
        self.threads: set[str] = set()
        self._lock = threading.Lock()

    def encode(self, batch: RowBatch, index: int) -> EncodedRow:
        """Encode one row, or fail."""
        with self._lock:
            self.n_now += 1
            self.n_most = max(self.n_most, self.n_now)
            self.threads.add(threading.current_thread().name)
        time.sleep(0.002 if index % 4 == 0 else 0)
        with self._lock:
            self.n_now -= 1
        external_id = batch.columns["id"][index]
        if external_id == "bad":
            raise RowError("no such option", column="Type")
        if external_id == "bug":
            raise ZeroDivisionError
        return EncodedRow(Item(batch.numbers[index], external_id, b"{}"))


def batches_of(*groups: list[str], read: list[int] | None = None) -> Iterator[RowBatch]:
    """Batches with these IDs; notes how many were read."""
    first = 1
    for group in groups:
        if read is not None:
            read.append(len(group))
        numbers = list(range(first, first + len(group)))
        first += len(group)
        yield RowBatch(("id",), numbers, numbers, {"id": group})


def run(
    batches: Iterator[RowBatch],
    encoder: SlowFirst | None = None,
    *,
    n_threads: int = 2,
    chunk_rows: int = 4,
    gate: Any = None,
) -> Generator[EncodedChunk]:
    """Encode with a gate that lets all through."""
    return encode_rows(
        batches,
        cast("RowEncoder", encoder or SlowFirst()),
        gate or (lambda _rows, _index: None),
        id_column="id",
        n_threads=n_threads,
        chunk_rows=chunk_rows,
    )


def test_order_and_chunks() -> None:
    """Rows come in file order, in chunks of bounded size, whatever their work takes; threads share it."""
    encoder = SlowFirst()
    groups = [[f"{group}-{number}" for number in range(9)] for group in range(8)]
    chunks = list(run(batches_of(*groups), encoder, n_threads=3))

    ids = [result.item.external_id for chunk in chunks for _, result in chunk.results if isinstance(result, EncodedRow)]
    assert ids == [each for group in groups for each in group]
    assert {len(chunk.results) for chunk in chunks} == {4, 1}
    assert 1 < encoder.n_most <= 3
    assert all(name.startswith("prelabel-encode") for name in encoder.threads)
    assert all(chunk.encode_s > 0 for chunk in chunks)


def test_failures_and_gate() -> None:
    """A row's error is that row's outcome; what the gate stops is not encoded."""
    stopped = RowOutcome(3, 3, "gate", "skipped", "why")
    rows = batches_of(["ok", "bad", "gate"])
    (chunk,) = run(rows, gate=lambda rows, index: stopped if rows.columns["id"][index] == "gate" else None)
    results = [result for _, result in chunk.results]

    assert isinstance(results[0], EncodedRow)
    assert results[1:] == [RowOutcome(2, 2, "bad", "failed", "no such option", "Type"), stopped]


def test_broken_lines_come_once() -> None:
    """With the first chunk of their batch, also when the batch has no rows at all."""
    broken = BrokenRow(9, 9, "x,y", RowError("too many cells"))
    many = RowBatch(("id",), [1, 2, 3], [1, 2, 3], {"id": ["a", "b", "c"]}, (broken,))
    none = RowBatch(("id",), [], [], {"id": []}, (broken,))
    chunks = list(run(iter([many, none]), chunk_rows=2))

    assert [(len(chunk.results), chunk.broken) for chunk in chunks] == [(2, (broken,)), (1, ()), (0, (broken,))]
    assert chunks[1].read_s == 0


def test_reading_does_not_run_ahead() -> None:
    """No more is read than the threads can soon use, however slow the caller is."""
    read: list[int] = []
    groups = [["x"] * 4 for _ in range(100)]
    with closing(run(batches_of(*groups, read=read))) as chunks:
        next(chunks)
        assert len(read) <= 2 * 2 + 1


def test_bugs_are_not_hidden() -> None:
    """An error that is no row's goes to the caller."""
    with pytest.raises(ZeroDivisionError):
        list(run(batches_of(["ok", "bug"])))


def test_closing_early_leaves_no_thread() -> None:
    """What has not begun is dropped, and the threads end."""
    with closing(run(batches_of(*[["x"] * 4 for _ in range(50)]))) as chunks:
        next(chunks)

    assert not [thread for thread in threading.enumerate() if thread.name.startswith("prelabel-encode")]


async def test_pulled() -> None:
    """The loop stays free while a step takes its time, and all values come in order."""

    def slow() -> Generator[int]:
        for number in range(3):
            time.sleep(0.05)
            yield number

    n_ticks = 0

    async def tick() -> None:
        nonlocal n_ticks
        while True:
            await asyncio.sleep(0.005)
            n_ticks += 1

    ticking = asyncio.create_task(tick())
    async with aclosing(pulled(slow())) as values:
        assert [value async for value in values] == [0, 1, 2]
    ticking.cancel()

    assert n_ticks > 5


async def test_pulled_passes_errors_on() -> None:
    """An error of the generator is raised where it is iterated."""

    def failing() -> Generator[int]:
        yield 1
        raise RowError("broken file")

    async with aclosing(pulled(failing())) as values:
        assert await anext(values) == 1
        with pytest.raises(RowError, match="broken file"):
            await anext(values)


async def test_cancelling_closes_the_generator() -> None:
    """Also in the middle of a step: the step ends, then the generator is closed, in its thread."""
    events: list[str] = []

    def slow() -> Generator[int]:
        try:
            while True:
                events.append("step")
                time.sleep(0.1)
                events.append("stepped")
                yield 1
        finally:
            events.append("closed")

    async def use() -> None:
        async with aclosing(pulled(slow())) as values:
            async for _ in values:
                pass

    task = asyncio.create_task(use())
    await asyncio.sleep(0.03)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert events == ["step", "stepped", "closed"]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("prelabel-read")]


def test_count_cores() -> None:
    """At least one."""
    assert count_cores() >= 1
