"""CSVs that come through pipes or packed: read as files are, within bounds, and nothing left behind."""

from __future__ import annotations

import gc
import gzip
import io
import os
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from prelabel.errors import ConfigError
from prelabel.inputs import csv_file
from prelabel.inputs.csv_file import CsvFile, folder_of
from prelabel.inputs.csv_layout import read_header
from prelabel.inputs.csv_rows import read_rows

TEXT = b"sep=;\na;b\n1;2\n3\n"


@pytest.fixture(autouse=True)
def spool_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of the test's own."""
    folder = tmp_path / "spool"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def content(file: CsvFile) -> bytes:
    """Its bytes."""
    with file.opened() as opened:
        return opened.read()


class _Stdin:
    """A standard input with these bytes."""

    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


def test_a_file_is_read_where_it_is(tmp_path: Path, spool_folder: Path) -> None:
    """No copy is made of what can be read again anyway."""
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT)
    assert CsvFile(path).path == path
    assert not list(spool_folder.iterdir())


@pytest.mark.parametrize("packed", [False, True])
def test_standard_input(monkeypatch: pytest.MonkeyPatch, spool_folder: Path, packed: bool) -> None:
    """It is read as often as wanted, through the layout; its copy goes with it."""
    monkeypatch.setattr(sys, "stdin", _Stdin(gzip.compress(TEXT) if packed else TEXT))
    layout = read_header("-")
    assert layout.file.shown == "standard input"
    for _ in range(2):
        (batch,) = read_rows(layout)
        assert (batch.columns, batch.lines, [row.line for row in batch.broken]) == ({"a": ["1"], "b": ["2"]}, [3], [4])
    assert len(list(spool_folder.iterdir())) == 1
    del layout
    gc.collect()
    assert not list(spool_folder.iterdir())


def test_no_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program without one is told so."""
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(ConfigError, match="there is no standard input to read the CSV from: name a file"):
        read_header("-")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names on this system")
def test_a_pipe_with_a_name(tmp_path: Path) -> None:
    """A FIFO, as shells make them for ``<(...)``, is read to its end once."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(TEXT * 20_000,))
    writer.start()
    file = CsvFile(path)
    writer.join()
    assert content(file) == TEXT * 20_000
    assert file.shown == str(path)


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv"])
def test_gzip(tmp_path: Path, name: str) -> None:
    """Packed files are read whatever they are called, several members too."""
    path = tmp_path / name
    path.write_bytes(gzip.compress(TEXT) + gzip.compress(b"5;6\n"))
    assert content(CsvFile(path)) == TEXT + b"5;6\n"


@pytest.mark.parametrize("cut", [slice(0, -6), slice(0, 12)])
def test_damaged_gzip(tmp_path: Path, cut: slice) -> None:
    """What was cut off is refused before a row is read."""
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(TEXT * 100)[cut])
    with pytest.raises(ConfigError, match=r"a\.csv\.gz cannot be unpacked, it is damaged or was cut off"):
        CsvFile(path)
    path.write_bytes(gzip.compress(TEXT)[:-8] + b"\0" * 8)
    with pytest.raises(ConfigError, match="cannot be unpacked"):
        CsvFile(path)


def test_bombs_and_endless_pipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spool_folder: Path) -> None:
    """The copy stops at the bound, and what was copied is gone."""
    monkeypatch.setattr(csv_file, "MAX_SPOOLED_BYTES", 3 << 20)
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"\0" * (64 << 20)))
    with pytest.raises(ConfigError, match="has more than 3 MiB unpacked: unpack it first, and name that file"):
        CsvFile(path)
    if Path("/dev/zero").exists():
        with pytest.raises(ConfigError, match="/dev/zero has more than 3 MiB: write it to a file first"):
            CsvFile("/dev/zero")
    gc.collect()
    assert not list(spool_folder.iterdir())


def test_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A temporary folder that cannot be written is named, with the remedy."""
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(TEXT))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    with pytest.raises(ConfigError, match=r"cannot be copied to the temporary folder .*absent: .*set TMPDIR"):
        CsvFile(path)
    if Path("/dev/full").exists():
        monkeypatch.setattr(CsvFile, "_spool", lambda _: Path("/dev/full"))
        with pytest.raises(ConfigError, match="No space left on device; make room there"):
            CsvFile(path)


def test_folders() -> None:
    """Masks are looked for beside a file, and in the working folder for what a shell pipes in."""
    assert folder_of("some/where/a.csv") == Path("some/where")
    assert folder_of("-") == folder_of("/dev/stdin") == folder_of("/proc/self/fd/3") == Path()
