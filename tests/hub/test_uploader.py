"""Batches to receipts: concurrency, failures, 413, stopping, cancelling."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.errors import BatchTooLarge, UploadError, UploadRefused, UploadUnavailable
from prelabel.hub.batches import n_bytes_of
from prelabel.hub.client import ImportAck
from prelabel.hub.uploader import Uploader
from prelabel.model import Batch, BatchFailure, Item, Receipt

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence


def batch_of(number: int, *sizes: int) -> Batch:
    """A batch whose items name themselves in their bodies, padded to a size."""
    items = tuple(
        Item(number * 100 + index, f"{number}-{index}", f"{number}-{index}".encode().ljust(size, b"."))
        for index, size in enumerate(sizes)
    )
    return Batch(number, items, n_bytes_of(items))


def rows_of(outcomes: Sequence[Receipt | BatchFailure]) -> list[int]:
    """The row numbers the outcomes name, sorted."""
    return sorted(item.row_number for outcome in outcomes for item in outcome.batch.items)


def uploading(
    send: Callable[[Sequence[bytes]], Awaitable[ImportAck]],
    on_outcome: Callable[[Receipt | BatchFailure], None],
    **options: Any,
) -> Uploader:
    """An uploader whose sender knows only bodies."""

    async def settle(outcome: Receipt | BatchFailure) -> None:
        on_outcome(outcome)

    return Uploader(lambda batch: send([item.body for item in batch.items]), settle, **options)


async def acknowledge(bodies: Sequence[bytes]) -> ImportAck:
    """A Hub that takes everything."""
    return ImportAck(len(bodies), len(bodies), 1)


async def test_receipts() -> None:
    """Each batch ends in one receipt with the Hub's numbers; bodies arrive in order."""
    sent: list[Sequence[bytes]] = []
    outcomes: list[Receipt | BatchFailure] = []

    async def send(bodies: Sequence[bytes]) -> ImportAck:
        sent.append(bodies)
        return ImportAck(1, 2, 3)

    batches = [batch_of(1, 5, 5), batch_of(2, 5)]
    async with uploading(send, outcomes.append) as uploader:
        for batch in batches:
            await uploader.put(batch)

    assert sent == [[b"1-0..", b"1-1.."], [b"2-0.."]]
    assert outcomes == [Receipt(batch, 1, 2, 3) for batch in batches]


async def test_bounded_concurrency() -> None:
    """So many are in flight at once and no more; putting waits."""
    n_now = n_most = 0

    async def send(bodies: Sequence[bytes]) -> ImportAck:
        nonlocal n_now, n_most
        n_now += 1
        n_most = max(n_most, n_now)
        await asyncio.sleep(0.01)
        n_now -= 1
        return ImportAck(None, None)

    outcomes: list[Receipt | BatchFailure] = []
    async with uploading(send, outcomes.append, max_in_flight=3) as uploader:
        for number in range(1, 11):
            await uploader.put(batch_of(number, 1))
            assert len(outcomes) >= number - 3

    assert n_most == 3
    assert len(outcomes) == 10


@given(bad=st.sets(st.integers(0, 19), max_size=5), status=st.sampled_from([400, 404, 422]))
def test_a_refused_batch_is_split_until_the_bad_rows_stand_alone(bad: set[int], status: int) -> None:
    """The others are in, each once; what it costs is bounded; what was refused is told before it is sent."""

    async def run() -> None:
        sent: list[int] = []
        told: list[int] = []

        async def send(bodies: Sequence[bytes]) -> ImportAck:
            sent.append(len(bodies))
            if any(int(body.rstrip(b".").split(b"-")[1]) in bad for body in bodies):
                raise UploadRefused("bad row", status=status)
            return ImportAck(len(bodies), len(bodies))

        async def tell(batch: Batch) -> None:
            told.append(len(batch.items))

        outcomes: list[Receipt | BatchFailure] = []
        async with uploading(send, outcomes.append, before_sending=tell) as uploader:
            await uploader.put(batch_of(1, *[5] * 20))

        assert rows_of(outcomes) == list(range(100, 120))
        failed = [outcome for outcome in outcomes if isinstance(outcome, BatchFailure)]
        assert rows_of(failed) == sorted(100 + index for index in bad)
        assert all(str(outcome.error) == "bad row" for outcome in failed)
        assert sent == told
        assert len(sent) <= 1 + 2 * 5 * len(bad)
        assert uploader.stopped is None

    asyncio.run(run())


