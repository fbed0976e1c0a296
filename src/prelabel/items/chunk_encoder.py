"""A chunk of rows -> their items: what is done at once in a thread, and what waits for masks; stages 3 to 6.

Local masks are read, and everything at hand is traced, the first time the chunk has a thread. Rows whose masks are
elsewhere, or are just being traced for another row, wait in the event loop and take a thread again once it is there.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, TypeVar

from prelabel.errors import MaskError, RowError
from prelabel.model import BrokenRow, RowBatch, RowOutcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from prelabel.items.row_encoder import Draft, EncodedRow, RowEncoder, TracedMask
    from prelabel.items.trace_cache import SharedMasks
    from prelabel.masks.references import Reference
    from prelabel.masks.sources.router import MaskSources
    from prelabel.model import Shape

    Gate = Callable[[RowBatch, int], RowOutcome | None]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EncodedChunk:
    """Consecutive rows after encoding.

    Attributes:
        rows: the rows.
        results: for each row in order its index in ``rows`` and its item, or its outcome if it ended here.
        encode_s: seconds of one thread's work.
        broken: lines of the batch that are no rows; they come with its first chunk.
        read_s: seconds that reading the batch took; likewise.
        n_blank: rows of the batch that were passed over; likewise.
    """

    rows: RowBatch
    results: list[tuple[int, EncodedRow | RowOutcome]]
    encode_s: float
    broken: tuple[BrokenRow, ...] = ()
    read_s: float = 0.0
    n_blank: int = 0

    @property
    def n_bytes(self) -> int:
        """Bytes of the items."""
        return sum(0 if isinstance(result, RowOutcome) else len(result.item.body) for _, result in self.results)


@dataclass(frozen=True, slots=True)
class MaskSupply:
    """Where rows get their masks.

    Attributes:
        column: the CSV's column of masks.
        sources: reads and fetches.
        shared: keeps masks that several rows name.
        rows_ahead: rows that may wait for masks from elsewhere.
        chunk_rows: rows that make a good piece of work.
    """

    column: str
    sources: MaskSources
    shared: SharedMasks
    rows_ahead: int = 0
    chunk_rows: int = 4


@dataclass(slots=True)
class _Begun:
    """A chunk after its first time in a thread: the results there are, and the rows that wait for their masks."""

    results: list[tuple[int, EncodedRow | RowOutcome]] = field(default_factory=list)
    waiting: list[tuple[int, Draft, Reference]] = field(default_factory=list)
    encode_s: float = 0.0


class RowWork:
    """Turns rows into items: at once where all is at hand, else when the mask has come.

    Args:
        encoder: reads cells, traces masks, makes items.
        gate: sorts out rows that are not worth encoding; called in the worker threads.
        id_column: the CSV's column of external IDs.
        supply: where masks come from, None where the CSV has none.
    """

    def __init__(self, encoder: RowEncoder, gate: Gate, id_column: str, supply: MaskSupply | None = None) -> None:
        self.supply = supply
        self._encoder = encoder
        self._gate = gate
        self._id_column = id_column

    async def encode(self, pool: Executor, rows: RowBatch, span: range, read_s: float) -> EncodedChunk:
        """Encode a chunk of a batch.

        Args:
            pool: worker threads.
            rows: the batch.
            span: the chunk's rows in it.
            read_s: seconds that reading the batch took.
        """
        begun = await asyncio.get_running_loop().run_in_executor(pool, self._begin, rows, span)
        if begun.waiting:
            try:
                async with asyncio.TaskGroup() as tasks:
                    for index, draft, reference in begun.waiting:
                        tasks.create_task(self._complete(pool, rows, begun, index, draft, reference))
            except BaseExceptionGroup as group:
                raise group.exceptions[0] from None  # a fault of ours; the others are likely the same
            begun.results.sort(key=itemgetter(0))
        if span.start:
            return EncodedChunk(rows, begun.results, begun.encode_s)
        return EncodedChunk(rows, begun.results, begun.encode_s, rows.broken, read_s, rows.n_blank)

    def _begin(self, rows: RowBatch, span: range) -> _Begun:
        """Do all that can be done now."""
        started = time.perf_counter()
        begun = _Begun()
        results, gate, begin = begun.results, self._gate, self._begin_row
        for index in span:
            try:
                result: EncodedRow | RowOutcome | None = gate(rows, index) or begin(rows, index, begun)
            except RowError as error:
                result = self._failed(rows, index, error)
            if result is not None:
                results.append((index, result))
        begun.encode_s = time.perf_counter() - started
        return begun

    def _begin_row(self, rows: RowBatch, index: int, begun: _Begun) -> EncodedRow | RowOutcome | None:
        """Return a row's result, or None when it waits."""
        draft, supply = self._encoder.start(rows, index), self.supply
        if supply is None or not draft.mask_cell.strip():
            return self._encoder.finish(draft)
        reference = supply.sources.reference(draft.mask_cell)
        made: TracedMask | RowError | None = None
        if supply.shared.is_repeated(draft.mask_cell):
            made = supply.shared.find((reference, draft.shapes))
        elif supply.sources.is_at_hand(reference):
            made = self._traced(reference, draft.shapes)
        if made is None:
            begun.waiting.append((index, draft, reference))
            return None
        return self._finished(rows, index, draft, made)

    async def _complete(
        self, pool: Executor, rows: RowBatch, begun: _Begun, index: int, draft: Draft, reference: Reference
    ) -> None:
        """Finish a row that waits: its mask is elsewhere, or is being traced for another row."""
        assert self.supply is not None

        async def in_thread(job: Callable[[], T]) -> T:
            result, seconds = await asyncio.get_running_loop().run_in_executor(pool, _timed, job)
            begun.encode_s += seconds
            return result

        async def make() -> TracedMask | RowError:
            assert self.supply is not None
            sources = self.supply.sources
            if sources.is_at_hand(reference):
                return await in_thread(partial(self._traced, reference, draft.shapes))
            try:
                async with sources.fetched(reference, draft.row_number) as content:
                    return await in_thread(partial(self._traced, reference, draft.shapes, content))
            except RowError as error:
                return error

        shared = self.supply.shared
        key = reference, draft.shapes
        made = await (shared.get(key, make) if shared.is_repeated(draft.mask_cell) else make())
        begun.results.append((index, await in_thread(partial(self._finished, rows, index, draft, made))))

    def _traced(
        self, reference: Reference, shapes: tuple[Shape, ...], content: bytes | None = None
    ) -> TracedMask | RowError:
        """Trace a mask for assets of these sizes, of its bytes or (None) of what is at hand; returns why not."""
        assert self.supply is not None
        started = time.perf_counter()
        try:
            found = self.supply.sources.read(reference) if content is None else content
            return self._encoder.trace(found, str(reference), started, shapes)
        except RowError as error:
            return error

    def _finished(
        self, rows: RowBatch, index: int, draft: Draft, made: TracedMask | RowError
    ) -> EncodedRow | RowOutcome:
        if isinstance(made, RowError):
            return self._failed(rows, index, made)
        return self._encoder.finish(draft, made)

    def _failed(self, rows: RowBatch, index: int, error: RowError) -> RowOutcome:
        column = error.column
        if not column and isinstance(error, MaskError) and self.supply is not None:
            column = self.supply.column
        external_id = rows.columns[self._id_column][index]
        return RowOutcome(rows.numbers[index], rows.lines[index], external_id, "failed", str(error), column)


def _timed(job: Callable[[], T]) -> tuple[T, float]:
    started = time.perf_counter()
    return job(), time.perf_counter() - started
