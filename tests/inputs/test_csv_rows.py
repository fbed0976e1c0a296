"""CSV files to batches: cells and line numbers as Python's csv module has them, and every odd file told as such."""

from __future__ import annotations

import csv
import io
import tracemalloc
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prelabel.errors import ConfigError, RowError
from prelabel.inputs.csv_rows import CsvLayout, read_header, read_rows

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
    """Read with Python's csv module: the line each row starts on, and its cells; blank lines are no rows."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows, line = [], 1
    for cells in reader:
        if cells:
            rows.append((line, cells))
        line = reader.line_num + 1
    return rows


def as_before(batches: list[RowBatch], rows_per_batch: int) -> None:
    """Check that batches are full, in order and without gaps."""
    numbers = [sorted([*batch.numbers, *(row.number for row in batch.broken)]) for batch in batches]
    assert [number for part in numbers for number in part] == list(range(1, sum(map(len, numbers)) + 1))
    assert all(len(part) == rows_per_batch for part in numbers[:-1])
    assert all(numbers)


PIECES = ["a", "é", " ", '"', '""', '"q"', "\r", "\n", "\r\n", "\n\n", "D", "D", "D", '"\n"', "007", "NA", "🙂"]


@given(
    pieces=st.lists(st.sampled_from(PIECES), max_size=40),
    width=st.integers(1, 3),
    delimiter=st.sampled_from([",", ";", "\t"]),
    block_bytes=st.integers(1, 64),
    rows_per_batch=st.integers(1, 5),
)
@example(pieces=["a", "\r\n"], width=1, delimiter=",", block_bytes=8, rows_per_batch=1)
@example(pieces=['""', "\n", '""'], width=1, delimiter=",", block_bytes=64, rows_per_batch=2)
@example(pieces=["a", '"', "D", "a", '"', "\n", "a"], width=2, delimiter=";", block_bytes=64, rows_per_batch=2)
def test_same_cells_and_lines_as_csv(
    scratch: Path, pieces: list[str], width: int, delimiter: str, block_bytes: int, rows_per_batch: int
) -> None:
    """Any text: what csv reads is read, on the same lines; rows of another width are broken, on theirs."""
    header = [f"h{index}" for index in range(width)]
    body = "".join(delimiter if piece == "D" else piece for piece in pieces)
    closed = body + '"' * left_open(body, delimiter)
    text = delimiter.join(header) + "\n" + closed
    expected = reference(text, delimiter)[1:]
    options: dict[str, Any] = {"delimiter": delimiter, "block_bytes": block_bytes, "rows_per_batch": rows_per_batch}
    batches = list(read_rows(written(scratch, text), **options))
    as_before(batches, rows_per_batch)
    good = [
        (line, list(cells))
        for batch in batches
        for line, cells in zip(batch.lines, zip(*(batch.columns[name] for name in header), strict=True), strict=True)
    ]
    assert good == [(line, cells) for line, cells in expected if len(cells) == width]
    broken = [(row.line, str(row.error)) for batch in batches for row in batch.broken]
    ragged = [(line, cells) for line, cells in expected if len(cells) != width]
    assert [line for line, _ in broken] == [line for line, _ in ragged]
    for (_, error), (line, cells) in zip(broken, ragged, strict=True):
        assert error.startswith(f"line {line} is no row: {len(cells)} cells")
    for name in header:
        narrow = [cell for part in read_rows(scratch, columns=[name], **options) for cell in part.columns[name]]
        assert narrow == [cell for batch in batches for cell in batch.columns[name]]


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
    path = written(tmp_path / "a.csv", "id;cell\n" + "".join(f"{cell};{cell}\n" for cell in cells))
    assert rows_of(path) == [(index + 1, index + 2, (cell, cell)) for index, cell in enumerate(cells)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_byte_order_mark(tmp_path: Path, end: str, bom: bytes) -> None:
    """Any line end, with or without BOM, quoted newlines and doubled quotes, an unfinished last line."""
    text = end.join(['ID,"No""te"', '1,"two', 'lines"', "", "2,é", "", '3,"say ""hi"""'])
    path = written(tmp_path / "a.csv", bom + text.encode())
    assert read_header(path) == CsvLayout(("ID", 'No"te'), ",", bool(bom), 2, len(bom) + len('ID,"No""te"') + len(end))
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


def test_bytes_that_are_no_text_break_their_row_only(tmp_path: Path) -> None:
    """Latin-1 and NUL in one row leave the others alone, ragged ones among them too."""
    path = written(tmp_path / "a.csv", b"a,b\n1,ok\n2,caf\xe9\n3\n4,x\0y\n5,\xc3\xa9\n")
    assert [(batch.numbers, batch.lines, batch.columns) for batch in read_rows(path)] == [
        ([1, 5], [2, 6], {"a": ["1", "5"], "b": ["ok", "é"]})
    ]
    assert broken_of(path) == [
        (2, 3, "2,caf\ufffd", "line 3 is no row: byte 6 of it, 0xe9, is not UTF-8: save the file as UTF-8"),
        (3, 4, "3", "line 4 is no row: 1 cells where the header has 2: add the missing cells"),
        (4, 5, "4,x\0y", "line 5 is no row: it holds a NUL byte, so it is not text: write the cell again"),
    ]


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
        ("\na,,\n", "columns 2, 3 of PATH have no name: give each its own, on line 2"),
        ("", "PATH is empty: its first line must name the columns"),
        ("\n\r\n\n", "PATH is empty"),
        (b"\xef\xbb\xbf", "PATH is empty"),
        (b"a,caf\xe9\n1,2\n", "the header of PATH, on line 1, cannot be read: byte 6 of it, 0xe9, is not UTF-8"),
        (b"a\0b\n1,2\n", "cannot be read: it holds a NUL byte"),
        ('a,"b\n1,2\n', "the header of PATH, on line 1, cannot be read: line 1 opens a quote that is not closed"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PATH is no CSV but a PNG picture"),
        (b"PK\x03\x04\x14\0", "PATH is no CSV but an Excel workbook or another zip file: save it as CSV (UTF-8)"),
        ("a,b\n1,2\n".encode("utf-16"), "PATH is no CSV but UTF-16 text: save it as UTF-8"),
        (b"\xfe\xff" + "a,b\n".encode("utf-16-be"), "UTF-16 text: save it as UTF-8"),
        ("a,b\n".encode("utf-16-le"), "cannot be read: it holds a NUL byte"),
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