@given(bad=st.integers(0, 99))
def test_a_batch_at_which_the_hub_fails_is_split_too(bad: int) -> None:
    """A row that makes the Hub fall over stands alone in the end; the others are in, and the run goes on."""

    async def run() -> None:
        n_sent = 0

        async def send(bodies: Sequence[bytes]) -> ImportAck:
            nonlocal n_sent
            n_sent += 1
            if any(body.rstrip(b".") == b"1-%d" % bad for body in bodies):
                raise UploadUnavailable("internal error", status=500)
            return ImportAck(len(bodies), len(bodies))

        outcomes: list[Receipt | BatchFailure] = []
        async with uploading(send, outcomes.append, max_in_flight=1) as uploader:
            await uploader.put(batch_of(1, *[5] * 100))
            await uploader.put(batch_of(2, 5))

        failed = [outcome for outcome in outcomes if isinstance(outcome, BatchFailure)]
        assert rows_of(failed) == [100 + bad]
        assert len(rows_of(outcomes)) == 101
        assert n_sent <= 2 + 2 * 7
        assert uploader.stopped is None

    asyncio.run(run())


async def test_an_outage_is_not_taken_for_bad_rows() -> None:
    """When nothing gets through any more, splitting ends soon, and so does the run."""
    n_sent = 0

    async def send(_: Sequence[bytes]) -> ImportAck:
        nonlocal n_sent
        n_sent += 1
        raise UploadUnavailable("internal error", status=500)

    outcomes: list[Receipt | BatchFailure] = []
    async with uploading(send, outcomes.append, max_in_flight=1) as uploader:
        for number in range(1, 11):
            await uploader.put(batch_of(number, *[5] * 100))

    assert n_sent <= 8 + 3
    assert len(rows_of(outcomes)) == 1000
    assert uploader.stopped is not None


async def test_splitting_ends_where_everything_is_refused() -> None:
    """A thousand bad rows do not cost a thousand requests; what is left unsplit fails together."""
    n_sent = 0

    async def send(_: Sequence[bytes]) -> ImportAck:
        nonlocal n_sent
        n_sent += 1
        raise UploadRefused("no such project", status=400)

    outcomes: list[Receipt | BatchFailure] = []
    async with uploading(send, outcomes.append) as uploader:
        for number in range(1, 11):
            await uploader.put(batch_of(number, *[5] * 100))

    assert n_sent == 10 + 2 * 64
    assert len(rows_of(outcomes)) == 1000


async def test_other_refusals_do_not_split() -> None:
    """What no row can be blamed for fails whole, and the next batch is tried."""

    async def send(bodies: Sequence[bytes]) -> ImportAck:
        if bodies[0].startswith(b"2"):
            raise UploadRefused("redirected", status=302)
        return ImportAck(1, 1)

    outcomes: list[Receipt | BatchFailure] = []
    async with uploading(send, outcomes.append, max_in_flight=1) as uploader:
        for number in (1, 2, 3):
            await uploader.put(batch_of(number, 3, 3))

    assert [type(outcome) for outcome in outcomes] == [Receipt, BatchFailure, Receipt]


