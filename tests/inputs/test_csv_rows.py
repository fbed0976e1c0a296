"""CSV files to batches: cells and line numbers as Python's csv module has them, and every odd file told as such."""

from __future__ import annotations

import csv
import io
import pickle
import tracemalloc
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from prelabel.errors import ConfigError, RowError
from prelabel.inputs.csv_layout import read_header
from prelabel.inputs.csv_rows import read_rows

if TYPE_CHECKING:
    from pathlib import Path

    from prelabel.model import RowBatch


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that every example writes anew."""
    return tmp_path_factory.mktemp("rows") / "rows.csv"


def written(path: Path, text: str | bytes) -> Path:
    """Write a CSV, letter by letter as given."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def rows_of(path: Path, **options: Any) -> list[tuple[int, int, tuple[str, ...]]]:
    """Read a file without broken rows: (number, line, cells) of each."""
    rows = []
    for batch in read_rows(path, **options):
        assert not batch.broken
        rows += list(zip(batch.numbers, batch.lines, zip(*batch.columns.values(), strict=True), strict=True))
    return rows


def broken_of(path: Path, **options: Any) -> list[tuple[int, int, str, str]]:
    """Read a file: (number, line, text, error) of each broken row."""
    broken = [row for batch in read_rows(path, **options) for row in batch.broken]
    assert all(isinstance(row.error, RowError) and row.error.excerpt == row.text[:200] for row in broken)
    return [(row.number, row.line, row.text, str(row.error)) for row in broken]


def refusal(path: Path, **options: Any) -> str:
    """Read a file and return the ConfigError's text."""
    with pytest.raises(ConfigError) as caught:
        list(read_rows(path, **options))
    return str(caught.value)


