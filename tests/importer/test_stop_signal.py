"""Asking an import to stop, from anywhere."""

from __future__ import annotations

import asyncio
import threading

import pytest

from prelabel.importer.stop_signal import Stopper


async def test_asked_before_and_after() -> None:
    """Whoever listens is told, once, whenever it was asked; the first reason counts; the last listener hears."""
    stopper, heard = Stopper(), []
    stopper.listen(lambda: heard.append("first"))
    stopper.listen(lambda: heard.append("second"))
    thread = threading.Thread(target=stopper.request, args=("too late", "deadline"))
    thread.start()
    thread.join()
    stopper.request()
    await asyncio.sleep(0.01)
    assert heard == ["second"]
    assert (stopper.reason, stopper.kind) == ("too late", "deadline")
    stopper.listen(lambda: heard.append("third"))
    assert heard == ["second", "third"]


async def test_abort() -> None:
    """It cancels the task that listened, once; where nothing listens there is nothing to cancel."""
    stopper = Stopper()
    assert not stopper.abort()

    async def work() -> None:
        stopper.listen(lambda: None)
        await asyncio.sleep(30)

    task = asyncio.create_task(work())
    await asyncio.sleep(0.01)
    assert stopper.abort()
    assert not stopper.abort()
    assert stopper.is_aborted
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)


def test_after_the_loop_is_closed() -> None:
    """Nobody is told, and nothing breaks."""
    stopper = Stopper()

    async def listen() -> None:
        stopper.listen(lambda: None)

    asyncio.run(listen())
    stopper.request()
    assert not stopper.abort()