async def test_stopping() -> None:
    """What is on its way ends as it ends; what comes later fails unsent with the reason."""
    sent: list[bytes] = []

    async def send(bodies: Sequence[bytes]) -> ImportAck:
        sent.append(bodies[0])
        await asyncio.sleep(0.05)
        return ImportAck(1, 1)

    outcomes: list[Receipt | BatchFailure] = []
    async with uploading(send, outcomes.append, max_in_flight=1) as uploader:
        await uploader.put(batch_of(1, 3))
        await asyncio.sleep(0.01)
        uploader.stop(UploadUnavailable("interrupted"))
        uploader.stop(UploadUnavailable("a second reason"))
        await uploader.put(batch_of(2, 3))

    first, second = outcomes
    assert sent == [b"1-0"]
    assert isinstance(first, Receipt)
    assert isinstance(second, BatchFailure)
    assert str(second.error) == "the import had stopped: interrupted"


@pytest.mark.parametrize("status", [401, 403, 451])
async def test_a_refused_key_stops_the_run(status: int) -> None:
    """Later batches fail at once, unsent."""
    n_sent = 0

    async def send(_: Sequence[bytes]) -> ImportAck:
        nonlocal n_sent
        n_sent += 1
        raise UploadRefused("bad key", status=status)

    outcomes: list[Receipt | BatchFailure] = []
    async with uploading(send, outcomes.append, max_in_flight=1) as uploader:
        for number in range(1, 6):
            await uploader.put(batch_of(number, 1))

    assert n_sent == 1
    assert len(outcomes) == 5
    assert uploader.stopped is not None
    assert uploader.stopped.status == status


async def test_a_stop_ends_a_halved_batch_too() -> None:
    """Pieces that were still to be sent fail unsent."""
    n_sent = 0

    async def send(_: Sequence[bytes]) -> ImportAck:
        nonlocal n_sent
        n_sent += 1
        raise UploadRefused("bad key", status=401)

    outcomes: list[Receipt | BatchFailure] = []
    async with uploading(send, outcomes.append, max_bytes=30) as uploader:
        await uploader.put(batch_of(1, *[9] * 8))

    assert n_sent == 1
    assert rows_of(outcomes) == list(range(100, 108))


async def test_a_dead_hub_stops_the_run() -> None:
    """After three batches running; a success between them starts the count again."""
    script = iter([False, False, True, False, False, False, True, True])
    sent = []

    async def send(bodies: Sequence[bytes]) -> ImportAck:
        sent.append(bodies)
        if not next(script):
            raise UploadUnavailable("down", status=503)
        return ImportAck(1, 1)

    outcomes: list[Receipt | BatchFailure] = []
    async with uploading(send, outcomes.append, max_in_flight=1) as uploader:
        for number in range(1, 9):
            await uploader.put(batch_of(number, 1))

    assert len(sent) == 6
    assert [isinstance(outcome, Receipt) for outcome in outcomes] == [False, False, True] + [False] * 5
    assert str(uploader.stopped) == "down"


@given(sizes=st.lists(st.integers(5, 60), min_size=1, max_size=12), limit=st.integers(20, 200))
def test_413_halves_and_remembers(sizes: list[int], limit: int) -> None:
    """Whatever fits goes in, what does not fails alone, and no refused size is tried again."""

    async def run() -> None:
        refused: list[int] = []

        async def send(bodies: Sequence[bytes]) -> ImportAck:
            n_bytes = sum(len(body) + 1 for body in bodies)
            assert len(bodies) == 1 or all(n_bytes < before for before in refused)
            if n_bytes > limit:
                refused.append(n_bytes)
                raise BatchTooLarge("too large", status=413)
            return ImportAck(len(bodies), len(bodies))

        outcomes: list[Receipt | BatchFailure] = []
        async with uploading(send, outcomes.append, max_in_flight=1) as uploader:
            for number in (1, 2):
                await uploader.put(batch_of(number, *sizes))

        assert rows_of(outcomes) == sorted(100 * number + index for number in (1, 2) for index in range(len(sizes)))
        for outcome in outcomes:
            if isinstance(outcome, BatchFailure):
                assert [len(item.body) + 1 > limit for item in outcome.batch.items] == [True]
                assert "raise polygon_simplification_tolerance or min_area" in str(outcome.error)
        if refused:
            assert uploader.max_bytes <= max(refused)

    asyncio.run(run())


