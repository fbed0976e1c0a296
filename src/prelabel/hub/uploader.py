"""Stage 8: batches -> receipts, several in flight at once.

``config(1) -> rows(2) -> ontology/answers(3) -> masks(4) -> polygons(5) -> items(6) -> batches(7) -> upload(8)
-> report(9)``

Every batch that is put in comes out as receipts and failures that name each of its items exactly once.
Cancelling cancels what is in flight and leaves nothing running.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol, Self

from prelabel.codes import Code
from prelabel.errors import BatchTooLarge, UploadError, UploadRefused, UploadUnavailable
from prelabel.hub.batches import halve
from prelabel.model import BatchFailure, Receipt

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

    from prelabel.model import Batch

_STOPPING = frozenset({401, 403, 451})
_BLAMES_ROWS = frozenset({400, 404, 422})
_FAULT = 500
_MAX_UNAVAILABLE = 3
_MAX_SPLITS = 64
_MAX_FAULTS = 8
"""Batches in a row that are split after a lasting 500: it may be a row's fault, or an outage."""


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


async def _untold(_: Batch) -> None:
    """Tell nobody of a batch that is about to be sent."""


@asynccontextmanager
async def as_it_is(batch: Batch) -> AsyncIterator[Sequence[Batch]]:
    """Prepare nothing."""
    yield (batch,)


class Uploader:
    """Sends batches as they come. Use as an async context manager: leaving it waits for what is in flight.

    A batch that is refused, or at which the Hub fails time and again, is split until the bad rows stand alone, and the
    others are in. A refused key stops the
    run, and so does a Hub that cannot be reached for several batches running: from then on batches fail unsent.

    Args:
        send: sends a batch's items; raises UploadError.
        on_outcome: told every receipt and failure, in the order they happen.
        before_sending: told every batch that is about to be sent, after splitting; the sending waits for it, and
            is left if it raises UploadError.
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
        send: Callable[[Batch], Awaitable[Ack]],
        on_outcome: Callable[[Receipt | BatchFailure], Awaitable[None]],
        *,
        before_sending: Callable[[Batch], Awaitable[None]] = _untold,
        prepare: Callable[[Batch], AbstractAsyncContextManager[Sequence[Batch]]] = as_it_is,
        max_in_flight: int = 4,
        max_bytes: int = 8_000_000,
    ) -> None:
        self.max_bytes = max_bytes
        self.stopped: UploadError | None = None
        self._send = send
        self._on_outcome = on_outcome
        self._before_sending = before_sending
        self._prepare = prepare
        self._slots = asyncio.Semaphore(max_in_flight)
        self._tasks = asyncio.TaskGroup()
        self._n_unavailable = self._n_faults = 0
        self._splits_left = _MAX_SPLITS

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

    def stop(self, reason: UploadError) -> None:
        """Send nothing from now on but what is on its way; what comes fails with the reason."""
        self.stopped = self.stopped or reason

    async def put(self, batch: Batch) -> None:
        """Start sending a batch; waits while ``max_in_flight`` others are on their way."""
        await self._slots.acquire()
        task = self._tasks.create_task(self._deliver(batch))
        task.add_done_callback(lambda _: self._slots.release())

    async def _deliver(self, batch: Batch) -> None:
        if self.stopped is not None:
            await self._on_outcome(BatchFailure(batch, _unsent(self.stopped)))
            return
        try:
            async with self._prepare(batch) as prepared:
                await self._send_all(deque(prepared))
        except UploadError as error:  # of preparing: sending turns its own into outcomes
            await self._failed(batch, error)

    async def _send_all(self, pieces: deque[Batch]) -> None:
        while pieces:
            piece = pieces.popleft()
            if not piece.items:
                continue
            if self.stopped is not None:
                await self._on_outcome(BatchFailure(piece, _unsent(self.stopped)))
            elif len(piece.items) > 1 and piece.n_bytes > self.max_bytes:
                pieces.extendleft(reversed(halve(piece)))
            else:
                pieces.extendleft(reversed(await self._send_piece(piece)))

    async def _send_piece(self, piece: Batch) -> tuple[Batch, ...]:
        """Send a piece; returns what is to be sent in its place."""
        try:
            await self._before_sending(piece)
            ack = await self._send(piece)
        except BatchTooLarge as error:
            return await self._too_large(piece, error)
        except UploadError as error:
            if len(piece.items) > 1 and self._may_blame_rows(error):
                return halve(piece)
            await self._failed(piece, error)
        else:
            self._n_unavailable = self._n_faults = 0
            self._splits_left = min(_MAX_SPLITS, self._splits_left + 1)
            await self._on_outcome(Receipt(piece, ack.n_labeled, ack.n_matched, ack.n_attempts))
        return ()

    def _may_blame_rows(self, error: UploadError) -> bool:
        """Whether a batch is worth splitting for its bad rows; what that may cost is bounded."""
        if error.status == _FAULT and self._n_faults < _MAX_FAULTS:
            self._n_faults += 1
        elif error.status not in _BLAMES_ROWS:
            return False
        self._splits_left -= 1
        return self._splits_left >= 0

    async def _too_large(self, piece: Batch, error: BatchTooLarge) -> tuple[Batch, ...]:
        self.max_bytes = min(self.max_bytes, piece.n_bytes - 1)
        if len(piece.items) > 1:
            halves = halve(piece)
            self.max_bytes = min(self.max_bytes, max(half.n_bytes for half in halves))
            return halves
        await self._failed(piece, _too_large_alone(piece, error))
        return ()

    async def _failed(self, batch: Batch, error: UploadError) -> None:
        self._n_unavailable = self._n_unavailable + 1 if error.retryable else 0
        if error.status in _STOPPING or self._n_unavailable >= _MAX_UNAVAILABLE:
            self.stop(error)
        await self._on_outcome(BatchFailure(batch, error))


def _unsent(stopped: UploadError) -> UploadUnavailable:
    return UploadUnavailable(f"the import had stopped: {stopped}", surely_not_done=True, code=Code.NOT_SENT)


def _too_large_alone(piece: Batch, error: BatchTooLarge) -> UploadRefused:
    return UploadRefused(
        f"the row's labels take {piece.n_bytes:,} bytes and the Hub refuses them for their size: "
        "raise polygon_simplification_tolerance or min_area",
        code=Code.TOO_LARGE_FOR_HUB,
        status=error.status,
        attempts=error.attempts,
    )
