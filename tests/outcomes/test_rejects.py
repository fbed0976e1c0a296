"""Failed rows kept byte by byte: whatever they hold, imported again they fail again, with the same bytes."""

from __future__ import annotations

import csv
import io
import pickle
import re
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prelabel.errors import ConfigError, OutputError
from prelabel.inputs.csv_layout import RowForm, read_header
from prelabel.inputs.csv_rows import read_rows
from prelabel.outcomes import rejects as rejects_module
from prelabel.outcomes.rejects import ERROR_COLUMN, Rejects
from prelabel.spelling import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose files every example writes anew."""
    return tmp_path_factory.mktemp("rejects")


@given(rows=st.lists(st.tuples(CELL, CELL, CELL), max_size=6), delimiter=st.sampled_from(",;\t"))
def test_rows_come_back_in_order(rows: list[tuple[str, str, str]], delimiter: str) -> None:
    """Whatever the cells hold, and in whatever order rows failed; reasons hold nothing that a terminal acts on."""
    rejects = Rejects(RowForm.of_names(["a", "b"], delimiter))
    for number, (one, two, reason) in reversed(list(enumerate(rows))):
        text = io.StringIO()
        csv.writer(text, delimiter=delimiter).writerow([one, two])
        rejects.add(number, text.getvalue().encode(), "no " + re.sub(r"[\r\n]+", " ", reason))
    text = io.StringIO(b"".join(rejects.lines()).decode(), newline="")

    reasons = ["no " + printable(re.sub(r"[\r\n]+", " ", reason)) for _, _, reason in rows]
    read = list(csv.reader(text, delimiter=delimiter))
    assert read == [
        [ERROR_COLUMN, "a", "b"],
        *([reason, one, two] for reason, (one, two, _) in zip(reasons, rows, strict=True)),
    ]


def failed(path: Path, again: Path, encoding: str | None = None) -> tuple[list[bytes], list[tuple[int, str]]]:
    """Reject every row of a CSV into a file: the bytes of the rows, and which were broken, and why."""
    layout = read_header(path, encoding=encoding)
    rejects, rows, broken = Rejects(layout.form), {}, []
    for batch in read_rows(layout, rows_per_batch=7, block_bytes=64):
        for number, raw in zip(batch.numbers, batch.raw, strict=True):
            rejects.add(number, raw, f'refused "{number}"\n')
            rows[number] = raw
        for row in batch.broken:
            rejects.add(row.number, row.raw, str(row.error), row.rest)
            rows[row.number] = row.raw + b"".join(row.rest)
            broken.append((row.number, str(row.error).split(": ", 1)[1]))
    again.write_bytes(b"".join(rejects.lines()))
    return [rows[number] for number in sorted(rows)], broken


PIECES = ["a", "é", " ", '"', '""', '"q"', "\r\n", "\n", "\n", ",", ",", ",", '"\n"', "7", ' "', "\\", '\\"', "\0"]
ENCODINGS = [None, "utf-8-sig", "utf-16", "utf-32", "cp1252", "utf-16-be"]


@given(
    header=st.sampled_from(["a", "a,b", "a,b,", "a,,b", ",a,b", "a,b,,,", '"a","b"']),
    pieces=st.lists(st.sampled_from(PIECES), max_size=30),
    encoding=st.sampled_from(ENCODINGS),
    separator=st.sampled_from(["", "sep=,\n"]),
)
@example(header="a,b", pieces=['"', "\n", "a"], encoding=None, separator="")
@example(header="a,b", pieces=["a", "\n", "a", ",", "a", ",", "a"], encoding="utf-16", separator="")
def test_imported_again_the_same_rows_fail(
    scratch: Path, header: str, pieces: list[str], encoding: str | None, separator: str
) -> None:
    """Any CSV: its rejects hold the same rows, byte by byte, broken in the same way; and so do theirs."""
    paths = [scratch / f"{number}.csv" for number in range(3)]
    text = f"{separator}{header}\n{''.join(pieces)}"
    paths[0].write_bytes(text.encode(encoding or "utf-8"))
    named = encoding if encoding in {"cp1252", "utf-16-be"} else None
    try:
        rows, broken = failed(paths[0], paths[1], named)
    except ConfigError:
        return  # such as a sample that makes a column without a name look filled
    seen, broken_again = failed(paths[1], paths[2], named)
    assert [row for row, _ in broken_again] == [row for row, _ in broken]
    unit = len("x".encode(named or {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(encoding or "", "utf-8")))
    for raw, row in zip(rows, seen, strict=True):
        assert bare(row, unit, named).endswith(bare(raw, unit, named))
    assert read_header(paths[2], encoding=named).header == read_header(paths[1], encoding=named).header
    third, _ = failed(paths[2], scratch / "4.csv", named)
    assert [bare(row, unit, named).count(b",") for row in third] == [bare(r, unit, named).count(b",") for r in seen]


@given(
    header=st.sampled_from([f"{ERROR_COLUMN},a,b", f"a,{ERROR_COLUMN},b", f"a,b,{ERROR_COLUMN}"]),
    pieces=st.lists(st.sampled_from(PIECES).filter(lambda piece: piece != "\0"), max_size=30),
    encoding=st.sampled_from(["utf-8", "utf-16"]),
)
@example(header=f"{ERROR_COLUMN},a,b", pieces=[*'x,a,"', "\n", *'"b"', "\n", *"x,a,b", "\n", *'a"'], encoding="utf-8")
@example(header=f"{ERROR_COLUMN},a,b", pieces=[" ", '""', ",", ","], encoding="utf-8")
def test_with_an_error_column_the_same_rows_fail(scratch: Path, header: str, pieces: list[str], encoding: str) -> None:
    """Also where it is not sure which cell is the error's, so that a row comes without one."""
    paths = [scratch / f"{number}.csv" for number in range(3)]
    paths[0].write_bytes(f"{header}\n{''.join(pieces)}".encode(encoding))
    try:
        rows, broken = failed(paths[0], paths[1])
    except ConfigError:
        return  # a sample in which columns without a name look filled
    seen, broken_again = failed(paths[1], paths[2])
    assert len(seen) == len(rows)
    assert [row for row, _ in broken_again] == [row for row, _ in broken]


