"""How a CSV is written, found out from its header; and files that are none."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inputs.csv_reading import refusal, rows_of, written
from prelabel.errors import ConfigError
from prelabel.inputs.csv_layout import RowForm, later_header, read_header
from prelabel.inputs.csv_rows import read_rows

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_byte_order_mark(tmp_path: Path, end: str, bom: bytes) -> None:
    """Any line end, with or without BOM, quoted newlines and doubled quotes, an unfinished last line."""
    text = end.join(['ID,"No""te"', '1,"two', 'lines"', "", "2,é", "", '3,"say ""hi"""'])
    path = written(tmp_path / "a.csv", bom + text.encode())
    layout = read_header(path)
    assert (layout.header, layout.delimiter, layout.first_line) == (("ID", 'No"te'), ",", 2)
    assert layout.offset == len(bom) + len('ID,"No""te"') + len(end)
    assert (layout.form.preamble, layout.form.header_row, layout.form.line_end) == (bom, b'ID,"No""te"', end.encode())
    assert rows_of(path) == [(1, 2, ("1", f"two{end}lines")), (2, 5, ("2", "é")), (3, 7, ("3", 'say "hi"'))]


def test_header_may_come_late_and_span_lines(tmp_path: Path) -> None:
    """Blank lines before the header and newlines in it count as lines."""
    path = written(tmp_path / "a.csv", '\n\r\n"External\nID",b\n1,2\n')
    layout = read_header(path)
    assert (layout.header, layout.first_line) == (("External\nID", "b"), 5)
    assert rows_of(path) == [(1, 5, ("1", "2"))]


@pytest.mark.parametrize(
    ("text", "delimiter", "header"),
    [
        ("a,b\n1,2\n", ",", ("a", "b")),
        ("a;b\n1;2\n", ";", ("a", "b")),
        ("a\tb\n1\t2\n", "\t", ("a", "b")),
        ("a;b\n", ";", ("a", "b")),
        ("a", ",", ("a",)),
        ("a\n1;2\n", ",", ("a",)),
        ("id;x\n1;2,5\n2;3,5\n", ";", ("id", "x")),
        ("id;color, or shade;mask\n1;red;m\n", ";", ("id", "color, or shade", "mask")),
        ('id,"a;b;c"\n1,2\n', ",", ("id", "a;b;c")),
        ('"a,b";c\n1,1,1,1;2\n', ";", ("a,b", "c")),
        ("a,b\n1;2;3,x\n1;2;3,x\n", ",", ("a", "b")),
        ('a;b\n"x\ny,z";1\n', ";", ("a", "b")),
    ],
)
def test_delimiter_is_found(tmp_path: Path, text: str, delimiter: str, header: tuple[str, ...]) -> None:
    """The delimiter on which header and rows agree, quotes respected."""
    layout = read_header(written(tmp_path / "a.csv", text))
    assert (layout.delimiter, layout.header) == (delimiter, header)


def test_delimiter_can_be_set(tmp_path: Path) -> None:
    """A set delimiter is taken, whatever the file looks like; only what can be one."""
    path = written(tmp_path / "a.csv", "a,b|c\n1,2|3\n")
    assert rows_of(path, delimiter="|") == [(1, 2, ("1,2", "3"))]
    for wrong in ("ab", '"', "\n", "é", "\0"):
        assert "cannot stand between cells" in refusal(path, delimiter=wrong)


def test_line_that_names_the_delimiter(tmp_path: Path) -> None:
    """Spreadsheets write ``sep=;`` before the header: it is no header, and counts as a line."""
    for first, end in (("sep=|", "\n"), ('"sep=|"', "\r\n"), ("sep=|,,", "\r")):
        path = written(tmp_path / "a.csv", "\ufeff" + end.join([first, "a,x|b", "1|2,5", ""]))
        layout = read_header(path)
        assert (layout.header, layout.delimiter, layout.first_line) == (("a,x", "b"), "|", 3)
        assert rows_of(path) == [(1, 3, ("1", "2,5"))]
    assert read_header(written(path, "sep=;\na,b;c\n"), delimiter=",").header == ("a", "b;c")


def test_bytes_that_are_no_text_are_refused_once(tmp_path: Path) -> None:
    """A CSV in another encoding is refused before a row is read, with its line and what it would be as what."""
    path = written(tmp_path / "a.csv", "a,b\n1,ok\n\n2,Größe\n3,x\n".encode("cp1252"))
    assert refusal(path).startswith(
        f"{path} is not UTF-8, on line 4: byte 0xf6 stands in what would be 'Größe' as cp1252 or cp1250, "
    )
    assert rows_of(path, encoding="cp1252")[1] == (2, 4, ("2", "Größe"))
    assert "is not SHIFT_JIS, on line 4: byte 0xf6" in refusal(path, encoding="shift_jis")
    with pytest.raises(ConfigError, match='no encoding is called "cp1525": did you mean "cp125') as caught:
        read_header(path, encoding="cp1525")
    assert caught.value.field == "encoding"
    for name in (
        "utf-7",
        "iso2022_jp",
        "cp037",
        "rot13",
        "hz",
        "idna",
        "punycode",
        "mac_arabic",
        "mac_farsi",
        "unicode_escape",
        "raw_unicode_escape",
    ):
        assert "cannot be read, since its bytes do not tell cells apart" in refusal(path, encoding=name)


