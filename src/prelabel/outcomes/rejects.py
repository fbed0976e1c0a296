"""The rejects file: the bytes of failed rows, with the reason before them, to be mended and imported again.

Nothing of a row is written anew (docs/decisions/0013-rejects.md): it keeps its encoding, quotes and cells, too many or
too few as they may be, behind one more cell, ``prelabel_error``, which comes first so that a broken row stays as broken
as it was.
"""

from __future__ import annotations

import io
import re
import tempfile
import weakref
from array import array
from collections import deque
from itertools import chain, islice
from typing import IO, TYPE_CHECKING, Any

from prelabel.errors import OutputError
from prelabel.inputs.csv_cells import cell_spans, cell_text, is_blank
from prelabel.inputs.csv_lines import octets_of, spaced_quotes
from prelabel.spelling import counted, escaped, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prelabel.inputs.csv_layout import RowForm

ERROR_COLUMN = "prelabel_error"

_IN_MEMORY_BYTES = 4_000_000
_MAX_REASON = 4_000
_WRITTEN_BY_US = re.compile(rb'"line \d+ is no row: ')
_CLOSED = re.compile(rb'"[^"]*+(?:""[^"]*+)*+"')
_WELL_QUOTED = re.compile(rb'[^"]|\Z|"[^"]*+(?:""[^"]*+)*+"\Z')


class Rejects:
    """Failed rows as CSV lines, on disk beyond a few megabytes, read back in row order. Can be pickled.

    Args:
        form: how the CSV is written.
    """

    def __init__(self, form: RowForm) -> None:
        self._rows = _RejectedRows(form)
        self._spool = _Spool()
        self._numbers = array("q")
        self._starts = array("q", [0])
        self._open: set[int] = set()
        self._lost: list[OSError] = []
        self._n_lost = 0

    def add(self, number: int, raw: bytes, reason: str, rest: Iterable[bytes] = ()) -> None:
        """Keep a failed row with the reason.

        Args:
            number: the row.
            raw: its bytes, with or without line end.
            reason: why it failed.
            rest: what follows ``raw``, of a row that is not held whole.
        """
        start = end = self._starts[-1]
        pieces = self._rows.pieces(raw, reason, rest)
        try:
            for piece in pieces if rest else (b"".join(pieces),):  # each write goes to the disk
                self._spool.write(end, piece)
                end += len(piece)
        except OSError as error:  # no room, or the rest of a row is gone: the import goes on, writing tells of it
            self._lost = [error]
            self._n_lost += 1
            end = start
        else:
            self._numbers.append(number)
            self._starts.append(end)
            if self._rows.leaves_open(raw) or rest:
                self._open.add(number)

    def lines(self) -> Iterator[bytes]:
        """Yield the header, then the rows.

        Raises:
            OutputError: rows could not be kept; all that were have been yielded.
        """
        yield self._rows.header
        is_open = False
        for index in sorted(range(len(self._numbers)), key=self._numbers.__getitem__):
            start, end = self._starts[index], self._starts[index + 1]
            if is_open and not self._rows.ends_open_cells(self._spool.read(start, 8)):
                yield self._rows.divider
            is_open = self._numbers[index] in self._open
            while start < end:
                piece = self._spool.read(start, min(end - start, _IN_MEMORY_BYTES))
                start += len(piece)
                yield piece
        for error in self._lost:
            raise _not_kept(error, self._n_lost) from error

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_spool": self._spool.read(0, self._starts[-1])}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._spool = _Spool()
        self._spool.write(0, state["_spool"])


class _Spool:
    """Bytes in memory, and in a temporary file once they are many."""

    def __init__(self) -> None:
        self._file: IO[bytes] = io.BytesIO()
        self._on_disk = False

    def write(self, position: int, piece: bytes) -> None:
        if not self._on_disk and position + len(piece) > _IN_MEMORY_BYTES:
            self._move()
        self._file.seek(position)
        self._file.write(piece)
        self._file.flush()

    def read(self, position: int, n_bytes: int) -> bytes:
        self._file.seek(position)
        return self._file.read(n_bytes)

    def _move(self) -> None:
        """Go on in a file, once it has all there is: a full disk must not cost what was in memory."""
        file = tempfile.TemporaryFile()  # noqa: SIM115 - finalize closes
        weakref.finalize(self, file.close)
        file.write(self.read(0, -1))
        file.flush()
        self._file, self._on_disk = file, True


