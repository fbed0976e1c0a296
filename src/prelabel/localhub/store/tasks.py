"""Tasks in the database: listing, reading, annotating, moving along the workflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from prelabel.localhub.envelope import Refusal, json_text, now_text, number_or_zero, optional_text, text_list
from prelabel.localhub.store.answers import EMPTY_ANSWER, AnswerReader
from prelabel.localhub.store.filters import Condition, Field, aliases_of, all_of, condition_of
from prelabel.localhub.store.projects import OWNER, load_project
from prelabel.localhub.store.schema import index_of
from prelabel.localhub.words import COMPLETE_STAGE, COMPLETED, TASK_TYPE, TODO

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from prelabel.localhub.behavior import AssetForm
    from prelabel.localhub.envelope import Page

_COLUMNS = {
    "_id": "id",
    "asset": "asset",
    "externalId": "external_id",
    "type": f"'{TASK_TYPE}'",
    "status": "status",
    "reviewStatus": "review_status",
    "assignee": "assignee",
    "priority": "priority",
    "duration": "duration",
    "totalDuration": "duration",
    "openIssuesCount": "0",
    "isPreLabeled": "is_pre_labeled",
    "isBenchmark": "is_benchmark",
    "isDraft": "0",
    "isSkipped": "0",
    "createdAt": "created_at",
    "createdBy": f"'{OWNER}'",
    "updatedAt": "updated_at",
    "updatedBy": "updated_by",
    "completedAt": "completed_at",
}
_FIELDS = {name: Field(sql) for name, sql in _COLUMNS.items()}


@dataclass(frozen=True, slots=True)
class TaskView:
    """How tasks are shown.

    Attributes:
        asset_form: the asset by id, or as an object.
        with_answer: whether the answer is there.
        fields: the only keys wanted, empty for all.
    """

    asset_form: AssetForm = "id"
    with_answer: bool = True
    fields: frozenset[str] = frozenset()


def filter_fields(project: Mapping[str, Any]) -> dict[str, Field]:
    """The fields a task filter may name; stages and batches match by id and by name."""
    return _FIELDS | {
        "stage": Field("stage", aliases=aliases_of(project["stages"], "id")),
        "batches": Field("batches", is_list=True, aliases=aliases_of(project["batches"], "_id")),
    }


def list_tasks(
    db: sqlite3.Connection, project_id: str, wanted: list[Mapping[str, Any]], page: Page, order: str, view: TaskView
) -> dict[str, Any]:
    """One page of a project's tasks and how many match all filters.

    Raises:
        Refusal: no such project, or a filter that cannot be read.
    """
    where = matching(load_project(db, project_id), wanted)
    rows = db.execute(
        f"SELECT * FROM tasks WHERE {where.sql} ORDER BY {order} LIMIT ? OFFSET ?",  # noqa: S608 - no caller's text in it
        (*where.params, page.size, page.offset),
    ).fetchall()
    total = db.execute(f"SELECT COUNT(*) FROM tasks WHERE {where.sql}", where.params).fetchone()[0]  # noqa: S608
    urls = _asset_urls(db, [row["asset"] for row in rows]) if view.asset_form == "object" else {}
    return {"tasks": [_shown(row, view, urls) for row in rows], "total": total}


def matching(project: Mapping[str, Any], wanted: list[Mapping[str, Any]]) -> Condition:
    """The condition for a project's tasks under filters.

    Raises:
        Refusal: a filter cannot be read.
    """
    fields = filter_fields(project)
    return all_of([Condition("project = ?", (project["_id"],)), *(condition_of(each, fields) for each in wanted)])


def show_task(db: sqlite3.Connection, task_id: str, asset_form: AssetForm) -> dict[str, Any]:
    """One task, always with its answer.

    Raises:
        Refusal: there is none with this id.
    """
    row = _load(db, task_id)
    return _shown(row, TaskView(asset_form), _asset_urls(db, [row["asset"]]))


def annotate(
    db: sqlite3.Connection, task_id: str, body: Mapping[str, Any], *, next_stage: bool, asset_form: AssetForm
) -> dict[str, Any]:
    """Replace a task's answer, move it on if asked, and return it.

    Raises:
        Refusal: no such task, or the answer has not the form of one.
    """
    row = _load(db, task_id)
    given = body.get("answer")
    if not isinstance(given, dict):
        raise Refusal("the body needs an answer: an object with objects, classifications and relations")
    project = load_project(db, row["project"])
    reader = AnswerReader(index_of(project["categorySchema"]), OWNER, keep_metadata=True)
    answer = json_text(reader.read(given, "the answer"))
    brushes = [optional_text(body, key, "the body") for key in ("brushDataUrl", "medicalBrushDataUrl")]
    db.execute(
        "UPDATE tasks SET answer = ?, brush_url = ?, medical_brush_url = ?, duration = duration + ?, updated_at = ?,"
        " updated_by = ? WHERE seq = ?",
        (answer, *brushes, number_or_zero(body.get("duration")), now_text(), OWNER, row["seq"]),
    )
    if next_stage:
        submit(db, task_id)
    return show_task(db, task_id, asset_form)


def submit(db: sqlite3.Connection, task_id: str) -> None:
    """Move a task to its next stage and keep what it leaves behind in its history; in the last stage, nothing happens.

    Raises:
        Refusal: there is none with this id.
    """
    row = _load(db, task_id)
    stages = load_project(db, row["project"])["stages"]
    _move_on(db, row, stages)


def requeue(db: sqlite3.Connection, project_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Put tasks into a stage, on demand without their answers, assignees or history.

    Raises:
        Refusal: no such project or stage, or a filter that cannot be read.
    """
    project = load_project(db, project_id)
    stage = next((each for each in project["stages"] if each["id"] == body.get("toStageId")), None)
    if stage is None:
        raise Refusal(f"Invalid stage: {str(body.get('toStageId'))[:80]}.")
    where = matching(project, [_requeue_filter(body.get("filters") or {})])
    options = body.get("options") or {}
    if not isinstance(options, dict):
        raise Refusal("options must be an object")
    changes = {"removeAnnotations": f"answer = '{EMPTY_ANSWER}'", "removeAssignee": "assignee = NULL"}
    changes["removeStageHistory"] = "stage_history = '[]'"
    extra = "".join(f", {sql}" for option, sql in changes.items() if options.get(option) is True)
    cursor = db.execute(
        f"UPDATE tasks SET stage = ?, status = ?, updated_at = ?{extra} WHERE {where.sql}",  # noqa: S608 - no caller's text in it
        (stage["id"], _status_in(stage), now_text(), *where.params),
    )
    return {"modified": cursor.rowcount, "toStageId": stage["id"]}


