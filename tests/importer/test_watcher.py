"""What watchers of a run are told, and when, in time that costs nothing."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from msgspec.structs import replace

from hub.free_time import FreeTimeLoop
from prelabel.hub.rate_limit import Pace
from prelabel.importer.watcher import Speed, Watcher
from prelabel.outcomes.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from prelabel.hub.client import HubClient

NOTHING = Progress(None, 0, 0, 0, 0, 0, 0.0)


class Run:
    """A run in free time whose requests bring some rows in each."""

    def __init__(self, n_rows: int, rows_per_request: int, requests_per_minute: int = 100) -> None:
        self.seen: list[Progress] = []
        self.progress = replace(NOTHING, n_rows=n_rows)
        self.pace = Pace(requests_per_minute)
        self._rows_per_request = rows_per_request
        self._began = asyncio.get_running_loop().time()
        hub = SimpleNamespace(pace=self.pace, transport=SimpleNamespace(n_requests=3))
        told = self.seen.append
        self.watcher = Watcher(told, self._counts, cast("HubClient", hub), lambda: rows_per_request)

    def elapsed_s(self) -> float:
        """Seconds since the start."""
        return asyncio.get_running_loop().time() - self._began

    def _counts(self) -> Progress:
        return replace(self.progress, elapsed_s=self.elapsed_s())

    async def send(self, n_requests: int, latency_s: float = 0.01) -> None:
        """Send requests one after the other, as the pace allows."""
        for _ in range(n_requests):
            async with self.pace.turn():
                await asyncio.sleep(latency_s)
            self.progress = replace(self.progress, n_imported=self.progress.n_imported + self._rows_per_request)
            self.watcher.tell()


def in_free_time(run: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine function in a loop whose time costs nothing."""
    with asyncio.Runner(loop_factory=FreeTimeLoop) as runner:
        runner.run(run())


def test_waiting_for_the_limit_is_told_each_second_and_truly() -> None:
    """130 requests at 100 a minute: a minute of nothing but waiting counts down, and so does the time left."""

    async def run() -> None:
        work = Run(n_rows=260, rows_per_request=2)
        async with work.watcher.ticking():
            await work.send(130)
        end_s, seen = work.elapsed_s(), work.seen
        assert all(later.elapsed_s - each.elapsed_s <= 1 for each, later in pairwise(seen))
        assert max(each.n_last_minute for each in seen) == 100
        waiting = [each for each in seen if each.waiting_for == "limit" and each.waiting_s >= 1]
        assert len(waiting) > 50
        for each in waiting:
            assert each.elapsed_s + each.waiting_s == pytest.approx(60, abs=0.1)
            assert "at most 100 requests a minute" in each.wait_text
        for each in seen[10:-1]:
            assert each.left_s is not None
            assert each.elapsed_s + each.left_s == pytest.approx(end_s, abs=0.5)
        assert (seen[-1].left_s, seen[-1].n_requests, seen[-1].requests_per_minute) == (None, 3, 100)

    in_free_time(run)


@pytest.mark.parametrize(
    ("n_done", "n_sent", "left_s"),
    [
        (10_000, 100, 540),  # the first minute's burst: 900 requests are still to come, 100 a minute
        (15_000, 50, 480),  # half of this minute's are free
        (99_000, 60, 0),  # the last requests are free
        (95_100, 60, 60),  # the last but nine are
    ],
)
def test_the_time_left_knows_the_pace(n_done: int, n_sent: int, left_s: float) -> None:
    """What the limit will cost is told from the start, and counts where nothing else is slower."""

    async def run() -> None:
        work = Run(n_rows=100_000, rows_per_request=100)
        work.watcher.tell()
        await work.send(n_sent, latency_s=0.0)
        await asyncio.sleep(0.01)
        work.progress = replace(work.progress, n_imported=n_done)
        work.watcher.tell()
        assert work.seen[-1].left_s == pytest.approx(left_s, abs=0.2)

    in_free_time(run)


