"""Project routes over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from localhub.hubclient import Api


async def test_create_read_update_delete(api: Api) -> None:
    """A project's life; creation answers 201."""
    status, body, _ = await api.call("POST", "/v2/project", {"name": "p", "description": "", "type": "ango"})
    assert status == 201
    path = f"/v2/project/{body['data']['project']['_id']}"
    schema = {"tools": [{"schemaId": "t", "title": "T", "tool": "polygon"}]}
    updated = (await api.ok("POST", path, {"categorySchema": schema}))["project"]
    assert updated["categorySchema"]["tools"][0]["schemaId"] == "t"
    assert (await api.ok("GET", path))["project"] == updated
    await api.ok("DELETE", path)
    assert await api.refused("GET", path) == f"Invalid project: {updated['_id']}."


async def test_projects_are_listed_newest_first_in_pages(api: Api) -> None:
    """Ten by default, the total beside them."""
    for number in range(12):
        await api.ok("POST", "/v2/project", {"name": f"p{number:02}"})
    first = await api.ok("GET", "/v2/listProjects")
    assert (first["total"], [project["name"] for project in first["projects"]][:2]) == (12, ["p11", "p10"])
    assert len(first["projects"]) == 10
    second = await api.ok("GET", "/v2/listProjects", query={"page": "2", "sort": "name"})
    assert [project["name"] for project in second["projects"]] == ["p10", "p11"]


async def test_one_batch_or_several(api: Api) -> None:
    """One is answered with itself, several with the project."""
    path = f"/v2/batches/{await api.project()}"
    one = (await api.ok("POST", path, {"name": "a"}))["project"]
    assert one["name"] == "a"
    several = (await api.ok("POST", path, {"batches": [one, {"name": "b"}]}))["project"]
    assert [batch["name"] for batch in several["batches"]] == ["a", "b"]
    assert (await api.ok("POST", path, {"batches": []}))["project"]["batches"] == several["batches"]


@pytest.mark.parametrize("body", [{}, {"name": 5}, {"name": ""}, {"batches": "a"}, {"batches": [{"name": 1}]}])
async def test_what_is_no_batch_is_refused(api: Api, body: object) -> None:
    """400 with a message on the names."""
    assert "name" in await api.refused("POST", f"/v2/batches/{await api.project()}", body)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"5", b"null", b"\xff\xfe", b'{"name": NaN}', b"[" * 5000])
async def test_bodies_that_are_no_json_object_are_refused(api: Api, raw: bytes) -> None:
    """400, never 500, on every route that takes a body."""
    project_id = await api.project(1)
    task_id = (await api.tasks(project_id))[0]["_id"]
    paths = ["/v2/project", f"/v2/project/{project_id}", f"/v2/project/{project_id}/cloud", "/v2/import/labels"]
    paths += [f"/v2/annotate/{task_id}", f"/v2/project/{project_id}/requeueTasks", "/v2/storages/", "/v2/pluginLog"]
    for path in paths:
        status, body, _ = await api.call("POST", path, raw=raw)
        assert (status, body["status"]) == (400, "fail")
        assert "JSON" in body["message"]


@pytest.mark.parametrize("query", [{"page": "0"}, {"limit": "-1"}, {"page": "x"}, {"page": "9" * 30}, {"sort": "x"}])
async def test_wrong_list_parameters_are_refused(api: Api, query: dict[str, str]) -> None:
    """On every list."""
    project_id = await api.project()
    for path in ("/v2/listProjects", f"/v2/project/{project_id}/assets", f"/v2/project/{project_id}/tasks"):
        assert next(iter(query)) in await api.refused("GET", path, query=query)
