"""Why a line is no row: where it is, what is wrong, and how to mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inputs.csv_reading import broken_of, rows_of, written
from prelabel.codes import Code
from prelabel.inputs.csv_faults import misquoted, ragged
from prelabel.inputs.csv_layout import RowForm, read_header
from prelabel.inputs.csv_rows import read_rows
from prelabel.inputs.encodings import Coding

if TYPE_CHECKING:
    from pathlib import Path


def test_ragged_rows_are_broken_and_the_others_go_on(tmp_path: Path) -> None:
    """A row of another width keeps its text and line; the message says how to mend it."""
    path = written(tmp_path / "a.csv", 'a,b\n1,2\n3\n\n4,"5\n6",7,8\n9,10\n')
    assert [row.numbers for row in read_rows(path)] == [[1, 4]]
    assert broken_of(path) == [
        (2, 3, "3", "line 3 is no row: 1 cell where the header has 2: add the missing cells"),
        (
            3,
            5,
            '4,"5\n6",7,8',
            (
                "line 5 is no row: 4 cells (a quote makes 2 lines one row) where the header has 2: "
                "quote cells that have ',' in them"
            ),
        ),
    ]


@pytest.mark.parametrize(
    ("row", "part"),
    [
        ('"he said \\"hi\\" ok",m', r"cell 1 ends with the quote after its backslash"),
        ('"5" x 7" print",m', "cell 1 goes on after its closing quote, with ' x 7\" prin'"),
        ('m,"abc"def', "cell 2 goes on after its closing quote, with 'def'"),
        ('"abc" ,m', "cell 1 goes on after its closing quote, with ' ,m'"),
        ('"{\\"k\\", 1}"', "cell 1 ends with the quote after its backslash"),
        (' "a, b",m', "3 cells where the header has 2: take out the space before the quote of cell 1"),
        ('m, "abc"', "cell 2 has a space before its quotes, which makes them letters like others: take out the space"),
        (' \t"a ""b""" ,m', "cell 1 has a space before its quotes"),
        ('"abc', "it opens a quote that is not closed: close it, or take it out"),
    ],
)
def test_quotes_that_do_not_fit(tmp_path: Path, row: str, part: str) -> None:
    """Text that csv would alter without a word breaks its row, with the remedy; the rows around it are read."""
    for encoding in ("utf-8", "utf-16"):
        path = written(tmp_path / "a.csv", f'a,b\n1,2\n{row}\n"3",4\n'.encode(encoding))
        ((_, line, text, error),) = broken_of(path)
        assert (line, text) == (3, row)
        assert part in error
        assert [batch.columns for batch in read_rows(path)] == [{"a": ["1", "3"], "b": ["2", "4"]}]


@pytest.mark.parametrize("cell", ['say "ab"', ' "a" or "b"', ' "a" b', ' "', "'ab'", ' "a"b'])
def test_quotes_that_are_letters(tmp_path: Path, cell: str) -> None:
    """Within an unquoted cell, also behind a space: where they do not stand around all of it they are meant."""
    assert rows_of(written(tmp_path / "a.csv", f"a,b\nx,{cell}\n")) == [(1, 2, ("x", cell))]


@pytest.mark.parametrize(
    ("delimiter", "row", "width", "remedy"),
    [
        (";", b"1;2\r\n", 2, "2 cells where the header has 3: add the missing cells"),
        (";", b"1;2;3;4", 4, "4 cells where the header has 3: quote cells that have ';' in them"),
        (";", b'1; "2;3";4', 4, "take out the space before the quote of cell 2, which else is a letter like others"),
        ("\t", b'1\t "2\t3"\t4', 4, "4 cells where the header has 3: quote cells that have '\\t' in them"),
        (";", b'1;"\n\r\n";3;4\r\n', 4, "4 cells (a quote makes 3 lines one row) where the header has 3: quote"),
    ],
)
def test_cells_too_many_or_too_few(tmp_path: Path, delimiter: str, row: bytes, width: int, remedy: str) -> None:
    """Counted, with the remedy; a space before a quote is one of its own, where spaces do not stand between cells."""
    layout = read_header(written(tmp_path / "a.csv", delimiter.join("abc")), delimiter=delimiter)

    assert remedy in ragged(row, width, layout)


def test_lines_and_places_in_wide_encodings() -> None:
    """Cells are counted, and lines from the row's own, also where a letter takes several bytes."""
    form = RowForm(b"", ",", Coding("utf-16-le", 2))

    assert misquoted('é,"x\ny",z,"ab"ö,c'.encode("utf-16-le"), 7, form).startswith(
        "cell 4 goes on after its closing quote, with 'ö,c': "
    )
    assert misquoted('é,"x\ny","ab'.encode("utf-16-le"), 7, form).startswith("line 8 opens a quote that is not closed")


def test_a_long_row_is_shown_cut_and_kept_whole(tmp_path: Path) -> None:
    """A thousand letters for people, however many bytes each takes; every byte for the rejects."""
    path = written(tmp_path / "a.csv", "a,b\n" + "🙂" * 5000 + "\n")
    ((row,),) = (batch.broken for batch in read_rows(path))

    assert row.text == "🙂" * 1000
    assert row.raw == ("🙂" * 5000 + "\n").encode()
    assert row.error.code == Code.BROKEN_ROW
