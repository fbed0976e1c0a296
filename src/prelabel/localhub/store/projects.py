"""Projects in the database, with their workflow and batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from prelabel.localhub.envelope import Refusal, json_text, now_text, optional_text
from prelabel.localhub.store.database import fact, new_id
from prelabel.localhub.store.schema import checked_schema
from prelabel.localhub.words import COMPLETE_STAGE

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from prelabel.localhub.envelope import Page

OWNER = "owner@localhost"
_SETTABLE = (
    "name",
    "description",
    "type",
    "categorySchema",
    "stages",
    "benchmarkEnabled",
    "benchmarkRatio",
    "benchmarkCutoff",
    "instructions",
    "ocrLanguage",
    "idleTimeout",
)
_LISTED = ("_id", "name", "description", "organization", "createdAt")
_DEFAULT_STAGES = (
    {"id": "Start", "name": "Start", "type": "Start", "next": ["Label"]},
    {"id": "Label", "name": "Labeling", "type": "Label", "next": [COMPLETE_STAGE]},
    {"id": COMPLETE_STAGE, "name": COMPLETE_STAGE, "type": COMPLETE_STAGE, "next": []},
)


def create_project(db: sqlite3.Connection, body: Mapping[str, Any]) -> dict[str, Any]:
    """Store a new project with the default workflow.

    Raises:
        Refusal: the name is missing, or a given part has the wrong form.
    """
    if not body.get("name"):
        raise Refusal("a project needs a name")
    project: dict[str, Any] = {
        "_id": new_id(),
        "description": "",
        "type": "ango",
        "owner": OWNER,
        "organization": fact(db, "organization", new_id),
        "categorySchema": checked_schema({}),
        "stages": list(_DEFAULT_STAGES),
        "assignedTo": [],
        "batches": [],
        "queueVersion": 2,
        "benchmarkEnabled": False,
        "benchmarkRatio": 0,
        "projectPlugins": [],
        "pluginPresets": [],
        "assetBuilderTemplates": [],
        "createdAt": now_text(),
        **_checked_changes(body),
    }
    db.execute(
        "INSERT INTO projects (id, name, created_at, body) VALUES (?, ?, ?, ?)",
        (project["_id"], project["name"], project["createdAt"], json_text(project)),
    )
    return {**project, "assetCount": 0}


def load_project(db: sqlite3.Connection, project_id: str) -> dict[str, Any]:
    """A project as it is stored.

    Raises:
        Refusal: there is none with this id.
    """
    row = db.execute("SELECT body FROM projects WHERE id = ?", (project_id,)).fetchone()
    if row is None:
        raise Refusal(f"Invalid project: {project_id[:80]}.")
    project: dict[str, Any] = orjson.loads(row["body"])
    return project


def show_project(db: sqlite3.Connection, project_id: str) -> dict[str, Any]:
    """A project with its number of assets.

    Raises:
        Refusal: there is none with this id.
    """
    count = db.execute("SELECT COUNT(*) FROM assets WHERE project = ?", (project_id,)).fetchone()[0]
    return {**load_project(db, project_id), "assetCount": count}


def update_project(db: sqlite3.Connection, project_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Change the given keys of a project, the others stay.

    Raises:
        Refusal: no such project, or a given part has the wrong form.
    """
    _save(db, {**load_project(db, project_id), **_checked_changes(body)})
    return show_project(db, project_id)


def delete_project(db: sqlite3.Connection, project_id: str) -> None:
    """Remove a project with its assets and tasks.

    Raises:
        Refusal: there is none with this id.
    """
    load_project(db, project_id)
    db.execute("DELETE FROM projects WHERE id = ?", (project_id,))


def add_batches(db: sqlite3.Connection, project_id: str, names: list[str]) -> dict[str, Any]:
    """Give a project the batches it has not yet; return the project.

    Raises:
        Refusal: no such project.
    """
    project = load_project(db, project_id)
    known = {batch["name"] for batch in project["batches"]}
    new = [name for name in dict.fromkeys(names) if name not in known]
    project["batches"] += [{"_id": new_id(), "name": name, "description": "", "color": ""} for name in new]
    _save(db, project)
    return project


def batch_ids(project: Mapping[str, Any], wanted: list[str]) -> list[str]:
    """The ids of batches given by id or name.

    Raises:
        Refusal: the project has no such batch.
    """
    ids = {batch["name"]: batch["_id"] for batch in project["batches"]}
    ids |= {batch["_id"]: batch["_id"] for batch in project["batches"]}
    for each in wanted:
        if each not in ids:
            raise Refusal(f"Invalid batch: {each[:80]}.")
    return [ids[each] for each in wanted]


def list_projects(db: sqlite3.Connection, page: Page, order: str) -> dict[str, Any]:
    """One page of projects, in the listing's short form, and how many there are."""
    rows = db.execute(f"SELECT body FROM projects ORDER BY {order} LIMIT ? OFFSET ?", (page.size, page.offset))  # noqa: S608 - order is ours
    projects = [orjson.loads(row["body"]) for row in rows]
    total = db.execute("SELECT COUNT(*) FROM projects").fetchone()[0]
    return {"projects": [{key: project[key] for key in _LISTED} for project in projects], "total": total}


def _save(db: sqlite3.Connection, project: Mapping[str, Any]) -> None:
    db.execute(
        "UPDATE projects SET name = ?, body = ? WHERE id = ?", (project["name"], json_text(project), project["_id"])
    )


def _checked_changes(body: Mapping[str, Any]) -> dict[str, Any]:
    changes = {key: body[key] for key in _SETTABLE if body.get(key) is not None}
    for key in ("name", "description", "type"):
        optional_text(changes, key, "a project")
    if "categorySchema" in changes:
        changes["categorySchema"] = checked_schema(changes["categorySchema"])
    if "stages" in changes:
        _check_stages(changes["stages"])
    return changes


def _check_stages(stages: Any) -> None:
    if not isinstance(stages, list) or not stages:
        raise Refusal("stages must be a list of stages, one at least")
    for stage in stages:
        if not isinstance(stage, dict) or not isinstance(stage.get("id"), str):
            raise Refusal("every stage must be an object with a text as its id")
        if not isinstance(stage.get("next", []), list):
            raise Refusal(f"the stage {stage['id']!r}: next must be a list of stage ids")
