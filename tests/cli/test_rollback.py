"""``prelabel rollback``: the real command, after a real import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imerit_ango.sdk import SDK

from cli.conftest import KEY

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
    undone = prelabel("rollback", "--state", record)
    assert undone.returncode == 0, undone.stderr
    assert "4 of 4 tasks have their earlier labels again" in undone.stderr
    assert _n_labelled(hub, project) == 0


def test_rollback_of_nothing(tmp_path: Path, prelabel: Command) -> None:
    """A folder without a record ends with 2."""
    done = prelabel("rollback", "--state", tmp_path)
    assert done.returncode == 2
    assert "has no record of an import" in done.stderr
