"""Stage 2, the header: how a CSV is written, found out once, before a row is read."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Self

from msgspec.structs import replace

from prelabel.errors import ConfigError
from prelabel.inputs.csv_cells import cell_spans, cell_text, is_blank
from prelabel.inputs.csv_faults import misquoted
from prelabel.inputs.csv_file import CsvFile, unusable
from prelabel.inputs.csv_lines import LINE_END, cut_rows, octets_of
from prelabel.inputs.encoding_check import check_encoding
from prelabel.inputs.encodings import UTF8, Coding, coding_of, swallows
from prelabel.records import Record
from prelabel.spelling import first_few, quoted, short

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from prelabel.inputs.csv_lines import Stretch

_DELIMITERS = (",", ";", "\t")
_SNIFF_BYTES = 1 << 16
_SNIFF_ROWS = 20
_MAGIC = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"PK\x03\x04": "an Excel workbook or another zip file: save it as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save it as CSV (UTF-8)",
    b"PAR1": "a Parquet file: write it as CSV first",
    b"%PDF": "a PDF",
}
# Spreadsheets write and read it, in any case.
_SEPARATOR_LINE = re.compile(r'"?sep=([^\r\n])"?[ \t,;]*(\r\n?|\n|\Z)', re.IGNORECASE)
_LINE_ENDS = (b"\r\n", b"\n", b"\r")


class RowForm(Record, frozen=True):
    """How rows are written: what it takes to write more rows like them.

    Attributes:
        header_row: the bytes of the header, without its line end.
        delimiter: what stands between cells.
        coding: the encoding.
        preamble: the bytes before the header: a byte order mark, a line ``sep=;``.
        line_end: the header's line end, in the encoding.
    """

    header_row: bytes
    delimiter: str = ","
    coding: Coding = UTF8
    preamble: bytes = b""
    line_end: bytes = b"\r\n"

    @classmethod
    def of_names(cls, names: Sequence[str], delimiter: str = ",") -> Self:
        """The form of a plain CSV in UTF-8 with these columns."""
        text = io.StringIO()
        csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerow(names)  # which it quotes in names
        return cls(text.getvalue().removesuffix("\r\n").encode(), delimiter)


class CsvLayout(Record, frozen=True):
    """How a CSV is written.

    Attributes:
        file: its bytes.
        form: how rows are written.
        header: the names of its columns, in file order; columns without a name are none.
        places: where each of them stands in a row, from 0.
        blank_places: where columns without a name stand, in which no row may have content.
        width: cells of a row.
        first_line: 1-based line after the header.
        offset: byte offset of that line.
        doubt: what to warn of before anything is sent, empty for nothing.
    """

    file: CsvFile
    form: RowForm
    header: tuple[str, ...]
    places: tuple[int, ...]
    blank_places: tuple[int, ...]
    width: int
    first_line: int
    offset: int
    doubt: str = ""

    @property
    def delimiter(self) -> str:
        """What stands between cells."""
        return self.form.delimiter


def later_header(layout: CsvLayout, names: AbstractSet[str]) -> int:
    """Return on which line of the first ones these names stand, 0 for none: a title may come before the header."""
    form = layout.form
    with layout.file.opened() as opened:
        rows = cut_rows(
            opened, form.delimiter, _SNIFF_BYTES, offset=layout.offset, line=layout.first_line, coding=form.coding
        )
        for stretch in islice(rows, 1):
            for index in range(min(len(stretch.lines), _SNIFF_ROWS)):
                if names <= set(_cells(stretch.row(index), form)):
                    return int(stretch.lines[index])
    return 0


def _cells(row: bytes, form: RowForm) -> list[str]:
    """What the cells of a row say."""
    coding, unit = form.coding, form.coding.unit
    spans = cell_spans(octets_of(row, coding), form.delimiter)
    return [cell_text(coding.decode(row[start * unit : end * unit])) for start, end in spans]


def read_header(csv: str | Path | CsvFile, *, delimiter: str | None = None, encoding: str | None = None) -> CsvLayout:
    """Read a CSV's header and find out how the file is written. Goes once over the whole file, for its encoding.

    Args:
        csv: the file, ``-`` for standard input. Pipes and gzip files can be read too.
        delimiter: what stands between cells; None takes what a first line ``sep=;`` says, or tries comma, semicolon
            and tab on the header and the rows after it.
        encoding: how text is written, by Python's name of it; None means UTF-8. A byte order mark counts more.

    Raises:
        ConfigError: the file cannot be read, is empty or is not in its encoding; or its header has a name twice, or
            several columns without a name that have content.
    """
    file = csv if isinstance(csv, CsvFile) else CsvFile(csv)
    with file.opened() as opened:
        first = opened.read(_SNIFF_BYTES)
        kind = next((kind for magic, kind in _MAGIC.items() if first.startswith(magic)), None)
        if kind is not None:
            raise unusable(f"{file.shown} is no CSV but {kind}", file.shown)
        coding, mark = coding_of(first, encoding)
        doubt = check_encoding(file, coding, len(mark), is_named=encoding is not None)
        sample = first[len(mark) :].decode(coding.name, "replace")
        separator = _SEPARATOR_LINE.match(sample)
        chosen = delimiter or (separator.group(1) if separator else _sniffed(sample))
        _check_delimiter(chosen, coding)
        preamble = mark + (coding.encode(separator.group()) if separator else b"")
        line = 2 if separator else 1
        rows = cut_rows(opened, chosen, _SNIFF_BYTES, offset=len(preamble), line=line, coding=coding)
        for stretch in rows:
            if len(stretch.lines):
                return replace(_layout(file, stretch, RowForm(b"", chosen, coding, preamble)), doubt=doubt)
    raise unusable(f"{file.shown} is empty: its first line must name the columns", file.shown)


def _check_delimiter(delimiter: str, coding: Coding) -> None:
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n\0':
        raise ConfigError(
            f'{short(delimiter)!r} cannot stand between cells: write one character, such as "," or ";"',
            field="delimiter",
        )
    if swallows(coding, delimiter):
        raise ConfigError(
            f"{delimiter!r} cannot stand between cells in {coding.name}, where it can be half of a character: save the "
            "file as UTF-8",
            field="delimiter",
        )


def _sniffed(sample: str) -> str:
    """Find the delimiter with which most of the first rows are as wide as the header; of several, the widest."""
    scores: dict[str, tuple[float, int]] = {}
    for delimiter in _DELIMITERS:
        filled = (row for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if row)
        widths = [len(row) for row in islice(filled, _SNIFF_ROWS)]
        if widths and widths[0] > 1:
            scores[delimiter] = (widths[1:].count(widths[0]) / len(widths), widths[0])
    return max(scores, key=scores.__getitem__, default=_DELIMITERS[0])


def _layout(file: CsvFile, stretch: Stretch, form: RowForm) -> CsvLayout:
    coding, delimiter = form.coding, form.delimiter
    line, row = int(stretch.lines[0]), stretch.row(0)
    octets = octets_of(row, coding)
    problem = stretch.error or (
        "it holds a NUL byte, so it is not text: write the names again" if b"\0" in octets else ""
    )
    if not problem and 0 in stretch.misquoted:
        problem = misquoted(row, line, form)
    if problem:
        raise unusable(f"the header of {file.shown}, on line {line}, cannot be read: {problem}", file.shown)
    names = _cells(row, form)
    places = tuple(place for place, name in enumerate(names) if name.strip())
    if not places:
        raise unusable(
            f"the header of {file.shown}, on line {line}, names no column: write the names there", file.shown
        )
    header = tuple(names[place] for place in places)
    _check_repeats(file, names, header, line)
    width = places[-1] + 1
    unnamed = tuple(sorted({*range(width)} - {*places}))
    # One column without a name may have content: the row numbers that some programs write.
    blank = unnamed if len(unnamed) > 1 else ()
    _check_blank(file, stretch, form, blank, line)
    n_end = len(row) - len(coding.encode(coding.decode(row).rstrip("\r\n")))
    written = RowForm(
        row[: len(row) - n_end], delimiter, coding, form.preamble, row[len(row) - n_end :] or coding.encode("\r\n")
    )
    n_lines = len(LINE_END.findall(octets))
    return CsvLayout(file, written, header, places, blank, width, line + n_lines, stretch.offset + int(stretch.ends[0]))


def _check_repeats(file: CsvFile, names: Sequence[str], header: Sequence[str], line: int) -> None:
    for name, count in Counter(header).items():
        if count > 1:
            numbers = [str(place + 1) for place, other in enumerate(names) if other == name]
            raise unusable(
                f"columns {first_few(numbers)} of {file.shown} are all called {quoted(name, 100)}: give each its own, "
                f"on line {line}",
                file.shown,
            )


def _check_blank(file: CsvFile, stretch: Stretch, form: RowForm, blank: Sequence[int], line: int) -> None:
    """Look at the first rows: do columns without a name have content?"""
    filled: set[int] = set()
    for index in range(1, min(len(stretch.lines), _SNIFF_ROWS) if blank else 0):
        octets = octets_of(stretch.row(index), form.coding)
        spans = dict(enumerate(cell_spans(octets, form.delimiter)))
        filled |= {
            place for place in blank if place in spans and not is_blank(octets[slice(*spans[place])], form.delimiter)
        }
    if filled:
        numbers = [str(place + 1) for place in sorted(filled)]
        raise unusable(
            f"columns {first_few(numbers)} of {file.shown} have no name but cells with content: give each its own "
            f"name, on line {line}, or empty them",
            file.shown,
        )
