"""Exports: what is in them, in which form."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from localhub.project import CAR, SCHEMA
from prelabel.localhub.envelope import Refusal
from prelabel.localhub.settings import HubSettings
from prelabel.localhub.store import assets, export, labels, projects, tasks
from prelabel.localhub.store.schema import checked_schema

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path


@pytest.fixture
def project_id(db: sqlite3.Connection) -> str:
    """A project with the assets a (labelled, in batch B1, one stage on) and b."""
    made = str(projects.create_project(db, {"name": "p", "categorySchema": SCHEMA})["_id"])
    projects.add_batches(db, made, ["B1"])
    given = [{"data": "u/a", "externalId": "a", "batches": ["B1"]}, {"data": "u/b", "externalId": "b"}]
    assets.create_assets(db, made, given, [], 0)
    person = {"schemaId": "tool-person", "classifications": [{"schemaId": "cls-pose", "answer": "sits"}]}
    answers = [{"schemaId": "cls-type", "answer": "night"}, {"schemaId": "cls-seen", "answer": ["fog", "rain"]}]
    note = {"schemaId": "cls-note", "answer": "opt-day"}
    item = {"externalId": "a", "objects": [CAR, person], "classifications": [*answers, note]}
    read = labels.read_items({"labels": [item]}, checked_schema(SCHEMA))
    labels.write_items(db, made, read, HubSettings())
    tasks.requeue(db, made, {"toStageId": "Label", "filters": {"externalIds": ["a"]}})
    return made


def _exported(db: sqlite3.Connection, project_id: str, **query: str) -> list[dict[str, Any]]:
    records = export.export_records(db, export.order_of({"project": project_id} | query))
    plain: list[dict[str, Any]] = orjson.loads(orjson.dumps(records))
    return plain


def test_options_come_out_by_value(db: sqlite3.Connection, project_id: str) -> None:
    """Ids in the store, values in the export; texts stay texts; titles and kinds are there."""
    record = _exported(db, project_id)[0]
    assert (record["externalId"], record["asset"], record["batches"]) == ("a", "u/a", ["B1"])
    task = record["task"]
    assert (task["stage"], task["stageId"]) == ("Labeling", "Label")
    assert {each["title"]: each["answer"] for each in task["classifications"]} == {
        "Type": "night",
        "Seen": ["fog", "rain"],
        "Note": "opt-day",
    }
    assert task["classifications"][0]["columnField"] is True
    car, person = task["tools"]
    assert (car["title"], car["segmentation"]) == ("Car", CAR["segmentation"])
    assert person["classifications"][0]["answer"] == "sits"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["a", "b"]),
        ({"stage": '["Complete"]'}, []),
        ({"stage": '["Start","Complete"]'}, ["b"]),
        ({"stage": "Labeling"}, ["a"]),
        ({"batches": '["B1"]'}, ["a"]),
        ({"status": "TODO"}, ["a", "b"]),
        ({"createdAt": '{"$gt":"2000-01-01T00:00:00.000000Z"}'}, ["a", "b"]),
        ({"updatedAt": '{"$lt":"2000-01-01T00:00:00.000000Z"}'}, []),
        ({"type": "issue"}, []),
        ({"taskTypes": '["benchmark"]'}, []),
    ],
)
def test_what_is_exported(db: sqlite3.Connection, project_id: str, query: dict[str, str], expected: list[str]) -> None:
    """Each filter of the export picks the tasks it says."""
    assert [record["externalId"] for record in _exported(db, project_id, **query)] == expected


def test_metadata_and_history_can_be_left_out(db: sqlite3.Connection, project_id: str) -> None:
    """They are there by default."""
    task = _exported(db, project_id)[0]["task"]
    assert task["stageHistory"] == []
    assert task["tools"][0]["metadata"]["createdBy"] == "import"
    bare = _exported(db, project_id, includeMetadata="false", includeHistory="false")[0]["task"]
    assert "stageHistory" not in bare
    assert "metadata" not in bare["tools"][0]


def test_past_stages_are_exported_by_value_too(db: sqlite3.Connection, project_id: str) -> None:
    """The history's answers read like the current one."""
    task_id = _exported(db, project_id)[0]["task"]["taskId"]
    body = {"answer": {"classifications": [{"schemaId": "cls-type", "answer": "day"}]}}
    tasks.annotate(db, task_id, body, next_stage=True, asset_form="id")
    task = _exported(db, project_id, stage="Complete")[0]["task"]
    assert [step["stage"] for step in task["stageHistory"]] == ["Labeling"]
    assert task["stageHistory"][0]["classifications"][0]["answer"] == "day"


def test_sizes_given_at_upload_are_exported(db: sqlite3.Connection, project_id: str) -> None:
    """And told with the assets; an asset without has an empty object."""
    size = {"width": 640, "height": 480}
    assets.create_assets(db, project_id, [{"data": "https://e.com/c", "externalId": "c", "metadata": size}], [], 0)
    assert [record["metadata"] for record in _exported(db, project_id)] == [{}, {}, size]


@pytest.mark.parametrize(("as_lines", "suffix"), [(False, "json"), (True, "ndjson")])
def test_the_zip_holds_one_file(tmp_path: Path, as_lines: bool, suffix: str) -> None:
    """A JSON list, or one record a line; no half-written file is left beside it."""
    records = [{"a": 1}, {"a": 2}]
    path = tmp_path / "exports" / "x.zip"
    export.write_zip(path, "p", records, as_lines=as_lines)
    assert [each.name for each in path.parent.iterdir()] == ["x.zip"]
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == [f"p.{suffix}"]
        content = archive.read(f"p.{suffix}")
    assert records == ([orjson.loads(line) for line in content.splitlines()] if as_lines else orjson.loads(content))


def test_unknown_formats_are_refused() -> None:
    """The message says which there are."""
    with pytest.raises(Refusal, match="the export format 'csv' is unknown: use json or ndjson"):
        export.order_of({"format": "csv"})
