"""What is said of folders that cannot hold a record; looking makes none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from prelabel.errors import ConfigError
from prelabel.outcomes.journal import Journal
from prelabel.outcomes.record_place import doubt_of_place, no_place

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_said(tmp_path: Path) -> None:
    """The folder, escaped, the problem and both remedies."""
    text = no_place(tmp_path / os.fsdecode(b"caf\xe9"), "it rains")

    assert r"cannot keep a record of the import in " in text
    assert r"caf\xe9 (it rains): name another folder as --state, or do without with --no-state" in text


def test_places_without_doubt(tmp_path: Path) -> None:
    """Folders that are there, and those that could be made; none is made to find out."""
    assert doubt_of_place(tmp_path) == ""
    assert doubt_of_place(tmp_path / "new" / "state") == ""
    assert list(tmp_path.iterdir()) == []


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    """Itself or above; the journal says the same of it."""
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "file", tmp_path / "file" / "state"):
        assert doubt_of_place(place) == no_place(place, "Not a directory")
        with pytest.raises(ConfigError, match="name another folder as --state, or do without with --no-state"):
            Journal(place)


def test_a_folder_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the system tells of it: who runs the tests may be allowed everything."""
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)

    assert doubt_of_place(tmp_path / "state") == no_place(tmp_path / "state", "Permission denied")