def _requeue_filter(given: Any) -> dict[str, Any]:
    names = {"taskIds": "_id", "externalIds": "externalId", "assetIds": "asset"}
    names |= {"fromStageIds": "stage", "batches": "batches"}
    if not isinstance(given, dict) or not given.keys() <= names.keys():
        raise Refusal(f"filters must be an object with any of {', '.join(names)}")
    return {names[key]: {"$in": text_list(value, key)} for key, value in given.items()}


def _move_on(db: sqlite3.Connection, row: sqlite3.Row, stages: list[dict[str, Any]]) -> None:
    by_id = {stage["id"]: stage for stage in stages}
    here = by_id.get(row["stage"], {})
    there = next((by_id[each] for each in here.get("next", []) if isinstance(each, str) and each in by_id), None)
    if there is None:
        return
    now, is_complete = now_text(), _status_in(there) == COMPLETED
    history = orjson.loads(row["stage_history"])
    history.append(
        {"stage": here.get("name", row["stage"]), "stageId": row["stage"], "duration": row["duration"]}
        | {"completedAt": now, "completedBy": OWNER, **orjson.loads(row["answer"])}
    )
    db.execute(
        "UPDATE tasks SET stage = ?, status = ?, stage_history = ?, completed_at = ? WHERE seq = ?",
        (there["id"], _status_in(there), json_text(history), now if is_complete else None, row["seq"]),
    )


def _status_in(stage: Mapping[str, Any]) -> str:
    return COMPLETED if stage.get("type") == COMPLETE_STAGE else TODO


def _load(db: sqlite3.Connection, task_id: str) -> sqlite3.Row:
    row: sqlite3.Row | None = db.execute("SELECT * FROM tasks WHERE id = ?", (task_id,)).fetchone()
    if row is None:
        raise Refusal(f"Invalid task: {task_id[:80]}.")
    return row


def _asset_urls(db: sqlite3.Connection, asset_ids: list[str]) -> dict[str, str]:
    rows = db.execute(
        "SELECT id, url FROM assets WHERE id IN (SELECT value FROM json_each(?))", (json_text(asset_ids),)
    )
    return {row["id"]: row["url"] for row in rows}


def _shown(row: sqlite3.Row, view: TaskView, urls: Mapping[str, str]) -> dict[str, Any]:
    asset: Any = row["asset"]
    if view.asset_form == "object":
        asset = {"_id": row["asset"], "externalId": row["external_id"], "data": urls[row["asset"]]}
    task = {
        "_id": row["id"],
        "project": row["project"],
        "asset": asset,
        "externalId": row["external_id"],
        "type": TASK_TYPE,
        "stage": row["stage"],
        "status": row["status"],
        "review": {"status": row["review_status"]},
        "reviewStatus": row["review_status"],
        "assignee": row["assignee"],
        "batches": orjson.Fragment(row["batches"]),
        "priority": row["priority"],
        "isPreLabeled": bool(row["is_pre_labeled"]),
        "isBenchmark": bool(row["is_benchmark"]),
        "isSkipped": False,
        "isDraft": False,
        "brushDataUrl": row["brush_url"],
        "medicalBrushDataUrl": row["medical_brush_url"],
        "duration": row["duration"],
        "stageHistory": orjson.Fragment(row["stage_history"]),
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "updatedBy": row["updated_by"],
        "completedAt": row["completed_at"],
    }
    if view.with_answer:
        task["answer"] = orjson.Fragment(row["answer"])
    return {key: value for key, value in task.items() if not view.fields or key in view.fields}
