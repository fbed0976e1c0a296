"""Rows to items on several threads: order, bounds, errors, closing."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

import pytest

from prelabel.codes import Code
from prelabel.errors import RowError, UploadUnavailable
from prelabel.items.chunk_encoder import ChunkEncoder, MaskSupply
from prelabel.items.row_encoder import Draft
from prelabel.items.worker_pool import count_cores, encode_rows
from prelabel.kernels import NobodyWaits
from prelabel.kernels._compiling import compiling
from prelabel.masks.sources.byte_budget import HeldBytes
from prelabel.model import BrokenRow, EncodedRow, Item, RowBatch, RowOutcome

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator

    from prelabel.items.row_encoder import RowEncoder
    from prelabel.model import EncodedChunk


class SlowFirst:
    """An encoder that takes longest for the first row of each chunk and fails where the ID says so."""

    def __init__(self) -> None:
        self.n_now = self.n_most = 0
        self.threads: set[str] = set()
        self._lock = threading.Lock()

    def read(self, batch: RowBatch, index: int) -> Draft:
        """Read one row, or fail."""
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
        return Draft(batch.numbers[index], external_id, [], "")

    def encode(self, draft: Draft) -> EncodedRow:
        """Make its item."""
        return EncodedRow(Item(draft.row_number, draft.external_id, b"0123456789"))


def batches_of(*groups: list[str], read: list[int] | None = None) -> Iterator[RowBatch]:
    """Batches with these IDs; notes how many were read."""
    first = 1
    for group in groups:
        if read is not None:
            read.append(len(group))
        numbers = list(range(first, first + len(group)))
        first += len(group)
        yield RowBatch(("id",), numbers, numbers, {"id": group})


class Compiling(SlowFirst):
    """An encoder whose rows need kernels that are not compiled.

    Args:
        stays: does not begin the second until it is set.
    """

    def __init__(self, stays: threading.Event | None = None) -> None:
        super().__init__()
        self.began = threading.Event()
        self.stays = stays
        self.ended = list[BaseException]()
        self.has_ended = threading.Event()

    def read(self, batch: RowBatch, index: int) -> Draft:
        """Read one row, once its kernels are there."""
        try:
            with compiling(0, 2, ""):
                self.began.set()
                assert self.stays is None or self.stays.wait(60)
            with compiling(1, 2, ""):
                pass
        except BaseException as error:
            self.ended.append(error)
            self.has_ended.set()
            raise
        return super().read(batch, index)


def run(
    batches: Iterator[RowBatch],
    encoder: SlowFirst | None = None,
    *,
    n_threads: int = 2,
    chunk_rows: int = 4,
    gate: Any = None,
    supply: MaskSupply | None = None,
    checkpoint: Callable[[], None] = lambda: None,
) -> AsyncGenerator[EncodedChunk]:
    """Encode with a gate that lets all through."""
    work = ChunkEncoder(cast("RowEncoder", encoder or SlowFirst()), gate or (lambda _rows, _index: None), "id", supply)
    return encode_rows(batches, work, n_threads=n_threads, chunk_rows=chunk_rows, checkpoint=checkpoint)


async def all_of(chunks: AsyncGenerator[EncodedChunk]) -> list[EncodedChunk]:
    """Every chunk."""
    async with aclosing(chunks):
        return [chunk async for chunk in chunks]


def alive(name: str) -> list[threading.Thread]:
    """Threads of that name."""
    return [thread for thread in threading.enumerate() if thread.name.startswith(name)]


async def test_order_and_chunks() -> None:
    """Rows come in file order, in chunks of bounded size, whatever their work takes; threads share it."""
    encoder = SlowFirst()
    groups = [[f"{group}-{number}" for number in range(9)] for group in range(8)]
    chunks = await all_of(run(batches_of(*groups), encoder, n_threads=3))

    ids = [result.item.external_id for chunk in chunks for _, result in chunk.results if isinstance(result, EncodedRow)]
    assert ids == [each for group in groups for each in group]
    assert {len(chunk.results) for chunk in chunks} == {4, 1}
    assert 1 < encoder.n_most <= 3
    assert all(name.startswith("prelabel-encode") for name in encoder.threads)
    assert all(chunk.encode_s > 0 for chunk in chunks)


async def test_failures_and_gate() -> None:
    """A row's error is that row's outcome; what the gate stops is not encoded."""
    stopped = RowOutcome(3, 3, "gate", "skipped", "why")
    rows = batches_of(["ok", "bad", "gate"])
    gate = lambda rows, index: stopped if rows.columns["id"][index] == "gate" else None  # noqa: E731
    (chunk,) = await all_of(run(rows, gate=gate))
    results = [result for _, result in chunk.results]

    assert isinstance(results[0], EncodedRow)
    assert results[1:] == [RowOutcome(2, 2, "bad", "failed", "no such option", "Type", code=Code.ROW_FAILED), stopped]


async def test_broken_lines_come_once() -> None:
    """With the first chunk of their batch, also when the batch has no rows at all."""
    broken = BrokenRow(9, 9, "x,y", RowError("too many cells"))
    many = RowBatch(("id",), [1, 2, 3], [1, 2, 3], {"id": ["a", "b", "c"]}, (broken,))
    none = RowBatch(("id",), [], [], {"id": []}, (broken,))
    chunks = await all_of(run(iter([many, none]), chunk_rows=2))

    assert [(len(chunk.results), chunk.broken) for chunk in chunks] == [(2, (broken,)), (1, ()), (0, (broken,))]
    assert chunks[1].read_s == 0


async def test_reading_does_not_run_ahead() -> None:
    """No more is read than the threads can soon use, however slow the caller is."""
    read: list[int] = []
    groups = [["x"] * 4 for _ in range(100)]
    async with aclosing(run(batches_of(*groups, read=read))) as chunks:
        await anext(chunks)
        await asyncio.sleep(0.1)
        assert len(read) <= 2 * 2 + 1


class Sources:
    """What a supply's sources tell the window."""

    def __init__(self, max_bytes: int) -> None:
        self.held = HeldBytes(max_bytes)