def reference(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """Read with Python's csv module: the line each row starts on, and its cells; blank rows are none."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows, line = [], 1
    for cells in reader:
        if any(cell.strip(" \t\r\n") for cell in cells):
            rows.append((line, cells))
        line = reader.line_num + 1
    return rows


def as_before(batches: list[RowBatch], rows_per_batch: int) -> None:
    """Check that batches are full, in order and without gaps."""
    numbers = [sorted([*batch.numbers, *(row.number for row in batch.broken)]) for batch in batches]
    assert [number for part in numbers for number in part] == list(range(1, sum(map(len, numbers)) + 1))
    assert all(len(part) == rows_per_batch for part in numbers[:-1])
    assert all(part for part, batch in zip(numbers, batches, strict=True) if not batch.n_blank)


PIECES = [
    "a",
    "é",
    " ",
    '"q"',
    '"a ""b"" c"',
    '"x, y;\tz"',
    "\r",
    "\n",
    "\r\n",
    "\n\n",
    "D",
    "D",
    "D",
    '"\n"',
    "007",
    "NA",
    "🙂",
]
STRANGE = ['"', '""', 'a"', '"q"', '" "']


@given(
    pieces=st.lists(st.sampled_from(PIECES + STRANGE), max_size=40),
    width=st.integers(1, 3),
    delimiter=st.sampled_from([",", ";", "\t"]),
    block_bytes=st.integers(1, 64),
    rows_per_batch=st.integers(1, 5),
)
@example(pieces=["a", "\r\n"], width=1, delimiter=",", block_bytes=8, rows_per_batch=1)
@example(pieces=["a", '"', "D", "a", '"', "\n", "a"], width=2, delimiter=";", block_bytes=64, rows_per_batch=2)
@example(
    pieces=["a", "D", "D", "\n", "D", "\n", "a", "D", "a"], width=1, delimiter=",", block_bytes=64, rows_per_batch=2
)
def test_same_cells_and_lines_as_csv(
    scratch: Path, pieces: list[str], width: int, delimiter: str, block_bytes: int, rows_per_batch: int
) -> None:
    """Any text whose quotes fit: what csv reads is read, on the same lines; rows of another width are broken."""
    header = [f"h{index}" for index in range(width)]
    body = "".join(delimiter if piece == "D" else piece for piece in pieces)
    assume(not left_open(body, delimiter))
    options: dict[str, Any] = {"delimiter": delimiter, "block_bytes": block_bytes, "rows_per_batch": rows_per_batch}
    batches = list(read_rows(written(scratch, delimiter.join(header) + "\n" + body), **options))
    broken = [(row.line, str(row.error)) for batch in batches for row in batch.broken]
    assume(not any("quote" in error and "cells" not in error for _, error in broken))
    expected = reference(delimiter.join(header) + "\n" + body, delimiter)[1:]
    as_before(batches, rows_per_batch)
    good = [
        (line, list(cells))
        for batch in batches
        for line, cells in zip(batch.lines, zip(*(batch.columns[name] for name in header), strict=True), strict=True)
    ]
    assert good == [(line, cells[:width]) for line, cells in expected if fits(cells, width)]
    ragged = [(line, cells) for line, cells in expected if not fits(cells, width)]
    assert [line for line, _ in broken] == [line for line, _ in ragged]
    for (_, error), (line, cells) in zip(broken, ragged, strict=True):
        assert error.startswith(f"line {line} is no row: {len(cells)} cells")
    for name in header:
        narrow = [cell for part in read_rows(scratch, columns=[name], **options) for cell in part.columns[name]]
        assert narrow == [cell for batch in batches for cell in batch.columns[name]]
    raw = [row for batch in batches for row in batch.raw]
    assert [next(csv.reader(io.StringIO(row.decode(), newline=""), delimiter=delimiter)) for row in raw] == [
        cells for _, cells in expected if fits(cells, width)
    ]


def fits(cells: list[str], width: int) -> bool:
    """Whether a row has as many cells as the header, but for empty ones at its end."""
    return len(cells) >= width and not any(cell.strip(" \t\r\n") for cell in cells[width:])


@given(
    rows=st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=2, max_size=2)
    ),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-be", "gb18030"]),
)
def test_what_csv_writes_is_read(scratch: Path, rows: list[list[str]], quoting: Any, end: str, encoding: str) -> None:
    """Well-formed files of any encoding that has all letters: the very cells, none broken."""
    text = io.StringIO()
    quoting = quoting if end == "\r\n" else csv.QUOTE_ALL  # csv quotes no line end but its own
    writer = csv.writer(text, quoting=quoting, lineterminator=end)
    writer.writerows([["a", "b"], *rows])
    written(scratch, text.getvalue().encode(encoding))
    named = encoding if encoding in {"gb18030", "utf-16-be"} else None
    batches = list(read_rows(scratch, encoding=named, block_bytes=100, delimiter=","))
    cells = [list(row) for batch in batches for row in zip(*batch.columns.values(), strict=True)]
    assert cells == [row for row in rows if any(cell.strip(" \t\r\n") for cell in row)]
    assert sum(batch.n_blank for batch in batches) == len(rows) - len(cells)
    assert not any(batch.broken for batch in batches)


def left_open(text: str, delimiter: str) -> bool:
    """Whether a quote is still open where the text ends, by csv's own word: one more line would belong to its cell."""
    rows = list(csv.reader(io.StringIO(text + "\nend", newline=""), delimiter=delimiter))
    return rows[-1] != ["end"]


def test_cells_are_text(tmp_path: Path) -> None:
    """Nothing is taken for a number, a date, a truth or a missing value."""
    cells = (
        "007",
        "1e5",
        "NA",
        "null",
        "",
        "True",
        "2024-01-01",
        "1,5",
        " x ",
        "N/A",
        "nan",
        "#N/A",
        "00",
        "-0",
        "1_000",
    )
    path = written(tmp_path / "a.csv", "id;cell\n" + "".join(f"x;{cell}\n" for cell in cells))
    assert rows_of(path) == [(index + 1, index + 2, ("x", cell)) for index, cell in enumerate(cells)]


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


def test_ragged_rows_are_broken_and_the_others_go_on(tmp_path: Path) -> None:
    """A row of another width keeps its text and line; the message says how to mend it."""
    path = written(tmp_path / "a.csv", 'a,b\n1,2\n3\n\n4,"5\n6",7,8\n9,10\n')
    assert [row.numbers for row in read_rows(path)] == [[1, 4]]
    assert broken_of(path) == [
        (2, 3, "3", "line 3 is no row: 1 cells where the header has 2: add the missing cells"),
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


def test_nul_breaks_its_row_only(tmp_path: Path) -> None:
    """NUL in one row leaves the others alone, ragged ones among them too."""
    path = written(tmp_path / "a.csv", b"a,b\n1,ok\n3\n4,x\0y\n5,\xc3\xa9\n")
    assert [(batch.numbers, batch.lines, batch.columns) for batch in read_rows(path)] == [
        ([1, 4], [2, 5], {"a": ["1", "5"], "b": ["ok", "é"]})
    ]
    assert broken_of(path) == [
        (2, 3, "3", "line 3 is no row: 1 cells where the header has 2: add the missing cells"),
        (3, 4, "4,x\0y", "line 4 is no row: it holds a NUL byte, so it is not text: write the cell again"),
    ]


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
    for name in ("utf-7", "iso2022_jp", "cp037", "rot13", "hz", "idna", "punycode", "mac_arabic", "mac_farsi"):
        assert "cannot be read, since its bytes do not tell cells apart" in refusal(path, encoding=name)


def test_late_wrong_byte_is_found(tmp_path: Path) -> None:
    """However far into the file and across blocks, at the right line; a character cut by a block is none."""
    lines = ["a,b", *(f"{number},é" for number in range(400_000))]
    content = "\n".join(lines).encode()
    assert sum(len(batch) for batch in read_rows(written(tmp_path / "a.csv", content), rows_per_batch=9999)) == 400_000
    message = refusal(written(tmp_path / "a.csv", content + b"\nx,caf\xe9\ny"))
    assert "on line 400002: byte 0xe9 stands in what would be 'café' as cp1252" in message


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-16-le", "größe,値"),
        ("utf-16", "größe,値"),
        ("UTF-32-BE", "größe,値"),
        ("cp1252", "größe,€"),
        ("cp1250", "żółć,Łódź"),
        ("cp1251", "привет,мир"),
        ("shift_jis", "表示,ソ"),
        ("gbk", "汉字,测试"),
        ("big5", "許功蓋,中"),
        ("koi8-r", "привет,мир"),
        ("mac_roman", "größe,é"),
    ],
)
def test_encodings_by_name(tmp_path: Path, encoding: str, text: str) -> None:
    """Headers and cells in any encoding, quoted or not, on their lines; second bytes that look like letters too."""
    one, two = text.split(",")
    path = written(tmp_path / "a.csv", f'{one},b\r\n{two},"{one}\n,{two}"\r\n\r\n{two},\r\n'.encode(encoding))
    assert read_header(path, encoding=encoding).header == (one, "b")
    assert rows_of(path, encoding=encoding) == [(1, 2, (two, f"{one}\n,{two}")), (2, 5, (two, ""))]


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


