"""Where cells stand in a row, against Python's csv module."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.inputs.csv_cells import cell_spans, cell_text, cut_blank_cells, is_blank

CELL = st.text(st.sampled_from('ab"",;\n \r\té'), max_size=6)


@given(cells=st.lists(CELL, min_size=1, max_size=5), delimiter=st.sampled_from(",;\t"), all_quoted=st.booleans())
def test_cells_are_found(cells: list[str], delimiter: str, all_quoted: bool) -> None:
    """What csv wrote is found again, cell by cell."""
    text = io.StringIO()
    quoting: Any = csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL
    csv.writer(text, delimiter=delimiter, quoting=quoting).writerow(cells)
    row = text.getvalue().encode().removesuffix(b"\r\n")
    assert [cell_text(row[start:end].decode()) for start, end in cell_spans(row, delimiter)] == cells


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        (b"", [b""]),
        (b",", [b"", b""]),
        (b"a\r\n", [b"a"]),
        (b'"a"b,c', [b'"a"b', b"c"]),
        (b'a"b,c"', [b'a"b', b'c"']),
        (b'a,"b,c\nd', [b"a", b'"b,c\nd']),
    ],
)
def test_odd_rows(row: bytes, cells: list[bytes]) -> None:
    """Broken quotes have their place too: up to the delimiter, or to the end."""
    assert [row[start:end] for start, end in cell_spans(row, ",")] == cells


@pytest.mark.parametrize(
    ("row", "blank"),
    [
        (b"", True),
        (b",,\r\n", True),
        (b' ,\t,"",\n', True),
        (b'" \n ", \n', True),
        (b'""""\n', False),
        (b'"" \n', False),
        (b'" ",x', False),
        (b"\xc2\xa0", False),
    ],
)
def test_blank_rows(row: bytes, blank: bool) -> None:
    """Spaces and delimiters, quoted or not, are no content; a quote is."""
    assert is_blank(row, ",") is blank


@pytest.mark.timeout(30)
def test_blank_where_the_delimiter_is_a_space() -> None:
    """No time is lost over what could be read in many ways."""
    assert is_blank(b" \t" * 100_000, " ")
    assert not is_blank(b" \t" * 100_000 + b"x", "\t")


@pytest.mark.timeout(30)
def test_cells_are_cut() -> None:
    """Empty ones from the end, however many, in linear time; never one with content."""
    assert cut_blank_cells(b'a,b, ,""\r\n', ",", 2) == b"a,b\r\n"
    assert cut_blank_cells(b"a,b,,\n", ",", 3) is None
    assert cut_blank_cells(b"a", ",", 1) is None
    assert cut_blank_cells(b"a" + b"," * 300_000, ",", 300_000) == b"a"
