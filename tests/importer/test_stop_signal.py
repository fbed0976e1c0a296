"""Asking an import to stop, from anywhere."""

from __future__ import annotations

import asyncio
import threading

import pytest

from prelabel.importer.stop_signal import StopSignal


async def test_all_who_listen_hear_it() -> None:
    """Whenever it was asked, and once; the first reason counts; who has left hears no more."""
    stop = StopSignal()
    heard: list[tuple[str, str]] = []
    with stop.heard_by(lambda reason: heard.append(("outer", reason))):
        with stop.heard_by(lambda reason: heard.append(("left", reason))):
            pass
        with stop.heard_by(lambda reason: heard.append(("inner", reason))):
            thread = threading.Thread(target=stop.request, args=("too late", "deadline"))
            thread.start()
            thread.join()
            stop.request()
            await asyncio.sleep(0.01)
            assert heard == [("outer", "too late"), ("inner", "too late")]
            assert (stop.reason, stop.kind) == ("too late", "deadline")
        with stop.heard_by(lambda reason: heard.append(("late", reason))):
            assert heard[2:] == [("late", "too late")]


async def test_abort() -> None:
    """It cancels the task that listened, once; where nothing listens there is nothing to cancel."""
    stop = StopSignal()
    assert not stop.abort()

    async def work() -> None:
        with stop.heard_by(lambda _: None):
            await asyncio.sleep(30)

    task = asyncio.create_task(work())
    await asyncio.sleep(0.01)
    assert stop.abort()
    assert not stop.abort()
    assert stop.is_aborted
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)


def test_after_the_loop_is_closed() -> None:
    """Nobody is told, and nothing breaks."""
    stop = StopSignal()

    async def listen() -> None:
        with stop.heard_by(lambda _: None):
            pass

    asyncio.run(listen())
    stop.request()
    assert not stop.abort()


async def test_deadline() -> None:
    """It asks by itself when the block takes too long, and not when it was quicker."""
    stop = StopSignal()
    with stop.after(None), stop.after(30.0):
        pass
    assert stop.reason == ""
    with stop.after(0.01):
        await asyncio.sleep(0.05)
    assert (stop.reason, stop.kind) == ("the deadline of 0.01 s is over", "deadline")