def test_line_that_names_the_delimiter(tmp_path: Path) -> None:
    """Spreadsheets write ``sep=;`` before the header: it is no header, and counts as a line."""
    for first, end in (("sep=|", "\n"), ('"sep=|"', "\r\n"), ("sep=|,,", "\r")):
        path = written(tmp_path / "a.csv", "\ufeff" + end.join([first, "a,x|b", "1|2,5", ""]))
        layout = read_header(path)
        assert (layout.header, layout.delimiter, layout.first_line) == (("a,x", "b"), "|", 3)
        assert rows_of(path) == [(1, 3, ("1", "2,5"))]
    assert read_header(written(path, "sep=;\na,b;c\n"), delimiter=",").header == ("a", "b;c")


def test_rows_without_content_are_no_rows(tmp_path: Path) -> None:
    """Delimiters and spaces alone, quoted or not, are passed over and counted; numbers go on, lines are the file's."""
    text = 'a,b,c\n1,2,3\n,,\n , ,\t\n"","",""\n4,5,6\n,\n"\n",,\n""\n,,,,,\n7,,\n'
    path = written(tmp_path / "a.csv", text)
    for rows_per_batch in (1, 2, 100):
        batches = list(read_rows(path, rows_per_batch=rows_per_batch))
        assert sum(batch.n_blank for batch in batches) == 7
        assert [line for batch in batches for line in batch.lines] == [2, 6, 12]
        assert [number for batch in batches for number in batch.numbers] == [1, 2, 3]
    (batch,) = read_rows(written(path, "a,b\n,\n,\n"))
    assert (len(batch), batch.n_blank) == (0, 2)


