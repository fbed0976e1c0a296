"""Rows dealt out in batches of one size, each with the bytes it was read from; the last of stage 2."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any, Self, overload

from prelabel.model import RowBatch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prelabel.inputs.csv_lines import Stretch


class RawRows(Sequence[bytes]):
    """The bytes of rows as the file has them, line ends included, cut out of its stretches when they are wanted.

    Args:
        parts: stretches, and the rows in each.
    """

    __slots__ = ("_ends", "_parts")

    def __init__(self, parts: Sequence[tuple[Stretch, Sequence[int]]]) -> None:
        self._parts = parts
        self._ends = list(accumulate(len(rows) for _, rows in parts))

    @classmethod
    def of(cls, stretch: Stretch, rows: Sequence[int]) -> Self:
        """The bytes of some rows of one stretch."""
        return cls([(stretch, rows)] if rows else [])

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> RawRows: ...
    def __getitem__(self, index: int | slice) -> bytes | RawRows:
        if isinstance(index, slice):
            return self._taken(*index.indices(len(self)))
        if not 0 <= index < len(self):
            raise IndexError(index)
        part = bisect_right(self._ends, index)
        stretch, rows = self._parts[part]
        return stretch.row(rows[index - (self._ends[part - 1] if part else 0)])

    def _taken(self, first: int, stop: int, step: int) -> RawRows:
        if step != 1:
            raise ValueError("rows are taken as they follow each other")
        parts, start = [], 0
        for stretch, rows in self._parts:
            chosen = rows[max(0, first - start) : max(0, stop - start)]
            if chosen:
                parts.append((stretch, chosen))
            start += len(rows)
        return RawRows(parts)

    @property
    def parts(self) -> Sequence[tuple[Stretch, Sequence[int]]]:
        """The stretches, and the rows in each."""
        return self._parts

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment] # equal to lists, which have none

    def __reduce__(self) -> tuple[Any, ...]:
        # Only the rows travel, not the stretches around them.
        return tuple, (list(self),)


def rebatched(uneven: Iterator[RowBatch], rows_per_batch: int) -> Iterator[RowBatch]:
    """Deal rows out anew, ``rows_per_batch`` at a time, broken ones counted."""
    held: list[RowBatch] = []
    first, n_held = 1, 0  # number of the first row that is held; how many are
    for batch in uneven:
        held.append(batch)
        n_held += len(batch) + len(batch.broken)
        if n_held < rows_per_batch:
            continue
        whole = _joined(held)
        last = first + n_held
        while last - first >= rows_per_batch:
            yield _taken(whole, first, first + rows_per_batch, n_blank=whole.n_blank if first == last - n_held else 0)
            first += rows_per_batch
        n_held = last - first
        held = [_taken(whole, first, last, n_blank=0)]
    if n_held or any(batch.n_blank for batch in held):
        yield _joined(held)


def _joined(batches: Sequence[RowBatch]) -> RowBatch:
    first = batches[0]
    if len(batches) == 1:
        return first
    columns = {name: list(chain.from_iterable(batch.columns[name] for batch in batches)) for name in first.columns}
    return RowBatch(
        first.header,
        list(chain.from_iterable(batch.numbers for batch in batches)),
        list(chain.from_iterable(batch.lines for batch in batches)),
        columns,
        tuple(chain.from_iterable(batch.broken for batch in batches)),
        RawRows([part for batch in batches if isinstance(batch.raw, RawRows) for part in batch.raw.parts]),
        sum(batch.n_blank for batch in batches),
    )


def _taken(batch: RowBatch, first: int, stop: int, *, n_blank: int) -> RowBatch:
    """Take the rows numbered ``first`` to ``stop - 1``."""
    rows = slice(bisect_left(batch.numbers, first), bisect_left(batch.numbers, stop))
    broken = [bisect_left(batch.broken, number, key=lambda row: row.number) for number in (first, stop)]
    return RowBatch(
        batch.header,
        batch.numbers[rows],
        batch.lines[rows],
        {name: cells[rows] for name, cells in batch.columns.items()},
        batch.broken[slice(*broken)],
        batch.raw[rows],
        n_blank,
    )
