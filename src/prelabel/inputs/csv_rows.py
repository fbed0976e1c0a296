"""Stage 2, second half, the rows: a CSV file streamed as batches of text cells, with the line each row starts on.

``config(1) -> rows(2) -> ontology/answers(3) -> masks(4) -> polygons(5) -> items(6) -> batches(7) -> upload(8)
-> report(9)``

The file is read in blocks, each cut after its last whole row by :mod:`prelabel.inputs.csv_lines`, which counts lines,
and parsed by pyarrow, every column as text: ``007``, ``1e5`` and ``NA`` stay as they are. Rows and cells are those of
Python's ``csv`` module (``""`` is a quote within a quoted cell, blank lines are no rows), but for what cannot be a row:
cells too many or too few, bytes that are not UTF-8, NUL, a quote that is never closed. Those become
:class:`prelabel.model.BrokenRow` and the others go on.
"""

from __future__ import annotations

import codecs
import csv
import io
from bisect import bisect_left
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as pa_csv

from prelabel.codes import Code
from prelabel.errors import ConfigError, RowError
from prelabel.inputs.csv_lines import LINE_END, cut_rows
from prelabel.model import BrokenRow, RowBatch
from prelabel.spelling import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import BufferedReader

    from prelabel.inputs.csv_lines import Stretch

BLOCK_BYTES = 1 << 20
_DELIMITERS = (",", ";", "\t")
_SNIFF_BYTES = 1 << 16
_SNIFF_ROWS = 20
_MAGIC = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"PK\x03\x04": "an Excel workbook or another zip file: save it as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save it as CSV (UTF-8)",
    b"\x1f\x8b": "gzip-compressed: unpack it first",
    b"PAR1": "a Parquet file: write it as CSV first",
    b"%PDF": "a PDF",
    codecs.BOM_UTF16_LE: "UTF-16 text: save it as UTF-8",
    codecs.BOM_UTF16_BE: "UTF-16 text: save it as UTF-8",
}


@dataclass(frozen=True, slots=True)
class CsvLayout:
    """How a CSV is written.

    Attributes:
        header: the column names, in file order.
        delimiter: what stands between cells.
        has_bom: the file starts with a UTF-8 byte order mark.
        first_line: 1-based line after the header.
        offset: byte offset of that line.
    """

    header: tuple[str, ...]
    delimiter: str
    has_bom: bool
    first_line: int
    offset: int


def read_header(path: str | Path, *, delimiter: str | None = None) -> CsvLayout:
    """Read a CSV's header and find out how the file is written.

    Args:
        path: the file, UTF-8 with or without byte order mark.
        delimiter: what stands between cells; None tries comma, semicolon and tab on the header and the rows after it.

    Raises:
        ConfigError: the file cannot be read, is empty or is no UTF-8 text, or its header has a column without a name
            beside others like it, or a name twice.
    """
    with _opened(Path(path)) as file:
        first = file.read(_SNIFF_BYTES)
        kind = next((kind for magic, kind in _MAGIC.items() if first.startswith(magic)), None)
        if kind is not None:
            raise _unusable(f"{path} is no CSV but {kind}", path)
        bom = len(codecs.BOM_UTF8) if first.startswith(codecs.BOM_UTF8) else 0
        chosen = delimiter or _sniffed(first[bom:].decode(errors="replace"))
        if len(chosen) != 1 or not chosen.isascii() or chosen in '"\r\n\0':
            raise ConfigError(
                f'{chosen!r} cannot stand between cells: write one character, such as "," or ";"', field="delimiter"
            )
        for stretch in cut_rows(file, chosen, _SNIFF_BYTES, offset=bom, line=1):
            if len(stretch.lines):
                return _layout(Path(path), stretch, chosen, has_bom=bool(bom))
    raise _unusable(f"{path} is empty: its first line must name the columns", path)


