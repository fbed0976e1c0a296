"""``/export``: a project's tasks as one JSON or NDJSON file in a zip, in the Hub's export form."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from prelabel.localhub.envelope import Refusal, flag_of, list_param, object_param
from prelabel.localhub.store.filters import Condition, all_of
from prelabel.localhub.store.projects import load_project
from prelabel.localhub.store.schema import SchemaIndex, index_of
from prelabel.localhub.store.tasks import matching
from prelabel.localhub.words import TASK_TYPE, TEXT_KIND

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """What an export shall hold. ``filters`` are task filters."""

    project_id: str
    filters: tuple[Mapping[str, Any], ...] = ()
    as_lines: bool = False
    with_metadata: bool = True
    with_history: bool = True
    is_empty: bool = False


def order_of(query: Mapping[str, str]) -> ExportOrder:
    """The order in an export's query string.

    Raises:
        Refusal: an unknown format, or a parameter that cannot be read.
    """
    form = query.get("format", "json")
    if form not in {"json", "ndjson"}:
        raise Refusal(f"the export format {form[:40]!r} is unknown: use json or ndjson")
    filters: list[Mapping[str, Any]] = [
        {name: {"$in": wanted}} for name in ("stage", "batches", "status") if (wanted := list_param(query, name))
    ]
    filters += [{name: span} for name in ("createdAt", "updatedAt") if (span := object_param(query, name))]
    kinds = list_param(query, "taskTypes") or [TASK_TYPE]
    return ExportOrder(
        project_id=query.get("project", ""),
        filters=tuple(filters),
        as_lines=form == "ndjson",
        with_metadata=flag_of(query, "includeMetadata", default=True),
        with_history=flag_of(query, "includeHistory", default=True),
        # This hub has neither issues nor consensus or benchmark tasks: an export of those is empty.
        is_empty=query.get("type", "task") != "task" or TASK_TYPE not in kinds,
    )


def export_records(db: sqlite3.Connection, order: ExportOrder) -> list[dict[str, Any]]:
    """The exported assets, one for each matching task, oldest first.

    Raises:
        Refusal: no such project, or a filter that cannot be read.
    """
    project = load_project(db, order.project_id)
    where = all_of([matching(project, list(order.filters)), Condition("0" if order.is_empty else "1")])
    rows = db.execute(
        "SELECT t.*, assets.url, assets.extras FROM"  # noqa: S608 - no caller's text in it
        f" (SELECT * FROM tasks WHERE {where.sql}) AS t JOIN assets ON assets.id = t.asset ORDER BY t.seq",
        where.params,
    )
    index = index_of(project["categorySchema"])
    stages = {stage["id"]: stage.get("name", stage["id"]) for stage in project["stages"]}
    batches = {batch["_id"]: batch["name"] for batch in project["batches"]}
    return [_record(row, order, index, stages, batches) for row in rows]


def write_zip(path: Path, name: str, records: list[dict[str, Any]], *, as_lines: bool) -> None:
    """Write the export file; ``path`` appears only when it is whole."""
    if as_lines:
        content = b"".join(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records)
    else:
        content = orjson.dumps(records)
    part = path.with_suffix(".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(f"{name}.{'ndjson' if as_lines else 'json'}", content)
    part.replace(path)


def _record(
    row: sqlite3.Row, order: ExportOrder, index: SchemaIndex, stages: Mapping[str, str], batches: Mapping[str, str]
) -> dict[str, Any]:
    extras = orjson.loads(row["extras"])
    task: dict[str, Any] = {
        "taskId": row["id"],
        "stage": stages.get(row["stage"], row["stage"]),
        "stageId": row["stage"],
        **_exported(orjson.loads(row["answer"]), index, with_metadata=order.with_metadata),
        "brushDataUrl": row["brush_url"] or "",
        "medicalBrushDataUrl": row["medical_brush_url"] or "",
    }
    if order.with_history:
        past = orjson.loads(row["stage_history"])
        task["stageHistory"] = [{**step, **_exported(step, index, with_metadata=order.with_metadata)} for step in past]
    return {
        "asset": row["url"],
        "assetId": row["asset"],
        "externalId": row["external_id"],
        "contextData": extras.get("contextData", {}),
        "metadata": extras.get("metadata", {}),
        "batches": [batches.get(batch, batch) for batch in orjson.loads(row["batches"])],
        "task": task,
    }


def _exported(answer: Mapping[str, Any], index: SchemaIndex, *, with_metadata: bool) -> dict[str, Any]:
    tools = [dict(_exported_tool(tool, index, with_metadata=with_metadata)) for tool in answer["tools"]]
    classifications = [_exported_classification(each, index) for each in answer["classifications"]]
    return {"tools": tools, "classifications": classifications, "relations": answer["relations"]}


def _exported_tool(tool: Mapping[str, Any], index: SchemaIndex, *, with_metadata: bool) -> Iterator[tuple[str, Any]]:
    yield from ((key, value) for key, value in tool.items() if key not in {"lock", "metadata"})
    entry = index.tools.get(tool["schemaId"])
    if entry is not None:
        yield "title", entry.title
    yield "classifications", [_exported_classification(each, index) for each in tool["classifications"]]
    if with_metadata:
        yield "metadata", tool["metadata"]


def _exported_classification(given: Mapping[str, Any], index: SchemaIndex) -> dict[str, Any]:
    entry = index.classifications.get(given["schemaId"])
    answer = given["answer"]
    known = {} if entry is None else {"tool": entry.kind, "title": entry.title, "columnField": entry.column_field}
    if entry is not None and entry.kind != TEXT_KIND:
        answer = (
            [_value(each, entry.values) for each in answer]
            if isinstance(answer, list)
            else _value(answer, entry.values)
        )
    nested = [_exported_classification(each, index) for each in given["classifications"]]
    return {"schemaId": given["schemaId"], **known, "answer": answer, "classifications": nested}


def _value(option_id: Any, values: Mapping[str, str]) -> Any:
    return values.get(option_id, option_id) if isinstance(option_id, str) else option_id
