"""A chunk of rows -> their items: what is done at once in a thread, and what waits for masks; stages 3 to 6.

Local masks are read, and everything at hand is traced, the first time the chunk has a thread. Rows whose masks are
elsewhere, or are just being traced for another row, wait in the event loop and take a thread again once it is there.
"""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, TypeVar

from msgspec import field
from msgspec.structs import replace

from prelabel.codes import Code
from prelabel.errors import MaskError, RowError, UploadUnavailable
from prelabel.inputs.answers import together
from prelabel.model import EncodedChunk, EncodedRow, RowOutcome
from prelabel.records import Record, Tally
from prelabel.spelling import quoted

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from prelabel.items.mask_tracer import MaskTracer, TracedMask
    from prelabel.items.row_encoder import Draft, RowEncoder
    from prelabel.items.trace_cache import TraceCache
    from prelabel.masks.references import Reference
    from prelabel.masks.sources.router import MaskSources
    from prelabel.model import RowBatch, RowState, Shape

    RowFilter = Callable[[RowBatch, int], RowOutcome | None]
    """Returns the outcome of a row that is not worth encoding, None for the others."""

T = TypeVar("T")

_logger = logging.getLogger(__name__)


class MaskSupply(Record, frozen=True):
    """Where rows get their masks, and what makes objects of them.

    Attributes:
        column: the CSV's column of masks.
        sources: reads and fetches.
        tracer: makes objects.
        cache: keeps the objects of masks that several rows name.
        rows_ahead: rows that may wait for masks from elsewhere.
        chunk_rows: rows that make a good piece of work.
    """

    column: str
    sources: MaskSources
    tracer: MaskTracer
    cache: TraceCache
    rows_ahead: int = 0
    chunk_rows: int = 4

    def trace(
        self, reference: Reference, shapes: tuple[Shape, ...], content: bytes | None = None
    ) -> TracedMask | RowError:
        """Trace a mask for assets of these sizes, of its bytes or (None) of what is at hand; returns why not."""
        started = time.perf_counter()
        try:
            encoded = self.sources.read(reference) if content is None else content
            return self.tracer.trace(encoded, reference, started, shapes)
        except RowError as error:
            return error


class _Chunk(Tally):
    """A chunk under way: the results there are, and the rows that wait for their masks."""

    rows: RowBatch
    results: list[tuple[int, EncodedRow | RowOutcome]] = field(default_factory=list)
    waiting: list[tuple[int, Draft, Reference]] = field(default_factory=list)
    encode_s: float = 0.0


