"""Stage 2, first half, the lines: a CSV's bytes cut into whole rows, each with the line it starts on.

``config(1) -> rows(2) -> ontology/answers(3) -> masks(4) -> polygons(5) -> items(6) -> batches(7) -> upload(8)
-> report(9)``

Only line ends and quotes are looked at; :mod:`prelabel.inputs.csv_rows` parses the cells. A row ends where Python's
``csv`` module ends it: at CR, LF or CRLF outside quoted cells, and a quote opens a quoted cell only where the cell
starts. In UTF-16 and UTF-32 the same is done with one byte for each unit (:func:`octets_of`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from prelabel.inputs.csv_cells import is_blank
from prelabel.inputs.encodings import UTF8, Coding
from prelabel.records import Record, Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import BufferedReader

    from numpy.typing import NDArray

    IntArray = NDArray[np.int64]

MAX_ROW_BYTES = 16 << 20
"""A row that goes on for longer is broken; it bounds what a quote that is never closed can swallow."""

LINE_END = re.compile(rb"\r\n?|\n")

_KEPT_BYTES = 1 << 16
_MAX_STRETCH_ROWS = 1 << 13
_LF, _CR, _QUOTE, _BACKSLASH = b'\n\r"\\'


class FileSpan(Record, frozen=True):
    """Bytes of a file, read when they are wanted."""

    path: Path
    offset: int
    n_bytes: int

    def __iter__(self) -> Iterator[bytes]:
        """Yield them in blocks."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            n_left = self.n_bytes
            while n_left > 0 and (block := file.read(min(n_left, 1 << 20))):
                n_left -= len(block)
                yield block


class Stretch(Record, frozen=True):
    """Whole rows of the file, those without content passed over.

    Attributes:
        text: the bytes they stand in.
        offset: where in the file those start.
        starts, ends: int64, where in ``text`` each row starts, and ends with its line end.
        lines: int64, the file's line on which each row starts.
        n_blank: rows passed over because nothing stands in them but delimiters and spaces; empty lines do not count.
        misquoted: indices of rows in which text follows a closing quote, a space precedes an opening one, or one is
            missing.
        error: why this is no row, for a stretch of one.
        rest: of a row that is not kept whole, what follows ``text``.
    """

    text: bytes
    offset: int
    starts: IntArray
    ends: IntArray
    lines: IntArray
    n_blank: int = 0
    misquoted: frozenset[int] = frozenset()
    error: str = ""
    rest: Iterable[bytes] = ()

    def row(self, index: int) -> bytes:
        """Return the bytes of one row, its line end included."""
        return self.text[self.starts[index] : self.ends[index]]


class _Scan(Record, frozen=True):
    """What is known of a buffer, in units.

    Attributes:
        line_ends: positions after each line end, up to the quote that is still open.
        row_ends: indices into ``line_ends`` of those that end a row, being in no quoted cell.
        open_at: where the quote stands that is still open; the buffer's length if none is.
        misquoted: in any order, where quotes are that text follows, or a space precedes, or that are not closed on
            their line and break it.
    """

    line_ends: IntArray
    row_ends: IntArray
    open_at: int
    misquoted: IntArray


