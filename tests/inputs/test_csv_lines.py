"""Bytes to whole rows, against a twin that goes letter by letter."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prelabel.inputs import csv_lines as lines
from prelabel.inputs.csv_lines import cut_rows
from prelabel.inputs.encodings import Coding

if TYPE_CHECKING:
    from pathlib import Path

Rows = list[tuple[int, bytes, str]]


def slow_rows(text: bytes, delimiter: bytes) -> Rows:
    """Cut a CSV letter by letter: (line, row, error) of each row that has content."""
    rows: Rows = []
    position, line = 0, 1
    borders = {delimiter, b"\r", b"\n", b""}
    while position < len(text):
        start, start_line, cell_starts, opened = position, line, True, None
        error = ""
        while position < len(text):
            letter, following = text[position : position + 1], text[position + 1 : position + 2]
            ends_line = letter == b"\n" or (letter == b"\r" and following != b"\n")
            line += ends_line
            if opened and letter == following == b'"':
                position += 1
            elif letter == b'"' and opened:
                if following not in borders and line != opened[1]:  # closed on another line, and text follows
                    break
                opened = None
            elif letter == b'"' and cell_starts:
                opened = (position, line)
            position += 1
            if ends_line and not opened:
                break
            cell_starts = letter == delimiter and not opened
        if opened:
            end = lines.LINE_END.search(text, opened[0])
            is_swallowed = position < len(text)
            position, line = (end.end() if end else len(text)), opened[1] + 1
            subject = "it" if opened[1] == start_line else f"line {opened[1]}"
            error = f"{subject} opens a quote that is not closed: close it, or take it out"
            rows.append((start_line, text[start:position], "misquoted" if is_swallowed else error))
        elif not slow_blank(text[start:position], delimiter):
            wrong = slow_misquoted(text[start:position], delimiter)
            rows.append((start_line, text[start:position], "misquoted" if wrong else ""))
    return rows


def slow_cells(row: bytes, delimiter: bytes) -> list[tuple[bytes, int]]:
    """Split a row letter by letter: each cell, quotes included, and where its closing quote is, -1 for none."""
    cells, start, closed, position, text = [], 0, -1, 0, row.rstrip(b"\r\n")
    while position <= len(text):
        letter = text[position : position + 1]
        if letter in {delimiter, b""}:
            cells.append((text[start:position], closed - start if closed >= 0 else -1))
            start, closed = position + 1, -1
        elif letter == b'"' and position == start:
            position += 1
            while text[position : position + 1] != b'"' or text[position + 1 : position + 2] == b'"':
                position += 2 if text[position : position + 2] == b'""' else 1
            closed = position
        position += 1
    return cells


def slow_blank(row: bytes, delimiter: bytes) -> bool:
    """Whether all cells are empty or hold spaces, quoted or not."""
    cells = slow_cells(row, delimiter)
    return all(
        not (cell[1:-1].strip() if end == len(cell) - 1 else b"x") if end >= 0 else not cell.strip(b" \t")
        for cell, end in cells
    )


def is_quoted(cell: bytes) -> bool:
    """Whether a cell has quotes at both ends, and only doubled ones between them."""
    return len(cell) > 1 and cell[:1] == cell[-1:] == b'"' and b'"' not in cell[1:-1].replace(b'""', b"")


def slow_misquoted(row: bytes, delimiter: bytes) -> bool:
    """Whether a cell is quoted in a way that would alter it: text around its quotes, a backslash before one."""
    cells = slow_cells(row, delimiter)
    if any(0 <= end < len(cell) - 1 for cell, end in cells):
        return True
    if any(end < 0 and cell[:1] in {b" ", b"\t"} and is_quoted(cell.strip(b" \t")) for cell, end in cells):
        return True
    slashed = [place for place, (cell, end) in enumerate(cells) if end > 0 and cell[end - 1 : end] == b"\\"]
    stray = [place for place, (cell, end) in enumerate(cells) if end < 0 and b'"' in cell]
    return bool(slashed and stray) and slashed[0] < stray[-1]


def cut(text: bytes, delimiter: str = ",", block_bytes: int = 1 << 20, path: Path | None = None) -> Rows:
    """Cut with the real thing: (line, row, error) of each row."""
    rows: Rows = []
    file: Any = io.BufferedReader(io.BytesIO(text)) if path is None else path.open("rb")
    for stretch in cut_rows(file, delimiter, block_bytes, offset=0, line=1):
        for index, line in enumerate(stretch.lines.tolist()):
            at, row = stretch.offset + int(stretch.starts[index]), stretch.row(index)
            assert text[at : at + len(row)] == row
            row += b"".join(stretch.rest)
            rows.append((line, row, "misquoted" if index in stretch.misquoted else stretch.error))
    file.close()
    return rows


PIECES = [b"a", b'"', b'"', b'""', b",", b";", b"\n", b"\r", b"\r\n", b" ", b"]", b"\\", b'\\"']


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
@example(text=b'a,"b\n"c",d\n"e"\n', delimiter=",", block_bytes=50)
@example(text=b'"\n""', delimiter=",", block_bytes=50)
@example(text=b'a, "b" ,c\n "d"\n"e, ""f"", g", "h"\n', delimiter=",", block_bytes=50)
def test_rows_are_those_of_the_twin(text: bytes, delimiter: str, block_bytes: int) -> None:
    """Any text, in blocks of any size: the same rows on the same lines, and quotes left open break the same lines."""
    assert cut(text, delimiter, block_bytes) == slow_rows(text, delimiter.encode())


@pytest.mark.timeout(30)
@pytest.mark.parametrize("quote", [b"", b'"'])
def test_row_longer_than_a_block(quote: bytes) -> None:
    """A cell of some megabytes is read whole, quoted or not, in a time that is linear in its length."""
    long = quote + b"x" * 5_000_000 + quote + b",b\r\n"
    assert cut(b"a,b\n" + long + b"c,d", block_bytes=1000) == [(1, b"a,b\n", ""), (2, long, ""), (3, b"c,d", "")]


def test_line_that_does_not_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of a line beyond the bound a beginning is held, the rest read when it is wanted; later rows keep their lines."""
    monkeypatch.setattr(lines, "MAX_ROW_BYTES", 1000)
    monkeypatch.setattr(lines, "_KEPT_BYTES", 10)
    error, path = "it is longer than 0 MiB: shorten its cells", tmp_path / "a.csv"
    for end in (b"\n", b"\r\n", b"\r"):
        for long in (b"x" * 5000, b'"' + b"x" * 5000 + b'"', b'a,"' + b"x" * 5000):
            text = end.join([b"a,b", long, b"", b"c,d"])
            path.write_bytes(text)
            assert cut(text, block_bytes=64, path=path) == [(1, b"a,b" + end, ""), (2, long, error), (4, b"c,d", "")]
    path.write_bytes(text := b"a,b\n" + b"x" * 5000)
    assert cut(text, block_bytes=64, path=path) == [(1, b"a,b\n", ""), (2, b"x" * 5000, error)]


