"""Key, envelope, counts and rate."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

from localhub.hubclient import Api
from localhub.project import KEY
from prelabel.localhub import HubSettings, LocalHub

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path


@pytest.mark.parametrize("key", [None, "", "wrong", KEY + "x", "schlüssel"])
async def test_calls_without_the_key_are_refused(api: Api, key: str | None) -> None:
    """401 with the Hub's words, whatever is called, known or not."""
    for path in ("/v2/listProjects", "/v2/nothing"):
        status, body, _ = await api.call("GET", path, key=key)
        assert (status, body) == (401, {"status": "fail", "message": "Invalid API KEY"})


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/nothing", 404),
        ("GET", "/nothing", 404),
        ("PATCH", "/v2/project", 405),
        ("GET", "/v2/export/x", 404),
    ],
)
async def test_unknown_paths_answer_in_json(api: Api, method: str, path: str, status: int) -> None:
    """404 and 405 in the envelope."""
    got, body, headers = await api.call(method, path)
    assert (got, body["status"]) == (status, "fail")
    assert headers["Content-Type"].startswith("application/json")
    assert ("Allow" in headers) == (status == 405)


async def test_requests_are_counted_by_route(api: Api) -> None:
    """By method and pattern, refused ones included."""
    project_id = await api.project()
    await api.ok("GET", f"/v2/project/{project_id}")
    await api.call("GET", f"/v2/project/{project_id}", key="wrong")
    await api.call("GET", "/v2/nothing")
    assert dict(api.hub.request_counts) == {
        "POST /v2/project": 1,
        "GET /v2/project/{project}": 2,
        "GET unknown": 1,
    }


async def test_a_body_too_large_is_413(tmp_path: Path) -> None:
    """In JSON, for calls and for uploads; the hub goes on afterwards."""
    settings = HubSettings(api_key=KEY, max_body_bytes=2000)
    async with LocalHub(tmp_path, settings=settings) as hub, aiohttp.ClientSession() as session:
        api = Api(hub, session)
        project_id = (await api.ok("POST", "/v2/project", {"name": "p"}))["project"]["_id"]
        message = await api.refused("POST", "/v2/project", {"name": "p" * 5000}, status=413)
        assert message == "the body is larger than 2000 bytes"
        query = {"name": "a.png", "project": project_id}
        url = (await api.ok("GET", "/v2/getUploadUrl", query=query))["uploadUrl"]
        async with session.put(url, data=b"x" * 5000) as answer:
            assert (answer.status, (await answer.json())["status"]) == (413, "fail")
        async with session.get(url.split("?")[0]) as answer:
            assert answer.status == 404
        assert (await api.ok("GET", "/v2/listProjects"))["total"] == 1


async def test_the_rate_is_kept(tmp_path: Path) -> None:
    """Beyond the limit 429 with the headers that say when to come back; then calls pass again."""
    settings = HubSettings(api_key=KEY, requests_per_minute=2, rate_window_s=1.0)
    async with LocalHub(tmp_path, settings=settings) as hub, aiohttp.ClientSession() as session:
        api = Api(hub, session)
        statuses = [(await api.call("GET", "/v2/listProjects"))[0] for _ in range(2)]
        status, body, headers = await api.call("GET", "/v2/listProjects")
        assert (*statuses, status) == (200, 200, 429)
        assert body == {"status": "fail", "message": "Too many requests: the limit is 2"}
        assert (headers["Retry-After"], headers["X-RateLimit-Limit"]) == ("1", "2")
        assert (headers["X-RateLimit-Remaining"], headers["X-RateLimit-Reset"]) == ("0", "1")
        async with session.get(hub.url + "/") as page:
            assert page.status == 200
        await asyncio.sleep(1.05)
        assert (await api.call("GET", "/v2/listProjects"))[0] == 200


async def test_our_own_faults_show_no_traceback(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """500 in the envelope for the caller, the traceback for the log."""

    @web.middleware
    async def broken(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        await handler(request)
        raise RuntimeError("a secret detail")

    async with LocalHub(tmp_path, api_key=KEY, middlewares=[broken]) as hub, aiohttp.ClientSession() as session:
        with caplog.at_level(logging.ERROR, logger="prelabel.localhub.middleware"):
            status, body, _ = await Api(hub, session).call("GET", "/v2/listProjects")
    assert (status, body) == (500, {"status": "error", "message": "Internal server error"})
    assert "a secret detail" in caplog.text
    assert KEY not in caplog.text
