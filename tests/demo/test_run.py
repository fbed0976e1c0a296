"""The demo as a library call: everything for real, in one process."""

from __future__ import annotations

import errno
import tempfile
from itertools import groupby
from typing import TYPE_CHECKING

import pytest
from imerit_ango.sdk import SDK

from prelabel.demo import run as run_module
from prelabel.demo import run_demo
from prelabel.errors import ConfigError, OutputError
from prelabel.outcomes.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from prelabel.demo import DemoResult


def test_everything_lands_and_can_be_seen_while_it_runs(tmp_path: Path) -> None:
    """Both examples land whole; the hub can be asked until the call returns; the steps and progress are told."""
    steps, told, seen = list[str](), list[tuple[str, Progress]](), list[int]()

    def look(result: DemoResult) -> None:
        client = SDK(result.page_url.rpartition("key=")[2], host=result.url)
        tasks = client.get_tasks(result.projects[1].project, limit=100, include_answer=True)["data"]["tasks"]
        client.session.close()
        seen.append(sum(len(task["answer"]["tools"]) for task in tasks))

    def watch(progress: Progress, stage: str) -> None:
        told.append((stage, progress))

    result = run_demo(3, tmp_path / "kept", on_step=steps.append, on_progress=watch, while_running=look)
    assert result.succeeded
    assert [found.report.n_imported for found in result.projects] == [3, 3]
    assert [found.n_objects for found in result.projects] == [0, *seen]
    assert seen[0] > 3
    assert result.projects[1].n_holes > 0
    assert len(steps) == 3
    assert [stage for stage, _ in groupby(stage for stage, _ in told)] == [
        "drawing",
        *("classification, uploading", "classification", "classification, reading back"),
        *("segmentation, uploading", "segmentation", "segmentation, reading back"),
    ]
    for stage, unit in (("drawing", "image"), ("segmentation, uploading", "image"), ("segmentation", "row")):
        of_it = [progress for name, progress in told if name == stage]
        assert {progress.unit for progress in of_it} == {unit}
        assert (of_it[0].n_done, of_it[-1].n_done, of_it[-1].n_rows) == (0, 3, 3)
    assert [progress.n_done for stage, progress in told if stage == "drawing"] == [0, 1, 2, 3]


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    """What somebody keeps there, a CSV of the same name say, is not written over; an empty folder will do."""
    (tmp_path / "empty").mkdir()
    assert run_demo(1, tmp_path / "empty").succeeded
    (tmp_path / "empty" / "segmentation.csv").write_text("mine")
    with pytest.raises(ConfigError, match=r"empty is not empty: give a new one"):
        run_demo(1, tmp_path / "empty")
    assert (tmp_path / "empty" / "segmentation.csv").read_text() == "mine"
    with pytest.raises(ConfigError, match=rf"to look at what is there: prelabel hub --store {tmp_path}/empty/hub"):
        run_demo(1, tmp_path / "empty")


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a result that could not be written, and no wrong usage."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(run_module, "write_files", full)
    with pytest.raises(OutputError, match=r"cannot write .*kept \(No space left on device\): make room there"):
        run_demo(1, tmp_path / "kept")


def test_no_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another place helps."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigError, match=r"cannot make a temporary folder .*: name a folder with --store"):
        run_demo(1)


def test_a_file_in_the_folders_place(tmp_path: Path) -> None:
    """The message names the folder and the remedy."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(ConfigError, match=r"taken.*give another folder"):
        run_demo(1, tmp_path / "taken")


@pytest.mark.parametrize("rows", [0, -1, 10_001])
def test_rows_out_of_range(rows: int, tmp_path: Path) -> None:
    """Nothing is made for a senseless number."""
    with pytest.raises(ConfigError, match=f"rows is {rows}: the demo makes 1 to 10,000"):
        run_demo(rows, tmp_path / "never")
    assert not (tmp_path / "never").exists()