def bare(row: bytes, unit: int, named: str | None) -> bytes:
    """A row without its line end."""
    for end in ("\r\n", "\n", "\r"):
        wide = end.encode(named or {1: "utf-8", 2: "utf-16-le", 4: "utf-32-le"}[unit])
        row = row.removesuffix(wide)
    return row


def test_the_bytes_of_a_spreadsheet(tmp_path: Path) -> None:
    """Mark, line sep=, line ends, quotes and encoding stay; a reason beyond the encoding is written with escapes."""
    for encoding, mark in (("cp1252", b""), ("utf-8", b"\xef\xbb\xbf"), ("utf-16-le", b"\xff\xfe")):
        path = tmp_path / "a.csv"
        text = 'sep=;\r\n"ID";Größe;\r\n"a" ; x;\r\nb;é;\r\n'
        path.write_bytes(mark + text.encode(encoding))
        layout = read_header(path, encoding=encoding)
        rejects = Rejects(layout.form)
        (batch,) = read_rows(layout)
        rejects.add(1, batch.broken[0].raw, "日本")
        rejects.add(2, batch.raw[0], "no")
        reason = "日本" if encoding != "cp1252" else "\\u65e5\\u672c"
        wanted = f'sep=;\r\nprelabel_error;"ID";Größe;\r\n"{reason}";"a" ; x;\r\n"no";b;é;\r\n'
        assert b"".join(rejects.lines()) == mark + wanted.encode(encoding)


def test_short_and_long_rows_and_long_cells(tmp_path: Path) -> None:
    """A short row stays short though a cell came before it; cells beyond csv's own limit stay cells."""
    long = b"x" * 140_000
    path, again = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_bytes(b"ID,Note,Mask\n" + b"a," + long + b"\n" + b"b," + long + b",c,d\ne,f,\n")
    rows, broken = failed(path, again)
    assert [len(row) for row in rows] == [140_003, 140_007, 5]
    seen, broken_again = failed(again, tmp_path / "c.csv")
    assert [number for number, _ in broken_again] == [number for number, _ in broken] == [1, 2]
    assert [row.split(b",", 1)[1] for row in seen[2:]] == [b"e,f,\n"]
    assert seen[0].endswith(b",a," + long + b"\n")


