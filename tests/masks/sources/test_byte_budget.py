"""Bytes that are held: bounds, order, and that nobody waits for ever."""

from __future__ import annotations

import asyncio
import random

import pytest

from prelabel.masks.sources.byte_budget import HeldBytes, take_in_time


async def test_whoever_is_not_first_waits() -> None:
    """The bound is kept; what is let go of lets the next go on."""
    held = HeldBytes(10)
    with held.hold(1) as first:
        await first.take(8)
        with held.hold(2) as second:
            assert second.has_room(2)
            assert not second.has_room(3)
            taking = asyncio.create_task(second.take(3))
            await asyncio.sleep(0.01)
            assert not taking.done()
            first.drop()
            await taking
            assert (held.n_bytes, held.is_full) == (3, False)
    assert held.n_bytes == 0


async def test_the_first_never_waits() -> None:
    """Else all would, once the bound is reached."""
    held = HeldBytes(10)
    held.add(10)
    assert held.is_full
    with held.hold(7) as later, held.hold(3) as first:
        await asyncio.wait_for(first.take(1_000), 1)
        assert not later.has_room(1)
        assert held.n_bytes == 1_010
    with held.hold(7) as later:
        assert later.has_room(1_000)


async def test_becoming_the_first_ends_the_wait() -> None:
    """When those before are done, though the bytes of others are still held."""
    held = HeldBytes(10)
    held.add(10)
    with held.hold(2) as second:
        with held.hold(1):
            taking = asyncio.create_task(second.take(5))
            await asyncio.sleep(0.01)
            assert not taking.done()
        await asyncio.wait_for(taking, 1)


async def test_only_one_goes_beyond() -> None:
    """Who has begun to goes on to its end, also when one comes who is before it in the file."""
    held = HeldBytes(10)
    with held.hold(5) as fifth:
        await fifth.take(50)
        with held.hold(1) as first:
            assert fifth.has_room(50)
            assert not first.has_room(1)


async def test_many_holders_keep_the_bound_and_all_finish() -> None:
    """At most the bound and one mask are held at any time, whatever the order they come in."""
    held, most, rng = HeldBytes(100), 0, random.Random(5)

    async def fetch(turn: int) -> None:
        nonlocal most
        with held.hold(turn) as hold:
            for _ in range(8):
                await hold.take(10)
                most = max(most, held.n_bytes)
                await asyncio.sleep(rng.uniform(0, 0.001))

    turns = list(range(60))
    rng.shuffle(turns)
    await asyncio.wait_for(asyncio.gather(*map(fetch, turns)), 30)
    assert 100 < most <= 180
    assert held.n_bytes == 0


async def test_waiting_for_room_takes_no_time_of_a_limit() -> None:
    """A limit stands still meanwhile, and goes on afterwards with what was left."""
    held = HeldBytes(10)
    with held.hold(1) as first, held.hold(2) as second:
        await first.take(10)
        asyncio.get_running_loop().call_later(0.3, first.drop)
        async with asyncio.timeout(0.2) as limit:
            await take_in_time(second, 5, limit)

        async def take_and_dawdle() -> None:
            async with asyncio.timeout(0.05) as limit:
                await take_in_time(second, 5, limit)
                await asyncio.sleep(10)

        with pytest.raises(TimeoutError):
            await take_and_dawdle()
