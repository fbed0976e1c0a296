"""The rejects file: failed rows as they were plus the column ``prelabel_error``, to be mended and imported again."""

from __future__ import annotations

import csv
import io
import tempfile
import weakref
from typing import TYPE_CHECKING

from prelabel.errors import OutputError
from prelabel.spelling import escaped

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
        self._fault: OSError | None = None

    def add(self, number: int, cells: Sequence[str], reason: str) -> None:
        """Keep a failed row's cells, in header order, with the reason."""
        line = self._line(self._with_error(cells, escaped(reason)))
        try:
            self._spool.seek(self._end)
            self._spool.write(line)
        except OSError as error:  # the import goes on; the file of the failed rows would miss some, and is not written
            self._fault = self._fault or error
            return
        self._places.append((number, self._end, len(line)))
        self._end += len(line)

    def lines(self) -> Iterator[bytes]:
        """The header, then the rows.

        Raises:
            OutputError: the failed rows could not all be kept.
        """
        if self._fault is not None:
            raise _not_kept(self._fault)
        yield self._line(self._with_error(self._header, ERROR_COLUMN))
        for _, start, n_bytes in sorted(self._places):
            try:
                self._spool.seek(start)
                line = self._spool.read(n_bytes)
            except OSError as error:
                raise _not_kept(error) from error
            yield line

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


def _not_kept(error: OSError) -> OutputError:
    try:
        folder = tempfile.gettempdir()
    except OSError:  # there is none that can be written
        folder = "the temporary folder"
    return OutputError(
        f"the failed rows could not be kept in {escaped(folder)} ({error.strerror or error}): make room there, or set "
        "TMPDIR to another folder",
        path=folder,
    )