@pytest.mark.parametrize(
    ("row", "written"),
    [
        (b'a,old,"b"\n', b'a,"new","b"\n'),
        (b'a,"o,l""d",b,,\n', b'a,"new",b,,\n'),
        (b"a,b\n", b"a,b\n"),
        (b"a\n", b"a\n"),
        (b"a,b,c,d\n", b"a,b,c,d\n"),
        (b'a,"old"x,c\n', b'a,"old"x,c\n'),
        (b"a,o\0d,c\n", b"a,o\0d,c\n"),
    ],
)
def test_an_error_column_elsewhere(row: bytes, written: bytes) -> None:
    """Where the user moved it, it is replaced in whole rows; of others no cell is taken for it."""
    rejects = Rejects(RowForm.of_names(["a", ERROR_COLUMN, "b"]))
    rejects.add(1, row, "new")
    assert b"".join(list(rejects.lines())[1:]) == written


def test_a_row_that_lost_its_error_loses_no_cell() -> None:
    """Someone took the first cell out of one row of a rejects file: what stands first now is no error of ours."""
    rejects = Rejects(RowForm.of_names([ERROR_COLUMN, "a", "b"]))
    rejects.add(1, b"id,note\n", "too few")
    rejects.add(2, b'"line 4 is no row: 2 cells",id\n', "line 9 is no row: 3 cells")
    assert list(rejects.lines())[1:] == [b"id,note\n", b'"line 9 is no row: 3 cells",id\n']


def test_an_open_quote_before_a_row_without_an_error() -> None:
    """A row without content keeps that row's quotes from closing it: two broken rows do not make a sound one."""
    for delimiter, divider in ((",", b'" "\r\n'), (" ", b'"\t"\r\n')):
        rejects = Rejects(RowForm.of_names([ERROR_COLUMN, "a", "b"], delimiter))
        mark = delimiter.encode()
        rejects.add(1, b'old,1,"\n'.replace(b",", mark), "open")
        rejects.add(3, b'x"\n', "too few")
        rejects.add(5, b"y\n", "too few")
        assert list(rejects.lines())[1:] == [b'"open",1,"\n'.replace(b",", mark), divider, b'x"\n', b"y\n"]


def test_beyond_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many rows go to disk and come back the same, also pickled."""
    monkeypatch.setattr(rejects_module, "_IN_MEMORY_BYTES", 100)
    rejects = Rejects(RowForm.of_names([ERROR_COLUMN, "b"]))
    for number in range(200):
        rejects.add(number, b"old %d,\r\n" % number, f"new {number}")

    lines = [b'"new %d",\r\n' % number for number in range(200)]
    assert list(rejects.lines())[1:] == lines
    assert list(pickle.loads(pickle.dumps(rejects)).lines())[1:] == lines


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_rows_that_cannot_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """No room on the disk: the import goes on, what was kept is written, and writing ends with the reason."""
    monkeypatch.setattr(rejects_module, "_IN_MEMORY_BYTES", 30)
    monkeypatch.setattr(tempfile, "TemporaryFile", partial(Path("/dev/full").open, "r+b", buffering=0))
    rejects = Rejects(RowForm.of_names(["a"]))
    for number, row in enumerate((b"x\n", b"y" * 30 + b"\n", b"z\n")):
        rejects.add(number, row, "no")
    lines = rejects.lines()
    assert [next(lines), next(lines), next(lines)] == [b"prelabel_error,a\r\n", b'"no",x\n', b'"no",z\n']
    with pytest.raises(OutputError, match=r"1 failed row could not be kept in .*No space left"):
        next(lines)


def test_a_row_whose_rest_is_gone(tmp_path: Path) -> None:
    """A very long row of which the file is gone is lost, and said to be; the others are not."""
    rejects = Rejects(RowForm.of_names(["a"]))

    def gone() -> Iterator[bytes]:
        yield b"some"
        raise FileNotFoundError(2, "No such file", str(tmp_path))

    rejects.add(1, b"x", "long", gone())
    rejects.add(2, b"y\n", "no")
    lines = rejects.lines()
    assert [next(lines), next(lines)] == [b"prelabel_error,a\r\n", b'"no",y\n']
    with pytest.raises(OutputError, match="1 failed row could not be kept"):
        next(lines)
