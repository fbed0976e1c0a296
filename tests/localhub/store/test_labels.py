"""Imports: who is written, what is replaced, what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from localhub.project import CAR, SCHEMA
from prelabel.localhub.envelope import Refusal
from prelabel.localhub.settings import HubSettings
from prelabel.localhub.store import assets, labels, projects, tasks
from prelabel.localhub.store.schema import checked_schema

if TYPE_CHECKING:
    import sqlite3

LOADED = checked_schema(SCHEMA)
DAY = {"schemaId": "cls-type", "answer": "day"}


@pytest.fixture
def project_id(db: sqlite3.Connection) -> str:
    """A project with the assets a, a (again) and b."""
    made = projects.create_project(db, {"name": "p", "categorySchema": SCHEMA})["_id"]
    given = [{"data": f"https://e.com/{number}", "externalId": name} for number, name in enumerate("aab")]
    assets.create_assets(db, made, given, [], 0)
    return str(made)


def _import(
    db: sqlite3.Connection, project_id: str, *items: dict[str, Any], settings: HubSettings | None = None
) -> str:
    read = labels.read_items({"jsonContent": list(items)}, LOADED)
    return labels.write_items(db, project_id, read, settings or HubSettings())


def _object_ids(db: sqlite3.Connection) -> list[list[str]]:
    rows = db.execute("SELECT answer FROM tasks ORDER BY seq")
    return [[tool["objectId"] for tool in orjson.loads(row["answer"])["tools"]] for row in rows]


def test_every_asset_of_the_id_is_written(db: sqlite3.Connection, project_id: str) -> None:
    """An external id that two assets share reaches both; an unknown one counts for nothing."""
    sentence = _import(db, project_id, {"externalId": "a", "objects": [CAR]}, {"externalId": "zzz", "objects": [CAR]})
    assert sentence == "2 / 2 tasks are labeled."
    assert _object_ids(db) == [["car-1"], ["car-1"], []]
    flags = [row[0] for row in db.execute("SELECT is_pre_labeled FROM assets ORDER BY seq")]
    assert flags == [1, 1, 0]


@pytest.mark.parametrize("body_key", ["jsonContent", "labels"])
@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("nested", [False, True])
def test_every_form_of_body_and_item(
    db: sqlite3.Connection, project_id: str, body_key: str, as_text: bool, nested: bool
) -> None:
    """Both keys, a list or its text, flat items or under answer."""
    answer = {"objects": [CAR], "classifications": [DAY]}
    items = [{"externalId": "b", "answer": answer} if nested else {"externalId": "b", **answer}]
    content = orjson.dumps(items).decode() if as_text else items
    read = labels.read_items({body_key: content}, LOADED)
    assert labels.write_items(db, project_id, read, HubSettings()) == "1 / 1 tasks are labeled."
    assert _object_ids(db)[2] == ["car-1"]


def test_assets_by_id_and_by_url(db: sqlite3.Connection, project_id: str) -> None:
    """An asset id or a URL reaches one asset where the external id would reach two."""
    asset_id = db.execute("SELECT id FROM assets ORDER BY seq").fetchone()[0]
    url = {"data": "https://e.com/1", "objects": [{**CAR, "objectId": "by-url"}]}
    assert _import(db, project_id, {"assetId": asset_id, "objects": [CAR]}, url) == "2 / 2 tasks are labeled."
    assert _object_ids(db) == [["car-1"], ["by-url"], []]


def test_an_import_replaces_the_whole_answer(db: sqlite3.Connection, project_id: str) -> None:
    """A second import without classifications leaves none."""
    _import(db, project_id, {"externalId": "b", "objects": [CAR], "classifications": [DAY]})
    _import(db, project_id, {"externalId": "b", "objects": [{**CAR, "objectId": "new"}]})
    answer = orjson.loads(db.execute("SELECT answer FROM tasks ORDER BY seq DESC").fetchone()[0])
    assert [tool["objectId"] for tool in answer["tools"]] == ["new"]
    assert answer["classifications"] == []


def test_the_appending_hub(db: sqlite3.Connection, project_id: str) -> None:
    """The other reading of the Hub doubles objects."""
    for _ in range(2):
        _import(db, project_id, {"externalId": "b", "objects": [CAR]}, settings=HubSettings(import_mode="append"))
    assert _object_ids(db)[2] == ["car-1", "car-1"]


def test_the_hub_that_skips_tasks_under_way(db: sqlite3.Connection, project_id: str) -> None:
    """Tasks beyond the first stage are matched and not written."""
    tasks.requeue(db, project_id, {"toStageId": "Label", "filters": {"externalIds": ["b"]}})
    items = [{"externalId": name, "objects": [CAR]} for name in "ab"]
    assert _import(db, project_id, *items, settings=HubSettings(skip_non_todo=True)) == "2 / 3 tasks are labeled."
    assert _object_ids(db) == [["car-1"], ["car-1"], []]


@pytest.mark.parametrize(("hidden", "sentence"), [(True, "3 / 3"), (False, "2 / 3")])
def test_the_hub_that_drops_items(db: sqlite3.Connection, project_id: str, hidden: bool, sentence: str) -> None:
    """The last item is not written, whether the sentence owns up to it or not."""
    read = labels.read_items({"labels": [{"externalId": name, "objects": [CAR]} for name in "ab"]}, LOADED)
    dropped = labels.DroppedItems(1, hidden)
    assert labels.write_items(db, project_id, read, HubSettings(), dropped) == f"{sentence} tasks are labeled."
    assert _object_ids(db) == [["car-1"], ["car-1"], []]


def test_other_projects_are_left_alone(db: sqlite3.Connection, project_id: str) -> None:
    """The same external id, asset id or URL in another project is not touched."""
    other = projects.create_project(db, {"name": "q"})["_id"]
    asset_id = db.execute("SELECT id FROM assets").fetchone()[0]
    wanted = [{"externalId": "a"}, {"assetId": asset_id}, {"data": "https://e.com/0"}]
    assert _import(db, str(other), *wanted) == "0 / 0 tasks are labeled."


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({}, "the body needs jsonContent or labels"),
        ({"jsonContent": {}}, "the body needs jsonContent or labels"),
        ({"jsonContent": "["}, "jsonContent is not valid JSON"),
        ({"jsonContent": ["a"]}, "item 1 must be an object"),
        ({"jsonContent": [{"externalId": "a"}, {"objects": []}]}, "item 2 says no asset"),
        ({"jsonContent": [{"externalId": 7}]}, "item 1: externalId must be a text"),
        ({"labels": [{"externalId": "a", "answer": None}]}, "item 1: answer must be an object"),
        ({"jsonContent": [{"externalId": "a", "objects": [{}]}]}, "item 1, object 1: a schemaId"),
        ({"jsonContent": [{"externalId": "a", "brushDataUrl": 1}]}, "item 1: brushDataUrl must be a text"),
    ],
)
def test_what_is_no_import_is_refused(body: dict[str, Any], part: str) -> None:
    """The message counts items from 1."""
    with pytest.raises(Refusal) as caught:
        labels.read_items(body, LOADED)
    assert part in str(caught.value)
