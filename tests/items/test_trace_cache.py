"""Masks that several rows name: made once, kept within bounds, handed out for each row anew."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from prelabel.codes import Code
from prelabel.errors import MaskError, RowError
from prelabel.items.mask_tracer import TracedMask
from prelabel.items.trace_cache import TraceCache
from prelabel.masks.references import InlineMask, LocalPath, Reference, WebUrl
from prelabel.model import MaskCounts, Note
from prelabel.polygons.formats.ango import MaskObjects

NOTE = Note(Code.RESIZED, "a note")


def traced(n_bytes: int = 10) -> TracedMask:
    """A mask whose objects take so many bytes."""
    objects = MaskObjects(b"x" * n_bytes, np.zeros(0, np.int64), np.zeros((0, 12), np.uint8))
    return TracedMask(objects, (NOTE,), MaskCounts(1, 1, 4, 100, 0, 0.5, 0.25))


def shared(max_bytes: int = 1 << 20) -> TraceCache:
    """Masks of which all are named repeatedly."""
    return TraceCache(lambda _: True, max_bytes)


async def test_a_mask_is_made_once() -> None:
    """Asked for at once and afterwards; only the first row's counts have its times."""
    masks, n_made = shared(), 0

    async def make() -> TracedMask:
        nonlocal n_made
        n_made += 1
        await asyncio.sleep(0.01)
        return traced()

    assert masks.find((LocalPath("a"), ())) is None
    found = await asyncio.gather(*(masks.get((LocalPath("a"), ()), make) for _ in range(5)))
    found.append(await masks.get((LocalPath("a"), ()), make))
    kept = masks.find((LocalPath("a"), ()))

    assert n_made == 1
    first = found[0]
    assert isinstance(first, TracedMask)
    assert first.counts == traced().counts
    for other in (*found[1:], kept):
        assert isinstance(other, TracedMask)
        assert other.objects is first.objects
        assert other.notes == (NOTE,)
        assert (other.counts.decode_s, other.counts.trace_s, other.counts.n_points) == (0, 0, 4)


async def test_assets_of_other_sizes_are_not_served() -> None:
    """A mask is scaled to its asset, or refused for its size: what was made for one size is not for another."""
    masks = shared()

    async def make() -> TracedMask:
        return traced()

    await masks.get((LocalPath("a"), ((4, 4),)), make)

    assert masks.find((LocalPath("a"), ((4, 4),))) is not None
    assert masks.find((LocalPath("a"), ((8, 8),))) is None
    assert masks.find((LocalPath("a"), ())) is None


async def test_failures_are_kept_too() -> None:
    """A mask that cannot be had is not asked for by each of its rows; each gets an error of its own."""
    masks, n_made = shared(), 0

    async def make() -> RowError:
        nonlocal n_made
        n_made += 1
        return MaskError("no such mask", reference="a")

    first = await masks.get((WebUrl("http://h/a"), ()), make)
    again = [await masks.get((WebUrl("http://h/a"), ()), make), masks.find((WebUrl("http://h/a"), ()))]

    assert n_made == 1
    assert [str(error) for error in (first, *again)] == ["no such mask"] * 3
    assert len({id(error) for error in (first, *again)}) == 3


async def test_a_kept_error_holds_no_frames() -> None:
    """Its traceback would keep the mask alive that could not be read."""
    masks = shared()

    def fail() -> None:
        raise MaskError("broken") from ValueError("why")

    async def make() -> RowError:
        with pytest.raises(MaskError) as caught:
            fail()
        return caught.value

    await masks.get((LocalPath("a"), ()), make)
    kept = masks.find((LocalPath("a"), ()))
    assert isinstance(kept, MaskError)
    assert (kept.__traceback__, kept.__cause__, kept.__context__) == (None, None, None)


async def _put(masks: TraceCache, reference: Reference, mask: TracedMask) -> None:
    async def make() -> TracedMask:
        return mask

    await masks.get((reference, ()), make)


async def test_memory_is_bounded() -> None:
    """What was used longest ago goes first; what is too large by itself is not kept."""
    masks = shared(max_bytes=3 * traced(1000).n_bytes)
    for name in "abc":
        await _put(masks, LocalPath(name), traced(1000))
    masks.find((LocalPath("a"), ()))
    await _put(masks, LocalPath("d"), traced(1000))
    assert [masks.find((LocalPath(name), ())) is not None for name in "abcd"] == [True, False, True, True]

    await _put(masks, LocalPath("large"), traced(10_000))
    assert masks.find((LocalPath("large"), ())) is None


async def test_a_cells_own_text_counts() -> None:
    """A mask in the cell is its own key, and may be long."""
    masks = shared(max_bytes=10_000)
    await _put(masks, InlineMask("data", "x" * 20_000), traced())
    assert masks.find((InlineMask("data", "x" * 20_000), ())) is None


async def test_nothing_may_be_kept() -> None:
    """A bound of nothing: only what is asked for at the same time is shared."""
    masks = shared(max_bytes=0)
    await _put(masks, LocalPath("a"), traced())
    assert masks.find((LocalPath("a"), ())) is None


async def test_a_fault_of_ours_is_raised() -> None:
    """And not kept."""
    masks = shared()

    async def fail() -> TracedMask:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await masks.get((LocalPath("a"), ()), fail)
    await _put(masks, LocalPath("a"), traced())
    assert masks.find((LocalPath("a"), ())) is not None


async def test_threads_may_look() -> None:
    """While others are added and dropped."""
    masks = shared(max_bytes=5 * traced(100).n_bytes)

    def look() -> int:
        return sum(masks.find((LocalPath(str(n % 10)), ())) is not None for n in range(20_000))

    with ThreadPoolExecutor(4) as pool:
        loop = asyncio.get_running_loop()
        looking = [loop.run_in_executor(pool, look) for _ in range(4)]
        n_rounds = 0
        while not all(future.done() for future in looking):
            await _put(masks, LocalPath(str(n_rounds % 10)), traced(100))
            n_rounds += 1
            await asyncio.sleep(0)
    assert sum(await asyncio.gather(*looking)) > 0
