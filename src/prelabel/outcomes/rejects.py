"""The rejects file: failed rows as they were plus the column ``prelabel_error``, to be mended and imported again."""

from __future__ import annotations

import csv
import io
import tempfile
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ERROR_COLUMN = "prelabel_error"
_IN_MEMORY_BYTES = 4_000_000


class Rejects:
    """Failed rows as CSV lines, spooled to disk beyond a few megabytes, read back in row order.

    Args:
        header: the CSV's columns.
        delimiter: its delimiter.
    """

    def __init__(self, header: Sequence[str], delimiter: str) -> None:
        self._header = list(header)
        self._delimiter = delimiter
        self._spool = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 - finalize closes
        weakref.finalize(self, self._spool.close)
        self._places: list[tuple[int, int, int]] = []
        self._end = 0

    def add(self, number: int, cells: Sequence[str], reason: str) -> None:
        """Keep a failed row's cells, in header order, with the reason."""
        line = self._line(self._with_error(cells, reason))
        self._spool.seek(self._end)
        self._spool.write(line)
        self._places.append((number, self._end, len(line)))
        self._end += len(line)

    def lines(self) -> Iterator[bytes]:
        """The header, then the rows."""
        yield self._line(self._with_error(self._header, ERROR_COLUMN))
        for _, start, n_bytes in sorted(self._places):
            self._spool.seek(start)
            yield self._spool.read(n_bytes)

    def _with_error(self, cells: Sequence[str], error: str) -> list[str]:
        row = [*cells, *[""] * (len(self._header) - len(cells))]
        if ERROR_COLUMN not in self._header:
            return [*row, error]
        row[self._header.index(ERROR_COLUMN)] = error  # a rejects file that is imported again
        return row

    def _line(self, cells: Sequence[str]) -> bytes:
        text = io.StringIO()
        csv.writer(text, delimiter=self._delimiter).writerow(cells)
        return text.getvalue().encode("utf-8", "surrogateescape")