def test_late_wrong_byte_is_found(tmp_path: Path) -> None:
    """However far into the file and across blocks, at the right line; a character cut by a block is none."""
    lines = ["a,b", *(f"{number},é" for number in range(400_000))]
    content = "\n".join(lines).encode()
    assert sum(len(batch) for batch in read_rows(written(tmp_path / "a.csv", content), rows_per_batch=9999)) == 400_000
    message = refusal(written(tmp_path / "a.csv", content + b"\nx,caf\xe9\ny"))
    assert "is UTF-8 but for line 400002: byte 0xe9 stands in what would be 'café' as cp1252" in message


def test_delimiter_that_is_half_a_character(tmp_path: Path) -> None:
    """In Shift-JIS the second byte of a letter can be a bar: cells cannot be told apart there."""
    path = written(tmp_path / "a.csv", "a|ポ\n1|2\n".encode("shift_jis"))
    assert "cannot stand between cells in shift_jis" in refusal(path, encoding="shift_jis", delimiter="|")


def test_byte_order_mark_counts_more_than_a_name(tmp_path: Path) -> None:
    """A file that a spreadsheet saved anew, with a mark, is read as what it is."""
    path = written(tmp_path / "a.csv", "a,b\né,1\n".encode("utf-8-sig"))
    assert rows_of(path, encoding="cp1252") == [(1, 2, ("é", "1"))]
    written(path, "a,b\né,1\n".encode("utf-16"))
    assert rows_of(path, encoding="cp1252") == [(1, 2, ("é", "1"))]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a,b,a\n1,2,3\n", 'columns 1, 3 of PATH are all called "a": give each its own, on line 1'),
        ("\na,,,b\n1,2,3,4\n", "columns 2, 3 of PATH have no name but cells with content: give each its own name"),
        (",,\n\r\n , \n", "PATH is empty: its first line must name the columns"),
        ('"\u00a0",\n1,2\n', "the header of PATH, on line 1, names no column"),
        ('a,"b"c\n', "the header of PATH, on line 1, cannot be read: cell 2 goes on after its closing quote"),
        ("", "PATH is empty: its first line must name the columns"),
        ("\n\r\n\n", "PATH is empty"),
        (b"\xef\xbb\xbf", "PATH is empty"),
        (b"a,caf\xe9\n1,2\n", "PATH is not UTF-8, on line 1: byte 0xe9 stands in what would be 'café' as cp1252"),
        (b"a\0b\n1,2\n", "cannot be read: it holds a NUL byte"),
        ('a,"b\n1,2\n', "the header of PATH, on line 1, cannot be read: it opens a quote that is not closed"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PATH is no CSV but a PNG picture"),
        (b"PK\x03\x04\x14\0", "PATH is no CSV but an Excel workbook or another zip file: save it as CSV (UTF-8)"),
        ("a,b\n".encode("utf-16-le"), "PATH is not UTF-8: name utf-16-le with --encoding, as which it can be read"),
        ("é,b\n".encode("utf-32-be"), "name utf-32-be with --encoding"),
        ("a,b\n".encode("utf-16")[:-1], "PATH is not UTF-16-LE, on line "),
    ],
)
def test_files_that_are_no_csv(tmp_path: Path, text: str | bytes, part: str) -> None:
    """Each is told before anything is read, with the file, the line and the remedy."""
    path = written(tmp_path / "a.csv", text)
    assert part.replace("PATH", str(path)) in refusal(path)


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n")), min_size=1),
    st.sampled_from(",;\t|"),
)
def test_the_form_of_a_plain_csv(names: list[str], delimiter: str) -> None:
    """Its header is those names, of one line each, as csv reads them."""
    form = RowForm.of_names(names, delimiter)

    assert next(csv.reader(io.StringIO(form.header_row.decode(), newline=""), delimiter=delimiter)) == names
    assert (form.delimiter, form.preamble, form.line_end) == (delimiter, b"", b"\r\n")


def test_a_form_of_any_names() -> None:
    """Names with delimiters, quotes and line ends in them are quoted, so that they stay one line of names."""
    names = ("a,b", 'c"d', "e\nf", "g\rh", "i\r\nj", "plain")
    assert RowForm.of_names(names).header_row == b'"a,b","c""d","e\nf","g\rh","i\r\nj",plain'
    assert RowForm.of_names(("a,b", "c;d"), ";").header_row == b'a,b;"c;d"'


@pytest.mark.parametrize("line", ["SEP=;", "Sep=;", '"sep=;"', "sep=;;;"])
def test_separator_lines_in_any_case(tmp_path: Path, line: str) -> None:
    """As spreadsheets read them."""
    assert rows_of(written(tmp_path / "a.csv", f"{line}\r\na;b\r\n1,5;2\r\n")) == [(1, 3, ("1,5", "2"))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_header_behind_a_title(tmp_path: Path, encoding: str) -> None:
    """The line is found whose cells are the names that are wanted, among the first rows."""
    path = written(tmp_path / "a.csv", 'My labels,,\n\nid,"colör",x\n1,2,3\n'.encode(encoding))
    assert later_header(read_header(path), {"id", "colör"}) == 3
    assert later_header(read_header(path), {"id", "size"}) == 0
    assert later_header(read_header(written(path, "id,x\n")), {"id"}) == 0
