"""Sets of row numbers that mostly follow each other; part of the journal."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray


class RowRanges:
    """A set of row numbers, kept as ranges: a million acknowledged rows in a row cost as much as one.

    Args:
        ranges: pairs of a first and a last number, in any order, overlapping or not.
    """

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in sorted(ranges):
            if self._lasts and first <= self._lasts[-1] + 1:
                self._lasts[-1] = max(self._lasts[-1], last)
            else:
                self._firsts.append(first)
                self._lasts.append(last)

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, int):
            return False
        at = bisect_right(self._firsts, number) - 1
        return at >= 0 and number <= self._lasts[at]

    def __iter__(self) -> Iterator[int]:
        for first, last in zip(self._firsts, self._lasts, strict=True):
            yield from range(first, last + 1)

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in zip(self._firsts, self._lasts, strict=True))

    def mask(self, n_rows: int) -> NDArray[np.bool_]:
        """Return bool, for each of the rows from 1 to ``n_rows``: whether it is in the set."""
        mask = np.zeros(n_rows, bool)
        for first, last in zip(self._firsts, self._lasts, strict=True):
            mask[max(first, 1) - 1 : last] = True
        return mask

    @classmethod
    def of(cls, numbers: Iterable[int]) -> Self:
        """The set of these numbers."""
        return cls((number, number) for number in numbers)

    @classmethod
    def of_mask(cls, mask: NDArray[np.bool_]) -> Self:
        """The set that :meth:`mask` tells of."""
        edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0)).tolist()
        return cls((first + 1, last) for first, last in zip(edges[::2], edges[1::2], strict=True))

    @classmethod
    def parse(cls, *texts: str) -> Self:
        """The union of texts as :meth:`__str__` writes them."""
        parts = (part.partition("-") for text in texts for part in text.split(",") if part)
        return cls((int(first), int(last or first)) for first, _, last in parts)

    def __str__(self) -> str:
        pairs = zip(self._firsts, self._lasts, strict=True)
        return ",".join(f"{first}-{last}" if last > first else str(first) for first, last in pairs)
