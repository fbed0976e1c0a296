"""CSVs that are not in their encoding: the whole file, a few lines of it, and files that are UTF-8 after all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inputs.csv_reading import refusal, rows_of, written
from prelabel.inputs.csv_layout import read_header

if TYPE_CHECKING:
    from pathlib import Path

UTF8 = "id,note\n" + "a,größe\n" * 4
BAD = "b,für\n".encode("cp1252")


def test_a_line_alone(tmp_path: Path) -> None:
    """Is to be mended, as naming an encoding would spoil the others."""
    path = written(tmp_path / "a.csv", UTF8.encode() + BAD + b"c,x\n")
    assert refusal(path).startswith(
        f"{path} is UTF-8 but for line 6: byte 0xfc stands in what would be 'für' as cp1252 or cp1250, "
    )
    assert refusal(path).endswith("; write this line again in UTF-8, since --encoding would spoil the others")


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
def test_other_line_ends(tmp_path: Path, line_end: str) -> None:
    """Count as everywhere else."""
    content = (UTF8.encode() + BAD).replace(b"\n", line_end.encode())
    assert "is UTF-8 but for line 6: byte 0xfc" in refusal(written(tmp_path / "a.csv", content))


def test_a_few_lines(tmp_path: Path) -> None:
    """The first of them are named, and the first is shown; a byte order mark is no matter."""
    path = written(tmp_path / "a.csv", ("\ufeff" + "id,note\n" + "a,größe\n" * 9).encode() + BAD * 7)
    message = refusal(path)
    assert message.startswith(f"{path} is UTF-8 but for lines 11, 12, 13, 14, 15 and 2 more: on line 11 byte 0xfc ")
    assert message.endswith("; write these lines again in UTF-8, since --encoding would spoil the others")


@pytest.mark.parametrize("content", [b"id,note\n" + BAD, b"id,note\n" + BAD * 9 + "a,größe\n".encode()])
def test_another_encoding(tmp_path: Path, content: bytes) -> None:
    """Where no other line tells UTF-8, or few do, the encoding is to be named."""
    message = refusal(written(tmp_path / "a.csv", content))
    assert "is not UTF-8, on line 2: byte 0xfc" in message
    assert message.endswith("; name the right one with --encoding, or save it as UTF-8")


def test_utf8_under_another_name(tmp_path: Path) -> None:
    """It is read as was named, with a doubt; where that cannot be, UTF-8 is the first guess."""
    path = written(tmp_path / "a.csv", UTF8)
    assert rows_of(path, encoding="cp1252")[0][2] == ("a", "grÃ¶ÃŸe")
    assert read_header(path, encoding="cp1252").doubt == (
        f"{path} is read as cp1252, as was named, and looks like UTF-8: on line 2 byte 0xc3 stands in what would be "
        "'größe' as utf-8, 'grÃ¶ÃŸe' as cp1252 or cp1254; name utf-8 if the first is right"
    )
    assert "would be 'größe' as utf-8, " in refusal(path, encoding="ascii")


def test_mostly_utf8_under_another_name(tmp_path: Path) -> None:
    """The lines that are not are named, too; where they are not the fewer, the name is taken."""
    path = written(tmp_path / "a.csv", "a,b\n1,grün\n2,größe\n".encode() + BAD)
    assert read_header(path, encoding="cp1252").doubt == (
        f"{path} is read as cp1252, as was named, and most of it looks like UTF-8: on line 2 byte 0xc3 stands in what "
        "would be 'grün' as utf-8, 'grÃ¼n' as cp1252 or cp1254; name utf-8 if the first is right, and write line 4 "
        "again in it"
    )
    path = written(tmp_path / "b.csv", "a,b\n1,grün\n".encode() + BAD)
    assert read_header(path, encoding="cp1252").doubt == ""


def test_no_doubt(tmp_path: Path) -> None:
    """Plain ASCII, the right name, no name, UTF-16."""
    for content, name in ((b"a,b\n1,2\n", "cp1252"), (b"a,b\n" + BAD, "cp1252"), (UTF8.encode(), None)):
        assert read_header(written(tmp_path / "a.csv", content), encoding=name).doubt == ""
    assert read_header(written(tmp_path / "a.csv", UTF8.encode("utf-16-le")), encoding="utf-16-le").doubt == ""


def test_nul_bytes_in_a_few_cells(tmp_path: Path) -> None:
    """However many NULs they hold, the file is not taken for UTF-16: its other rows are read."""
    path = written(tmp_path / "a.csv", b"prelabel_error,id\nx,a\n" + b"x,n\0u\0l\0l\0\0\0\0\n" * 5)
    assert len(read_header(path).header) == 2
