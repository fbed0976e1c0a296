"""Where sessions keep what survives them."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from prelabel.errors import OutputError
from prelabel.plugin.record_folders import RecordFolder, prune

if TYPE_CHECKING:
    from pathlib import Path

DAY_S = 86_400


def test_a_folder_is_of_one_project_and_one_csv(tmp_path: Path) -> None:
    """Whatever a project calls itself, it stays below the state folder."""
    folders = {
        RecordFolder.of(tmp_path, project, content).path
        for project in ("p1", "p2", "../../etc", "p1\0")
        for content in (b"ID\na\n", b"ID\nb\n", b"")
    }
    assert len(folders) == 12
    assert {path.parent for path in folders} == {tmp_path / "imports"}


def test_a_csv_is_kept_as_it_came_and_written_once(tmp_path: Path) -> None:
    """The record's fingerprint is of this file; only its owner reads it."""
    folder = RecordFolder.of(tmp_path, "p", b"ID\r\n\xff\n")
    folder.keep_csv(b"ID\r\n\xff\n")
    before = folder.csv.stat().st_mtime_ns
    folder.keep_csv(b"ID\r\n\xff\n")
    assert folder.csv.read_bytes() == b"ID\r\n\xff\n"
    assert folder.csv.stat().st_mtime_ns == before
    assert folder.path.stat().st_mode & 0o077 == 0
    assert tmp_path / folder.name == folder.path


def test_a_volume_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A file is in the place of the folder."""
    (tmp_path / "imports").write_text("")
    with pytest.raises(OutputError, match="mount a volume there that can be written"):
        RecordFolder.of(tmp_path, "p", b"x").keep_csv(b"x")


def test_folders_that_nobody_went_on_with_are_removed(tmp_path: Path) -> None:
    """Those in use are not, however old, nor those of which any file is young."""
    names = ("old", "used", "young", "touched")
    paths = {name: tmp_path / "imports" / name for name in names}
    for name, path in paths.items():
        path.mkdir(parents=True)
        (path / "labels.csv").write_text(name)
        (path / "journal.sqlite").write_text(name)
        if name != "young":
            long_ago = time.time() - 31 * DAY_S
            for each in (path / "labels.csv", path / "journal.sqlite", path):
                os.utime(each, (long_ago, long_ago))
    (paths["touched"] / "journal.sqlite").write_text("again")

    assert prune(tmp_path, 30, {paths["used"]}) == 1
    assert sorted(path.name for path in (tmp_path / "imports").iterdir()) == ["touched", "used", "young"]


def test_nothing_to_remove_is_no_error(tmp_path: Path) -> None:
    """Nor is a state folder that is not there yet."""
    assert prune(tmp_path / "none", 30, ()) == 0
