"""When to try a request again, and how long to wait before.

Full jitter after Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015); a retry budget keeps a
broken server from being hammered; a ``Retry-After`` is obeyed.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from prelabel.errors import PrelabelError
from prelabel.records import Record

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable, Mapping

P = ParamSpec("P")
Result = TypeVar("Result")

_LATER = frozenset({408, 425, 429})  # a timeout, too early, too many requests


def may_succeed_later(status: int) -> bool:
    """Whether an HTTP status says that the same request may succeed another time."""
    return status in _LATER or status >= 500


class RetryPolicy(Record, frozen=True):
    """How patient to be. The defaults outlast a rate-limit window of one minute.

    Attributes:
        max_attempts: tries in all, the first included.
        first_wait_s: upper bound of the first wait; it doubles each time.
        max_wait_s: upper bound of every wait we choose.
        max_retry_after_s: a server that asks for a longer wait than this is given up on.
        deadline_s: a call that has taken so long, waits included, is not tried again.
    """

    max_attempts: int = 8
    first_wait_s: float = 2.0
    max_wait_s: float = 60.0
    max_retry_after_s: float = 600.0
    deadline_s: float = 1800.0

    def next_wait_s(self, attempt: int, error: BaseException, rng: random.Random) -> float | None:
        """Seconds to wait after failed attempt number ``attempt`` (from 1), or None to give up."""
        if attempt >= self.max_attempts or not (isinstance(error, PrelabelError) and error.retryable):
            return None
        asked_s: float | None = getattr(error, "retry_after_s", None)
        if asked_s is not None:
            # A little jitter on top, so that all who were told the same time do not come back together.
            return asked_s + rng.uniform(0, self.first_wait_s) if asked_s <= self.max_retry_after_s else None
        return rng.uniform(0, min(self.max_wait_s, self.first_wait_s * 2.0 ** min(attempt - 1, 60)))


MASK_SERVERS = RetryPolicy(max_attempts=4, first_wait_s=0.5, max_wait_s=10.0, max_retry_after_s=60.0)
"""Patience with servers of masks: a row waits for each try, so it is less than with the Hub."""


class RetryBudget:
    """Bounds retries to a share of the requests that succeed, over all callers together.

    Args:
        n_saved: retries that may happen before anything has succeeded.
        per_success: what each success adds, up to ``n_saved``.
    """

    def __init__(self, n_saved: float = 40.0, per_success: float = 0.5) -> None:
        self._limit = self._left = n_saved
        self._per_success = per_success

    def spend(self) -> bool:
        """Take one retry; False when none is left."""
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def earn(self) -> None:
        """A request succeeded."""
        self._left = min(self._limit, self._left + self._per_success)


class Retrying:
    """Awaits a call, and again as the policy has it; raises the last error when it gives up.

    Args:
        policy: returns the policy that decides, asked after each failure.
        budget: bounds retries over all callers. Being told "429, later" costs nothing of it: that is pace, not failure.
        rng: source of the jitter.
        on_wait: told the error and the wait in seconds, before each wait.
        sleep: waits.

    Attributes:
        n_attempts: how often it was called.
    """

    def __init__(
        self,
        policy: Callable[[], RetryPolicy],
        budget: RetryBudget,
        rng: random.Random,
        on_wait: Callable[[BaseException, float], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._policy = policy
        self._budget = budget
        self._rng = rng
        self._on_wait = on_wait
        self._sleep = sleep
        self.n_attempts = 0

    async def __call__(self, call: Callable[P, Awaitable[Result]], *args: P.args, **kwargs: P.kwargs) -> Result:
        """Return what the call returns in the end."""
        started = time.monotonic()
        while True:
            self.n_attempts += 1
            try:
                return await call(*args, **kwargs)
            except PrelabelError as error:
                wait_s = self._wait_s(error, time.monotonic() - started)
                if wait_s is None:
                    raise
                self._on_wait(error, wait_s)
            await self._sleep(wait_s)

    def _wait_s(self, error: PrelabelError, elapsed_s: float) -> float | None:
        policy = self._policy()
        wait_s = policy.next_wait_s(self.n_attempts, error, self._rng)
        if wait_s is None or elapsed_s + wait_s > policy.deadline_s:
            return None
        return wait_s if getattr(error, "status", None) == 429 or self._budget.spend() else None


def asked_wait_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer's ``Retry-After`` asks to wait; None when it says nothing."""
    return parse_retry_after(headers.get("Retry-After"), now=_answered_at(headers))


def parse_retry_after(value: str | None, *, now: datetime) -> float | None:
    """Seconds to wait by a ``Retry-After`` header (a number or an HTTP date), at least 0; None when it says nothing.

    Args:
        value: the header, None when absent.
        now: the time that dates are compared with; the answer's own ``Date`` is best, since clocks differ.
    """
    if value is None:
        return None
    text = value.strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            when = parsedate_to_datetime(text)
        except ValueError:
            return None
        seconds = (when.replace(tzinfo=when.tzinfo or UTC) - now).total_seconds()
    return max(0.0, seconds) if seconds < float("inf") else None


def _answered_at(headers: Mapping[str, str]) -> datetime:
    try:
        when = parsedate_to_datetime(headers["Date"])
    except (KeyError, ValueError):
        return datetime.now(UTC)
    return when.replace(tzinfo=when.tzinfo or UTC)