def read_rows(
    path: str | Path,
    *,
    columns: Sequence[str] | None = None,
    delimiter: str | None = None,
    rows_per_batch: int = 100,
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[RowBatch]:
    """Stream a CSV as batches of rows, in file order. Memory is bounded by ``block_bytes``, not by the file.

    Args:
        path: the file, UTF-8 with or without byte order mark.
        columns: the columns whose cells are wanted; None wants all.
        delimiter: what stands between cells; None finds it out, see :func:`read_header`.
        rows_per_batch: rows in a batch, broken ones counted too; only the last batch has fewer.
        block_bytes: how much of the file is read at once.

    Raises:
        ConfigError: as :func:`read_header`, or a wanted column is missing.
        ValueError: ``rows_per_batch`` or ``block_bytes`` is not positive.
    """
    if min(rows_per_batch, block_bytes) < 1:
        raise ValueError(f"rows_per_batch and block_bytes must be 1 or more, not {rows_per_batch} and {block_bytes}")
    layout = read_header(path, delimiter=delimiter)
    names = tuple(layout.header if columns is None else dict.fromkeys(columns))
    for name in names:
        if name not in layout.header:
            listed = ", ".join(f'"{column}"' for column in layout.header)
            raise ConfigError(
                f'{path} has no column "{name}":{did_you_mean(name, layout.header)} its columns are {listed}',
                field="columns",
                value=name,
                allowed=layout.header,
            )
    return _rebatched(_parsed_stretches(Path(path), layout, names, block_bytes), rows_per_batch)


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    """Open a file to read; what goes wrong with it, also later, becomes a ConfigError."""
    if path.is_dir():
        raise _unusable(f"{path} is a folder: name the CSV file in it", path)
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise _unusable(f"cannot read the CSV {path}: {error.strerror or error}; check the path", path) from error


def _unusable(message: str, path: str | Path) -> ConfigError:
    return ConfigError(message, field="csv", value=str(path))


def _sniffed(sample: str) -> str:
    """Find the delimiter with which most of the first rows are as wide as the header; of several, the widest."""
    scores: dict[str, tuple[float, int]] = {}
    for delimiter in _DELIMITERS:
        filled = (row for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if row)
        widths = [len(row) for row in islice(filled, _SNIFF_ROWS)]
        if widths and widths[0] > 1:
            scores[delimiter] = (widths[1:].count(widths[0]) / len(widths), widths[0])
    return max(scores, key=scores.__getitem__, default=_DELIMITERS[0])


def _layout(path: Path, stretch: Stretch, delimiter: str, *, has_bom: bool) -> CsvLayout:
    line, record = int(stretch.lines[0]), stretch.row(0)
    problem = stretch.error or _unreadable(record)
    if problem:
        raise _unusable(f"the header of {path}, on line {line}, cannot be read: {problem}", path)
    _, ragged = _cells(record, ["0"], [], delimiter)  # only counts: any other width is ragged
    places = [str(index) for index in range(ragged.get(0, 1))]
    cells, _ = _cells(record, places, places, delimiter)
    header = tuple(column[0] for column in cells)
    for name, count in Counter(header).items():
        if count > 1:
            numbers = ", ".join(str(index + 1) for index, other in enumerate(header) if other == name)
            said = f'are all called "{name}"' if name else "have no name"
            raise _unusable(f"columns {numbers} of {path} {said}: give each its own, on line {line}", path)
    offset = stretch.offset + int(stretch.ends[0])
    return CsvLayout(header, delimiter, has_bom, line + len(LINE_END.findall(record)), offset)


def _parsed_stretches(path: Path, layout: CsvLayout, names: tuple[str, ...], block_bytes: int) -> Iterator[RowBatch]:
    """Parse the file stretch by stretch; the batches are as uneven as those."""
    n_before = 0
    with _opened(path) as file:
        for stretch in cut_rows(file, layout.delimiter, block_bytes, offset=layout.offset, line=layout.first_line):
            yield _parsed(stretch, layout, names, n_before)
            n_before += len(stretch.lines)


def _parsed(stretch: Stretch, layout: CsvLayout, names: tuple[str, ...], n_before: int) -> RowBatch:
    """Parse one stretch. ``n_before`` rows of the file precede it."""
    n_rows = len(stretch.lines)
    problems = {0: stretch.error} if stretch.error else _unreadable_rows(stretch)
    sound = [index for index in range(n_rows) if index not in problems]
    columns: list[list[str]] = [[] for _ in names]
    if sound:
        text = b"".join(map(stretch.row, sound)) if problems else stretch.text[: stretch.ends[-1]]
        columns, ragged = _cells(text, layout.header, names, layout.delimiter)
        problems |= {sound[row]: _ragged(stretch.row(sound[row]), width, layout) for row, width in ragged.items()}
    numbers = [n_before + index + 1 for index in range(n_rows) if index not in problems]
    if any(len(column) != len(numbers) for column in columns):
        raise AssertionError(f"rows and cells of the stretch at byte {stretch.offset} do not agree")
    lines = stretch.lines.tolist()
    broken = tuple(
        _broken(n_before + index + 1, lines[index], stretch.row(index), problems[index]) for index in sorted(problems)
    )
    kept = lines if not problems else [line for index, line in enumerate(lines) if index not in problems]
    return RowBatch(layout.header, numbers, kept, dict(zip(names, columns, strict=True)), broken)


def _cells(
    text: bytes, header: Sequence[str], names: Sequence[str], delimiter: str
) -> tuple[list[list[str]], dict[int, int]]:
    """Parse whole rows of valid UTF-8.

    Returns:
        (columns, ragged): the cells of each column of ``names``; 0-based row -> number of cells, for rows that have
        not as many as the header. Those are not in the columns.
    """
    ragged: dict[int, int] = {}

    def note(row: pa_csv.InvalidRow) -> str:
        ragged[row.number - 1] = row.actual_columns
        return "skip"

    table = pa_csv.read_csv(
        pa.BufferReader(text),
        # One block and one thread: rows are numbered only so, and no row straddles blocks.
        read_options=pa_csv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=list(header)),
        parse_options=pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=note),
        convert_options=pa_csv.ConvertOptions(
            check_utf8=False,
            column_types=dict.fromkeys(header, pa.string()),
            strings_can_be_null=False,
            include_columns=list(names) or [header[0]],
        ),
    )
    return [table.column(name).to_pylist() for name in names], ragged