def supply_of(max_bytes: int, rows_ahead: int) -> MaskSupply:
    """A supply without masks, with its bounds."""
    return MaskSupply("mask", cast("Any", Sources(max_bytes)), cast("Any", None), cast("Any", None), rows_ahead)


async def test_rows_that_may_wait_are_read_ahead() -> None:
    """So many more, for masks that come from elsewhere."""
    read: list[int] = []
    groups = [["x"] * 4 for _ in range(100)]
    async with aclosing(run(batches_of(*groups, read=read), supply=supply_of(10**9, 80))) as chunks:
        await anext(chunks)
        assert 20 < len(read) <= (2 * 2 * 4 + 80) // 4 + 1


async def test_bytes_that_are_held_bound_what_is_read_ahead() -> None:
    """While too many are held, by masks or items, one chunk has to go before the next comes; items count till then."""
    read: list[int] = []
    supply = supply_of(200, 80)
    held = supply.sources.held
    held.add(200)
    async with aclosing(run(batches_of(*[["x"] * 4 for _ in range(100)], read=read), supply=supply)) as chunks:
        for n_taken in range(1, 5):
            await anext(chunks)
            assert len(read) == n_taken
        held.add(-200)
        await anext(chunks)
        await asyncio.sleep(0.1)
        assert held.n_bytes > 0
        assert sum([len(chunk.results) async for chunk in chunks]) == 400 - 5 * 4
    assert held.n_bytes == 0


async def test_a_bug_fails_its_row() -> None:
    """The others go on, and all threads end."""
    chunks = await all_of(run(batches_of(["ok", "bug", "ok"])))
    states = [getattr(result, "code", "item") for chunk in chunks for _, result in chunk.results]
    assert states == ["item", "fault-in-prelabel", "item"]
    assert not alive("prelabel-encode")


async def test_errors_of_reading_go_to_the_caller() -> None:
    """After the rows before them."""

    def broken() -> Iterator[RowBatch]:
        yield from batches_of(["a"] * 40)
        raise RowError("broken file")

    seen: list[EncodedChunk] = []

    async def take() -> None:
        async with aclosing(run(broken())) as chunks:
            async for chunk in chunks:
                seen.append(chunk)  # noqa: PERF401 - what came before the error counts

    with pytest.raises(RowError, match="broken file"):
        await take()
    assert seen


async def test_closing_early_leaves_no_thread() -> None:
    """What has not begun is dropped, and the threads end."""
    async with aclosing(run(batches_of(*[["x"] * 4 for _ in range(50)]))) as chunks:
        await anext(chunks)

    assert not alive("prelabel-encode")
    assert not alive("prelabel-read")
    assert len(asyncio.all_tasks()) == 1


async def test_the_loop_stays_free() -> None:
    """While rows are read and encoded, however long that takes."""

    def slow() -> Iterator[RowBatch]:
        for rows in batches_of(*[["x"] * 8 for _ in range(3)]):
            time.sleep(0.05)
            yield rows

    n_ticks = 0

    async def tick() -> None:
        nonlocal n_ticks
        while True:
            await asyncio.sleep(0.005)
            n_ticks += 1

    ticking = asyncio.create_task(tick())
    await all_of(run(slow()))
    ticking.cancel()

    assert n_ticks > 5


async def test_cancelling_lets_the_step_under_way_end() -> None:
    """Threads cannot be stopped midway: it ends, then they are gone."""
    events: list[str] = []
    loop, is_under_way = asyncio.get_running_loop(), asyncio.Event()

    class Slow(SlowFirst):
        def read(self, batch: RowBatch, index: int) -> Draft:
            events.append("begun")
            loop.call_soon_threadsafe(is_under_way.set)
            time.sleep(0.2)
            events.append("done")
            return super().read(batch, index)

    task = asyncio.create_task(all_of(run(batches_of(["a"]), Slow())))
    await is_under_way.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert events == ["begun", "done"]
    assert not alive("prelabel-encode")


def test_count_cores() -> None:
    """At least one."""
    assert count_cores() >= 1


async def test_nobody_waits_for_a_kernel_that_is_being_compiled() -> None:
    """Cancelled, the rows end at once; the thread ends after the kernel that it is at, and begins no other."""
    stays = threading.Event()
    encoder = Compiling(stays)

    async def take() -> None:
        async with aclosing(run(batches_of(["a", "b"]), encoder, n_threads=1)) as chunks:
            await anext(chunks)

    task = asyncio.create_task(take())
    await asyncio.to_thread(encoder.began.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert encoder.ended == []  # it is still at it
    stays.set()
    assert await asyncio.to_thread(encoder.has_ended.wait, 60)
    assert isinstance(encoder.ended[0], NobodyWaits)


async def test_rows_that_would_need_a_kernel_after_a_stop_are_not_sent() -> None:
    """A checkpoint that raises ends them as it says, without a fault in the log."""

    def stop() -> None:
        raise UploadUnavailable("the import had stopped: interrupted", surely_not_done=True, code=Code.NOT_SENT)

    async with aclosing(run(batches_of(["a"]), Compiling(), checkpoint=stop)) as chunks:
        [(_, outcome)] = (await anext(chunks)).results
    assert isinstance(outcome, RowOutcome)
    assert (outcome.state, outcome.code) == ("not sent", Code.NOT_SENT)
    assert outcome.reason == "the import had stopped: interrupted"
