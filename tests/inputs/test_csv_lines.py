"""Bytes to whole rows, against a twin that goes letter by letter."""

from __future__ import annotations

import io
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prelabel.inputs import csv_lines as lines
from prelabel.inputs.csv_lines import cut_rows

Rows = list[tuple[int, bytes, str]]


def slow_rows(text: bytes, delimiter: bytes) -> Rows:
    """Cut a CSV letter by letter: (line, row, error) of each row that is not blank."""
    rows: Rows = []
    position, line = 0, 1
    while position < len(text):
        start, start_line, cell_starts, quoted, opened = position, line, True, False, (0, 0)
        while position < len(text):
            letter, following = text[position : position + 1], text[position + 1 : position + 2]
            ends_line = letter == b"\n" or (letter == b"\r" and following != b"\n")
            line += ends_line
            if quoted and letter == following == b'"':
                position += 1
            elif letter == b'"' and (quoted or cell_starts):
                quoted, opened = not quoted, (position, line)
            position += 1
            if ends_line and not quoted:
                break
            cell_starts = letter == delimiter and not quoted
        if quoted:
            end = lines.LINE_END.search(text, opened[0])
            position, line = (end.end() if end else len(text)), opened[1] + 1
            error = f"line {opened[1]} opens a quote that is not closed: close it, or take it out"
            rows.append((start_line, text[start:position], error))
        elif text[start:position].strip(b"\r\n"):
            rows.append((start_line, text[start:position], ""))
    return rows


def cut(text: bytes, delimiter: str = ",", block_bytes: int = 1 << 20) -> Rows:
    """Cut with the real thing: (line, row, error) of each row."""
    rows: Rows = []
    for stretch in cut_rows(io.BufferedReader(io.BytesIO(text)), delimiter, block_bytes, offset=0, line=1):
        for index, line in enumerate(stretch.lines.tolist()):
            at, row = stretch.offset + int(stretch.starts[index]), stretch.row(index)
            assert text[at : at + len(row)] == row
            rows.append((line, row, stretch.error))
    return rows


PIECES = [b"a", b'"', b'"', b'""', b",", b";", b"\n", b"\r", b"\r\n", b" ", b"]"]


@given(
    text=st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join),
    delimiter=st.sampled_from([",", ";", "]"]),
    block_bytes=st.integers(1, 50),
)
@example(text=b"a\r\nb", delimiter=",", block_bytes=2)
@example(text=b'"a"\r\n"b\r\n', delimiter=",", block_bytes=3)
@example(text=b'a"b,"c\nd"\ne', delimiter=",", block_bytes=5)
@example(text=b'"a\nb","c\nd,e\n', delimiter=",", block_bytes=50)
@example(text=b'a,"b\n\r\r\n\nc', delimiter=",", block_bytes=1)
@example(text=b'"\n""', delimiter=",", block_bytes=50)
def test_rows_are_those_of_the_twin(text: bytes, delimiter: str, block_bytes: int) -> None:
    """Any text, in blocks of any size: the same rows on the same lines, and quotes left open break the same lines."""
    assert cut(text, delimiter, block_bytes) == slow_rows(text, delimiter.encode())


@pytest.mark.parametrize("quote", [b"", b'"'])
def test_row_longer_than_a_block(quote: bytes) -> None:
    """A cell of some megabytes is read whole, quoted or not, in a time that is linear in its length."""
    long = quote + b"x" * 5_000_000 + quote + b",b\r\n"
    started = time.perf_counter()
    assert cut(b"a,b\n" + long + b"c,d", block_bytes=1000) == [(1, b"a,b\n", ""), (2, long, ""), (3, b"c,d", "")]
    assert time.perf_counter() - started < 5


def test_line_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a line beyond the bound a beginning is kept, as a broken row; those after it keep their line numbers."""
    monkeypatch.setattr(lines, "MAX_ROW_BYTES", 1000)
    monkeypatch.setattr(lines, "_KEPT_BYTES", 10)
    error = "line 2 is longer than 0 MiB: shorten its cells"
    for end in (b"\n", b"\r\n", b"\r"):
        text = end.join([b"a,b", b"x" * 5000, b"", b"c,d"])
        assert cut(text, block_bytes=64) == [(1, b"a,b" + end, ""), (2, b"x" * 10, error), (4, b"c,d", "")]
    assert cut(b"a,b\n" + b"x" * 5000, block_bytes=64) == [(1, b"a,b\n", ""), (2, b"x" * 10, error)]


def test_quote_that_is_closed_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quote opened by mistake swallows no more than the bound: its line is broken, the rows after it are read."""
    monkeypatch.setattr(lines, "MAX_ROW_BYTES", 1000)
    text = b"a,b\n" + b'1,"oops\n' + b"2,fine\n" * 1000 + b'3,"closed"\n'
    rows = cut(text, block_bytes=64)
    assert rows[1] == (2, b'1,"oops\n', "line 2 opens a quote that is not closed: close it, or take it out")
    assert rows[2:] == [*((line, b"2,fine\n", "") for line in range(3, 1003)), (1003, b'3,"closed"\n', "")]
    swallowed = cut(b'1,"' + b"x" * 5000 + b"\n2,fine\n", block_bytes=64)
    assert [(line, bool(error)) for line, _, error in swallowed] == [(1, True), (2, False)]


def test_many_quotes_left_open_take_linear_time() -> None:
    """A file of nothing but mistakes is cut in a moment."""
    started = time.perf_counter()
    n_rows = len(cut(b'a,"""\n' * 50_000 + b'b,"\n', block_bytes=4096))
    assert n_rows > 10_000
    assert time.perf_counter() - started < 5
