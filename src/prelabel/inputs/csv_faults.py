"""Why a line of a CSV is no row, said so that it can be mended."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prelabel.codes import Code
from prelabel.errors import RowError
from prelabel.inputs.csv_cells import cell_spans
from prelabel.inputs.csv_lines import LINE_END, octets_of, spaced_quotes
from prelabel.model import BrokenRow
from prelabel.spelling import counted

if TYPE_CHECKING:
    from prelabel.inputs.csv_layout import CsvLayout, RowForm
    from prelabel.inputs.csv_lines import Stretch

_MAX_TEXT = 1000
_QUOTED = re.compile(rb'"[^"]*+(?:""[^"]*+)*+"')


def broken_row(stretch: Stretch, index: int, number: int, problem: str, layout: CsvLayout) -> BrokenRow:
    """Return a row of a stretch as one that is broken."""
    line, raw = int(stretch.lines[index]), stretch.row(index)
    name = layout.form.coding.name
    text = raw[: 4 * _MAX_TEXT].decode(name, errors="replace").rstrip("\r\n")[:_MAX_TEXT]
    error = RowError(f"line {line} is no row: {problem}", excerpt=text, code=Code.BROKEN_ROW)
    return BrokenRow(number, line, text, error, raw, stretch.rest)


def ragged(row: bytes, width: int, layout: CsvLayout) -> str:
    """Say what is wrong with a row, in UTF-8, that has another number of cells than the header."""
    delimiter = layout.delimiter
    n_lines = len(LINE_END.findall(row.rstrip(b"\r\n"))) + 1
    reach = f" (a quote makes {n_lines} lines one row)" if n_lines > 1 else ""
    remedy = "add the missing cells"
    if width > layout.width:
        remedy = f"quote cells that have {delimiter!r} in them"
        mark = re.escape(delimiter.encode())
        if spaced := re.search(rb'(?:\A|%s)[ \t]+"' % mark, row) if delimiter not in " \t" else None:
            place = row.count(delimiter.encode(), 0, spaced.end()) + 1
            remedy = f"take out the space before the quote of cell {place}, which else is a letter like others"
    return f"{counted(width, 'cell')}{reach} where the header has {layout.width}: {remedy}"


def misquoted(row: bytes, line: int, form: RowForm) -> str:
    """Say which cell of a row, which starts on this line, is quoted in a way that would alter it, and how."""
    octets, unit = octets_of(row, form.coding), form.coding.unit
    spaced = spaced_quotes(form.delimiter)
    for place, (start, end) in enumerate(cell_spans(octets, form.delimiter)):
        quoted = _QUOTED.match(octets, start, end)
        if quoted is None:
            if spaced.match(octets, start):
                return (
                    f"cell {place + 1} has a space before its quotes, which makes them letters like others: take out "
                    "the space"
                )
            if octets[start:end].startswith(b'"'):
                n_before = len(LINE_END.findall(octets, 0, start))
                subject = f"line {line + n_before}" if n_before else "it"
                return f"{subject} opens a quote that is not closed: close it, or take it out"
            continue
        if octets[quoted.end() - 2 : quoted.end() - 1] == b"\\":
            return (
                f'cell {place + 1} ends with the quote after its backslash: write "" for a quote within a quoted '
                'cell, not \\"'
            )
        if quoted.end() < end:
            after = (
                row[quoted.end() * unit : (quoted.end() + 10) * unit].decode(form.coding.name, "replace").split("\n")[0]
            )
            return (
                f'cell {place + 1} goes on after its closing quote, with {after.rstrip()!r}: write "" for a quote '
                "within a quoted cell, and nothing between the closing quote and the delimiter"
            )
    raise AssertionError("text follows a closing quote somewhere")