async def test_large_batches_are_halved_before_they_are_sent() -> None:
    """A bound known beforehand costs no refusal."""
    sent: list[int] = []

    async def send(bodies: Sequence[bytes]) -> ImportAck:
        sent.append(len(bodies))
        return ImportAck(None, None)

    outcomes: list[Receipt | BatchFailure] = []
    async with uploading(send, outcomes.append, max_bytes=50) as uploader:
        await uploader.put(batch_of(1, *[9] * 12))

    assert sent == [3, 3, 3, 3]
    assert len(rows_of(outcomes)) == 12


async def test_prepared_batches() -> None:
    """What prepare yields is sent; its failures fail the batch; it may leave nothing to send."""
    events: list[str] = []

    @asynccontextmanager
    async def prepare(batch: Batch) -> AsyncIterator[Sequence[Batch]]:
        if batch.number == 2:
            raise UploadUnavailable("cannot read", status=500)
        yield (batch,) if batch.number == 1 else (Batch(batch.number, (), 0),)
        events.append(f"left {batch.number}")

    def note(outcome: Receipt | BatchFailure) -> None:
        events.append(f"{type(outcome).__name__} {outcome.batch.number}")

    async with uploading(acknowledge, note, prepare=prepare, max_in_flight=1) as uploader:
        for number in (1, 2, 3):
            await uploader.put(batch_of(number, 1))

    assert events == ["Receipt 1", "left 1", "BatchFailure 2", "left 3"]


async def test_cancelling_leaves_nothing_running() -> None:
    """Cancelled while batches are in flight and one is waiting: every request ends, and no task is left."""
    ended: list[bytes] = []

    async def send(bodies: Sequence[bytes]) -> ImportAck:
        try:
            await asyncio.sleep(30)
        finally:
            ended.append(bodies[0])
        raise AssertionError("not reached")

    outcomes: list[Receipt | BatchFailure] = []

    async def run() -> None:
        async with uploading(send, outcomes.append, max_in_flight=2) as uploader:
            for number in (1, 2, 3):
                await uploader.put(batch_of(number, 3))

    task = asyncio.create_task(run())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert sorted(ended) == [b"1-0", b"2-0"]
    assert outcomes == []
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("where", ["body", "on_outcome", "send"])
async def test_bugs_and_callers_errors_come_out_as_they_are(where: str) -> None:
    """One error, not a group, from wherever it comes; what is in flight is cancelled."""

    def on_outcome(_: object) -> None:
        if where == "on_outcome":
            raise ValueError("mine")

    async def send(bodies: Sequence[bytes]) -> ImportAck:
        if where == "send":
            raise ValueError("mine")
        return await acknowledge(bodies)

    async def run() -> None:
        async with uploading(send, on_outcome) as uploader:
            await uploader.put(batch_of(1, 1))
            if where == "body":
                raise ValueError("mine")
            await asyncio.sleep(30)

    with pytest.raises(ValueError, match="mine"):
        await run()


async def test_a_kept_error_names_its_attempts() -> None:
    """The row that is too large alone keeps status and tries."""

    async def send(_: Sequence[bytes]) -> ImportAck:
        raise BatchTooLarge("too large", status=413, attempts=2)

    outcomes: list[Receipt | BatchFailure] = []
    async with uploading(send, outcomes.append) as uploader:
        await uploader.put(batch_of(1, 10))

    (failure,) = outcomes
    assert isinstance(failure, BatchFailure)
    error: UploadError = failure.error
    assert (type(error), error.status, error.attempts) == (UploadRefused, 413, 2)
    assert str(error).startswith("the row's labels take 11 bytes")
