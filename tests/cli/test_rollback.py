"""``prelabel rollback``: the real command, after a real import."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from imerit_ango.sdk import SDK

from cli.conftest import KEY
from prelabel.cli.app import app
from prelabel.importer.rollback import RollbackReport

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Command, DemoFiles
    from prelabel.localhub import LocalHub


def _n_labelled(hub: LocalHub, project: str) -> int:
    client = SDK(KEY, host=hub.url)
    try:
        tasks = client.get_tasks(project, limit=100, include_answer=True)["data"]["tasks"]
    finally:
        client.session.close()
    return sum(bool(task["answer"]["tools"] or task["answer"]["classifications"]) for task in tasks)


def test_rollback(files: DemoFiles, hub: LocalHub, project: str, prelabel: Command) -> None:
    """The record beside the CSV is enough; afterwards the assets are as bare as they were."""
    table = files.csv("segmentation")
    done = prelabel("import", table, "-c", files.config("segmentation"), "--project", project, "--host", hub.url)
    assert done.returncode == 0, done.stderr
    assert _n_labelled(hub, project) > 0
    record = table.with_name("segmentation.csv.prelabel")
    assert record.is_dir()
    tried = prelabel("rollback", table, "--dry-run", "--host", hub.url)
    assert tried.returncode == 0, tried.stderr
    assert f"4 tasks of project {project} at {hub.url} to get the earlier labels:" in tried.stderr
    assert "nothing was changed (dry run)" in tried.stderr
    assert _n_labelled(hub, project) > 0
    undone = prelabel("rollback", table, ANGO_HOST=hub.url)
    assert undone.returncode == 0, undone.stderr
    assert undone.stderr.index("answers to go, whoever made them") < undone.stderr.index("4 of 4 tasks have")
    assert "4 of 4 tasks have their earlier labels again" in undone.stderr
    assert _n_labelled(hub, project) == 0


def test_rollback_of_nothing(tmp_path: Path, prelabel: Command) -> None:
    """A folder without a record ends with 2."""
    done = prelabel("rollback", "--state", tmp_path)
    assert done.returncode == 2
    assert "has the record of an import" in done.stderr


@pytest.mark.parametrize("arguments", [(), ("labels.csv", "--state", "state")])
def test_one_import_is_named(arguments: tuple[str, ...], prelabel: Command) -> None:
    """Neither none nor two."""
    done = prelabel("rollback", *arguments)
    assert done.returncode == 2
    assert "name the import to undo: its CSV, or the folder of its record, once" in done.stderr


def test_quiet_says_in_a_line_what_is_not_put_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever wants no summary still wants to know why the exit code is not 0."""
    done = RollbackReport(4, n_put_back=1, stopped="HTTP 401")
    monkeypatch.setattr("prelabel.importer.rollback.roll_back", lambda *_, **__: done)
    ended = CliRunner().invoke(app, ["rollback", "labels.csv", "--quiet"])
    assert ended.exit_code == 3
    assert ended.stderr == "error: 1 of 4 tasks has its earlier labels again; stopped early: HTTP 401\n"
