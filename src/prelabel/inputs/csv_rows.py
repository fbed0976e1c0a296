"""Stage 2, second half, the rows: a CSV file streamed as batches of text cells, with the line each row starts on.

``config(1) -> rows(2) -> ontology/answers(3) -> masks(4) -> polygons(5) -> items(6) -> batches(7) -> upload(8)
-> report(9)``

The file is read in blocks, each cut after its last whole row by :mod:`prelabel.inputs.csv_lines`, which counts lines,
and parsed by pyarrow, every column as text: ``007``, ``1e5`` and ``NA`` stay as they are. Rows and cells are those of
Python's ``csv`` module (``""`` is a quote within a quoted cell, blank lines are no rows), but for two kinds. Rows with
nothing but delimiters and spaces are no rows, and cells beyond the columns are none where they are empty. What cannot
be a row becomes a :class:`prelabel.model.BrokenRow` and the others go on: cells too many or too few, text after a
closing quote, NUL, a quote that is never closed.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from prelabel.errors import ConfigError
from prelabel.inputs.csv_batches import RawRows, rebatched
from prelabel.inputs.csv_cells import cut_blank_cells
from prelabel.inputs.csv_faults import broken_row, misquoted, ragged
from prelabel.inputs.csv_layout import CsvLayout, read_header
from prelabel.inputs.csv_lines import cut_rows
from prelabel.model import RowBatch
from prelabel.spelling import clauses, did_you_mean, listed, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from prelabel.inputs.csv_lines import Stretch

BLOCK_BYTES = 1 << 20
_BLANK = " \t\n\v\f\r"


def read_rows(
    csv: str | Path | CsvLayout,
    *,
    columns: Sequence[str] | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    rows_per_batch: int = 100,
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[RowBatch]:
    """Stream a CSV as batches of rows, in file order. Memory is bounded by ``block_bytes``, not by the file.

    Args:
        csv: the file, or what :func:`read_header` returned for it: then nothing is found out a second time, and
            standard input can be read as often as wanted.
        columns: the columns whose cells are wanted; None wants all.
        delimiter: see :func:`read_header`; without a meaning for what it returned.
        encoding: likewise.
        rows_per_batch: rows in a batch, broken ones counted too; only the last batch has fewer.
        block_bytes: how much of the file is read at once.

    Raises:
        ConfigError: as :func:`read_header`, or a wanted column is missing.
        ValueError: ``rows_per_batch`` or ``block_bytes`` is not positive.
    """
    if min(rows_per_batch, block_bytes) < 1:
        raise ValueError(f"rows_per_batch and block_bytes must be 1 or more, not {rows_per_batch} and {block_bytes}")
    layout = csv if isinstance(csv, CsvLayout) else read_header(csv, delimiter=delimiter, encoding=encoding)
    names = tuple(layout.header if columns is None else dict.fromkeys(columns))
    known = frozenset(layout.header)
    missing = next((name for name in names if name not in known), None)
    if missing is not None:
        hint = did_you_mean(missing, layout.header).strip()
        columns_are = f"its columns are {listed(layout.header)}"
        raise ConfigError(
            f"{layout.file.shown} has no column {quoted(missing)}: {clauses(hint, columns_are)}",
            field="columns",
            value=missing,
            allowed=layout.header,
        )
    return rebatched(_Parser(layout, names).batches(block_bytes), rows_per_batch)


class _Parser:
    """Parses stretches of a CSV's rows, counting them.

    Args:
        layout: how the CSV is written.
        names: the columns wanted.
    """

    def __init__(self, layout: CsvLayout, names: tuple[str, ...]) -> None:
        places = dict(zip(layout.header, layout.places, strict=True))
        self._layout = layout
        self._names = names
        self._wanted = [str(places[name]) for name in names]
        self._blank = [str(place) for place in layout.blank_places]
        self._all = [str(place) for place in range(layout.width)]
        self._n_rows = 0

    def batches(self, block_bytes: int) -> Iterator[RowBatch]:
        """Parse the file stretch by stretch; the batches are as uneven as those."""
        layout = self._layout
        with layout.file.opened() as file:
            for stretch in cut_rows(
                file,
                layout.delimiter,
                block_bytes,
                offset=layout.offset,
                line=layout.first_line,
                coding=layout.form.coding,
            ):
                yield self._parsed(stretch)
                self._n_rows += len(stretch.lines)

    def _parsed(self, stretch: Stretch) -> RowBatch:
        """Parse one stretch."""
        problems = self._unreadable_rows(stretch)
        columns, sound = self._columns(stretch, problems)
        if any(len(column) != len(sound) for column in columns):
            raise AssertionError(f"rows and cells of the stretch at byte {stretch.offset} do not agree")
        lines, first = stretch.lines.tolist(), self._n_rows + 1
        broken = tuple(
            broken_row(stretch, index, first + index, problems[index], self._layout) for index in sorted(problems)
        )
        return RowBatch(
            self._layout.header,
            [first + index for index in sound],
            lines if len(sound) == len(lines) else [lines[index] for index in sound],
            dict(zip(self._names, columns, strict=True)),
            broken,
            RawRows.of(stretch, sound),
            stretch.n_blank,
        )

    def _unreadable_rows(self, stretch: Stretch) -> dict[int, str]:
        """Return why rows are none that can be told without taking them apart: 0-based row -> reason."""
        if stretch.error:
            return {0: stretch.error}
        form = self._layout.form
        problems = {
            index: misquoted(stretch.row(index), int(stretch.lines[index]), form) for index in stretch.misquoted
        }
        if len(stretch.lines) and self._unreadable(stretch.text[stretch.starts[0] : stretch.ends[-1]]):
            reasons = ((index, self._unreadable(stretch.row(index))) for index in range(len(stretch.lines)))
            problems |= {index: reason for index, reason in reasons if reason}
        return problems

    def _unreadable(self, raw: bytes) -> str:
        """Say why some bytes are no text, or return an empty string."""
        coding = self._layout.form.coding
        if coding.unit == 1 and raw.isascii() and b"\0" not in raw:
            return ""  # by far the quickest to tell
        try:
            text = coding.decode(raw)
        except UnicodeDecodeError as error:
            wrong = raw[error.start : error.start + 1].hex()
            return f"byte {error.start + 1} of it, 0x{wrong}, is not {coding.name.upper()}: write the cell again"
        return "it holds a NUL byte, so it is not text: write the cell again" if "\0" in text else ""

    def _columns(self, stretch: Stretch, problems: dict[int, str]) -> tuple[list[list[str]], list[int]]:
        """Return the wanted cells, and the rows that have them; add the others to ``problems``."""
        rows = [index for index in range(len(stretch.lines)) if index not in problems]
        if not rows:
            return [[] for _ in self._names], []
        to_utf8 = self._layout.form.coding.to_utf8
        columns, odd, filled = self._cells(to_utf8(_text_of(stretch, rows)))
        sound = [row for place, row in enumerate(rows) if place not in odd and place not in filled]
        problems |= {rows[place]: reason for place, reason in filled.items()}
        cut: dict[int, bytes] = {}
        for place, width in odd.items():
            index = rows[place]
            text = to_utf8(stretch.row(index))
            shorter = cut_blank_cells(text, self._layout.delimiter, width - self._layout.width)
            if width > self._layout.width and shorter is not None:
                cut[index] = shorter + (b"" if shorter.endswith((b"\n", b"\r")) else b"\n")
            else:
                problems[index] = ragged(text, width, self._layout)
        if not cut:
            return columns, sound
        more, _, filled = self._cells(b"".join(cut.values()))
        problems |= {index: filled[place] for place, index in enumerate(cut) if place in filled}
        return _merged(columns, sound, more, [index for place, index in enumerate(cut) if place not in filled])

    def _cells(self, text: bytes) -> tuple[list[list[str]], dict[int, int], dict[int, str]]:
        """Parse whole rows of valid UTF-8.

        Returns:
            (columns, odd, filled): the wanted cells of each column; 0-based row -> number of cells, for rows that have
            not as many as the header; 0-based row -> reason, for rows with content in a column without a name. Those
            are not in the columns.
        """
        odd: dict[int, int] = {}

        def note(row: pa_csv.InvalidRow) -> str:
            odd[row.number - 1] = row.actual_columns
            return "skip"

        if text.startswith(BOM_UTF8):  # the parser takes one off, and this one is a cell's
            text = BOM_UTF8 + text
        table = pa_csv.read_csv(
            pa.BufferReader(text),
            # One block and one thread: rows are numbered only so, and no row straddles blocks.
            read_options=pa_csv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=self._all),
            parse_options=pa_csv.ParseOptions(
                delimiter=self._layout.delimiter, newlines_in_values=True, invalid_row_handler=note
            ),
            convert_options=pa_csv.ConvertOptions(
                check_utf8=False,
                column_types=dict.fromkeys(self._wanted + self._blank, pa.string()),
                strings_can_be_null=False,
                include_columns=(self._wanted + self._blank) or self._all[:1],
            ),
        )
        table, filled = self._without_filled(table, odd)
        return [table.column(place).to_pylist() for place in self._wanted], odd, filled

    def _without_filled(self, table: pa.Table, odd: dict[int, int]) -> tuple[pa.Table, dict[int, str]]:
        """Take out the rows that have content in a column without a name."""
        filled: dict[int, str] = {}
        for place in self._blank:
            for index, cell in enumerate(table.column(place).to_pylist()):
                if cell.strip(_BLANK):
                    filled[index] = (
                        f"cell {int(place) + 1} has content, but its column has no name: name it, or empty the cell"
                    )
        if not filled:
            return table, {}
        is_kept = np.ones(len(table), bool)
        is_kept[list(filled)] = False
        numbers = [number for number in range(len(table) + len(odd)) if number not in odd]
        return table.filter(pa.array(is_kept)), {numbers[index]: reason for index, reason in filled.items()}


def _text_of(stretch: Stretch, rows: list[int]) -> bytes:
    """Return the bytes of some rows, as few pieces as possible."""
    if not rows:
        return b""
    chosen = np.array(rows)
    starts, ends = stretch.starts[chosen], stretch.ends[chosen]
    gaps = np.flatnonzero(starts[1:] != ends[:-1]) + 1
    borders = [0, *gaps.tolist(), len(rows)]
    return b"".join(stretch.text[starts[first] : ends[last - 1]] for first, last in pairwise(borders))


def _merged(
    columns: list[list[str]], rows: list[int], more: list[list[str]], more_rows: list[int]
) -> tuple[list[list[str]], list[int]]:
    """Put two parts of a table together, in the order of their rows."""
    numbers = rows + more_rows
    order = np.argsort(numbers).tolist()
    both = ([*one, *other] for one, other in zip(columns, more, strict=True))
    return [[cells[place] for place in order] for cells in both], [numbers[place] for place in order]
