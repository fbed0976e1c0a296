"""The rate limit: one leaky bucket for all calls of a run."""

from __future__ import annotations

import asyncio

from aiolimiter import AsyncLimiter


class Pace:
    """Lets at most ``requests_per_minute`` requests start in any minute, the first few at once.

    The bucket holds ``burst`` requests and refills at ``requests_per_minute - burst`` a minute, so that a burst and
    a full minute's refill together stay within the plan.

    Args:
        requests_per_minute: the plan's limit.
        burst: requests that may start at once; a fifth of the limit unless given.

    Attributes:
        waited_s: wall-clock seconds in which at least one request waited here.
    """

    def __init__(self, requests_per_minute: float, *, burst: int | None = None) -> None:
        size = max(1, min(int(requests_per_minute // 5) if burst is None else burst, int(requests_per_minute) - 1))
        per_minute = requests_per_minute - size if requests_per_minute > size else requests_per_minute
        self._bucket = AsyncLimiter(size, 60.0 * size / per_minute)
        self._not_before = 0.0
        self._n_waiting = 0
        self._waiting_since = 0.0
        self.waited_s = 0.0

    async def wait(self) -> None:
        """Return when one more request may start."""
        loop = asyncio.get_running_loop()
        if self._n_waiting == 0:
            self._waiting_since = loop.time()
        self._n_waiting += 1
        try:
            await self._bucket.acquire()
            while (wait_s := self._not_before - loop.time()) > 0:  # noqa: ASYNC110 - the end may move while we sleep
                await asyncio.sleep(wait_s)
        finally:
            self._n_waiting -= 1
            if self._n_waiting == 0:
                self.waited_s += loop.time() - self._waiting_since

    def hold(self, wait_s: float) -> None:
        """Let no request start for so many seconds: the Hub said so to one of us, and means all."""
        self._not_before = max(self._not_before, asyncio.get_running_loop().time() + wait_s)
