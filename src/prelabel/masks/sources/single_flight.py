"""Work that many ask for at the same time and that is done once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

K = TypeVar("K", bound="Hashable")
V = TypeVar("V")


class SingleFlight(Generic[K, V]):
    """Who asks first does the work, the others wait for its result. Results are handed out, not kept."""

    def __init__(self) -> None:
        self._under_way: dict[K, asyncio.Future[V]] = {}

    async def get(self, key: K, make: Callable[[], Awaitable[V]]) -> V:
        """Return what ``make`` returns, of this call or of an earlier one for the same key that is still under way.

        An error of ``make`` is raised to all who wait. When who does the work is cancelled, so are they.
        """
        waited_for = self._under_way.get(key)
        if waited_for is not None:
            return await asyncio.shield(waited_for)
        future: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        self._under_way[key] = future
        try:
            result = await make()
        except asyncio.CancelledError:
            future.cancel()
            raise
        except Exception as error:
            future.set_exception(error)
            future.exception()  # raised here already: if nobody waits it is not lost
            raise
        else:
            future.set_result(result)
            return result
        finally:
            del self._under_way[key]