class ChunkEncoder:
    """Turns rows into items: at once where all is at hand, else when the mask has come.

    Args:
        encoder: reads cells, makes items.
        row_filter: called in the worker threads.
        id_column: the CSV's column of external IDs.
        masks: where masks come from, None where the CSV has none.
    """

    def __init__(
        self, encoder: RowEncoder, row_filter: RowFilter, id_column: str, masks: MaskSupply | None = None
    ) -> None:
        self.masks = masks
        self._encoder = encoder
        self._row_filter = row_filter
        self._id_column = id_column

    async def encode(self, pool: Executor, rows: RowBatch, span: range, read_s: float) -> EncodedChunk:
        """Encode a chunk of a batch.

        Args:
            pool: worker threads.
            rows: the batch.
            span: the chunk's rows in it.
            read_s: seconds that reading the batch took.
        """
        chunk = await asyncio.get_running_loop().run_in_executor(pool, self._begin, rows, span)
        if chunk.waiting:
            try:
                async with asyncio.TaskGroup() as tasks:
                    for waiting in chunk.waiting:
                        tasks.create_task(self._complete(pool, chunk, *waiting))
            except BaseExceptionGroup as group:
                raise group.exceptions[0] from None  # a fault of ours; the others are likely the same
            chunk.results.sort(key=itemgetter(0))
        if span.start:
            return EncodedChunk(rows, chunk.results, chunk.encode_s)
        return EncodedChunk(rows, chunk.results, chunk.encode_s, rows.broken, read_s, rows.n_blank)

    def _begin(self, rows: RowBatch, span: range) -> _Chunk:
        """Do all that can be done now."""
        started = time.perf_counter()
        chunk = _Chunk(rows)
        for index in span:
            try:
                result = self._filtered(rows, index) or self._begin_row(chunk, index)
            except Exception as error:  # noqa: BLE001 - one row's work, whatever it ends in, ends no other's
                result = self._failed(rows, index, row_error_of(error))
            if result is not None:
                chunk.results.append((index, result))
        chunk.encode_s = time.perf_counter() - started
        return chunk

    def _filtered(self, rows: RowBatch, index: int) -> RowOutcome | None:
        """Return the outcome of a row that is not worth encoding; one that failed tells what else is wrong with it."""
        outcome = self._row_filter(rows, index)
        if outcome is None or outcome.state != "failed":
            return outcome
        faults: list[RowError] = []
        try:
            self._encoder.read(rows, index)
        except RowError as error:
            faults.append(error)
        # Where no asset is known by the ID, often on all rows, tracing would cost as much as an import.
        faults += self._mask_faults(rows, index, is_traced=False)
        return replace(outcome, reason="; ".join([outcome.reason, *map(str, faults)]))

    def _mask_faults(self, rows: RowBatch, index: int, *, is_traced: bool) -> list[RowError]:
        """What is wrong with the mask of a row that has failed already, as far as nothing has to be fetched for it."""
        masks = self.masks
        cell = "" if masks is None else rows.columns[masks.column][index]
        if masks is None or not cell.strip():
            return []
        try:
            reference = masks.sources.reference(cell)
            if not masks.sources.is_at_hand(reference):
                return []
            _, shapes = self._encoder.assets(rows, index)
            result = masks.trace(reference, shapes) if is_traced else masks.sources.read(reference)
        except RowError as error:
            result = error
        return [RowError(f"column {quoted(masks.column)}: {result}")] if isinstance(result, RowError) else []

    def _begin_row(self, chunk: _Chunk, index: int) -> EncodedRow | RowOutcome | None:
        """Return a row's result, or None when it waits."""
        masks = self.masks
        try:
            draft = self._encoder.read(chunk.rows, index)
        except RowError as error:
            raise together([error, *self._mask_faults(chunk.rows, index, is_traced=True)]) from None
        if masks is None or not draft.mask_cell.strip():
            return self._encoder.encode(draft)
        reference = masks.sources.reference(draft.mask_cell)
        traced: TracedMask | RowError | None = None
        if masks.cache.is_repeated(draft.mask_cell):
            traced = masks.cache.find((reference, draft.shapes))
        elif masks.sources.is_at_hand(reference):
            traced = masks.trace(reference, draft.shapes)
        if traced is None:
            chunk.waiting.append((index, draft, reference))
            return None
        return self._finished(chunk.rows, index, draft, traced)

    async def _complete(self, pool: Executor, chunk: _Chunk, index: int, draft: Draft, reference: Reference) -> None:
        """Finish a row that waits: its mask is elsewhere, or is being traced for another row."""
        masks = self.masks
        assert masks is not None, "only rows with masks wait"

        async def in_thread(job: Callable[[], T]) -> T:
            result, seconds = await asyncio.get_running_loop().run_in_executor(pool, _timed, job)
            chunk.encode_s += seconds
            return result

        async def trace() -> TracedMask | RowError:
            if masks.sources.is_at_hand(reference):
                return await in_thread(partial(masks.trace, reference, draft.shapes))
            try:
                async with masks.sources.fetched(reference, draft.row_number) as content:
                    return await in_thread(partial(masks.trace, reference, draft.shapes, content))
            except RowError as error:
                return error

        is_repeated = masks.cache.is_repeated(draft.mask_cell)
        try:
            traced = await (masks.cache.get((reference, draft.shapes), trace) if is_repeated else trace())
            result = await in_thread(partial(self._finished, chunk.rows, index, draft, traced))
        except Exception as error:  # noqa: BLE001 - as above
            result = self._failed(chunk.rows, index, row_error_of(error))
        chunk.results.append((index, result))

    def _finished(
        self, rows: RowBatch, index: int, draft: Draft, traced: TracedMask | RowError
    ) -> EncodedRow | RowOutcome:
        if isinstance(traced, RowError):
            return self._failed(rows, index, traced)
        return self._encoder.encode(draft, traced)

    def _failed(self, rows: RowBatch, index: int, error: RowError) -> RowOutcome:
        column = error.column
        if not column and isinstance(error, MaskError) and self.masks is not None:
            column = self.masks.column
        external_id = rows.columns[self._id_column][index]
        number, line = rows.numbers[index], rows.lines[index]
        state: RowState = "not sent" if error.code is Code.NOT_SENT else "failed"
        return RowOutcome(number, line, external_id, state, str(error), column, code=error.code)


def row_error_of(error: Exception) -> RowError:
    """The failure of a row whose work ended in this; the log has where, if it is a fault of ours."""
    if isinstance(error, RowError):
        return error
    if isinstance(error, UploadUnavailable) and error.code is Code.NOT_SENT:  # of a checkpoint
        return RowError(str(error), code=error.code)
    _logger.error("a row failed", exc_info=error)
    # Not the error's own text: it is another library's, and may hold what is secret in a URL.
    what = "no memory left" if isinstance(error, MemoryError) else f"a fault in prelabel, {type(error).__name__}"
    return RowError(f"{what}: run with --debug to see where, and report it", code=Code.FAULT_IN_PRELABEL)


def _timed(job: Callable[[], T]) -> tuple[T, float]:
    started = time.perf_counter()
    return job(), time.perf_counter() - started
