"""Stage 7: items -> batches, bounded by rows and by bytes. Pure: no clock, no network.

``config(1) -> rows(2) -> ontology/answers(3) -> masks(4) -> polygons(5) -> items(6) -> batches(7) -> upload(8)
-> report(9)``
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prelabel.model import Batch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prelabel.model import Item


def n_bytes_of(items: Sequence[Item]) -> int:
    """Bytes the items take in a request, commas included."""
    return sum(len(item.body) + 1 for item in items)


class Batcher:
    """Collects items into batches: feed items one by one, flush at the end.

    Args:
        max_rows: most items per batch.
        max_bytes: most bytes per batch; an item larger than this travels alone. May be lowered on the way.

    Raises:
        ValueError: a bound below 1.
    """

    def __init__(self, max_rows: int, max_bytes: int) -> None:
        if max_rows < 1 or max_bytes < 1:
            raise ValueError(f"a batch needs room for a row and a byte, not for {max_rows} and {max_bytes}")
        self.max_rows = max_rows
        self.max_bytes = max_bytes
        self._items: list[Item] = []
        self._n_bytes = 0
        self._n_batches = 0

    def feed(self, item: Item) -> tuple[Batch, ...]:
        """Take one item; return the batches that are complete now (none, one or two), in order."""
        n_bytes = len(item.body) + 1
        complete = self.flush() if self._items and self._n_bytes + n_bytes > self.max_bytes else ()
        self._items.append(item)
        self._n_bytes += n_bytes
        if len(self._items) >= self.max_rows or self._n_bytes >= self.max_bytes:
            complete += self.flush()
        return complete

    def flush(self) -> tuple[Batch, ...]:
        """Return what is left as a last batch, if anything is; flushing again returns nothing."""
        if not self._items:
            return ()
        self._n_batches += 1
        batch = Batch(self._n_batches, tuple(self._items), self._n_bytes)
        self._items = []
        self._n_bytes = 0
        return (batch,)


def halve(batch: Batch) -> tuple[Batch, Batch]:
    """Split a batch of two or more items where its bytes are halved best; both parts keep its number.

    Raises:
        ValueError: a batch of one item has no halves.
    """
    if len(batch.items) < 2:
        raise ValueError(f"batch {batch.number} has one item and no halves")
    n_before, at, best = 0, 1, batch.n_bytes
    for index, item in enumerate(batch.items[:-1], start=1):
        n_before += len(item.body) + 1
        larger = max(n_before, batch.n_bytes - n_before)
        if larger < best:
            at, best = index, larger
    first, second = batch.items[:at], batch.items[at:]
    return Batch(batch.number, first, n_bytes_of(first)), Batch(batch.number, second, n_bytes_of(second))
