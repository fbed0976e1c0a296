"""Rows -> items on all cores, in order and in bounded memory; between stages 2 and 7.

Threads suffice: the kernels release the GIL. Chunks of rows are worked on at the same time and come out in file order,
so fetching, tracing and uploading overlap.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Self

from prelabel.kernels import NobodyWaits, ask_first, is_compiling

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
    from concurrent.futures import Executor

    from prelabel.items.chunk_encoder import ChunkEncoder
    from prelabel.model import EncodedChunk, RowBatch


def count_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


async def encode_rows(
    batches: Iterator[RowBatch],
    encoder: ChunkEncoder,
    *,
    n_threads: int,
    chunk_rows: int,
    checkpoint: Callable[[], None] = lambda: None,
) -> AsyncGenerator[EncodedChunk]:
    """Yield the encoded rows in file order. Wrap it in ``contextlib.aclosing``: closing ends what is under way.

    What waits here is at most ``2 * n_threads`` chunks and the rows that the mask supply lets wait, and about the
    bytes that its sources let be held.

    Args:
        batches: the rows; read in a thread of their own.
        encoder: turns rows into items.
        n_threads: worker threads.
        chunk_rows: rows per piece of work; few where each row has a mask.
        checkpoint: called before a kernel is compiled; raises what the row that needs it then ends in.
    """
    loop = asyncio.get_running_loop()
    window = _Window(encoder, 2 * n_threads * chunk_rows)
    async with (
        _threads(1, "prelabel-read", checkpoint) as reader,
        _threads(n_threads, "prelabel-encode", checkpoint) as pool,
        window,
    ):
        started = time.perf_counter()
        while (rows := await loop.run_in_executor(reader, next, batches, None)) is not None:
            read_s = time.perf_counter() - started
            for start in range(0, max(1, len(rows)), chunk_rows):
                window.add(pool, rows, range(start, min(start + chunk_rows, len(rows))), read_s)
                while window.is_full:
                    yield await window.first()
            started = time.perf_counter()
        while window:
            yield await window.first()


@asynccontextmanager
async def _threads(n_threads: int, name: str, checkpoint: Callable[[], None]) -> AsyncIterator[ThreadPoolExecutor]:
    """Threads for the time of the block; leaving it lets what they are at end, without blocking the event loop.

    Only a kernel that is being compiled is not waited for: it takes seconds, and the thread that needs it ends with it.
    """
    is_over = threading.Event()

    def check() -> None:
        if is_over.is_set():
            raise NobodyWaits
        checkpoint()

    pool = ThreadPoolExecutor(n_threads, thread_name_prefix=name, initializer=ask_first, initargs=(check,))
    try:
        yield pool
    finally:
        is_over.set()
        await asyncio.to_thread(pool.shutdown, wait=not is_compiling(), cancel_futures=True)


class _Window:
    """The chunks that are under way, in file order. Leaving the block cancels them.

    Args:
        encoder: turns rows into items.
        max_rows: rows that may be here besides those that wait for masks from elsewhere.
    """

    def __init__(self, encoder: ChunkEncoder, max_rows: int) -> None:
        masks = encoder.masks
        self._encoder = encoder
        self._max_rows = max_rows + (0 if masks is None else masks.rows_ahead)
        self._held = None if masks is None else masks.sources.held
        self._n_rows = 0
        self._tasks: deque[tuple[asyncio.Task[EncodedChunk], int]] = deque()

    def __bool__(self) -> bool:
        return bool(self._tasks)

    @property
    def is_full(self) -> bool:
        """Whether the first chunk has to go before another comes."""
        return bool(self) and (self._n_rows > self._max_rows or (self._held is not None and self._held.is_full))

    def add(self, pool: Executor, rows: RowBatch, span: range, read_s: float) -> None:
        """Begin one more chunk."""
        n_rows = max(1, len(span))
        self._n_rows += n_rows
        self._tasks.append((asyncio.create_task(self._encode(pool, rows, span, read_s)), n_rows))

    async def _encode(self, pool: Executor, rows: RowBatch, span: range, read_s: float) -> EncodedChunk:
        chunk = await self._encoder.encode(pool, rows, span, read_s)
        if self._held is not None:
            self._held.add(chunk.n_bytes)
        return chunk

    async def first(self) -> EncodedChunk:
        """Wait for the first chunk, and let it go."""
        task, n_rows = self._tasks[0]
        chunk = await task
        self._tasks.popleft()
        self._n_rows -= n_rows
        if self._held is not None:
            self._held.add(-chunk.n_bytes)
        return chunk

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        tasks = [task for task, _ in self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
