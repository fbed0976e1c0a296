"""Assets in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from localhub.project import SCHEMA
from prelabel.localhub.envelope import Page, Refusal
from prelabel.localhub.store import assets, projects

if TYPE_CHECKING:
    import sqlite3


@pytest.fixture
def project_id(db: sqlite3.Connection) -> str:
    """A project with the shared schema and the batches a and b."""
    made = projects.create_project(db, {"name": "p", "categorySchema": SCHEMA})["_id"]
    projects.add_batches(db, made, ["a", "b"])
    return str(made)


def _listed(db: sqlite3.Connection, project_id: str, wanted: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    found = assets.list_assets(db, project_id, wanted or {}, Page(1, 100), "seq ASC")
    assert found["total"] == len(found["assets"])
    plain: list[dict[str, Any]] = orjson.loads(orjson.dumps(found["assets"]))
    return plain


def test_an_asset_comes_with_one_task(db: sqlite3.Connection, project_id: str) -> None:
    """The task stands in the first stage; what came with the asset is there again."""
    sent = {"data": "https://e.com/a%20b.png", "metadata": {"width": 3, "height": 2}, "contextData": {"k": "v"}}
    counts = assets.create_assets(db, project_id, [sent], [], 0)
    assert counts == {"assetsCreated": 1, "tasksCreated": 1, "preLabelsCount": 0, "validPreLabelsCount": 0}
    asset = _listed(db, project_id)[0]
    assert asset["externalId"] == "a b.png"
    assert (asset["data"], asset["metadata"], asset["contextData"]) == tuple(sent.values())
    assert asset["isPreLabeled"] is False
    assert [(task["stage"], task["stageHistory"]) for task in asset["labelTasks"]] == [("Start", [])]


def test_filters_are_the_four_documented_ones(db: sqlite3.Connection, project_id: str) -> None:
    """By id, by external id (which several may share), by pre-labels, by all of some batches."""
    given = [
        {"data": "u0", "externalId": "x", "batches": ["a"]},
        {"data": "u1", "externalId": "x", "batches": ["a", "b"]},
        {"data": "u2", "externalId": "y", "classifications": [{"schemaId": "cls-type", "answer": "day"}]},
    ]
    assets.create_assets(db, project_id, given, [], 0)
    a, b = (batch["_id"] for batch in projects.load_project(db, project_id)["batches"])
    every = _listed(db, project_id)
    assert [asset["data"] for asset in _listed(db, project_id, {"externalId": "x"})] == ["u0", "u1"]
    assert _listed(db, project_id, {"_id": every[1]["_id"]}) == [every[1]]
    assert [asset["data"] for asset in _listed(db, project_id, {"batches": [a]})] == ["u0", "u1"]
    assert [asset["data"] for asset in _listed(db, project_id, {"batches": [b, a]})] == ["u1"]
    assert [asset["data"] for asset in _listed(db, project_id, {"isPreLabeled": True})] == ["u2"]
    with pytest.raises(Refusal, match="the asset filter 'externalId' is not one the Hub documents"):
        _listed(db, project_id, {"externalId": {"$in": ["x"]}})


def test_pre_labels_are_counted_and_checked(db: sqlite3.Connection, project_id: str) -> None:
    """Of three pre-labels one names an unknown option."""
    answers = [("cls-type", "day"), ("cls-type", "dusk"), ("cls-note", "hi")]
    given = [{"data": f"u{n}", "classifications": [{"schemaId": s, "answer": a}]} for n, (s, a) in enumerate(answers)]
    counts = assets.create_assets(db, project_id, given, [], 0)
    assert (counts["preLabelsCount"], counts["validPreLabelsCount"]) == (3, 2)


def test_batches_can_be_assigned_later(db: sqlite3.Connection, project_id: str) -> None:
    """Assets and their tasks get them; other projects' assets do not."""
    assets.create_assets(db, project_id, [{"data": "u", "batches": ["a"]}], [], 0)
    ids = [asset["_id"] for asset in _listed(db, project_id)]
    a, b = (batch["_id"] for batch in projects.load_project(db, project_id)["batches"])
    assert assets.assign_batches(db, project_id, [*ids, "other"], ["b", "a"]) == 1
    assert _listed(db, project_id)[0]["batches"] == [a, b]
    assert orjson.loads(db.execute("SELECT batches FROM tasks").fetchone()[0]) == [a, b]


def test_deleting_takes_the_tasks_along(db: sqlite3.Connection, project_id: str) -> None:
    """Nothing of a deleted asset is left."""
    assets.create_assets(db, project_id, [{"data": "u"}, {"data": "v"}], [], 0)
    gone = _listed(db, project_id)[0]["_id"]
    assert assets.delete_assets(db, project_id, [gone, "other"]) == 1
    assert [asset["data"] for asset in _listed(db, project_id)] == ["v"]
    assert db.execute("SELECT COUNT(*) FROM tasks").fetchone()[0] == 1


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ("a", "asset 2 must be an object"),
        ({"externalId": "a"}, "asset 2 has no data"),
        ({"data": 5}, "asset 2: data must be a text"),
        ({"data": "u", "externalId": 7}, "asset 2: externalId must be a text"),
        ({"data": "u", "batches": "a"}, "asset 2: batches must be a list of texts"),
        ({"data": "u", "batches": ["zzz"]}, "Invalid batch: zzz."),
        ({"data": "u", "classifications": 3}, "asset 2: classifications must be a list of objects"),
    ],
)
def test_what_is_no_asset_is_refused(db: sqlite3.Connection, project_id: str, given: Any, part: str) -> None:
    """The message counts assets from 1."""
    with pytest.raises(Refusal) as caught:
        assets.create_assets(db, project_id, [{"data": "u"}, given], [], 0)
    assert part in str(caught.value)
