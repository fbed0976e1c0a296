"""Work on many things by several threads: results in order, a bounded look-ahead, nothing left at work at the end."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from prelabel.kernels import NobodyWaits, ask_first

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

Item = TypeVar("Item")
Result = TypeVar("Result")

MAX_ITEMS = 16
"""Items in one piece of work: handing one over costs as much as a small mask's work."""

MAX_WEIGHT = 1 << 20
"""What the items of one piece weigh together, unless it has only one."""


class _Outcome(NamedTuple, Generic[Result]):
    """What became of one item: its results, one or none, or the error."""

    results: Sequence[Result]
    error: BaseException | None = None


def in_order(
    items: Iterable[Item], work: Callable[[Item], Result], n_threads: int, weigh: Callable[[Item], int]
) -> Generator[Result, None, None]:
    """Yield ``work(item)`` for each item, in order.

    At most ``2 * n_threads`` pieces of items are read ahead. Closing the generator, or letting go of it, waits for the
    items that are being worked on and begins no other; nor is another kernel compiled.

    Args:
        items: read in the caller's thread; what reading them raises comes after the results of those before.
        work: called in threads; what it raises is raised at the item's turn, and ends all.
        n_threads: how many; with one, nothing is read ahead and no thread is made.
        weigh: an item's weight, see :data:`MAX_WEIGHT`.
    """
    if n_threads == 1:
        yield from map(work, items)
        return
    pieces, waiting = _pieces(items, weigh), deque[Future[list[_Outcome[Result]]]]()
    is_over = threading.Event()

    def check() -> None:
        if is_over.is_set():
            raise NobodyWaits

    pool = ThreadPoolExecutor(n_threads, thread_name_prefix="prelabel-masks", initializer=ask_first, initargs=(check,))
    try:
        while True:
            # Results that are there are not kept back while a slow source is read, as long as no thread is idle.
            while len(waiting) <= n_threads or (len(waiting) < 2 * n_threads and not waiting[0].done()):
                if (piece := next(pieces, None)) is None:
                    break
                waiting.append(_submitted(pool, piece, work, is_over))
            if not waiting:
                return
            for results, error in waiting.popleft().result():
                if error is not None:
                    raise error
                yield from results
    finally:
        is_over.set()
        pool.shutdown(cancel_futures=True)


def _pieces(items: Iterable[Item], weigh: Callable[[Item], int]) -> Iterator[list[Item] | Exception]:
    """Yield the items by pieces; last what reading them raised, if it did."""
    piece: list[Item] = []
    weight, failure = 0, None
    try:
        for item in items:
            own = weigh(item)
            if piece and (len(piece) == MAX_ITEMS or weight + own > MAX_WEIGHT):
                yield piece
                piece, weight = [], 0
            piece.append(item)
            weight += own
    except Exception as error:  # noqa: BLE001 - raised again, after the results of what came before
        failure = error
    if piece:
        yield piece
    if failure is not None:
        yield failure


def _submitted(
    pool: ThreadPoolExecutor, piece: list[Item] | Exception, work: Callable[[Item], Result], is_over: threading.Event
) -> Future[list[_Outcome[Result]]]:
    """Have a piece worked on; of a failure, make what a piece that failed comes to."""
    if not isinstance(piece, Exception):
        return pool.submit(_work_off, piece, work, is_over)
    failed: Future[list[_Outcome[Result]]] = Future()
    failed.set_result([_Outcome((), piece)])
    return failed


def _work_off(piece: list[Item], work: Callable[[Item], Result], is_over: threading.Event) -> list[_Outcome[Result]]:
    outcomes: list[_Outcome[Result]] = []
    for item in piece:
        if is_over.is_set():
            break
        try:
            outcomes.append(_Outcome((work(item),)))
        except BaseException as error:  # noqa: BLE001 - raised again, after the results of the items before
            outcomes.append(_Outcome((), error))
            break
    return outcomes
