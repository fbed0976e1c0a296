"""The retry policy, its budget, and the loop that follows them."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.errors import BatchTooLarge, UploadError, UploadRefused, UploadUnavailable
from prelabel.retry import RetryBudget, Retrying, RetryPolicy, may_succeed_later, parse_retry_after

NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
QUICK = RetryPolicy(max_attempts=4, first_wait_s=0.001, max_wait_s=0.002)


@given(attempt=st.integers(1, 5000), seed=st.integers(), first=st.floats(0.01, 10), most=st.floats(0.01, 100))
def test_full_jitter(attempt: int, seed: int, first: float, most: float) -> None:
    """A wait lies between nothing and the doubled ceiling, and repeats for a seed."""
    policy = RetryPolicy(max_attempts=10_000, first_wait_s=first, max_wait_s=most)
    waits = [policy.next_wait_s(attempt, UploadUnavailable("x"), random.Random(seed)) for _ in range(2)]

    assert waits[0] == waits[1]
    assert waits[0] is not None
    assert 0 <= waits[0] <= min(most, first * 2 ** min(attempt - 1, 60))


def test_waits_are_spread_over_the_whole_range() -> None:
    """Jitter is full: waits come from the lower and the upper part alike."""
    rng = random.Random(1)
    waits = [RetryPolicy().next_wait_s(5, UploadUnavailable("x"), rng) or 0 for _ in range(400)]

    assert min(waits) < 2
    assert max(waits) > 30
    assert max(waits) <= 32


@given(asked=st.floats(0, 600), seed=st.integers())
def test_retry_after_is_obeyed(asked: float, seed: int) -> None:
    """Never earlier than asked, hardly later."""
    wait = RetryPolicy().next_wait_s(1, UploadUnavailable("x", retry_after_s=asked), random.Random(seed))

    assert wait is not None
    assert asked <= wait <= asked + 2.0


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (1, UploadRefused("no", status=400)),
        (1, BatchTooLarge("no", status=413)),
        (1, ValueError("no")),
        (8, UploadUnavailable("x")),
        (1, UploadUnavailable("x", retry_after_s=601)),
    ],
)
def test_giving_up(attempt: int, error: BaseException) -> None:
    """Refusals, the last attempt and endless waits end it."""
    assert RetryPolicy().next_wait_s(attempt, error, random.Random(1)) is None


def test_budget() -> None:
    """What is spent is gone until successes bring it back, and never more than the limit."""
    budget = RetryBudget(n_saved=2, per_success=0.5)

    assert [budget.spend() for _ in range(3)] == [True, True, False]
    budget.earn()
    assert not budget.spend()
    budget.earn()
    assert budget.spend()
    for _ in range(100):
        budget.earn()
    assert [budget.spend() for _ in range(3)] == [True, True, False]


async def run(errors: list[Exception], budget: RetryBudget | None = None) -> tuple[int, list[BaseException], object]:
    """Let a call fail with these errors, one after the other, then succeed; returns calls, waits and the result."""
    n_calls = 0
    waits: list[BaseException] = []

    async def call() -> str:
        nonlocal n_calls
        n_calls += 1
        if errors:
            raise errors.pop(0)
        return "done"

    tries = Retrying(lambda: QUICK, budget or RetryBudget(), random.Random(1), lambda error, _: waits.append(error))
    try:
        result: object = await tries(call)
    except (UploadError, ValueError) as error:
        result = error
    return n_calls, waits, result


async def test_loop_until_success() -> None:
    """Transient failures are tried again."""
    first, second = UploadUnavailable("1"), UploadUnavailable("2", retry_after_s=0)

    assert await run([first, second]) == (3, [first, second], "done")


async def test_loop_gives_up() -> None:
    """The last error is raised itself, not wrapped."""
    errors: list[Exception] = [UploadUnavailable(str(number)) for number in range(10)]
    n_calls, waits, result = await run(list(errors))

    assert n_calls == 4
    assert waits == errors[:3]
    assert result is errors[3]


@pytest.mark.parametrize("error", [UploadRefused("no", status=403), BatchTooLarge("no"), ValueError("a bug")])
async def test_loop_does_not_repeat_what_is_pointless(error: Exception) -> None:
    """Refusals and bugs are raised at once."""
    assert await run([error]) == (1, [], error)


async def test_loop_within_budget() -> None:
    """Without budget there is one try; rate limits do not need it."""
    error = UploadUnavailable("down", status=503)
    assert await run([error], RetryBudget(n_saved=0)) == (1, [], error)

    limited = UploadUnavailable("slow down", status=429, retry_after_s=0)
    assert await run([limited], RetryBudget(n_saved=0)) == (2, [limited], "done")


async def test_loop_within_its_deadline() -> None:
    """A wait that would end after the call's deadline is not begun."""
    error = UploadUnavailable("later", status=503, retry_after_s=50)
    tries = Retrying(lambda: RetryPolicy(deadline_s=40), RetryBudget(), random.Random(1), lambda *_: None)

    async def call() -> None:
        raise error

    with pytest.raises(UploadUnavailable, match="later"):
        await tries(call)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("0", 0.0),
        (" 2.5 ", 2.5),
        ("-3", 0.0),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
        ("Mon, 04 May 2026 12:01:00 GMT", 60.0),
        ("Mon, 04 May 2026 11:00:00 GMT", 0.0),
        ("Mon, 04 May 2026 12:00:10 -0000", 10.0),
    ],
)
def test_parse_retry_after(value: str | None, expected: float | None) -> None:
    """The header's two forms, and what is none."""
    assert parse_retry_after(value, now=NOW) == expected


@given(st.text(max_size=40))
def test_parse_retry_after_survives_anything(value: str) -> None:
    """No header makes it raise or wait a negative or endless time."""
    seconds = parse_retry_after(value, now=NOW)

    assert seconds is None or 0 <= seconds < float("inf")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_statuses_that_pass(status: int) -> None:
    """Timeouts, rate limits, servers' faults."""
    assert may_succeed_later(status)


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 409, 413, 422, 451])
def test_statuses_that_stay(status: int) -> None:
    """Success, redirects and refusals."""
    assert not may_succeed_later(status)
