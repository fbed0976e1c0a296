"""One row's cells, where they stand in its bytes: for headers, rejects and messages; pyarrow parses the others."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def cell_spans(row: bytes, delimiter: str) -> Iterator[tuple[int, int]]:
    """Yield where each cell of a row starts and ends, quotes included.

    A quoted cell goes on to the next delimiter after its closing quote, to the row's end where it is not closed.

    Args:
        row: a row, one byte for each unit of its encoding (see :func:`prelabel.inputs.csv_lines.octets_of`).
        delimiter: what stands between cells.
    """
    cell, mark = _cell_pattern(delimiter), delimiter.encode()
    start = 0
    while True:
        match = cell.match(row, start)
        assert match is not None, "an empty cell matches"
        yield match.span()
        if row[match.end() : match.end() + 1] != mark:
            return
        start = match.end() + 1


def cell_text(written: str) -> str:
    """Return what a cell says that is written so: without its quotes."""
    if not written.startswith('"'):
        return written
    return written[1:].removesuffix('"').replace('""', '"')


def cut_blank_cells(row: bytes, delimiter: str, n_cells: int) -> bytes | None:
    """Return a row without its last cells, or None if one of them has content.

    Args:
        row: a whole row in UTF-8, quotes closed.
        delimiter: what stands between cells.
        n_cells: cells to cut, as many as the row has beyond its columns.
    """
    mark = delimiter.encode()
    end = line_end = len(row.rstrip(b"\r\n"))
    for _ in range(n_cells):
        start = row.rfind(mark, 0, end)
        if start < 0 or not is_blank(row[start + 1 : end], delimiter):
            return None
        end = start
    return row[:end] + row[line_end:]


def is_blank(row: bytes, delimiter: str) -> bool:
    """Whether a row, or a cell, has nothing in it: only delimiters and spaces, quoted or not."""
    return _blank_pattern(delimiter).fullmatch(row) is not None


@lru_cache(maxsize=8)
def _cell_pattern(delimiter: str) -> re.Pattern[bytes]:
    mark = re.escape(delimiter.encode())
    return re.compile(rb'"[^"]*+(?:""[^"]*+)*+(?:"[^%s\r\n]*+)?|[^%s\r\n]*+' % (mark, mark))


@lru_cache(maxsize=8)
def _blank_pattern(delimiter: str) -> re.Pattern[bytes]:
    mark = re.escape(delimiter.encode())
    spaces = b" \t".replace(delimiter.encode(), b"")
    cell = rb'(?:"[ \t\r\n]*+"|[%s]*+)' % spaces
    return re.compile(rb"%s(?:%s%s)*+[\r\n]*+" % (cell, mark, cell))