def test_the_time_left_is_by_the_speed_where_that_is_less() -> None:
    """Masks are slower than the Hub; rows of earlier runs, which end at once, and rows not sent promise nothing."""

    async def run() -> None:
        work = Run(n_rows=1000, rows_per_request=100)
        work.watcher.tell()
        work.progress = replace(work.progress, n_imported=500, n_earlier=500)
        work.watcher.tell()
        assert work.seen[-1].left_s is None
        await asyncio.sleep(10)
        work.progress = replace(work.progress, n_imported=520, n_masks=20)
        work.watcher.tell()
        assert work.seen[-1].left_s == pytest.approx(240)
        assert work.seen[-1].masks_per_s == pytest.approx(2)
        work.progress = replace(work.progress, n_not_sent=1)
        work.watcher.tell()
        assert work.seen[-1].left_s is None

    in_free_time(run)


def test_what_the_hub_asks_for_is_told() -> None:
    """A hold is waited out by all, and told as the Hub's wish; a pause before another try as that."""

    async def run() -> None:
        work = Run(n_rows=10, rows_per_request=1)
        async with work.watcher.ticking():
            work.pace.hold(20)
            await work.send(1)
            await work.pace.pause(10)
        assert [each.waiting_for for each in work.seen].count("hub") >= 19
        assert [each.waiting_for for each in work.seen].count("retry") >= 9
        asked = next(each for each in work.seen if each.waiting_for == "hub")
        assert asked.elapsed_s + asked.waiting_s == pytest.approx(20, abs=0.1)

    in_free_time(run)


def test_a_kernel_is_told_until_the_run_comes_further() -> None:
    """The clock does not know when it is ready."""

    async def run() -> None:
        work = Run(n_rows=10, rows_per_request=1)
        async with work.watcher.ticking(1.0):
            work.watcher.tell_of_compiling("fill")
            await asyncio.sleep(2.5)
            work.watcher.tell()
        assert [each.compiling for each in work.seen] == ["fill", "fill", "fill", ""]

    in_free_time(run)


def test_without_a_hub_there_is_only_speed() -> None:
    """A convert of files waits for nobody."""
    seen = list[Progress]()
    counts = iter([replace(NOTHING, n_rows=9, elapsed_s=2.0), replace(NOTHING, n_rows=9, n_imported=3, elapsed_s=5.0)])
    watcher = Watcher(seen.append, lambda: next(counts))
    watcher.tell()
    watcher.tell()
    assert (seen[-1].left_s, seen[-1].requests_per_minute, seen[-1].wait_text) == (6.0, None, "")


def test_nobody_watches() -> None:
    """Nothing is counted then."""

    async def run() -> None:
        watcher = Watcher(None, lambda: pytest.fail("nobody asked"))
        async with watcher.ticking():
            await asyncio.sleep(10)
            watcher.tell()
            watcher.tell_of_compiling("fill")

    in_free_time(run)


def test_a_watcher_that_fails_is_not_hidden() -> None:
    """What it raises by the clock comes out at the end."""

    async def run() -> None:
        def fail(_: Progress) -> None:
            raise OSError("no room")

        with pytest.raises(OSError, match="no room"):
            async with Watcher(fail, lambda: NOTHING).ticking():
                await asyncio.sleep(10)

    in_free_time(run)


def test_a_speed_is_that_of_late() -> None:
    """What was before the first is no part of it, nor what is longer ago than the window."""
    speed = Speed(60.0)
    assert speed.update(0.0, 0, has_begun=False) == 0
    assert speed.update(100.0, 0, has_begun=False) == 0
    assert speed.update(110.0, 20, has_begun=True) == 2
    assert speed.update(170.0, 200, has_begun=True) == 3
    assert speed.update(300.0, 200, has_begun=True) == 0


def test_a_batch_may_take_longer_than_the_window() -> None:
    """The time left is then by the speed of the whole run."""

    async def run() -> None:
        work = Run(n_rows=200, rows_per_request=100)
        work.watcher.tell()
        await asyncio.sleep(80)
        await work.send(1)
        for _ in range(4):
            await asyncio.sleep(20)
            work.watcher.tell()
        assert work.seen[-1].left_s == pytest.approx(160, abs=1)

    in_free_time(run)
