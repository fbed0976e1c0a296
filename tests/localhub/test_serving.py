"""Servers as long as a block."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from prelabel.localhub.serving import Server

if TYPE_CHECKING:
    from typing import Self


class Bell(Server):
    """Notes what happens to it, and where."""

    def __init__(self, failing: str = "") -> None:
        self.failing = failing
        self.notes: list[tuple[str, threading.Thread]] = []

    async def start(self) -> Self:
        """Begin."""
        self._note("start")
        return self

    async def stop(self) -> None:
        """End."""
        self._note("stop")

    def _note(self, what: str) -> None:
        self.notes.append((what, threading.current_thread()))
        if what == self.failing:
            raise OSError(what)


def test_on_a_thread_of_its_own() -> None:
    """Started and stopped there; the thread is gone afterwards, and another comes the next time."""
    bell = Bell()
    for _ in range(2):
        with bell as inside:
            assert inside is bell
            assert bell.notes[-1][1].is_alive()
    assert [what for what, _ in bell.notes] == ["start", "stop"] * 2
    threads = {thread for _, thread in bell.notes}
    assert len(threads) == 2
    assert not any(thread.is_alive() for thread in threads)


def test_tasks_that_are_left_are_cancelled() -> None:
    """Nothing waits for what a library left asleep, and nothing is destroyed while it sleeps."""
    ends: list[str] = []

    async def sleep() -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise

    class Sleeper(Bell):
        async def stop(self) -> None:
            self.left = asyncio.create_task(sleep())
            await asyncio.sleep(0)

    with Sleeper():
        pass
    assert ends == ["cancelled"]


async def test_in_the_running_loop() -> None:
    """No thread is made for it."""
    bell = Bell()
    async with bell as inside:
        assert inside is bell
    assert bell.notes == [("start", threading.main_thread()), ("stop", threading.main_thread())]


@pytest.mark.parametrize("failing", ["start", "stop"])
def test_errors_reach_the_caller_and_leave_no_thread(failing: str) -> None:
    """Of the start before the block, of the stop after it."""
    bell, entered = Bell(failing), []
    with pytest.raises(OSError, match=failing), bell:
        entered.append(bell)
    assert entered == ([bell] if failing == "stop" else [])
    assert not any(thread.is_alive() for _, thread in bell.notes)


def test_errors_of_the_block_stop_it() -> None:
    """They go on to the caller once it has stopped."""
    bell = Bell()
    with pytest.raises(KeyError), bell:
        raise KeyError
    assert [what for what, _ in bell.notes] == ["start", "stop"]
