"""Work that is done once for all who ask meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from prelabel.masks.sources.single_flight import SingleFlight


async def test_many_askers_one_worker() -> None:
    """All get the result of one call; who asks later causes another."""
    once: SingleFlight[str, int] = SingleFlight()
    n_made = 0

    async def make() -> int:
        nonlocal n_made
        n_made += 1
        ours = n_made
        await asyncio.sleep(0.01)
        return ours

    assert await asyncio.gather(*(once.get("a", make) for _ in range(5)), once.get("b", make)) == [1] * 5 + [2]
    assert await once.get("a", make) == 3


async def test_an_error_is_everybodys() -> None:
    """Who waits gets it as well; the next asker tries anew."""
    once: SingleFlight[str, int] = SingleFlight()

    async def fail() -> int:
        await asyncio.sleep(0)
        raise ValueError("no")

    results = await asyncio.gather(*(once.get("a", fail) for _ in range(3)), return_exceptions=True)
    assert [str(result) for result in results] == ["no"] * 3
    with pytest.raises(ValueError, match="no"):
        await once.get("a", fail)


async def test_a_waiter_may_leave_alone() -> None:
    """Cancelling one who waits disturbs neither the work nor the others."""
    once: SingleFlight[str, int] = SingleFlight()
    done = asyncio.Event()

    async def make() -> int:
        await done.wait()
        return 1

    worker, waiter, other = (asyncio.create_task(once.get("a", make)) for _ in range(3))
    await asyncio.sleep(0)
    waiter.cancel()
    await asyncio.sleep(0)
    done.set()
    assert await worker == await other == 1
    assert waiter.cancelled()


async def test_when_the_worker_is_cancelled_so_are_those_who_wait() -> None:
    """Nobody waits for ever."""
    once: SingleFlight[str, int] = SingleFlight()

    async def make() -> int:
        await asyncio.sleep(600)
        return 1

    worker, waiter = (asyncio.create_task(once.get("a", make)) for _ in range(2))
    await asyncio.sleep(0)
    worker.cancel()
    results = await asyncio.gather(worker, waiter, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)
