"""Stage 8: batches -> receipts, several in flight at once.

``config(1) -> rows(2) -> ontology/answers(3) -> masks(4) -> polygons(5) -> items(6) -> batches(7) -> upload(8)
-> report(9)``

Every batch that is put in comes out as receipts and failures that name each of its items exactly once.
Cancelling cancels what is in flight and leaves nothing running.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

from prelabel.batches import halve
from prelabel.errors import BatchTooLarge, UploadError, UploadRefused
from prelabel.model import Receipt

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

    from prelabel.model import Batch

_STOPPING = frozenset({401, 403, 451})
_MAX_UNAVAILABLE = 3


class Ack(Protocol):
    """What the Hub said of one import request."""

    @property
    def n_labeled(self) -> int | None:
        """Tasks written, None when unknown."""

    @property
    def n_matched(self) -> int | None:
        """Tasks considered, None when unknown."""

    @property
    def n_attempts(self) -> int:
        """Requests it took."""


@dataclass(frozen=True, slots=True)
class BatchFailure:
    """A batch that was not imported, whole."""

    batch: Batch
    error: UploadError


class Uploader:
    """Sends batches as they come. Use as an async context manager: leaving it waits for what is in flight.

    A refused batch does not stop the others; a refused key does, and so does a Hub that cannot be reached for
    several batches running: from then on batches fail at once, unsent.

    Args:
        send: imports item bodies in one request; raises UploadError.
        on_outcome: told every receipt and failure, in the event loop, in the order they happen.
        prepare: wraps the sending of a batch, with its slot taken, and yields what is really sent (append mode reads
            and merges here); may drop items it has accounted for itself; raises UploadError to fail the whole batch.
        max_in_flight: batches on their way at once.
        max_bytes: batches above this are halved before they are sent.

    Attributes:
        max_bytes: as given, lowered whenever the Hub refuses a body for its size.
        stopped: why nothing is sent any more, None while all is well.
    """

    def __init__(
        self,
        send: Callable[[Sequence[bytes]], Awaitable[Ack]],
        on_outcome: Callable[[Receipt | BatchFailure], None],
        *,
        prepare: Callable[[Batch], AbstractAsyncContextManager[Batch]] = nullcontext,
        max_in_flight: int = 4,
        max_bytes: int = 8_000_000,
    ) -> None:
        self.max_bytes = max_bytes
        self.stopped: UploadError | None = None
        self._send = send
        self._on_outcome = on_outcome
        self._prepare = prepare
        self._slots = asyncio.Semaphore(max_in_flight)
        self._tasks = asyncio.TaskGroup()
        self._n_unavailable = 0

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            await self._tasks.__aexit__(kind, error, traceback)
        except BaseExceptionGroup as group:
            first = group.exceptions[0]  # the caller asked for one import and gets one error
            raise first from first.__cause__

    async def put(self, batch: Batch) -> None:
        """Start sending a batch; waits while ``max_in_flight`` others are on their way."""
        await self._slots.acquire()
        task = self._tasks.create_task(self._deliver(batch))
        task.add_done_callback(lambda _: self._slots.release())

    async def _deliver(self, batch: Batch) -> None:
        if self.stopped is not None:
            self._on_outcome(BatchFailure(batch, self.stopped))
            return
        try:
            async with self._prepare(batch) as prepared:
                await self._send_all(prepared)
        except UploadError as error:  # of preparing: sending turns its own into outcomes
            self._failed(batch, error)

    async def _send_all(self, batch: Batch) -> None:
        pieces = deque([batch] if batch.items else [])
        while pieces:
            piece = pieces.popleft()
            if self.stopped is not None:
                self._on_outcome(BatchFailure(piece, self.stopped))
            elif len(piece.items) > 1 and piece.n_bytes > self.max_bytes:
                pieces.extendleft(reversed(halve(piece)))
            else:
                await self._send_piece(piece, pieces)

    async def _send_piece(self, piece: Batch, pieces: deque[Batch]) -> None:
        try:
            ack = await self._send([item.body for item in piece.items])
        except BatchTooLarge as error:
            self.max_bytes = min(self.max_bytes, piece.n_bytes - 1)
            if len(piece.items) > 1:
                halves = halve(piece)
                self.max_bytes = min(self.max_bytes, max(half.n_bytes for half in halves))
                pieces.extendleft(reversed(halves))
            else:
                self._failed(piece, _too_large_alone(piece, error))
        except UploadError as error:
            self._failed(piece, error)
        else:
            self._n_unavailable = 0
            self._on_outcome(Receipt(piece, ack.n_labeled, ack.n_matched, ack.n_attempts))

    def _failed(self, batch: Batch, error: UploadError) -> None:
        self._n_unavailable = self._n_unavailable + 1 if error.retryable else 0
        if self.stopped is None and (error.status in _STOPPING or self._n_unavailable >= _MAX_UNAVAILABLE):
            self.stopped = error
        self._on_outcome(BatchFailure(batch, error))


def _too_large_alone(piece: Batch, error: BatchTooLarge) -> UploadRefused:
    return UploadRefused(
        f"the row's labels take {piece.n_bytes:,} bytes and the Hub refuses them for their size: "
        "raise polygon_simplification_tolerance or min_area",
        status=error.status,
        attempts=error.attempts,
    )