def test_empty_columns_without_a_name(tmp_path: Path) -> None:
    """Delimiters at line ends and columns without name and content are passed over, however many."""
    path = tmp_path / "a.csv"
    wanted = [(1, 2, ("1", "2")), (2, 3, ("3", "4"))]
    for text in (
        "a,b\n1,2,\n3,4,,\n",
        "a,b,,\n1,2,,\n3,4\n",
        'a,b,"", \n1,2,"",\n3,4,,,,, \n',
        "a,,b,,\n1,,2,,\n3, ,4\n",
        "a,,,b\n1,,,2\n3,,,4\n",
        "a,b\n1,2," + "," * 70_000 + '""\n3,4\n',
    ):
        assert rows_of(written(path, text)) == wanted
    # the row numbers that some programs write, into a column without a name
    assert rows_of(written(path, ",a,b\n0,1,2\n1,3,4\n")) == wanted


def test_content_without_a_column(tmp_path: Path) -> None:
    """Content beyond the columns, or in one of several without a name, breaks the row: cells may have moved."""
    path = written(tmp_path / "a.csv", "a,b,\n1,2,3\n4,5,\n")
    assert [error for *_, error in broken_of(path)] == [
        "line 2 is no row: 3 cells where the header has 2: quote cells that have ',' in them"
    ]
    path = written(tmp_path / "a.csv", "a,,,b\n" + "1,,,2\n" * 30 + "1,x,,2\n,,,3,4\n1,,,2,\n1,,z,2,\n")
    assert [error for *_, error in broken_of(path)] == [
        "line 32 is no row: cell 2 has content, but its column has no name: name it, or empty the cell",
        "line 33 is no row: 5 cells where the header has 4: quote cells that have ',' in them",
        "line 35 is no row: cell 3 has content, but its column has no name: name it, or empty the cell",
    ]
    assert [batch.numbers[-1] for batch in read_rows(path)] == [33]


