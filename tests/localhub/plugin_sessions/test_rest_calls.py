"""Plugins that are REST servers: the vendor's runtime, and answers of any other kind."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from localhub.hubclient import Api
from localhub.plugin_sessions.runtime import ID, SECRET, finished, free_port, seen, start, until, vendor_plugin
from localhub.project import KEY
from prelabel.localhub import HubSettings, LocalHub
from prelabel.localhub.testing import ScriptedHub

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

SETTINGS = HubSettings(api_key=KEY, plugin_id=ID, plugin_secret=SECRET)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[LocalHub, str]]:
    """A hub with a plugin of the vendor's runtime as a REST server, and that server's address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with LocalHub(settings=replace(SETTINGS, plugin_url=f"{url}/")) as hub, vendor_plugin(hub.url, rest_port=port):
        yield hub, url


@pytest_asyncio.fixture
async def vendor(served: tuple[LocalHub, str]) -> AsyncIterator[Api]:
    """A client of that hub, once the plugin listens."""
    hub, url = served
    async with aiohttp.ClientSession() as session:

        async def listens() -> bool:
            try:
                async with session.get(f"{url}/heartbeat", headers={"Secret": SECRET}) as answer:
                    return answer.status == 200
            except aiohttp.ClientConnectionError:
                return False

        await until(listens)
        yield Api(hub, session)


async def failed_session(settings: HubSettings, store: Path, **body: Any) -> dict[str, Any]:
    """A session on a hub of its own, which must fail."""
    async with LocalHub(store, settings=settings) as hub, aiohttp.ClientSession() as session:
        api = Api(hub, session)
        document = await finished(api, await start(api, await api.project(), **body))
    assert (document["state"], document["response"], document["via"]) == ("failed", None, "REST")
    assert KEY not in document["reason"]
    assert SECRET not in document["reason"]
    return document


async def test_a_session_from_start_to_answer(vendor: Api) -> None:
    """The answer is the request's; the lines come by the API."""
    session = await start(vendor, await vendor.project(), batches=["b1"])
    document = await finished(vendor, session)
    answer = json.loads(document["response"])
    assert (answer["session"], answer["batches"], answer["apiKey"]) == (session, ["b1"], KEY)
    assert (document["state"], document["via"], document["connected"]) == ("ended", "REST", True)
    (line,) = document["lines"]
    assert (line["level"], line["msg"]) == ("INFO", "echo of 8")
    assert vendor.hub.request_counts["POST /v2/pluginLog"] >= 1


async def test_a_callback_that_returns_nothing_ends(vendor: Api) -> None:
    """Unlike over Socket.IO, the request has its answer."""
    document = await finished(vendor, await start(vendor, await vendor.project(), configJSON='{"do": "none"}'))
    assert (document["state"], document["response"]) == ("ended", None)


async def test_a_callback_that_raises_fails_its_session(vendor: Api) -> None:
    """The server answers 500, and its own words are in the log."""
    document = await finished(vendor, await start(vendor, await vendor.project(), configJSON='{"do": "raise"}'))
    assert (document["state"], document["reason"]) == ("failed", "the plugin's work failed: its log has the error")
    assert document["lines"][-1]["msg"] == "Plugin callback failed: the callback's own words"


async def test_answers_may_be_large(vendor: Api) -> None:
    """What a connection would lose, a request brings."""
    document = await finished(vendor, await start(vendor, await vendor.project(), configJSON='{"do": "large"}'))
    assert (document["state"], len(document["response"])) == ("ended", 1_500_000)


async def test_a_wrong_secret_is_named(vendor: Api, served: tuple[LocalHub, str], tmp_path: Path) -> None:
    """The plugin answers 401."""
    settings = replace(SETTINGS, plugin_url=served[1], plugin_secret="another")
    assert "was started with another one" in (await failed_session(settings, tmp_path))["reason"]


async def test_an_answer_that_takes_too_long_fails(vendor: Api, served: tuple[LocalHub, str], tmp_path: Path) -> None:
    """The request is cut off, as a host would; the plugin goes on, and is not heard any more."""
    settings = replace(SETTINGS, plugin_url=served[1], plugin_timeout_s=0.5)
    config = json.dumps({"do": "wait", "file": str(tmp_path / "go")})
    document = await failed_session(settings, tmp_path, configJSON=config)
    (tmp_path / "go").touch()
    assert "no answer within 0.5 s" in document["reason"]


async def test_a_plugin_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With its address."""
    url = f"http://127.0.0.1:{free_port()}"
    reason = (await failed_session(replace(SETTINGS, plugin_url=url), tmp_path))["reason"]
    assert reason.startswith(f"cannot reach the plugin at {url}: ")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (web.Response(text="<html>"), "is not JSON"),
        (web.json_response(["response"]), "no object with a response"),
        (web.json_response({"session": "s"}), "no object with a response"),
        (web.json_response({"response": "r", "session": "another's"}), "answered another session"),
        (web.Response(status=404, text=KEY), "answered with HTTP 404"),
        (web.Response(status=307, headers={"Location": "/elsewhere"}), "answered with HTTP 307"),
    ],
)
async def test_answers_of_no_plugin_fail(answer: web.Response, reason: str, tmp_path: Path) -> None:
    """Something else listens at that address; it is asked once, and the secret goes nowhere else."""
    async with ScriptedHub(answer) as other:
        document = await failed_session(replace(SETTINGS, plugin_url=other.url), tmp_path)
        assert reason in document["reason"]
        (request,) = other.requests
    assert (request.method, request.raw_path, request.headers["Secret"]) == ("POST", "/plugin", SECRET)
    assert json.loads(request.body)["session"] == document["session"]


async def test_an_error_of_its_own_fails(tmp_path: Path) -> None:
    """Some plugins answer with what others would send over a connection."""

    async def error(request: web.Request) -> web.Response:
        return web.json_response({"error": True, "response": "", "session": (await request.json())["session"]})

    async with ScriptedHub(error) as plugin:
        document = await failed_session(replace(SETTINGS, plugin_url=plugin.url), tmp_path)
    assert "its log has the error" in document["reason"]


async def test_a_hub_that_stops_waits_for_no_answer(tmp_path: Path) -> None:
    """The call is cut off."""
    asked = []

    async def hang(request: web.Request) -> web.Response:
        asked.append(request)
        await asyncio.Event().wait()
        return web.Response()

    async with ScriptedHub(hang) as plugin, aiohttp.ClientSession() as session:
        hub = await LocalHub(tmp_path, settings=replace(SETTINGS, plugin_url=plugin.url)).start()
        api = Api(hub, session)
        document = await seen(api, await start(api, await api.project()), lambda _: asked)
        await hub.stop()
    assert document["state"] == "running"
