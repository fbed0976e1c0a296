"""Results replace nothing that is read, nor each other."""

from __future__ import annotations

import errno
import io
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from prelabel.errors import ConfigError
from prelabel.importer.convert import convert
from prelabel.importer.import_labels import import_labels
from prelabel.importer.options import ConvertOptions, ImportOptions
from prelabel.importer.output_paths import check_outputs

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="links and devices as POSIX has them")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A CSV, a config, a schema, a record and a few masks."""
    for name in ("labels.csv", "config.json", "schema.json"):
        (tmp_path / name).write_text(name)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "journal.sqlite").write_text("rows")
    Image.fromarray(np.zeros((2, 2), np.uint8)).save(tmp_path / "m.png")
    np.save(tmp_path / "m.npy", np.zeros((2, 2), np.uint8))
    (tmp_path / "earlier.json").write_text("{}")
    return tmp_path


def check(folder: Path, **outputs: Any) -> None:
    """Check a convert's outputs, or an import's where there is a state."""
    if "state" in outputs:
        check_outputs(str(folder / "labels.csv"), folder / "config.json", ImportOptions(project="p", **outputs))
        return
    options = ConvertOptions(**{"out": folder / "items.ndjson", "schema": folder / "schema.json", **outputs})
    check_outputs(folder / "labels.csv", folder / "config.json", options)


def test_places_that_are_right(folder: Path) -> None:
    """New files, and those of an earlier run."""
    check(folder, report=folder / "earlier.json", rejects=str(folder / "new.csv"))
    check(folder, state=folder / "state", report=folder / "earlier.json")


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ({"report": "labels.csv"}, "--report: .*labels.csv is the CSV itself: name another file"),
        ({"rejects": "./config.json"}, "--rejects: .*config.json is the config"),
        ({"out": "schema.json"}, "--out: .*schema.json is the schema"),
        ({"report": "state/journal.sqlite", "state": "state"}, "--report: .* is the record of the import"),
        ({"report": "new-state", "state": "new-state"}, "--report: .* is the folder of the record"),
        ({"report": "new", "rejects": "state/../new"}, "--rejects: .*new is where --report goes as well"),
        ({"report": "earlier.json", "out": "earlier.json"}, "--report: .* is where --out goes as well"),
        (
            {"rejects": "state/journal.sqlite"},
            "--rejects: .*sqlite is named as the record of an import is: name another",
        ),
        ({"out": "state/journal.sqlite-wal"}, "--out: .*sqlite-wal is named as the record of an import is"),
        ({"report": "m.png"}, r"--report: .*m.png holds a picture \(PNG\)"),
        ({"rejects": "m.npy"}, r"--rejects: .*m.npy holds a picture \(npy\)"),
        ({"report": "nowhere/new.json"}, "--report: there is no folder .*nowhere: make it first"),
        ({"report": "state"}, "--report: .*state is a folder: name a file"),
    ],
)
def test_places_that_are_wrong(folder: Path, outputs: dict[str, str], message: str) -> None:
    """Inputs, masks, one file for two results, and what is no place for a file."""
    with pytest.raises(ConfigError, match=message):
        check(folder, **{name: folder / path for name, path in outputs.items()})


@needs_posix
def test_places_that_only_trying_tells(folder: Path) -> None:
    """Whatever the permissions say, no file can be made there; where one can, none is left behind."""
    with pytest.raises(
        ConfigError, match=r"--report: /proc/x cannot be written \(No such file or directory\): name an"
    ):
        check(folder, report=Path("/proc/x"))
    with pytest.raises(ConfigError, match="--rejects: - is no file's name: give one, or /dev/stdout"):
        check(folder, rejects="-")
    with pytest.raises(ConfigError, match=r"--report: .*\.\.\. cannot be written \(File name too long\)"):
        check(folder, report=folder / ("a" * 5000))
    before = sorted(folder.iterdir())
    check(folder, report=folder / "new.json", rejects=folder / "earlier.json")
    assert sorted(folder.iterdir()) == before


@needs_posix
def test_a_file_in_a_folder_that_takes_no_new_ones(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written where it is, if it may be."""

    def no_new_file(*_: Any) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", no_new_file)
    check(folder, report=folder / "earlier.json", out=io.BytesIO())
    with pytest.raises(ConfigError, match=r"items.ndjson cannot be written \(Permission denied\)"):
        check(folder)


@needs_posix
def test_other_names_of_the_same_file(folder: Path) -> None:
    """Links of both kinds, also one that leads to a file still to be made."""
    (folder / "soft").symlink_to(folder / "config.json")
    (folder / "hard").hardlink_to(folder / "schema.json")
    (folder / "to-new").symlink_to(folder / "new")
    for name, what in (("soft", "the config"), ("hard", "the schema")):
        with pytest.raises(ConfigError, match=f"{name} is {what}"):
            check(folder, report=folder / name)
    with pytest.raises(ConfigError, match="new is where --report goes as well"):
        check(folder, report=folder / "to-new", rejects=folder / "new")


@needs_posix
def test_devices_may_be_written_twice(folder: Path) -> None:
    """Nothing is lost where nothing is kept; an open file and its path are one place."""
    null = Path(os.devnull)
    check(folder, report=null, rejects=null, out=null)
    with (folder / "open").open("wb") as file, pytest.raises(ConfigError, match="open is where --out goes as well"):
        check(folder, out=file, report=folder / "open")


@needs_posix
def test_paths_that_are_not_utf8_are_shown_escaped(folder: Path) -> None:
    """Also in the message that refuses them."""
    with pytest.raises(ConfigError, match=r"there is no folder .*x\\xe9y"):
        check(folder, report=folder / "x\udce9y" / "r.json")


def test_runs_check_before_they_work(folder: Path) -> None:
    """Neither the config nor the CSV was looked at, and no Hub asked."""
    with pytest.raises(ConfigError, match="is the config"):
        import_labels(folder / "labels.csv", folder / "config.json", project="p", report=folder / "config.json")
    with pytest.raises(ConfigError, match="is the CSV itself"):
        convert(folder / "labels.csv", folder / "config.json", schema={}, out=folder / "labels.csv")
    assert (folder / "config.json").read_text() == "config.json"
