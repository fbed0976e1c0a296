"""Rows known by their content, so that an import goes on after its CSV was mended; part of the journal.

A row's key is two hashes: of its external ID, and of the cells that decide on its labels. What else a spreadsheet
changes when it saves a file (order, delimiter, encoding, quotes, other columns) changes no key.
"""

from __future__ import annotations

from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from prelabel.outcomes.row_ranges import RowRanges

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from prelabel.model import RowBatch

    UInt64Array = NDArray[np.uint64]

_KEY_BYTES = 16
_ODD = np.uint64(0x9E3779B97F4A7C15)  # the golden ratio, as hashes mix with it


class Carried(NamedTuple):
    """What a mended CSV has of what went in.

    Attributes:
        done: its rows that are in.
        changed: its rows whose external ID has something else in: they were mended, or stood beside one that was.
        gone: of the earlier CSV, the rows that went in and whose external ID is on no row any more.
    """

    done: RowRanges
    changed: RowRanges
    gone: RowRanges


class RowKeys:
    """The keys of a CSV's rows.

    Args:
        keys: (n, 2) uint64, by row: hashes of its external ID and of its cells; zeros for a row that is broken.
    """

    def __init__(self, keys: UInt64Array) -> None:
        self.keys = keys

    @classmethod
    def of(cls, batches: Iterable[RowBatch], columns: Sequence[str]) -> Self:
        """Take the rows' cells of these columns, the external ID's first."""
        text = bytearray()
        for rows in batches:
            part = bytearray(_KEY_BYTES * (len(rows) + len(rows.broken)))
            first = min([*rows.numbers[:1], *(broken.number for broken in rows.broken)], default=1)
            for number, cells in zip(rows.numbers, zip(*map(rows.columns.get, columns), strict=True), strict=True):
                at = _KEY_BYTES * (number - first)
                part[at : at + _KEY_BYTES] = _hash(cells[0]) + _hash(repr(cells))
            text += part
        return cls.parse(bytes(text))

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Read what ``bytes()`` made of keys."""
        return cls(np.frombuffer(text, "<u8").reshape(-1, 2))

    def __bytes__(self) -> bytes:
        return self.keys.astype("<u8").tobytes()

    def __len__(self) -> int:
        return len(self.keys)

    def carried(self, earlier: Self, done: RowRanges, *, overwrite: bool) -> Carried:
        """Find which rows are in, of those that an earlier version of the CSV had, and what became of the others.

        Args:
            earlier: that version's keys.
            done: the numbers of its rows that are in.
            overwrite: whether the last row of an ID replaces all; else rows of an ID are added in order, and what is
                added to counts as content, too.

        Returns:
            Numbers of rows. Of an ID whose rows that are in are not all here as they were, none is done.
        """
        was_in = done.mask(len(earlier))
        before = earlier._states(overwrite=overwrite)[was_in]
        now = self._states(overwrite=overwrite)
        codes = np.unique(np.concatenate([before, now]), axis=0, return_inverse=True)[1].reshape(-1)
        is_in = np.isin(codes[len(before) :], codes[: len(before)])
        counts = _is_last(now[:, 0]) if overwrite else np.ones(len(now), bool)
        is_in &= counts
        # An ID that had more rows in than are here: what it has on the Hub is not what this CSV says.
        ids, numbers = np.unique(np.concatenate([before[:, 0], now[is_in, 0]]), return_inverse=True)
        n_before = np.bincount(numbers[: len(before)], minlength=len(ids))
        n_now = np.bincount(numbers[len(before) :], minlength=len(ids))
        is_other = np.isin(now[:, 0], ids[n_now < n_before])
        is_gone = was_in & ~np.isin(earlier.keys[:, 0], now[:, 0])
        return Carried(*map(RowRanges.of_mask, (is_in & ~is_other, is_other & counts, is_gone)))

    def _states(self, *, overwrite: bool) -> UInt64Array:
        """Return (n, 2) uint64, by row: its ID, and a hash of what the ID's labels are once this row is in."""
        return self.keys if overwrite else np.stack([self.keys[:, 0], _chained(self.keys)], axis=1)


def _is_last(ids: UInt64Array) -> NDArray[np.bool_]:
    """Return bool, by row: whether no later one has its ID."""
    is_last = np.zeros(len(ids), bool)
    is_last[len(ids) - 1 - np.unique(ids[::-1], return_index=True)[1]] = True
    return is_last


def _chained(keys: UInt64Array) -> UInt64Array:
    """Return uint64, by row: a hash of its content and, in order, of those of all earlier rows of its ID."""
    order = np.argsort(keys[:, 0], kind="stable")
    ids, states = keys[order, 0], keys[order, 1].copy()
    ranks = np.arange(len(ids)) - np.searchsorted(ids, ids)  # how many rows of the same ID come before
    by_rank = np.argsort(ranks, kind="stable")
    _, *starts = np.searchsorted(ranks[by_rank], np.arange(int(ranks.max(initial=0)) + 1)).tolist()
    for start, stop in pairwise([*starts, len(ids)]):
        at = by_rank[start:stop]
        states[at] += states[at - 1] * _ODD
    chained: UInt64Array = np.empty_like(states)
    chained[order] = states
    return chained


def _hash(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