def test_row_bound_does_not_depend_on_blocks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A row of the bound is read; one that is more than a block longer is not, though the buffer grows by doubling."""
    monkeypatch.setattr(lines, "MAX_ROW_BYTES", 1000)
    monkeypatch.setattr(lines, "_KEPT_BYTES", 10)
    path = tmp_path / "a.csv"
    for n_bytes in (999, 1700):
        text = b"a\n" + b"x" * n_bytes + b"\nb\n"
        path.write_bytes(text)
        for block_bytes in (1, 7, 300, 600):
            errors = [bool(error) for _, _, error in cut(text, block_bytes=block_bytes, path=path)]
            assert errors == [False, n_bytes > 1000, False], (n_bytes, block_bytes)


def test_quote_that_is_closed_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quote opened by mistake swallows no more than the bound: its line is broken, the rows after it are read."""
    monkeypatch.setattr(lines, "MAX_ROW_BYTES", 1000)
    text = b"a,b\n" + b'1,"oops\n' + b"2,fine\n" * 1000 + b'3,"closed"\n'
    rows = cut(text, block_bytes=64)
    error = "it opens a quote that is not closed within 0 MiB: close it, or take it out"
    assert rows[1] == (2, b'1,"oops\n', error)
    assert rows[2:] == [*((line, b"2,fine\n", "") for line in range(3, 1003)), (1003, b'3,"closed"\n', "")]


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@given(
    text=st.lists(st.sampled_from(["a", "é", "\u0a2c", "\u220a", '"', ",", "\n", "\r\n", "\r", "🙂"]), max_size=30),
    block_bytes=st.integers(1, 50),
)
def test_wide_encodings_are_cut_alike(name: str, text: list[str], block_bytes: int) -> None:
    """UTF-16 and UTF-32 give the rows of UTF-8, though their letters hold the bytes of line ends and commas."""
    coding = Coding(name, 4 if "32" in name else 2)
    raw = "".join(text).encode(name)
    rows = [
        (line, stretch.row(index).decode(name), index in stretch.misquoted)
        for stretch in cut_rows(io.BufferedReader(io.BytesIO(raw)), ",", block_bytes, offset=0, line=1, coding=coding)
        for index, line in enumerate(stretch.lines.tolist())
    ]
    plain = cut("".join(text).encode())
    assert rows == [(line, row.decode(), error == "misquoted") for line, row, error in plain]


def test_rows_come_in_bounded_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """However short the rows, a stretch has no more of them than are worth parsing at once; blank ones are counted."""
    monkeypatch.setattr(lines, "_MAX_STRETCH_ROWS", 4)
    text = b"a,b\n,,\n\n" * 10
    stretches = list(cut_rows(io.BufferedReader(io.BytesIO(text)), ",", 1 << 20, offset=0, line=1))
    assert all(len(stretch.lines) <= 4 for stretch in stretches)
    assert sum(stretch.n_blank for stretch in stretches) == 10
    assert [line for stretch in stretches for line in stretch.lines.tolist()] == list(range(1, 31, 3))


@pytest.mark.timeout(30)
def test_many_quotes_left_open_take_linear_time() -> None:
    """A file of nothing but mistakes is cut in a moment."""
    for line in (b'a,"""\n', b'a,"x\n', b'"x"y\n', b'"\n"y\n'):
        n_rows = len(cut(line * 50_000 + b'b,"\n', block_bytes=1 << 20))
        assert n_rows > 10_000
