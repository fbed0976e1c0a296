"""Tasks in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from localhub.project import CAR, SCHEMA
from prelabel.localhub.envelope import Page, Refusal
from prelabel.localhub.store import assets, projects, tasks
from prelabel.localhub.store.tasks import TaskView

if TYPE_CHECKING:
    import sqlite3


@pytest.fixture
def project_id(db: sqlite3.Connection) -> str:
    """A project with the assets a, b and c."""
    made = projects.create_project(db, {"name": "p", "categorySchema": SCHEMA})["_id"]
    assets.create_assets(db, made, [{"data": f"https://e.com/{name}", "externalId": name} for name in "abc"], [], 7)
    return str(made)


def _listed(
    db: sqlite3.Connection, project_id: str, *wanted: dict[str, Any], view: TaskView | None = None
) -> list[dict[str, Any]]:
    found = tasks.list_tasks(db, project_id, list(wanted), Page(1, 100), "seq ASC", view or TaskView())
    assert found["total"] == len(found["tasks"])
    plain: list[dict[str, Any]] = orjson.loads(orjson.dumps(found["tasks"]))
    return plain


def test_an_untouched_task_has_an_empty_answer(db: sqlite3.Connection, project_id: str) -> None:
    """All three lists are there from the start."""
    task = _listed(db, project_id)[0]
    assert task["answer"] == {"tools": [], "classifications": [], "relations": []}
    assert (task["externalId"], task["stage"], task["status"], task["priority"]) == ("a", "Start", "TODO", 7)
    assert task["project"] == project_id
    assert orjson.loads(orjson.dumps(tasks.show_task(db, task["_id"], "id"))) == task


def test_views(db: sqlite3.Connection, project_id: str) -> None:
    """The asset as an object, no answer, some fields only."""
    task = _listed(db, project_id, view=TaskView("object", with_answer=False))[0]
    assert {"externalId": "a", "data": "https://e.com/a"}.items() <= task["asset"].items()
    assert "answer" not in task
    only = _listed(db, project_id, view=TaskView(fields=frozenset({"_id", "stage"})))[0]
    assert set(only) == {"_id", "stage"}


def test_filters_add_up(db: sqlite3.Connection, project_id: str) -> None:
    """Several filters must all match; stages match by id and name."""
    b = _listed(db, project_id, {"externalId": {"$in": ["a", "b"]}}, {"externalId": {"$ne": "a"}})
    assert [task["externalId"] for task in b] == ["b"]
    tasks.requeue(db, project_id, {"toStageId": "Label", "filters": {"externalIds": ["c"]}})
    for word in ("Label", "Labeling"):
        assert [task["externalId"] for task in _listed(db, project_id, {"stage": word})] == ["c"]
    assert _listed(db, project_id, {"priority": {"$gt": 7}}) == []


def test_annotating_replaces_and_moves_on(db: sqlite3.Connection, project_id: str) -> None:
    """The answer is replaced whole; nextStage goes along the workflow, to its end and no further."""
    task_id = _listed(db, project_id)[0]["_id"]

    def annotate(answer: dict[str, Any], *, next_stage: bool) -> dict[str, Any]:
        body = {"answer": answer, "duration": 5, "brushDataUrl": None}
        label = tasks.annotate(db, task_id, body, next_stage=next_stage, asset_form="id")
        plain: dict[str, Any] = orjson.loads(orjson.dumps(label))
        return plain

    first = annotate({"objects": [CAR]}, next_stage=False)
    assert [tool["objectId"] for tool in first["answer"]["tools"]] == ["car-1"]
    assert (first["stage"], first["duration"], first["completedAt"]) == ("Start", 5.0, None)
    second = annotate({"classifications": [{"schemaId": "cls-type", "answer": "day"}]}, next_stage=True)
    assert second["answer"]["tools"] == []
    assert (second["stage"], second["status"]) == ("Label", "TODO")
    assert second["stageHistory"][0]["classifications"][0]["answer"] == "opt-day"
    done = [annotate({}, next_stage=True) for _ in range(2)]
    assert [(task["stage"], task["status"], len(task["stageHistory"])) for task in done] == [
        ("Complete", "Completed", 2)
    ] * 2
    assert done[0]["completedAt"] is not None


@pytest.mark.parametrize("body", [{}, {"answer": []}, {"answer": {"objects": [5]}}, {"answer": {}, "brushDataUrl": 5}])
def test_what_is_no_annotation_is_refused(db: sqlite3.Connection, project_id: str, body: dict[str, Any]) -> None:
    """A body without an answer, or with one that is none, changes nothing."""
    before = _listed(db, project_id)
    with pytest.raises(Refusal, match=r"answer|brushDataUrl"):
        tasks.annotate(db, before[0]["_id"], body, next_stage=True, asset_form="id")
    assert _listed(db, project_id) == before


def test_requeueing_can_wipe(db: sqlite3.Connection, project_id: str) -> None:
    """Answers and history go on demand; only the tasks that were meant."""
    task = _listed(db, project_id)[0]
    tasks.annotate(db, task["_id"], {"answer": {"objects": [CAR]}}, next_stage=True, asset_form="id")
    options = {"removeAnnotations": True, "removeStageHistory": True}
    body = {"toStageId": "Complete", "filters": {"fromStageIds": ["Label"]}, "options": options}
    assert tasks.requeue(db, project_id, body) == {"modified": 1, "toStageId": "Complete"}
    after = _listed(db, project_id)
    assert (after[0]["stage"], after[0]["status"], after[0]["stageHistory"]) == ("Complete", "Completed", [])
    assert after[0]["answer"]["tools"] == []
    assert [each["stage"] for each in after[1:]] == ["Start", "Start"]


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({}, "Invalid stage: None."),
        ({"toStageId": "Label", "filters": {"ids": []}}, "filters must be an object with any of taskIds"),
        ({"toStageId": "Label", "filters": {"taskIds": "a"}}, "taskIds must be a list of texts"),
        ({"toStageId": "Label", "options": [1]}, "options must be an object"),
    ],
)
def test_what_is_no_requeue_is_refused(
    db: sqlite3.Connection, project_id: str, body: dict[str, Any], part: str
) -> None:
    """The message names the key."""
    with pytest.raises(Refusal) as caught:
        tasks.requeue(db, project_id, body)
    assert part in str(caught.value)


def test_an_unknown_task_is_refused(db: sqlite3.Connection) -> None:
    """With its id in the message."""
    with pytest.raises(Refusal, match=r"Invalid task: nope\."):
        tasks.show_task(db, "nope", "id")
