"""CSV files to batches: cells and line numbers as Python's csv module has them, and every odd file told as such."""

from __future__ import annotations

import csv
import io
import tracemalloc
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from inputs.csv_reading import as_before, broken_of, refusal, rows_of, written
from prelabel.errors import ConfigError
from prelabel.inputs.csv_layout import read_header
from prelabel.inputs.csv_rows import read_rows
from prelabel.spelling import counted

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that every example writes anew."""
    return tmp_path_factory.mktemp("rows") / "rows.csv"


def reference(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """Read with Python's csv module: the line each row starts on, and its cells; blank rows are none."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows, line = [], 1
    for cells in reader:
        if any(cell.strip(" \t\r\n") for cell in cells):
            rows.append((line, cells))
        line = reader.line_num + 1
    return rows


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
        assert error.startswith(f"line {line} is no row: {counted(len(cells), 'cell')}")
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


def test_nul_breaks_its_row_only(tmp_path: Path) -> None:
    """NUL in one row leaves the others alone, ragged ones among them too."""
    path = written(tmp_path / "a.csv", b"a,b\n1,ok\n3\n4,x\0y\n5,\xc3\xa9\n")
    assert [(batch.numbers, batch.lines, batch.columns) for batch in read_rows(path)] == [
        ([1, 4], [2, 5], {"a": ["1", "5"], "b": ["ok", "é"]})
    ]
    assert broken_of(path) == [
        (2, 3, "3", "line 3 is no row: 1 cell where the header has 2: add the missing cells"),
        (3, 4, "4,x\0y", "line 4 is no row: it holds a NUL byte, so it is not text: write the cell again"),
    ]


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


def test_quotes_within_unquoted_cells_stay(tmp_path: Path) -> None:
    """Inches are no quotes: nothing is altered."""
    path = written(tmp_path / "a.csv", 'a,b\n5" x 7",m\nC:\\"x",y\n "q" r,z\n')
    assert [cells for *_, cells in rows_of(path)] == [('5" x 7"', "m"), ('C:\\"x"', "y"), (' "q" r', "z")]


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


def test_quote_left_open(tmp_path: Path) -> None:
    """A quote that is never closed breaks its line, not the rest of the file."""
    path = written(tmp_path / "a.csv", 'a,b\n1,2\n3,"oops\n4,5\n6,7\n')
    assert [batch.numbers for batch in read_rows(path)] == [[1, 3, 4]]
    assert broken_of(path) == [
        (2, 3, '3,"oops', "line 3 is no row: it opens a quote that is not closed: close it, or take it out")
    ]


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


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_byte_order_mark_within_the_file_is_a_character(tmp_path: Path, mark: bytes) -> None:
    """Only the one before the header is none; also where a stretch of the file begins with it."""
    path = written(tmp_path / "a.csv", mark + b"a,b\n\xef\xbb\xbfx,1\n\xef\xbb\xbf,2\n")
    assert [cells for *_, cells in rows_of(path)] == [("\ufeffx", "1"), ("\ufeff", "2")]