class _RejectedRows:
    """How rows and reasons are put together.

    Attributes:
        header: the first line, with what stands before it.
        divider: a row without content that ends a cell left open on the line before: its quote closes that cell, and
            what follows tells that it should not have.
    """

    def __init__(self, form: RowForm) -> None:
        self._form = form
        coding, delimiter = form.coding, form.delimiter
        octets = octets_of(form.header_row, coding)
        names = [cell_text(octets[start:end].decode("latin-1")) for start, end in cell_spans(octets, delimiter)]
        self._place = names.index(ERROR_COLUMN) if ERROR_COLUMN in names else None
        self._n_named = max((place + 1 for place, name in enumerate(names) if name.strip()), default=0)
        first = ERROR_COLUMN if delimiter not in ERROR_COLUMN else f'"{ERROR_COLUMN}"'
        added = b"" if self._place is not None else coding.encode(first + delimiter)
        self.header = form.preamble + added + form.header_row + form.line_end
        self._reason, self._cell = "", coding.encode(_quoted(""))  # of the last row: many share theirs
        self.divider = coding.encode('"\t"' if delimiter == " " else '" "') + form.line_end

    def ends_open_cells(self, row: bytes) -> bool:
        """Whether a row that begins so breaks a quote left open on the line before, as a reason of ours does."""
        octets = octets_of(row, self._form.coding)
        return octets[:1] == b'"' and octets[1:2].isalnum()

    def leaves_open(self, raw: bytes) -> bool:
        """Whether a row ends within a quoted cell."""
        if self._place is None:
            return False  # the reason before the next row ends it
        row = octets_of(raw, self._form.coding)
        ((start, end),) = deque(cell_spans(row.rstrip(b"\r\n"), self._form.delimiter), maxlen=1)
        return row[start : start + 1] == b'"' and not _CLOSED.match(row, start, end)

    def pieces(self, raw: bytes, reason: str, rest: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the bytes of a row with its reason."""
        coding, unit = self._form.coding, self._form.coding.unit
        octets = octets_of(raw, coding)
        n_row = len(octets.rstrip(b"\r\n")) * unit
        if reason != self._reason:
            self._reason, self._cell = reason, coding.encode(_quoted(printable(reason)))
        cell = self._cell
        if self._place is None:
            yield cell + coding.encode(self._form.delimiter) + raw[:n_row]
        elif (span := self._error_span(octets[: n_row // unit])) is not None:
            yield raw[: span[0] * unit] + cell + raw[span[1] * unit : n_row]
        else:
            yield raw[:n_row]
        yield from rest
        yield raw[n_row:] or self._form.line_end

    def _error_span(self, row: bytes) -> tuple[int, int] | None:
        """Return where an earlier reason stands in a row, None where that is not sure: no cell may be lost."""
        delimiter = self._form.delimiter
        spans = cell_spans(row, delimiter)
        assert self._place is not None
        first = list(islice(spans, max(self._n_named, self._place + 1)))
        if len(first) <= self._place:
            return None
        start, end = first[self._place]
        # What breaks the row may be in that very cell: without it the row would come back as a sound one.
        is_sound = _WELL_QUOTED.match(row, start, end) and not spaced_quotes(delimiter).match(row, start, end)
        if not is_sound or b"\0" in row[start:end]:
            return None
        is_whole = len(first) >= self._n_named and all(
            is_blank(row[begin:stop], delimiter) for begin, stop in chain(first[self._n_named :], spans)
        )
        is_ours = self._place == 0 and _WRITTEN_BY_US.match(row) is not None
        return (start, end) if is_whole or is_ours else None


def _quoted(reason: str) -> str:
    """A reason as a cell. A letter comes first: behind a row whose quote is open, a quote and one are not its end."""
    worded = reason if reason[:1].isalnum() else f"failed: {reason}"
    return '"' + re.sub(r"[\r\n\0]+", " ", worded[:_MAX_REASON]).replace('"', '""') + '"'


def _not_kept(error: OSError, n_lost: int) -> OutputError:
    try:
        folder = tempfile.gettempdir()
    except OSError:  # there is none that can be written
        folder = "the temporary folder"
    return OutputError(
        f"{counted(n_lost, 'failed row')} could not be kept in {escaped(folder)} ({error.strerror or error}): make "
        "room there, or set TMPDIR to another folder",
        path=folder,
    )
