"""Rows -> items on all cores, in order and in bounded memory; between stages 2 and 7.

Threads suffice: the kernels release the GIL. What waits here is at most ``2 * n_threads + 1`` chunks of rows.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from prelabel.errors import RowError
from prelabel.model import BrokenRow, RowBatch, RowOutcome

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Iterator

    from prelabel.encode import EncodedRow, RowEncoder

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
    """

    rows: RowBatch
    results: list[tuple[int, EncodedRow | RowOutcome]]
    encode_s: float
    broken: tuple[BrokenRow, ...] = ()
    read_s: float = 0.0


def count_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def encode_rows(
    batches: Iterator[RowBatch], encoder: RowEncoder, gate: Gate, *, id_column: str, n_threads: int, chunk_rows: int
) -> Generator[EncodedChunk]:
    """Yield the encoded rows in file order. Closing the generator cancels what has not begun.

    Args:
        batches: the rows; read in the caller's thread.
        encoder: turns a row into an item.
        gate: sorts out rows that are not worth encoding; called in the worker threads.
        id_column: the CSV's column of external IDs.
        n_threads: worker threads.
        chunk_rows: rows per piece of work; few where each row has a mask.
    """
    pending: deque[Future[EncodedChunk]] = deque()
    with ThreadPoolExecutor(n_threads, thread_name_prefix="prelabel-encode") as pool:
        try:
            started = time.perf_counter()
            for rows in batches:
                read_s = time.perf_counter() - started
                for start in range(0, max(1, len(rows)), chunk_rows):
                    span = range(start, min(start + chunk_rows, len(rows)))
                    pending.append(pool.submit(_encode_chunk, rows, span, encoder, gate, id_column, read_s))
                    if len(pending) > 2 * n_threads:
                        yield pending.popleft().result()
                started = time.perf_counter()
            while pending:
                yield pending.popleft().result()
        finally:
            for waiting in pending:
                waiting.cancel()


def _encode_chunk(
    rows: RowBatch, span: range, encoder: RowEncoder, gate: Gate, id_column: str, read_s: float
) -> EncodedChunk:
    started = time.perf_counter()
    results: list[tuple[int, EncodedRow | RowOutcome]] = []
    for index in span:
        result: EncodedRow | RowOutcome | None = gate(rows, index)
        if result is None:
            try:
                result = encoder.encode(rows, index)
            except RowError as error:
                external_id = rows.columns[id_column][index]
                result = RowOutcome(
                    rows.numbers[index], rows.lines[index], external_id, "failed", str(error), error.column
                )
        results.append((index, result))
    encode_s = time.perf_counter() - started
    is_first = span.start == 0
    return EncodedChunk(rows, results, encode_s, rows.broken if is_first else (), read_s if is_first else 0.0)


async def pulled(iterator: Generator[T]) -> AsyncGenerator[T]:
    """Iterate a blocking generator from the event loop, one step at a time in a thread of its own.

    Wrap it in ``contextlib.aclosing``: the generator is then closed, after the step under way, whatever happens.
    """
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1, thread_name_prefix="prelabel-read") as thread:
        try:
            while (value := await loop.run_in_executor(thread, next, iterator, None)) is not None:
                yield value
        finally:
            thread.submit(iterator.close)
