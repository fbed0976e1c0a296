"""The rate limit, in time that costs nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.scripted import FreeTimeLoop
from prelabel.hub.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


def timed(run: Callable[[FreeTimeLoop], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine function in a loop of free time."""
    with asyncio.Runner(loop_factory=FreeTimeLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, FreeTimeLoop)
        runner.run(run(loop))


async def starts(pace: Pace, n_requests: int, n_callers: int) -> list[float]:
    """When requests of several callers start, in seconds from now."""
    loop = asyncio.get_running_loop()
    begun, times = loop.time(), []

    async def call(n_calls: int) -> None:
        for _ in range(n_calls):
            await pace.wait()
            times.append(loop.time() - begun)

    await asyncio.gather(*(call(n_requests // n_callers) for _ in range(n_callers)))
    return sorted(times)


@given(limit=st.integers(1, 200), n_callers=st.integers(1, 8), n_minutes=st.integers(1, 4))
def test_never_more_than_the_limit_in_any_minute(limit: int, n_callers: int, n_minutes: int) -> None:
    """However many ask, any window of a minute has at most the plan's requests."""

    async def run(_: FreeTimeLoop) -> None:
        times = await starts(Pace(limit), (limit * n_minutes // n_callers) * n_callers, n_callers)
        for first, later in zip(times, times[limit:], strict=False):
            assert later - first >= 60 - 1e-6

    timed(run)


def test_small_imports_do_not_wait_and_large_ones_get_most_of_the_plan() -> None:
    """The first twenty of a hundred go at once; then eighty a minute."""

    async def run(_: FreeTimeLoop) -> None:
        pace = Pace(100)
        first = await starts(pace, 20, 4)
        assert first[-1] == 0
        assert pace.waited_s == 0
        rest = await starts(pace, 800, 4)
        assert rest[-1] == pytest.approx(600, rel=0.01)
        assert pace.waited_s == pytest.approx(600, rel=0.01)

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


def test_cancelled_waiters_leave_no_trace() -> None:
    """A cancelled wait ends the count of waiting time."""

    async def run(loop: FreeTimeLoop) -> None:
        pace = Pace(10)
        pace.hold(100)
        task = asyncio.create_task(pace.wait())
        await asyncio.sleep(40)
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(1000)
        assert pace.waited_s == pytest.approx(40)
        await pace.wait()
        assert pace.waited_s == pytest.approx(40)

    timed(run)