def octets_of(raw: bytes, coding: Coding) -> bytes:
    """Return one byte for each unit of an encoding: ASCII as it is, others as bytes from 128 on."""
    if coding.unit == 1:
        return raw
    order = ">" if coding.name.endswith("be") else "<"
    units = np.frombuffer(raw, f"{order}u{coding.unit}", len(raw) // coding.unit)
    return np.where(units < 128, units, 255).astype(np.uint8).tobytes()


def cut_rows(
    file: BufferedReader, delimiter: str, block_bytes: int, *, offset: int, line: int, coding: Coding = UTF8
) -> Iterator[Stretch]:
    """Cut a file into stretches of whole rows, in file order.

    A quote that is never closed, or not within ``MAX_ROW_BYTES``, breaks the lines up to its own: they come as a
    stretch of one row with an ``error``, and rows go on with the next line. So it is with a line longer than
    ``MAX_ROW_BYTES``, of which only the first bytes are kept.

    Args:
        file: the CSV.
        delimiter: what stands between cells, one ASCII character.
        block_bytes: how much is read at once; more only where a row is longer.
        offset: byte position at which a row starts.
        line: 1-based number of that row's line.
        coding: how the file is written.
    """
    return iter(_Cutter(file, delimiter, block_bytes, offset, line, coding))


class _Cutter(Tally):
    """Where the cutting stands: ``offset`` and ``line`` of the first row that was not cut off yet."""

    file: BufferedReader
    delimiter: str
    block_bytes: int
    offset: int
    line: int
    coding: Coding

    def __iter__(self) -> Iterator[Stretch]:
        self.file.seek(self.offset)
        buffer, n_wanted = b"", self.block_bytes
        while True:
            block = self._block(n_wanted)
            buffer += block
            if not buffer:
                return
            octets = octets_of(buffer, self.coding)
            scan = _scan(octets, self.delimiter, at_end=not block)
            if len(scan.row_ends):
                yield from self._stretches(buffer, octets, scan)
                n_lines = int(scan.row_ends[-1]) + 1
                buffer = buffer[self._go_on(int(scan.line_ends[n_lines - 1]) * self.coding.unit, n_lines) :]
                n_wanted = self.block_bytes
            elif block and len(buffer) <= MAX_ROW_BYTES:
                # Four times as much each time, so that a long row is not scanned over and over.
                n_wanted = min(3 * len(buffer), MAX_ROW_BYTES + self.coding.unit - len(buffer))
            else:
                yield self._broken(buffer, octets, scan, at_end=not block)
                self.file.seek(self.offset)
                buffer, n_wanted = b"", self.block_bytes

    def _go_on(self, n_bytes: int, n_lines: int) -> int:
        self.offset += n_bytes
        self.line += n_lines
        return n_bytes

    def _block(self, n_bytes: int) -> bytes:
        """Read some bytes, whole units, never one half of a CRLF."""
        unit = self.coding.unit
        block = self.file.read(-(-n_bytes // unit) * unit)
        is_cr = octets_of(block[-unit:], self.coding) == b"\r"
        if is_cr and octets_of(self.file.peek(unit)[:unit], self.coding) == b"\n":
            block += self.file.read(unit)
        return block

    def _stretches(self, buffer: bytes, octets: bytes, scan: _Scan) -> Iterator[Stretch]:
        """Yield the buffer's whole rows that have content, a bounded number at a time."""
        ends = scan.line_ends[scan.row_ends]
        starts = np.concatenate([[0], ends[:-1]])
        lines = self.line + np.concatenate([[0], scan.row_ends[:-1] + 1])
        is_kept, is_blank_row = _contents(octets, starts, ends, self.delimiter)
        misquoted = np.zeros(len(ends), bool)
        misquoted[np.searchsorted(ends, scan.misquoted[scan.misquoted < ends[-1]], side="right")] = True
        unit = self.coding.unit
        for first in range(0, len(ends), _MAX_STRETCH_ROWS):
            rows = slice(first, first + _MAX_STRETCH_ROWS)
            kept = np.flatnonzero(is_kept[rows]) + first
            n_blank = int(is_blank_row[rows].sum())
            if len(kept) or n_blank:
                yield Stretch(
                    buffer,
                    self.offset,
                    starts[kept] * unit,
                    ends[kept] * unit,
                    lines[kept],
                    n_blank,
                    frozenset(np.flatnonzero(misquoted[kept]).tolist()) if len(scan.misquoted) else frozenset(),
                )

    def _broken(self, buffer: bytes, octets: bytes, scan: _Scan, *, at_end: bool) -> Stretch:
        """Make a stretch of one broken row: it has no end, or none within MAX_ROW_BYTES. Go on behind it."""
        n_lines, unit = len(scan.line_ends) + 1, self.coding.unit
        is_open = scan.open_at < len(octets)
        end = LINE_END.search(octets, scan.open_at) if is_open else None
        offset, line = self.offset, self.line
        subject = "it" if n_lines == 1 else f"line {line + n_lines - 1}"
        if end is not None or (is_open and at_end):
            within = "" if at_end else f" within {MAX_ROW_BYTES >> 20} MiB"
            error = f"{subject} opens a quote that is not closed{within}: close it, or take it out"
            text = buffer[: end.end() * unit if end else len(buffer)]
            self._go_on(len(text), n_lines)
            return _one_row(text, offset, line, error)
        error = f"{subject} is longer than {MAX_ROW_BYTES >> 20} MiB: shorten its cells"
        n_text, n_end = self._line_after(len(buffer))
        self._go_on(n_text + n_end, n_lines)
        # Of a row that may be the rest of the file only the first bytes are held.
        rest = FileSpan(Path(self.file.name), offset + _KEPT_BYTES, n_text - _KEPT_BYTES)
        return _one_row(buffer[:_KEPT_BYTES], offset, line, error, rest)

    def _line_after(self, n_bytes: int) -> tuple[int, int]:
        """Read on to the end of a line, of which ``n_bytes`` were read; return its length and that of its line end."""
        unit = self.coding.unit
        while block := self._block(self.block_bytes):
            if end := LINE_END.search(octets_of(block, self.coding)):
                return n_bytes + end.start() * unit, (end.end() - end.start()) * unit
            n_bytes += len(block)
        return n_bytes, 0


def _one_row(text: bytes, offset: int, line: int, error: str, rest: Iterable[bytes] = ()) -> Stretch:
    return Stretch(text, offset, np.array([0]), np.array([len(text)]), np.array([line]), error=error, rest=rest)


def _scan(octets: bytes, delimiter: str, *, at_end: bool) -> _Scan:
    """Find lines and rows.

    Args:
        octets: text that starts where a row starts and does not end within a CRLF, one byte for each unit.
        delimiter: what stands between cells.
        at_end: nothing follows in the file, so what is left at the end is a line.
    """
    array = np.frombuffer(octets, np.uint8)
    opens, closes, misquoted = _quoted(octets, array, delimiter)
    open_at = len(octets)
    if len(opens) > len(closes):
        # A doubled quote closes and opens at once, so the cell's own quote is the last that opens after another thing.
        fresh = np.append(True, opens[1:] != closes + 1)
        open_at = int(opens[fresh][-1])
    is_end = array[:open_at] == _LF
    if b"\r" in octets:
        lone = array[:open_at] == _CR
        lone[: len(octets) - 1] &= array[1 : open_at + 1] != _LF
        is_end |= lone
    line_ends = np.flatnonzero(is_end) + 1
    if at_end and open_at == len(octets) and (not len(line_ends) or line_ends[-1] != open_at):
        line_ends = np.append(line_ends, open_at)
    if not len(opens):
        return _Scan(line_ends, np.arange(len(line_ends)), open_at, misquoted)
    n_open = np.searchsorted(opens, line_ends, side="left") - np.searchsorted(closes, line_ends, side="left")
    return _Scan(line_ends, np.flatnonzero(n_open == 0), open_at, misquoted)


def _quoted(octets: bytes, array: NDArray[np.uint8], delimiter: str) -> tuple[IntArray, IntArray, IntArray]:
    """Find where quoted parts open and close, the last may be open still, and those that do not fit."""
    quotes = np.flatnonzero(array == _QUOTE)
    opens, closes = quotes[0::2], quotes[1::2]
    borders = np.array([ord(delimiter), _LF, _CR, _QUOTE], np.uint8)
    before = array[opens[opens > 0] - 1]
    after = array[closes[closes < len(octets) - 1] + 1]
    if np.isin(before, borders).all() and np.isin(after, borders).all():
        return opens, closes, quotes[:0]  # every quote opens or closes a cell, or is doubled: they take turns
    # A quote within an unquoted cell is a character like any other, so cells are followed one by one.
    opens, closes, misquoted = _followed(octets, delimiter)
    spaced = np.array([match.start(1) for match in spaced_quotes(delimiter).finditer(octets)], np.int64)
    is_outside = np.searchsorted(opens, spaced, side="right") == np.searchsorted(closes, spaced, side="left")
    return opens, closes, np.concatenate([misquoted, spaced[is_outside], _escaped(array, quotes, opens, closes)])


@lru_cache(maxsize=8)
def spaced_quotes(delimiter: str) -> re.Pattern[bytes]:
    """Cells in quotes that count as letters, since a space stands before them; group 1 begins with the quote."""
    mark = re.escape(delimiter.encode())
    spaces = b"[%s]" % b" \t".replace(delimiter.encode(), b"")
    return re.compile(
        rb'(?<![^%s\r\n])%s++("(?:[^"%s\r\n]|"")*+")%s*+(?=[%s\r\n]|\Z)' % (mark, spaces, mark, spaces, mark)
    )


def _followed(octets: bytes, delimiter: str) -> tuple[IntArray, IntArray, IntArray]:
    """Do the same cell by cell.

    Text after a closing quote on another line tells that the quote before was meant to be closed on its own: its cell
    ends there, so that one forgotten quote costs one row.
    """
    mark = re.escape(delimiter.encode())
    quoted = re.compile(rb'(?:\A|[%s\r\n])(")[^"]*+(?:""[^"]*+)*+("?)' % mark)
    borders = frozenset(delimiter.encode() + b"\r\n")
    opens, closes, misquoted = [], [], []
    match = quoted.search(octets)
    while match is not None:
        start, end = match.start(1), match.start(2)
        opens.append(start)
        position = match.end()
        if end < len(octets):
            if position < len(octets) and octets[position] not in borders:
                misquoted.append(start)
                if line_end := LINE_END.search(octets, start, end):
                    position, end = line_end.start(), line_end.start() - 1
            closes.append(end)
        match = quoted.search(octets, position)
    return np.array(opens, np.int64), np.array(closes, np.int64), np.array(misquoted, np.int64)


def _escaped(array: NDArray[np.uint8], quotes: IntArray, opens: IntArray, closes: IntArray) -> IntArray:
    """Find closing quotes that a backslash was meant to escape: a stray quote follows, the end that was meant."""
    slashed: IntArray = closes[array[closes - 1] == _BACKSLASH]
    if not len(slashed):
        return slashed
    n_opened = np.searchsorted(opens, quotes, side="right") - np.searchsorted(closes, quotes, side="left")
    stray = quotes[n_opened == 0]
    following = np.append(stray, len(array))[np.searchsorted(stray, slashed)]
    ends = np.flatnonzero((array == _LF) | (array == _CR))
    line_end = np.append(ends, len(array))[np.searchsorted(ends, slashed)]
    escaped: IntArray = slashed[following < line_end]
    return escaped


def _contents(octets: bytes, starts: IntArray, ends: IntArray, delimiter: str) -> tuple[NDArray[np.bool_], ...]:
    """Tell rows with content, and those that are blank; empty lines are neither."""
    array = np.frombuffer(octets, np.uint8)
    first = array[starts]
    is_kept = (first != _LF) & (first != _CR)
    second = array[np.minimum(starts + 1, len(array) - 1)]
    spaces = np.frombuffer(b" \t" + delimiter.encode(), np.uint8)
    is_likely = np.isin(first, spaces) | ((first == _QUOTE) & np.isin(second, np.append(spaces, [_QUOTE, _LF, _CR])))
    is_blank_row = np.zeros(len(starts), bool)
    for index in np.flatnonzero(is_likely).tolist():
        is_blank_row[index] = is_blank(octets[starts[index] : ends[index]], delimiter)
    return is_kept & ~is_blank_row, is_blank_row
