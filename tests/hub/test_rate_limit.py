"""The rate limit, in time that costs nothing."""

from __future__ import annotations

import asyncio
from itertools import cycle
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.free_time import FreeTimeLoop
from prelabel.errors import UploadUnavailable
from prelabel.hub.rate_limit import Pace, Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


def timed(run: Callable[[FreeTimeLoop], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine function in a loop of free time."""
    with asyncio.Runner(loop_factory=FreeTimeLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, FreeTimeLoop)
        runner.run(run(loop))


async def starts(pace: Pace, n_requests: int, n_callers: int, latency_s: float = 0.0) -> list[float]:
    """When requests of several callers start, in seconds from now."""
    loop = asyncio.get_running_loop()
    begun, times = loop.time(), []

    async def call(n_calls: int) -> None:
        for _ in range(n_calls):
            async with pace.turn() as started:
                times.append(started - begun)
                await asyncio.sleep(latency_s)

    await asyncio.gather(*(call(n_requests // n_callers) for _ in range(n_callers)))
    return sorted(times)


def waiting_for(pace: Pace) -> tuple[str, float]:
    """What requests wait for, and how long."""
    return pace.wait.reason, round(pace.wait.seconds, 3)


@st.composite
def latencies(draw: st.DrawFn) -> list[tuple[float, float]]:
    """Pairs: seconds until the Hub counts a request (two at most), seconds from there to its answer."""
    return draw(st.lists(st.tuples(st.floats(0, 2), st.floats(0, 90)), min_size=1, max_size=20))


@given(limit=st.integers(1, 40), n_callers=st.integers(1, 8), n_minutes=st.integers(1, 4), delays=latencies())
def test_never_more_than_the_limit_in_any_minute(
    limit: int, n_callers: int, n_minutes: int, delays: list[tuple[float, float]]
) -> None:
    """However many ask and however slow the network: any minute of the Hub's has at most the plan's requests."""

    async def run(loop: FreeTimeLoop) -> None:
        pace, turns, arrivals = Pace(limit), cycle(delays), []

        async def call() -> None:
            for _ in range(limit * n_minutes // n_callers + 1):
                async with pace.turn():
                    there_s, back_s = next(turns)
                    await asyncio.sleep(there_s)
                    arrivals.append(loop.time())
                    await asyncio.sleep(back_s)

        await asyncio.gather(*(call() for _ in range(n_callers)))
        arrivals.sort()
        for first, later in zip(arrivals, arrivals[limit:], strict=False):
            assert later - first >= 60 - 1e-6

    timed(run)


def test_small_imports_do_not_wait() -> None:
    """The first hundred of a hundred a minute go at once."""

    async def run(_: FreeTimeLoop) -> None:
        pace = Pace(100)
        assert (await starts(pace, 100, 4))[-1] == 0
        assert pace.waited_s == 0

    timed(run)


@pytest.mark.parametrize(("latency_s", "share"), [(0.0, 1.0), (0.3, 0.99), (20.0, 0.95)])
def test_long_imports_get_the_whole_plan(latency_s: float, share: float) -> None:
    """A paced hour, requests that take their time included: what the plan allows is used."""

    async def run(_: FreeTimeLoop) -> None:
        pace = Pace(100)
        times = await starts(pace, 6000, 40, latency_s)
        assert 6000 / (times[-1] + 60) >= 100 / 60 * share
        assert pace.waited_s <= times[-1] + 1e-6

    timed(run)


def test_all_places_taken_by_open_requests() -> None:
    """A limit of one: the second waits for the first's answer and a minute from then, or from its lag."""

    async def run(_: FreeTimeLoop) -> None:
        assert await starts(Pace(1), 2, 2, latency_s=1.5) == [0, pytest.approx(61.5, abs=0.01)]
        assert await starts(Pace(1), 2, 2, latency_s=100) == [0, pytest.approx(100)]

    timed(run)


def test_429_narrows_the_window_and_it_grows_back_slowly() -> None:
    """Once for all the requests it concerns; never above the setting again; a fiftieth a minute."""

    async def run(loop: FreeTimeLoop) -> None:
        pace = Pace(100)
        async with pace.turn() as first:
            pace.slow_down(first)  # an earlier run's requests may be counted still
        assert pace.requests_per_minute == 100
        await asyncio.sleep(61)
        started = loop.time()
        for _ in range(3):
            pace.slow_down(started)
        assert pace.requests_per_minute == pytest.approx(70)
        assert len([t for t in await starts(pace, 200, 4) if t < 60 - 1e-6]) in {70, 71}
        await asyncio.sleep(600)
        await starts(pace, 1, 1)
        assert 90 < pace.requests_per_minute < 100
        await asyncio.sleep(3600)
        await starts(pace, 1, 1)
        assert pace.requests_per_minute == 100
        for _ in range(100):
            await asyncio.sleep(1)
            pace.slow_down(loop.time())
        assert pace.requests_per_minute >= 1

    timed(run)


def test_hold_stops_everybody() -> None:
    """After a hold no request starts before its end, however it grows while they wait."""

    async def run(loop: FreeTimeLoop) -> None:
        pace = Pace(1000)
        pace.hold(30)
        loop.call_later(20, pace.hold, 25)
        times = await starts(pace, 6, 3)
        assert times[0] == pytest.approx(45)
        assert pace.waited_s == pytest.approx(45)

    timed(run)


def test_what_is_waited_for_and_how_long_is_known() -> None:
    """The limit, the Hub's wish, another try; nothing where nobody waits, nor where others must be answered first."""

    async def run(loop: FreeTimeLoop) -> None:
        pace = Pace(2)
        assert pace.wait == Wait()
        await starts(pace, 2, 1)
        assert pace.n_last_minute == 2
        waiting = asyncio.create_task(starts(pace, 1, 1))
        await asyncio.sleep(20)
        assert waiting_for(pace) == ("limit", 40.0)
        pace.hold(50)
        assert waiting_for(pace) == ("hub", 50.0)
        assert pace.waited_s == pytest.approx(20)
        await waiting
        assert pace.wait == Wait()
        pauses = [asyncio.create_task(pace.pause(seconds)) for seconds in (30, 15)]
        await asyncio.sleep(1)
        assert waiting_for(pace) == ("retry", 14.0)
        await asyncio.gather(*pauses)
        assert pace.wait == Wait()
        await asyncio.sleep(60)
        async with pace.turn(), pace.turn():
            waiting = asyncio.create_task(starts(pace, 1, 1))
            await asyncio.sleep(1)
            assert pace.wait == Wait()
        await waiting

    timed(run)


@given(limit=st.integers(1, 12), n_before=st.integers(0, 20), later_s=st.floats(0, 70), n=st.integers(1, 40))
def test_when_a_request_can_start_is_known(limit: int, n_before: int, later_s: float, n: int) -> None:
    """Requests that start as early as they may start when it was said they could."""

    async def run(loop: FreeTimeLoop) -> None:
        pace = Pace(limit)
        await starts(pace, n_before, 1)
        await asyncio.sleep(later_s)
        said = pace.seconds_until(n)
        assert (await starts(pace, n, 1))[-1] == pytest.approx(said, abs=0.1)

    timed(run)


def test_a_narrowed_window_is_reckoned_with() -> None:
    """After a 429 a third of those who were let through must be a minute ago before the next one may start."""

    async def run(loop: FreeTimeLoop) -> None:
        pace = Pace(10)
        async with pace.turn():
            pass
        await asyncio.sleep(61)
        for _ in range(10):
            await starts(pace, 1, 1)
            await asyncio.sleep(1)
        pace.slow_down(loop.time())
        assert int(pace.requests_per_minute) == 7
        said = pace.seconds_until(1)
        assert said == pytest.approx(53)
        assert await starts(pace, 1, 1) == [pytest.approx(said, abs=1)]

    timed(run)


def test_closing_tells_all_who_wait() -> None:
    """Waiting requests and pauses end at once; requests under way are left alone; nothing starts afterwards."""

    async def run(loop: FreeTimeLoop) -> None:
        pace, begun = Pace(1), loop.time()
        loop.call_later(5, pace.close, "interrupted")
        waiting = [asyncio.create_task(starts(pace, 1, 1)) for _ in range(2)]
        async with pace.turn():
            await pace.pause(1000)
            assert loop.time() - begun == pytest.approx(5)
            results = await asyncio.gather(*waiting, return_exceptions=True)
        for result in results:
            assert isinstance(result, UploadUnavailable)
            assert result.surely_not_done
            assert "the import had stopped: interrupted" in str(result)
        with pytest.raises(UploadUnavailable):
            await starts(pace, 1, 1)

    timed(run)


def test_cancelled_waiters_leave_no_trace() -> None:
    """A cancelled wait ends the count of waiting time."""

    async def run(loop: FreeTimeLoop) -> None:
        pace = Pace(10)
        pace.hold(100)
        task = asyncio.create_task(starts(pace, 1, 1))
        await asyncio.sleep(40)
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(1000)
        assert pace.waited_s == pytest.approx(40)
        await starts(pace, 1, 1)
        assert pace.waited_s == pytest.approx(40)

    timed(run)