@pytest.mark.parametrize(
    ("row", "part"),
    [
        ('"he said \\"hi\\" ok",m', r"cell 1 ends with the quote after its backslash"),
        ('"5" x 7" print",m', "cell 1 goes on after its closing quote, with ' x 7\" prin'"),
        ('m,"abc"def', "cell 2 goes on after its closing quote, with 'def'"),
        ('"abc" ,m', "cell 1 goes on after its closing quote, with ' ,m'"),
        ('"{\\"k\\", 1}"', "cell 1 ends with the quote after its backslash"),
        (' "a, b",m', "3 cells where the header has 2: take out the space before the quote of cell 1"),
        ('"abc', "line 3 opens a quote that is not closed: close it, or take it out"),
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


def test_quotes_within_unquoted_cells_stay(tmp_path: Path) -> None:
    """Inches are no quotes: nothing is altered."""
    path = written(tmp_path / "a.csv", 'a,b\n5" x 7",m\nC:\\"x",y\n "q",z\n')
    assert [cells for *_, cells in rows_of(path)] == [('5" x 7"', "m"), ('C:\\"x"', "y"), (' "q"', "z")]


@pytest.mark.parametrize("n_columns", [50_000])
def test_many_columns(tmp_path: Path, n_columns: int) -> None:
    """A very wide CSV is read, and a missing column named in few words; time with its square would be minutes."""
    header = ",".join(f"column {index}" for index in range(n_columns))
    path = written(tmp_path / "a.csv", header + "\n" + (",x" * n_columns)[1:] + "\n" + "," * 4 * n_columns + "y\n")
    batches = list(read_rows(path))
    assert (len(batches[0]), len(batches[0].broken)) == (1, 1)
    assert len(refusal(path, columns=["Mask"])) < 1000


def test_rows_that_are_no_rows_take_little_memory(tmp_path: Path) -> None:
    """An open quote with megabytes of short lines behind it, none of them a row: held are a few thousand at a time."""
    path = written(tmp_path / "a.csv", b'a,b,c\n1,"oops\n' + b"x,y\n" * 60_000)
    list(read_rows(path, rows_per_batch=250))
    tracemalloc.start()
    n_broken = sum(len(batch.broken) for batch in read_rows(path, rows_per_batch=250))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert n_broken == 60_001
    assert peak < 25_000_000


def test_batches_travel_without_their_stretch(tmp_path: Path) -> None:
    """Pickled, a batch takes its own rows along and no more of the file."""
    path = written(tmp_path / "a.csv", "a,b\n" + "1,xxxxxxxxxxxxxxxxxxxx\n" * 10_000)
    batch = next(iter(read_rows(path, rows_per_batch=3)))
    assert list(batch.raw) == [b"1,xxxxxxxxxxxxxxxxxxxx\n"] * 3
    assert (batch.raw[-3:][0], len(batch.raw[1:])) == (batch.raw[0], 2)
    frozen = pickle.dumps(batch)
    assert len(frozen) < 1000
    assert pickle.loads(frozen).raw == tuple(batch.raw)
    with pytest.raises(IndexError):
        batch.raw[3]


def test_quote_left_open(tmp_path: Path) -> None:
    """A quote that is never closed breaks its line, not the rest of the file."""
    path = written(tmp_path / "a.csv", 'a,b\n1,2\n3,"oops\n4,5\n6,7\n')
    assert [batch.numbers for batch in read_rows(path)] == [[1, 3, 4]]
    assert broken_of(path) == [
        (2, 3, '3,"oops', "line 3 is no row: line 3 opens a quote that is not closed: close it, or take it out")
    ]


def test_rows_that_are_all_broken(tmp_path: Path) -> None:
    """A file without one good row still gives every row, in full batches."""
    path = written(tmp_path / "a.csv", "a,b\n" + "x\n" * 25)
    batches = list(read_rows(path, rows_per_batch=10, block_bytes=16))
    as_before(batches, 10)
    assert [len(batch.broken) for batch in batches] == [10, 10, 5]
    assert not any(map(len, batches))


def test_header_without_rows(tmp_path: Path) -> None:
    """A header alone is a table without rows."""
    for text in ("a,b", "a,b\n", "a,b\r\n\r\n"):
        assert list(read_rows(written(tmp_path / "a.csv", text))) == []


def test_columns_are_chosen(tmp_path: Path) -> None:
    """Only wanted columns are made, in the order wanted; none at all leaves numbers and lines."""
    path = written(tmp_path / "a.csv", "a,b,c\n1,2,3\n4,5\n")
    (batch,) = read_rows(path, columns=["c", "a", "c"])
    assert batch.columns == {"c": ["3"], "a": ["1"]}
    assert batch.header == ("a", "b", "c")
    (batch,) = read_rows(path, columns=[])
    assert (batch.numbers, batch.lines, batch.columns, len(batch.broken)) == ([1], [2], {}, 1)
    message = refusal(path, columns=["A1", "b"])
    assert message.endswith('has no column "A1": did you mean "a"? its columns are "a", "b", "c"')


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a,b,a\n1,2,3\n", 'columns 1, 3 of PATH are all called "a": give each its own, on line 1'),
        ("\na,,,b\n1,2,3,4\n", "columns 2, 3 of PATH have no name but cells with content: give each its own name"),
        (",,\n\r\n , \n", "PATH is empty: its first line must name the columns"),
        ('"\u00a0",\n1,2\n', "the header of PATH, on line 1, names no column"),
        ('a,"b"c\n', "the header of PATH, on line 1, cannot be read: text follows a closing quote"),
        ("", "PATH is empty: its first line must name the columns"),
        ("\n\r\n\n", "PATH is empty"),
        (b"\xef\xbb\xbf", "PATH is empty"),
        (b"a,caf\xe9\n1,2\n", "PATH is not UTF-8, on line 1: byte 0xe9 stands in what would be 'café' as cp1252"),
        (b"a\0b\n1,2\n", "cannot be read: it holds a NUL byte"),
        ('a,"b\n1,2\n', "the header of PATH, on line 1, cannot be read: line 1 opens a quote that is not closed"),
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


def test_paths_that_are_no_file(tmp_path: Path) -> None:
    """A folder and a missing file are told when the reader is asked for, before a row is wanted."""
    with pytest.raises(ConfigError, match="is a folder: name the CSV file in it"):
        read_rows(tmp_path)
    with pytest.raises(ConfigError, match=r"cannot read the CSV .*absent\.csv: No such file or directory; check"):
        read_header(tmp_path / "absent.csv")


def test_sizes_must_be_positive(tmp_path: Path) -> None:
    """Nothing can be read in batches or blocks of nothing."""
    wrong: list[dict[str, Any]] = [{"rows_per_batch": 0}, {"block_bytes": 0}, {"block_bytes": -1}]
    for sizes in wrong:
        with pytest.raises(ValueError, match="must be 1 or more"):
            read_rows(tmp_path / "a.csv", **sizes)


def test_text_path_is_a_path(tmp_path: Path) -> None:
    """A path may be text."""
    assert rows_of(written(tmp_path / "a.csv", "a\n1\n")) == list(rows_of(tmp_path / "a.csv"))
    assert read_header(str(tmp_path / "a.csv")).header == ("a",)


def test_large_cells_pass_blocks(tmp_path: Path) -> None:
    """Cells of some megabytes are read whole with small blocks, where pyarrow alone would stop."""
    long = "x" * 3_000_000
    path = written(tmp_path / "a.csv", f'a,b\n1,2\n3,"{long}\n{long}"\n{long},4\n')
    rows = rows_of(path, block_bytes=1 << 16)
    assert rows == [(1, 2, ("1", "2")), (2, 3, ("3", f"{long}\n{long}")), (3, 5, (long, "4"))]


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """50 MB are streamed through little memory, Python's and Arrow's, and ten times the rows take no more."""
    row = "image_%07d.png,red;green," + "x" * 450 + ",masks/%07d.png\n"
    peaks = []
    for n_rows in (10_000, 100_000):
        path = tmp_path / f"{n_rows}.csv"
        with path.open("w", encoding="utf-8") as file:
            file.write("External ID,Color,Note,Mask\n")
            file.writelines(row % (index, index) for index in range(n_rows))
        arrow_before = pa.total_allocated_bytes()
        arrow_peak = 0
        tracemalloc.start()
        n_read = 0
        for batch in read_rows(path, block_bytes=1 << 18, rows_per_batch=100):
            n_read += len(batch)
            arrow_peak = max(arrow_peak, pa.total_allocated_bytes() - arrow_before)
        peaks.append(tracemalloc.get_traced_memory()[1] + arrow_peak)
        tracemalloc.stop()
        assert n_read == n_rows
    assert (tmp_path / "100000.csv").stat().st_size > 48_000_000
    assert peaks[1] < 8_000_000
    assert all(later < 1.5 * earlier for earlier, later in pairwise(peaks))
