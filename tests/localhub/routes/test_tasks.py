"""Task and label routes over HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson
import pytest

from localhub.hubclient import Api
from localhub.project import CAR, KEY
from prelabel.localhub import HubSettings, LocalHub

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["filter", "filters"])
async def test_filters_under_both_names(api: Api, name: str) -> None:
    """The SDK says filter, the API pages say filters; odd external ids get through."""
    odd = ["a&b.png", "c#d+e%20.png", 'q"uote.png', "ünï .png"]
    project_id = await api.project()
    await api.upload(project_id, [*odd, "other.png"])
    query = {name: orjson.dumps({"externalId": {"$in": odd}}).decode()}
    assert [task["externalId"] for task in await api.tasks(project_id, **query)] == odd


async def test_parameters_of_older_clients(api: Api) -> None:
    """stage, batches, status and status[eq] each filter."""
    project_id = await api.project(3)
    body = {"toStageId": "Complete", "filters": {"externalIds": ["1.png"]}}
    assert (await api.ok("POST", f"/v2/project/{project_id}/requeueTasks", body))["modifiedCount"]["modified"] == 1
    for query in ({"stage": "Complete"}, {"status": "Completed"}, {"status[eq]": "Completed"}):
        assert [task["externalId"] for task in await api.tasks(project_id, **query)] == ["1.png"]
    assert await api.tasks(project_id, batches='["none"]') == []


async def test_answers_on_demand(api: Api) -> None:
    """In lists only when asked for, in any case; of one task always."""
    project_id = await api.project(1)
    assert "answer" in (await api.tasks(project_id, includeAnswer="True"))[0]
    listed = (await api.tasks(project_id, includeAnswer="false"))[0]
    assert "answer" not in listed
    task = (await api.ok("GET", f"/v2/task/{listed['_id']}", query={"includeAnswer": "False"}))["task"]
    assert task["answer"] == {"tools": [], "classifications": [], "relations": []}
    some = (await api.tasks(project_id, fields="_id,asset,stage"))[0]
    assert set(some) == {"_id", "asset", "stage"}


async def test_annotating(api: Api) -> None:
    """The answer comes back under label, and the task moves when told."""
    task_id = (await api.tasks(await api.project(1)))[0]["_id"]
    body = {"answer": {"objects": [CAR], "classifications": [], "relations": []}, "duration": 0, "unknown": 1}
    query = {"nextStage": "true", "isPlugin": "false"}
    label = (await api.ok("POST", f"/v2/annotate/{task_id}", body, query=query))["label"]
    assert (label["stage"], label["answer"]["tools"][0]["objectId"]) == ("Label", "car-1")


async def test_a_refused_import_stores_nothing(api: Api) -> None:
    """One item that cannot be read, and none is written."""
    project_id = await api.project(2)
    items = [{"externalId": "0.png", "objects": [CAR]}, {"externalId": "1.png", "objects": [{"schemaId": 1}]}]
    message = await api.refused("POST", "/v2/import/labels", {"project": project_id, "jsonContent": items})
    assert message.startswith("item 2, object 1")
    assert not any(task["isPreLabeled"] for task in await api.tasks(project_id))


@pytest.mark.parametrize("project", [None, 5, "", "0" * 24, "' OR 1=1"])
async def test_an_import_needs_its_project(api: Api, project: object) -> None:
    """400 with the Hub's words."""
    message = await api.refused("POST", "/v2/import/labels", {"project": project, "jsonContent": []})
    assert message == f"Invalid project: {project}."


async def test_imports_at_the_same_time(api: Api) -> None:
    """Many imports in flight all land, each whole, also where they meet in one asset."""
    project_id = await api.project(60)

    async def send(number: int) -> str:
        cars = [{**CAR, "objectId": f"{number}-{part}"} for part in range(3)]
        items = [{"externalId": f"{asset}.png", "objects": cars} for asset in (number, number + 30, 59)]
        return await api.import_labels(project_id, items)

    sentences = await asyncio.gather(*(send(number) for number in range(29)))
    assert set(sentences) == {"3 / 3 tasks are labeled."}
    ids = {
        task["externalId"]: [tool["objectId"] for tool in task["answer"]["tools"]]
        for task in await api.tasks(project_id)
    }
    for number in range(29):
        assert ids[f"{number}.png"] == ids[f"{number + 30}.png"] == [f"{number}-{part}" for part in range(3)]
    assert ids["59.png"] in [[f"{number}-{part}" for part in range(3)] for number in range(29)]


async def test_the_other_readings_of_the_hub(tmp_path: Path) -> None:
    """Assets as objects, imports that append and that skip, a smaller page: all by settings."""
    settings = HubSettings(KEY, page_cap=2, import_mode="append", skip_non_todo=True, asset_form="object")
    async with LocalHub(tmp_path, settings=settings) as hub, aiohttp.ClientSession() as session:
        api = Api(hub, session)
        project_id = await api.project(3)
        body = {"toStageId": "Label", "filters": {"externalIds": ["2.png"]}}
        await api.ok("POST", f"/v2/project/{project_id}/requeueTasks", body)
        items: list[dict[str, Any]] = [{"externalId": f"{number}.png", "objects": [CAR]} for number in range(3)]
        assert [await api.import_labels(project_id, items) for _ in "ab"] == ["2 / 3 tasks are labeled."] * 2
        tasks = await api.tasks(project_id)
        assert [len(task["answer"]["tools"]) for task in tasks] == [2, 2]
        assert [task["asset"]["externalId"] for task in tasks] == ["0.png", "1.png"]


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ({"filter": "{"}, "the parameter filter is not valid JSON"),
        ({"filters": "[]"}, "the parameter filters must be a JSON object"),
        ({"filter": '{"nope":1}'}, "unknown filter field 'nope'"),
        ({"batches": "[1]"}, "the parameter batches must be a list of texts"),
    ],
)
async def test_wrong_filters_are_refused(api: Api, query: dict[str, str], part: str) -> None:
    """400 with the parameter's name."""
    assert part in await api.refused("GET", f"/v2/project/{await api.project()}/tasks", query=query)


async def test_odd_addresses_are_refused(api: Api) -> None:
    """Ids that are no ids, bytes that are no text: 400 or 404, never 500."""
    for path in ("/v2/task/%00", "/v2/task/%ff%fe", "/v2/project/%2e%2e%2f", "/v2/task/" + "x" * 3000):
        status, body, _ = await api.call("GET", path)
        assert status in {400, 404}
        assert body["status"] == "fail"