def _unreadable_rows(stretch: Stretch) -> dict[int, str]:
    if not _unreadable(stretch.text):
        return {}
    reasons = ((index, _unreadable(stretch.row(index))) for index in range(len(stretch.lines)))
    return {index: reason for index, reason in reasons if reason}


def _unreadable(text: bytes) -> str:
    """Say why some bytes are no text, or return an empty string."""
    try:
        text.decode()
    except UnicodeDecodeError as error:
        wrong = text[error.start : error.start + 1].hex()
        return f"byte {error.start + 1} of it, 0x{wrong}, is not UTF-8: save the file as UTF-8"
    return "it holds a NUL byte, so it is not text: write the cell again" if b"\0" in text else ""


def _ragged(row: bytes, width: int, layout: CsvLayout) -> str:
    n_lines = len(LINE_END.findall(row.rstrip(b"\r\n"))) + 1
    reach = f" (a quote makes {n_lines} lines one row)" if n_lines > 1 else ""
    remedy = (
        "add the missing cells" if width < len(layout.header) else f"quote cells that have {layout.delimiter!r} in them"
    )
    return f"{width} cells{reach} where the header has {len(layout.header)}: {remedy}"


def _broken(number: int, line: int, row: bytes, problem: str) -> BrokenRow:
    text = row.decode(errors="replace").rstrip("\r\n")
    return BrokenRow(
        number, line, text, RowError(f"line {line} is no row: {problem}", excerpt=text, code=Code.BROKEN_ROW)
    )


def _rebatched(uneven: Iterator[RowBatch], rows_per_batch: int) -> Iterator[RowBatch]:
    """Deal rows out anew, ``rows_per_batch`` at a time, broken ones counted."""
    held: RowBatch | None = None
    first = 1
    for batch in uneven:
        held = batch if held is None else _joined(held, batch)
        last = max([*held.numbers[-1:], *(row.number for row in held.broken[-1:])], default=0)
        while last >= first + rows_per_batch - 1:
            yield _taken(held, first, first + rows_per_batch)
            first += rows_per_batch
        held = _taken(held, first, last + 1)
    if held is not None and (held.numbers or held.broken):
        yield held


def _joined(left: RowBatch, right: RowBatch) -> RowBatch:
    columns = {name: left.columns[name] + cells for name, cells in right.columns.items()}
    numbers, lines = left.numbers + right.numbers, left.lines + right.lines
    return RowBatch(left.header, numbers, lines, columns, left.broken + right.broken)


def _taken(batch: RowBatch, first: int, stop: int) -> RowBatch:
    """Take the rows numbered ``first`` to ``stop - 1``."""
    rows = slice(bisect_left(batch.numbers, first), bisect_left(batch.numbers, stop))
    broken = [bisect_left(batch.broken, number, key=lambda row: row.number) for number in (first, stop)]
    columns = {name: cells[rows] for name, cells in batch.columns.items()}
    return RowBatch(batch.header, batch.numbers[rows], batch.lines[rows], columns, batch.broken[slice(*broken)])
