"""The rate limit: one sliding window for all calls of a run, which narrows when the Hub says "too many".

A window of our own and not aiolimiter's leaky bucket, whose burst and refill add up to more than the limit within a
minute unless a fifth of it is given away (docs/decisions/0006-pace.md).
"""

from __future__ import annotations

import asyncio
import heapq
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from prelabel.codes import Code
from prelabel.errors import UploadUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from prelabel.model import WaitingFor

WINDOW_S = 60.0
_CUT = 0.7
_RECOVERY_PER_MINUTE = 0.02
_SHORTEST_WAIT_S = 0.001  # timers tell no shorter ones apart


class Wait(NamedTuple):
    """What requests wait for, and how many seconds more; for nothing where none does."""

    seconds: float = 0.0
    reason: WaitingFor = ""


class Pace:
    """Lets at most ``requests_per_minute`` requests reach the Hub in any minute, the first of them at once.

    The Hub counts a request when it arrives: after it starts here and before its answer is back. So a request keeps
    its place in the window until a minute after its answer, or after ``lag_s`` if that is earlier.

    A 429 narrows the window for good: it grows back by a fiftieth of the setting a minute, never beyond it.

    Args:
        requests_per_minute: the plan's limit.
        lag_s: the longest that a request is thought to travel before the Hub counts it.

    Attributes:
        closed: why no request may start any more, empty while they may.
    """

    def __init__(self, requests_per_minute: float, *, lag_s: float = 2.0) -> None:
        self.closed = ""
        self._limit = self._allowed = float(requests_per_minute)
        self._lag_s = lag_s
        self._counted: list[float] = []  # a heap: when the answered requests were counted at the latest
        self._n_open = 0
        self._turn = asyncio.Lock()  # first come, first served
        self._changed = asyncio.Event()
        self._ended = asyncio.Event()
        self._not_before = 0.0
        self._first_start: float | None = None
        self._last_cut = self._grown_at = 0.0
        self._n_waiting = 0
        self._waited_s = self._waiting_since = 0.0
        self._clock = time.monotonic  # the loop's, as soon as somebody waits in one
        self._pauses: list[float] = []  # when those end that wait to try again

    @property
    def requests_per_minute(self) -> float:
        """Requests a minute that are allowed now."""
        return self._allowed

    @property
    def waited_s(self) -> float:
        """Wall-clock seconds in which at least one request waited here."""
        return self._waited_s + (self._clock() - self._waiting_since if self._n_waiting else 0.0)

    @property
    def n_last_minute(self) -> int:
        """Requests that count as sent within the last minute: never more than were allowed."""
        self._forget(asyncio.get_running_loop().time())
        return self._n_open + len(self._counted)

    @property
    def wait(self) -> Wait:
        """What requests wait for now; for nothing that is known, where it is for others to be answered first."""
        now = asyncio.get_running_loop().time()
        if self._not_before > now and (self._n_waiting or self._pauses):
            return Wait(self._not_before - now, "hub")
        if self._n_waiting and (wait_s := self._until_free_s(0)):
            return Wait(wait_s, "limit")
        if self._pauses:
            return Wait(max(0.0, min(self._pauses) - now), "retry")
        return Wait()

    def seconds_until(self, n: int) -> float:
        """Seconds until the n-th request from now may start, if each before it starts as early as it may.

        Each place of the window is free a minute after its last request, so after a whole round all are taken again.
        """
        n_rounds, place = divmod(max(n, 1) - 1, int(max(1.0, self._allowed)))
        free_s = self._until_free_s(place)
        held_s = max(0.0, self._not_before - asyncio.get_running_loop().time())
        return max(WINDOW_S if free_s is None else free_s, held_s) + n_rounds * WINDOW_S

    def _until_free_s(self, place: int) -> float | None:
        """Seconds until the window has room for so many requests and one more; None while open ones take it."""
        n_taken = self.n_last_minute + place - int(max(1.0, self._allowed))  # of these, all and one more must go
        if n_taken < 0:
            return 0.0
        if n_taken >= len(self._counted):
            return None
        return heapq.nsmallest(n_taken + 1, self._counted)[-1] + WINDOW_S - asyncio.get_running_loop().time()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[float]:
        """Wait until one more request may start; leave the block when its answer is there.

        Yields:
            The loop's time at the start, for :meth:`slow_down`.

        Raises:
            UploadUnavailable: the pace was closed.
        """
        await self._wait()
        started = asyncio.get_running_loop().time()
        self._first_start = started if self._first_start is None else self._first_start
        self._n_open += 1
        try:
            yield started
        finally:
            self._n_open -= 1
            heapq.heappush(self._counted, min(asyncio.get_running_loop().time(), started + self._lag_s))
            self._changed.set()

    async def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        if self._n_waiting == 0:
            self._clock, self._waiting_since = loop.time, loop.time()
        self._n_waiting += 1
        try:
            async with self._turn:
                while not self.closed and (wait_s := self._wait_s(loop.time())) is not None:
                    self._changed.clear()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._changed.wait(), max(wait_s, _SHORTEST_WAIT_S))
                if self.closed:
                    text = f"the import had stopped: {self.closed}"
                    raise UploadUnavailable(text, surely_not_done=True, code=Code.NOT_SENT)
        finally:
            self._n_waiting -= 1
            if self._n_waiting == 0:
                self._waited_s += loop.time() - self._waiting_since

    def _wait_s(self, now: float) -> float | None:
        """Seconds until the next request may start, as far as is known; None for now."""
        self._forget(now)
        self._grow(now)
        if self._not_before > now:
            return self._not_before - now
        if self._n_open + len(self._counted) + 1 <= max(1.0, self._allowed):
            return None
        return self._counted[0] + WINDOW_S - now if self._counted else WINDOW_S

    def _forget(self, now: float) -> None:
        while self._counted and self._counted[0] + WINDOW_S <= now:
            heapq.heappop(self._counted)

    def _grow(self, now: float) -> None:
        minutes = (now - self._grown_at) / WINDOW_S
        self._allowed = min(self._limit, self._allowed + minutes * _RECOVERY_PER_MINUTE * self._limit)
        self._grown_at = now

    def hold(self, wait_s: float) -> None:
        """Let no request start for so many seconds: the Hub said so to one of us, and means all."""
        self._not_before = max(self._not_before, asyncio.get_running_loop().time() + wait_s)
        self._changed.set()

    def slow_down(self, started: float) -> None:
        """The Hub answered 429 to a request that started then: narrow the window, once for all that it concerns.

        In our first minute the Hub may still count what an earlier run sent: that is waited out, and no reason yet.
        """
        now = asyncio.get_running_loop().time()
        if started <= self._last_cut or self._first_start is None or started < self._first_start + WINDOW_S:
            return
        self._grow(now)
        self._allowed = max(1.0, min(self._allowed, self._limit) * _CUT)
        self._last_cut = now

    def close(self, reason: str) -> None:
        """Let no request start any more; who waits is told at once."""
        self.closed = self.closed or reason
        self._changed.set()
        self._ended.set()

    async def pause(self, wait_s: float) -> None:
        """Sleep before another try, but not beyond :meth:`close`."""
        end = asyncio.get_running_loop().time() + wait_s
        self._pauses.append(end)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), wait_s)
        finally:
            self._pauses.remove(end)
