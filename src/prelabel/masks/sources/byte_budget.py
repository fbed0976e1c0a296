"""The bytes that an import holds between fetching and uploading, kept in bounds: see router.py."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType


class HeldBytes:
    """Counts bytes that are held, and lets those who would hold more wait while there are too many.

    One of them, the first in the file when the bound is reached, goes on beyond it while the others wait for its end.
    So the bound is exceeded by what one mask holds at most, and nobody waits for ever.

    Args:
        max_bytes: the bound.

    Attributes:
        n_bytes: bytes held now.
    """

    def __init__(self, max_bytes: int) -> None:
        self.n_bytes = 0
        self._max_bytes = max_bytes
        self._turns: set[int] = set()
        self._beyond: int | None = None  # the turn that may go beyond the bound
        self._changed = asyncio.Event()

    @property
    def is_full(self) -> bool:
        """Whether the bound is reached."""
        return self.n_bytes >= self._max_bytes

    def hold(self, turn: int) -> Hold:
        """Begin to hold bytes, as a context manager. ``turn`` is the place in the file, unique among those who hold."""
        return Hold(self, turn)

    def add(self, n_bytes: int) -> None:
        """Hold more (or, negative, fewer) bytes without waiting."""
        self.n_bytes += n_bytes
        if n_bytes < 0:
            self._changed.set()

    def has_room(self, turn: int, n_bytes: int) -> bool:
        """Whether whoever has this turn may hold so many more."""
        is_chosen = turn == (min(self._turns) if self._beyond is None else self._beyond)
        return is_chosen or self.n_bytes + n_bytes <= self._max_bytes

    def take(self, turn: int, n_bytes: int) -> None:
        """Hold more bytes, for which there is room."""
        self.n_bytes += n_bytes
        if self.n_bytes > self._max_bytes:
            self._beyond = turn

    def begin(self, turn: int) -> None:
        """Let a turn take part."""
        self._turns.add(turn)

    def end(self, turn: int) -> None:
        """A turn is over: the next may be the first."""
        self._turns.discard(turn)
        self._beyond = None if self._beyond == turn else self._beyond
        self._changed.set()

    async def changed(self) -> None:
        """Wait until bytes were let go of, or a turn is over."""
        self._changed.clear()
        await self._changed.wait()


class Hold:
    """What one mask holds; leaving the block lets go of it."""

    def __init__(self, held: HeldBytes, turn: int) -> None:
        self._held = held
        self._turn = turn
        self._n_bytes = 0

    def __enter__(self) -> Self:
        self._held.begin(self._turn)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drop()
        self._held.end(self._turn)

    def has_room(self, n_bytes: int) -> bool:
        """Whether :meth:`take` would not wait."""
        return self._held.has_room(self._turn, n_bytes)

    async def take(self, n_bytes: int) -> None:
        """Hold so many more bytes; waits until there is room."""
        while not self.has_room(n_bytes):
            await self._held.changed()
        self._n_bytes += n_bytes
        self._held.take(self._turn, n_bytes)

    def drop(self) -> None:
        """Let go of all, to begin anew."""
        self._held.add(-self._n_bytes)
        self._n_bytes = 0


async def take_in_time(hold: Hold, n_bytes: int, time: asyncio.Timeout) -> None:
    """Hold more bytes under a time limit, which stands still while there is no room: that is nobody's fault there."""
    if hold.has_room(n_bytes):
        await hold.take(n_bytes)
        return
    loop, end = asyncio.get_running_loop(), time.when()
    assert end is not None, "a fetch has a time limit"
    left_s = end - loop.time()
    time.reschedule(None)
    await hold.take(n_bytes)
    time.reschedule(loop.time() + left_s)
