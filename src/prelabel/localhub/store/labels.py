"""``/import/labels``: items are read outside the database, then written in one transaction.

An item replaces the whole answer of every task of every asset it names (or is added to it, see ``HubSettings``).
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from prelabel.localhub.envelope import Refusal, json_text, now_text, optional_text, parse_json
from prelabel.localhub.store.answers import IMPORT_AUTHOR, AnswerReader, joined
from prelabel.localhub.store.projects import load_project
from prelabel.localhub.store.schema import index_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from prelabel.localhub.settings import HubSettings
    from prelabel.localhub.store.answers import Answer

_TARGETS = {
    "assetId": "tasks.asset = ?",
    "externalId": "tasks.external_id = ?",
    "data": "tasks.asset IN (SELECT id FROM assets WHERE project = tasks.project AND url = ?)",
}


@dataclass(frozen=True, slots=True)
class LabelItem:
    """One import item, read: whom it is for (``key`` names the column), the answer, and its JSON."""

    key: str
    target: str
    answer: Answer
    text: str
    brush_url: str | None
    medical_brush_url: str | None


@dataclass(frozen=True, slots=True)
class DroppedItems:
    """A fault: how many of an import's last items are not stored, and whether the sentence counts them all the same."""

    n_last: int
    hidden: bool


dropped_items: ContextVar[DroppedItems | None] = ContextVar("dropped_items", default=None)
"""The fault that strikes the request under way, if one does."""


def read_items(body: Mapping[str, Any], schema: Mapping[str, Any]) -> list[LabelItem]:
    """The items of an import's body: ``jsonContent`` as a list or as JSON text, or ``labels``.

    Raises:
        Refusal: the list is missing, or an item has not the form of one.
    """
    content = body["jsonContent"] if "jsonContent" in body else body.get("labels")
    if isinstance(content, str):
        content = parse_json(content, "jsonContent")
    if not isinstance(content, list):
        raise Refusal("the body needs jsonContent or labels: a list of items")
    reader = AnswerReader(index_of(schema), IMPORT_AUTHOR)
    return [_read_item(item, reader, f"item {number}") for number, item in enumerate(content, 1)]


def _read_item(item: Any, reader: AnswerReader, where: str) -> LabelItem:
    if not isinstance(item, dict):
        raise Refusal(f"{where} must be an object")
    targets = {key: value for key in _TARGETS if (value := optional_text(item, key, where))}
    if not targets:
        raise Refusal(f"{where} says no asset: give externalId, assetId or data")
    key = next(iter(targets))
    given = item.get("answer", item)
    if not isinstance(given, dict):
        raise Refusal(f"{where}: answer must be an object")
    answer = reader.read(given, where)
    brushes = (optional_text(item, "brushDataUrl", where), optional_text(item, "medicalBrushDataUrl", where))
    return LabelItem(key, targets[key], answer, json_text(answer), *brushes)


def write_items(
    db: sqlite3.Connection,
    project_id: str,
    items: list[LabelItem],
    settings: HubSettings,
    dropped: DroppedItems | None = None,
) -> str:
    """Store the items' answers and return the Hub's sentence, ``"<written> / <matched> tasks are labeled."``.

    Args:
        db: the hub's database, in a transaction.
        project_id: whose tasks are meant.
        items: what to store.
        settings: whether to replace or append, and whether to skip tasks under way.
        dropped: a fault, items that are not to be stored.

    Raises:
        Refusal: no such project.
    """
    first_stage = load_project(db, project_id)["stages"][0]["id"]
    n_kept = len(items) if dropped is None else max(0, len(items) - dropped.n_last)
    n_written = n_matched = 0
    for number, item in enumerate(items):
        tasks = _tasks_of(db, project_id, item)
        chosen = [task for task in tasks if task["stage"] == first_stage or not settings.skip_non_todo]
        n_matched += len(tasks)
        if number < n_kept:
            _write_item(db, item, chosen, append=settings.import_mode == "append")
        if number < n_kept or (dropped is not None and dropped.hidden):
            n_written += len(chosen)
    return f"{n_written} / {n_matched} tasks are labeled."


def _tasks_of(db: sqlite3.Connection, project_id: str, item: LabelItem) -> list[sqlite3.Row]:
    return db.execute(
        f"SELECT seq, asset, stage, answer FROM tasks WHERE project = ? AND {_TARGETS[item.key]}",  # noqa: S608 - a constant
        (project_id, item.target),
    ).fetchall()


def _write_item(db: sqlite3.Connection, item: LabelItem, tasks: list[sqlite3.Row], *, append: bool) -> None:
    now = now_text()
    for task in tasks:
        text = json_text(joined(orjson.loads(task["answer"]), item.answer)) if append else item.text
        db.execute(
            "UPDATE tasks SET answer = ?, is_pre_labeled = 1, brush_url = ?, medical_brush_url = ?, updated_at = ?,"
            " updated_by = ? WHERE seq = ?",
            (text, item.brush_url, item.medical_brush_url, now, IMPORT_AUTHOR, task["seq"]),
        )
        db.execute("UPDATE assets SET is_pre_labeled = 1 WHERE id = ?", (task["asset"],))
