"""The end of a run: what is written, what is raised, and what is told of results that could not be written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from outcomes.reports import builder, filled
from prelabel.errors import ImportFailed, OutputError
from prelabel.outcomes.deliver import deliver


def test_deliver(tmp_path: Path) -> None:
    """Files are written before an exception is raised, and it has the report."""
    report = filled().finish()
    paths: dict[str, Any] = {"json_path": tmp_path / "r.json", "rejects_path": tmp_path / "r.csv"}
    with pytest.raises(ImportFailed, match=r"1 of 4 rows failed; first: line 6, 'd', column \"Type\"") as caught:
        deliver(report, **paths, on_error="raise")

    assert caught.value.report is report
    assert (tmp_path / "r.json").exists()
    assert (tmp_path / "r.csv").exists()
    assert deliver(report, json_path=None, rejects_path=None, on_error="collect") is report
    clean = builder().finish()
    assert deliver(clean, json_path=None, rejects_path=None, on_error="raise") is clean
    with pytest.raises(ImportFailed, match="0 of 0 rows failed; first: the Hub is down"):
        deliver(builder().finish(stopped="the Hub is down"), json_path=None, rejects_path=None, on_error="raise")


FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


@needs_full
@pytest.mark.parametrize("lost", ["json_path", "rejects_path"])
@pytest.mark.parametrize("on_error", ["collect", "raise"])
def test_what_cannot_be_written_costs_nothing_else(tmp_path: Path, lost: str, on_error: Any) -> None:
    """The other file is there; the error names the lost one, says that the labels are in, and has the report."""
    report = filled().finish()
    paths: dict[str, Any] = {"json_path": tmp_path / "r.json", "rejects_path": tmp_path / "r.csv"}
    with pytest.raises(OutputError) as caught:
        deliver(report, **{**paths, lost: FULL}, on_error=on_error)

    option = {"json_path": "--report", "rejects_path": "--rejects"}[lost]
    assert str(caught.value) == (
        f"cannot write /dev/full (No space left on device): make room there, or name another file as {option}; "
        "2 of 4 rows are imported all the same"
    )
    told = caught.value.report
    assert (caught.value.path, told.exit_code, replace(told, unwritten=())) == ("/dev/full", 4, report)
    if lost == "rejects_path":
        written = json.loads((tmp_path / "r.json").read_bytes())
        assert (written["exit_code"], written["unwritten"]) == (4, list(told.unwritten))
    assert [path.name for path in tmp_path.iterdir()] == [paths[name].name for name in paths if name != lost]


def test_other_lost_results_are_told_of_at_the_end(tmp_path: Path) -> None:
    """Both files are written before the record's fault is raised; each fault is said once."""
    fault = OutputError("the record is full", path="journal.sqlite")
    with pytest.raises(OutputError, match=r"^the record is full; 2 of 4 rows are imported all the same$") as caught:
        deliver(
            filled().finish(),
            json_path=tmp_path / "r.json",
            rejects_path=tmp_path / "r.csv",
            on_error="raise",
            faults=[fault, fault],
        )
    assert caught.value.path == "journal.sqlite"
    assert len(list(tmp_path.iterdir())) == 2
