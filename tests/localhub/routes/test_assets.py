"""Asset routes over HTTP."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import orjson
import pytest

if TYPE_CHECKING:
    from localhub.hubclient import Api


async def test_pages_cover_every_asset_once(api: Api) -> None:
    """The cap holds whatever limit is asked for; total and pages agree; newest first."""
    project_id = await api.project(230)
    found: list[dict[str, Any]] = []
    for page in ("1", "2", "3", "4"):
        query = {"page": page, "limit": "1000", "filters": "{}"}
        answer = await api.ok("GET", f"/v2/project/{project_id}/assets", query=query)
        assert answer["total"] == 230
        found += answer["assets"]
    assert [asset["externalId"] for asset in found] == [f"{number}.png" for number in reversed(range(230))]
    assert len(await api.tasks(project_id)) == 100


async def test_uploading_and_filtering(api: Api) -> None:
    """201 with counts; batches in the address; filters as JSON or, for older clients, as parameters."""
    project_id = await api.project()
    batch = (await api.ok("POST", f"/v2/batches/{project_id}", {"name": "B 1"}))["project"]["_id"]
    path = f"/v2/project/{project_id}"
    body = {"assets": [{"data": "u/ä&b.png"}], "uploadLocal": None, "priority": -3}
    status, answer, _ = await api.call("POST", f"{path}/cloud", body, query={"batches": orjson.dumps([batch]).decode()})
    assert (status, answer["data"]["assets"]["assetsCreated"]) == (201, 1)
    for query in ({"filters": '{"externalId":"ä&b.png"}'}, {"externalId": "ä&b.png"}):
        found = await api.ok("GET", f"{path}/assets", query=query)
        assert (found["total"], found["assets"][0]["batches"]) == (1, [batch])
    assert (await api.ok("GET", f"{path}/assets", query={"_id": "none"}))["total"] == 0
    task = (await api.tasks(project_id))[0]
    assert (task["priority"], task["batches"]) == (-3, [batch])


async def test_batches_and_deletion(api: Api) -> None:
    """Assets can be put into batches, and removed."""
    project_id = await api.project(2)
    batch = (await api.ok("POST", f"/v2/batches/{project_id}", {"name": "b"}))["project"]["_id"]
    ids = [task["asset"] for task in await api.tasks(project_id)]
    body = {"assets": ids[:1], "batches": [batch], "projectId": project_id}
    assert await api.ok("POST", "/v2/assignBatches", body) == {"assets": 1}
    deleted = await api.ok("DELETE", f"/v2/project/{project_id}/assets", {"project": project_id, "assets": ids[1:]})
    assert deleted == {"deletedCount": 1}
    assert [task["batches"] for task in await api.tasks(project_id)] == [[batch]]


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({}, "the body needs assets"),
        ({"assets": {}}, "the body needs assets"),
        ({"assets": [], "priority": 1001}, "priority must be a whole number from -1000 to 1000"),
        ({"assets": [], "priority": True}, "priority must be"),
        ({"assets": [{"data": "u"}, {}]}, "asset 2 has no data"),
    ],
)
async def test_a_refused_upload_stores_nothing(api: Api, body: dict[str, Any], part: str) -> None:
    """One bad asset, and none is there."""
    project_id = await api.project()
    assert part in await api.refused("POST", f"/v2/project/{project_id}/cloud", body)
    assert (await api.ok("GET", f"/v2/project/{project_id}"))["project"]["assetCount"] == 0


async def test_twenty_thousand_assets(api: Api) -> None:
    """Uploaded in one call, listed and labelled quickly: far below what would make an import wait."""
    project_id = await api.project()
    started = time.perf_counter()
    await api.upload(project_id, [f"{number}.png" for number in range(20_000)])
    uploaded = time.perf_counter()
    path = f"/v2/project/{project_id}/assets"
    last = await api.ok("GET", path, query={"page": "200", "limit": "100"})
    listed = time.perf_counter()
    assert last["assets"][-1]["externalId"] == "0.png"
    note = [{"schemaId": "cls-note", "answer": "x"}]
    items = [{"externalId": f"{number}.png", "classifications": note} for number in range(0, 20_000, 200)]
    assert await api.import_labels(project_id, items) == "100 / 100 tasks are labeled."
    imported = time.perf_counter()
    # Bounds for a busy machine; idle it takes about 0.5 s, 4 ms and 10 ms.
    assert uploaded - started < 10
    assert listed - uploaded < 0.5
    assert imported - listed < 0.5
