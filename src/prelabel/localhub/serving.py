"""Servers that live as long as a block: in the running event loop, or on a thread beside synchronous code."""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

STOP_TIMEOUT_S = 2.0


class Server(ABC):
    """``async with`` runs it in the running event loop, ``with`` on a thread of its own with a loop of its own."""

    _block: ExitStack | None = None

    @abstractmethod
    async def start(self) -> Self:
        """Begin to listen."""

    @abstractmethod
    async def stop(self) -> None:
        """Finish what is under way and listen no more."""

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(_on_thread(self))
            self._block = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._block is not None:
            self._block.close()


@contextmanager
def _on_thread(server: Server) -> Iterator[None]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="prelabel-hub", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result()
        try:
            yield
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
    finally:
        asyncio.run_coroutine_threadsafe(_wind_down(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _wind_down() -> None:
    """End what is left on the loop, as ``asyncio.run`` does: libraries leave tasks that sleep."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    loop = asyncio.get_running_loop()
    await loop.shutdown_asyncgens()
    await loop.shutdown_default_executor()
