"""Stage 2, first half, the lines: a CSV's bytes cut into whole rows, each with the line it starts on.

``config(1) -> rows(2) -> ontology/answers(3) -> masks(4) -> polygons(5) -> items(6) -> batches(7) -> upload(8)
-> report(9)``

Only line ends and quotes are looked at; :mod:`prelabel.inputs.csv_rows` parses the cells. A row ends where Python's
``csv`` module ends it: at CR, LF or CRLF outside quoted cells, and a quote opens a quoted cell only where the cell
starts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader

    from numpy.typing import NDArray

    IntArray = NDArray[np.int64]

MAX_ROW_BYTES = 16 << 20
"""A row that goes on for longer is broken; it bounds what a quote that is never closed can swallow."""

LINE_END = re.compile(rb"\r\n?|\n")

_KEPT_BYTES = 1 << 16
_LF, _CR, _QUOTE = b'\n\r"'


@dataclass(frozen=True, slots=True)
class Stretch:
    """Whole rows of the file, blank lines passed over.

    Attributes:
        text: the bytes they stand in.
        offset: where in the file those start.
        starts, ends: int64, where in ``text`` each row starts, and ends with its line end.
        lines: int64, the file's line on which each row starts.
        error: why this is no row, for a stretch of one.
    """

    text: bytes
    offset: int
    starts: IntArray
    ends: IntArray
    lines: IntArray
    error: str = ""

    def row(self, index: int) -> bytes:
        """Return the bytes of one row, its line end included."""
        return self.text[self.starts[index] : self.ends[index]]


def cut_rows(file: BufferedReader, delimiter: str, block_bytes: int, *, offset: int, line: int) -> Iterator[Stretch]:
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
    """
    file.seek(offset)
    buffer, n_wanted = b"", block_bytes
    while True:
        block = _block(file, n_wanted)
        buffer += block
        if not buffer:
            return
        line_ends, row_ends, open_at = _scan(buffer, delimiter, at_end=not block)
        if len(row_ends):
            n_lines = int(row_ends[-1]) + 1
            yield _whole(buffer, offset, line, line_ends, row_ends)
        elif block and len(buffer) <= MAX_ROW_BYTES:
            n_wanted = len(buffer)  # twice as much each time, so that a long row is not scanned over and over
            continue
        else:
            n_lines = int(np.searchsorted(line_ends, open_at, side="right")) + 1
            cut = int(line_ends[n_lines - 1]) if n_lines <= len(line_ends) else None
            # A row without even a line end is kept by its first bytes only: it may be the rest of the file.
            text = buffer[: cut or _KEPT_BYTES]
            yield _endless(text, offset, line, line + n_lines - 1, quoted=open_at < len(buffer))
            if cut is None:
                buffer = _after_line_end(file, block_bytes)
                offset, line, n_wanted = file.tell() - len(buffer), line + n_lines, block_bytes
                continue
        cut = int(line_ends[n_lines - 1])
        offset, line, n_wanted, buffer = offset + cut, line + n_lines, block_bytes, buffer[cut:]


def _block(file: BufferedReader, n_bytes: int) -> bytes:
    """Read some bytes, never one half of a CRLF."""
    block = file.read(n_bytes)
    if block.endswith(b"\r") and file.peek(1).startswith(b"\n"):
        block += file.read(1)
    return block


def _after_line_end(file: BufferedReader, block_bytes: int) -> bytes:
    """Read on to the end of the line; return what was read beyond it."""
    while block := _block(file, block_bytes):
        if end := LINE_END.search(block):
            return block[end.end() :]
    return b""


def _scan(buffer: bytes, delimiter: str, *, at_end: bool) -> tuple[IntArray, IntArray, int]:
    """Find lines and rows.

    Args:
        buffer: bytes that start where a row starts and do not end within a CRLF.
        delimiter: what stands between cells.
        at_end: nothing follows in the file, so what is left at the end is a line.

    Returns:
        (line_ends, row_ends, open_at): positions after each line end; indices into them of those that end a row,
        being in no quoted cell; the position of a quote that is still open, or the buffer's length.
    """
    octets = np.frombuffer(buffer, np.uint8)
    is_end = octets == _LF
    if b"\r" in buffer:
        lone = octets == _CR
        lone[:-1] &= octets[1:] != _LF
        is_end |= lone
    line_ends = np.flatnonzero(is_end) + 1
    if at_end and (not len(line_ends) or line_ends[-1] != len(buffer)):
        line_ends = np.append(line_ends, len(buffer))
    opens, closes = _quoted(buffer, octets, delimiter)
    n_open = np.searchsorted(opens, line_ends, side="left") - np.searchsorted(closes, line_ends, side="left")
    row_ends = np.flatnonzero(n_open == 0)
    if len(opens) == len(closes):
        return line_ends, row_ends, len(buffer)
    # A doubled quote closes and opens at once, so the cell's own quote is the last that opens after something else.
    fresh = np.append(True, opens[1:] != closes + 1)
    return line_ends, row_ends, int(opens[fresh][-1])


def _quoted(buffer: bytes, octets: NDArray[np.uint8], delimiter: str) -> tuple[IntArray, IntArray]:
    """Find where quoted parts open and where they close; the last may be open still."""
    quotes = np.flatnonzero(octets == _QUOTE)
    opens, closes = quotes[0::2], quotes[1::2]
    borders = np.array([ord(delimiter), _LF, _CR, _QUOTE], np.uint8)
    before = octets[opens[opens > 0] - 1]
    after = octets[closes[closes < len(buffer) - 1] + 1]
    if np.isin(before, borders).all() and np.isin(after, borders).all():
        return opens, closes  # every quote opens or closes a cell, or is doubled: they take turns
    # A quote within an unquoted cell is a character like any other, so cells are followed one by one.
    pattern = rb'(?:\A|[%s\r\n])(")[^"]*+(?:""[^"]*+)*+("?)' % re.escape(delimiter.encode())
    found = np.array([(part.start(1), part.start(2)) for part in re.finditer(pattern, buffer)], np.int64).reshape(-1, 2)
    return found[:, 0], found[found[:, 1] < len(buffer), 1]


def _whole(buffer: bytes, offset: int, line: int, line_ends: IntArray, row_ends: IntArray) -> Stretch:
    """Make a stretch of the buffer's whole rows that are not blank."""
    ends = line_ends[row_ends]
    starts = np.concatenate([[0], ends[:-1]])
    lines = line + np.concatenate([[0], row_ends[:-1] + 1])
    first = np.frombuffer(buffer, np.uint8)[starts]
    filled = (first != _LF) & (first != _CR)
    return Stretch(buffer, offset, starts[filled], ends[filled], lines[filled])


def _endless(text: bytes, offset: int, line: int, last_line: int, *, quoted: bool) -> Stretch:
    """Make a stretch of one broken row: it has no end, or none within MAX_ROW_BYTES."""
    error = (
        f"line {last_line} opens a quote that is not closed: close it, or take it out"
        if quoted
        else f"line {last_line} is longer than {MAX_ROW_BYTES >> 20} MiB: shorten its cells"
    )
    return Stretch(text, offset, np.array([0]), np.array([len(text)]), np.array([line]), error)
