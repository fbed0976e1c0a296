"""Assets in the database, each with the task that comes with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import orjson

from prelabel.localhub.envelope import Refusal, json_text, now_text, optional_text, text_list
from prelabel.localhub.store.answers import EMPTY_ANSWER, IMPORT_AUTHOR, AnswerReader
from prelabel.localhub.store.database import new_id
from prelabel.localhub.store.filters import Condition, all_of
from prelabel.localhub.store.projects import batch_ids, load_project
from prelabel.localhub.store.schema import index_of
from prelabel.localhub.words import TODO

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from prelabel.localhub.envelope import Page

_EXTRAS = ("metadata", "contextData", "attachments", "storage")
_INSERT_ASSET = (
    "INSERT INTO assets (id, project, external_id, url, batches, extras, is_pre_labeled, created_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_INSERT_TASK = (
    "INSERT INTO tasks (id, project, asset, external_id, batches, priority, stage, status, is_pre_labeled, answer,"
    " created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


@dataclass(frozen=True, slots=True)
class NewAsset:
    """One asset as it was sent, checked."""

    url: str
    external_id: str
    batches: list[str]
    extras: str
    answer: str
    n_pre_labels: int
    n_valid_pre_labels: int


def create_assets(
    db: sqlite3.Connection, project_id: str, given: list[Any], batches: list[str], priority: int
) -> dict[str, int]:
    """Store assets, each with one task in the project's first stage; return the four counts of the Hub's answer.

    Raises:
        Refusal: no such project or batch, or an asset without ``data``.
    """
    project = load_project(db, project_id)
    reader = AnswerReader(index_of(project["categorySchema"]), IMPORT_AUTHOR)
    new = [_checked_asset(asset, f"asset {number}", reader) for number, asset in enumerate(given, 1)]
    common, stage, now = batch_ids(project, batches), project["stages"][0]["id"], now_text()
    asset_rows, task_rows = [], []
    for asset in new:
        asset_id, is_pre = new_id(), asset.n_valid_pre_labels > 0
        in_batches = json_text(list(dict.fromkeys(common + batch_ids(project, asset.batches))))
        key = (project_id, asset.external_id)
        asset_rows.append((asset_id, *key, asset.url, in_batches, asset.extras, is_pre, now))
        task = (project_id, asset_id, asset.external_id, in_batches, priority, stage, TODO, is_pre, asset.answer)
        task_rows.append((new_id(), *task, now, now))
    db.executemany(_INSERT_ASSET, asset_rows)
    db.executemany(_INSERT_TASK, task_rows)
    return {
        "assetsCreated": len(new),
        "tasksCreated": len(new),
        "preLabelsCount": sum(asset.n_pre_labels for asset in new),
        "validPreLabelsCount": sum(asset.n_valid_pre_labels for asset in new),
    }


def _checked_asset(asset: Any, where: str, reader: AnswerReader) -> NewAsset:
    if not isinstance(asset, dict):
        raise Refusal(f"{where} must be an object")
    url = optional_text(asset, "data", where)
    if not url:
        raise Refusal(f"{where} has no data: give the URL of its file")
    external_id = optional_text(asset, "externalId", where)
    given = asset.get("classifications") or []
    stored = reader.read({"classifications": given}, where)
    return NewAsset(
        url=url,
        external_id=external_id or unquote(urlsplit(url).path.rsplit("/", 1)[-1]) or url,
        batches=text_list(asset.get("batches"), f"{where}: batches"),
        extras=json_text({key: asset[key] for key in _EXTRAS if asset.get(key) is not None}),
        answer=json_text(stored) if given else EMPTY_ANSWER,
        n_pre_labels=len(given),
        n_valid_pre_labels=len(stored["classifications"]),
    )


def list_assets(
    db: sqlite3.Connection, project_id: str, wanted: Mapping[str, Any], page: Page, order: str
) -> dict[str, Any]:
    """One page of a project's assets, their tasks within, and how many match.

    Args:
        db: the store's connection.
        project_id: whose assets.
        wanted: any of ``_id``, ``externalId``, ``isPreLabeled`` and ``batches`` (an asset must be in all of them).
        page: which page.
        order: ORDER BY terms of ours.

    Raises:
        Refusal: no such project, or a filter that the Hub does not document.
    """
    load_project(db, project_id)
    where = all_of([Condition("project = ?", (project_id,)), *(_filter(key, value) for key, value in wanted.items())])
    rows = db.execute(
        f"SELECT * FROM assets WHERE {where.sql} ORDER BY {order} LIMIT ? OFFSET ?",  # noqa: S608 - no caller's text in it
        (*where.params, page.size, page.offset),
    ).fetchall()
    total = db.execute(f"SELECT COUNT(*) FROM assets WHERE {where.sql}", where.params).fetchone()[0]  # noqa: S608
    tasks = _tasks_of(db, [row["id"] for row in rows])
    return {"assets": [_shown(row, tasks[row["id"]]) for row in rows], "total": total}


def _filter(key: str, value: Any) -> Condition:
    columns = {"_id": "id", "externalId": "external_id"}
    if key in columns and isinstance(value, str):
        return Condition(f"{columns[key]} = ?", (value,))
    if key == "isPreLabeled" and isinstance(value, bool):
        return Condition("is_pre_labeled = ?", (value,))
    if key == "batches" and isinstance(value, list):
        each = Condition("? IN (SELECT value FROM json_each(batches))")
        return all_of([Condition(each.sql, (name,)) for name in text_list(value, "the asset filter batches")])
    raise Refusal(
        f"the asset filter {key[:80]!r} is not one the Hub documents: use _id or externalId (a text), isPreLabeled "
        "(true or false), batches (a list of ids)"
    )


def _tasks_of(db: sqlite3.Connection, asset_ids: list[str]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {asset_id: [] for asset_id in asset_ids}
    rows = db.execute(
        "SELECT id, asset, stage, status, stage_history FROM tasks"
        " WHERE asset IN (SELECT value FROM json_each(?)) ORDER BY seq",
        (json_text(asset_ids),),
    )
    for row in rows:
        history = orjson.Fragment(row["stage_history"])
        found[row["asset"]].append(
            {"_id": row["id"], "stage": row["stage"], "status": row["status"], "stageHistory": history}
        )
    return found


def _shown(row: sqlite3.Row, tasks: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "_id": row["id"],
        "project": row["project"],
        "externalId": row["external_id"],
        "data": row["url"],
        "batches": orjson.Fragment(row["batches"]),
        "isPreLabeled": bool(row["is_pre_labeled"]),
        "metadata": {},
        "createdAt": row["created_at"],
        **orjson.loads(row["extras"]),
        "labelTasks": tasks,
    }


def delete_assets(db: sqlite3.Connection, project_id: str, asset_ids: list[str]) -> int:
    """Remove assets with their tasks; return how many were there.

    Raises:
        Refusal: no such project.
    """
    load_project(db, project_id)
    return db.execute(
        "DELETE FROM assets WHERE project = ? AND id IN (SELECT value FROM json_each(?))",
        (project_id, json_text(asset_ids)),
    ).rowcount


def assign_batches(db: sqlite3.Connection, project_id: str, asset_ids: list[str], batches: list[str]) -> int:
    """Put assets, and their tasks, into further batches; return how many assets.

    Raises:
        Refusal: no such project or batch.
    """
    new = batch_ids(load_project(db, project_id), batches)
    rows = db.execute(
        "SELECT id, batches FROM assets WHERE project = ? AND id IN (SELECT value FROM json_each(?))",
        (project_id, json_text(asset_ids)),
    ).fetchall()
    changes = [(json_text(list(dict.fromkeys(orjson.loads(row["batches"]) + new))), row["id"]) for row in rows]
    db.executemany("UPDATE assets SET batches = ? WHERE id = ?", changes)
    db.executemany("UPDATE tasks SET batches = ? WHERE asset = ?", changes)
    return len(rows)
