"""Writing results: whole or not at all, and what goes wrong is said with the file's name."""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from prelabel.errors import OutputError
from prelabel.outcomes.output_file import OutputFile, check_place, write_output

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="links, modes and pipes as POSIX has them")


def test_a_file_is_there_when_it_is_whole(tmp_path: Path) -> None:
    """Until the end the old content stays, and an error in the work leaves it."""
    path = tmp_path / "r.json"
    path.write_text("old")
    with OutputFile(path) as file:
        file.write(b"new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    with suppress(KeyError), OutputFile(path) as file:
        file.write(b"newer")
        raise KeyError
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@needs_posix
def test_links_and_modes_stay(tmp_path: Path) -> None:
    """A link goes on leading to its file, which keeps its permissions; a new file has those that others get."""
    path, link = tmp_path / "r.json", tmp_path / "link"
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path)
    write_output(link, [b"new"])
    assert link.is_symlink()
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    write_output(tmp_path / "fresh", [b"x"])
    (tmp_path / "plain").write_text("x")
    assert (tmp_path / "fresh").stat().st_mode == (tmp_path / "plain").stat().st_mode


@needs_posix
def test_a_pipe_is_written_as_it_goes(tmp_path: Path) -> None:
    """It is not replaced by a file."""
    pipe, got = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    write_output(pipe, [b"a", b"b"])
    reader.join(10)
    assert got == [b"ab"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@needs_full
def test_a_full_disk_is_noted_once(tmp_path: Path) -> None:
    """The work goes on: nothing is raised before somebody asks."""
    with OutputFile(FULL, "--out") as file:
        for _ in range(100_000):
            file.write(b"x" * 100)
    assert file.fault is not None
    assert str(file.fault) == (
        "cannot write /dev/full (No space left on device): make room there, or name another file as --out"
    )
    with pytest.raises(OutputError, match="/dev/full"):
        write_output(FULL, [b"x"])
    with FULL.open("wb") as device:
        with OutputFile(device) as file:
            file.write(b"x")
        assert file.fault is not None
        assert file.fault.path == "/dev/full"
        os.dup2(os.open(os.devnull, os.O_WRONLY), device.fileno())


def test_what_fails_at_the_end_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some disks tell only when all is to be on them that there was no room."""

    def full(_: int) -> None:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(os, "fsync", full)
    path = tmp_path / "r.json"
    path.write_text("old")
    with pytest.raises(OutputError, match=r"r.json \(Disk quota exceeded\): make room there, or name another file$"):
        write_output(path, [b"new"])
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_takes_no_new_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may be written in a folder that may not, and one that is mounted alone, are written in place."""
    path = tmp_path / "r.json"
    path.write_text("old")

    def busy(*_: object) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", busy)
        write_output(path, [b"mounted"])
    assert path.read_text() == "mounted"

    def forbidden(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", forbidden)
    write_output(path, [b"in place"])
    assert path.read_text() == "in place"
    with pytest.raises(OutputError, match=r"new \(Permission denied\): name another file as --report$"):
        write_output(tmp_path / "new", [b"x"], "--report")
    assert list(tmp_path.iterdir()) == [path]


def test_open_files_are_left_open() -> None:
    """They belong to the caller."""
    buffer = io.BytesIO()
    with OutputFile(buffer) as file:
        file.write(b"x")
    assert (buffer.getvalue(), file.fault) == (b"x", None)


def test_a_reader_that_has_seen_enough() -> None:
    """A closed pipe is no lost result: the caller decides."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb", buffering=0) as pipe, pytest.raises(BrokenPipeError), OutputFile(pipe) as file:
        file.write(b"x")


@needs_posix
@pytest.mark.parametrize("name", ["/dev/fd/{}", "/proc/self/fd/{}", "link"])
def test_open_files_go_on_where_they_are(name: str, tmp_path: Path) -> None:
    """Named by their number, also through a link: what stands in them stays, and what comes later comes behind."""
    if name.startswith("/proc") and not Path("/proc/self/fd").exists():
        pytest.skip("this system has no /proc")
    log = tmp_path / "log"
    with log.open("wb", buffering=0) as file:
        path = Path(name.format(file.fileno())) if name != "link" else tmp_path / "link"
        if name == "link":
            path.symlink_to(f"/dev/fd/{file.fileno()}")
        file.write(b"before ")
        inode = log.stat().st_ino
        check_place(path)
        write_output(path, [b"the result"])
        file.write(b" after")
    assert (log.read_bytes(), log.stat().st_ino) == (b"before the result after", inode)


@needs_posix
def test_numbers_that_cannot_be_written(tmp_path: Path) -> None:
    """One that is not open, or open for reading only, is found out before the work."""
    (tmp_path / "r").write_text("x")
    with (tmp_path / "r").open("rb") as file, pytest.raises(OSError, match="Bad file descriptor"):
        check_place(Path(f"/dev/fd/{file.fileno()}"))
    with pytest.raises(OSError, match="Bad file descriptor"):
        check_place(Path("/dev/fd/987654"))
    with pytest.raises(OutputError, match=r"/dev/fd/987654 \(Bad file descriptor\): name another file as --report"):
        write_output("/dev/fd/987654", [b"x"], "--report")
    assert (tmp_path / "r").read_text() == "x"
