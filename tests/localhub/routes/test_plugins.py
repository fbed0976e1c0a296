"""Plugin routes over HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import web

from localhub.hubclient import Api
from localhub.project import KEY
from prelabel.localhub import HubSettings, LocalHub
from prelabel.localhub.testing import ScriptedHub

if TYPE_CHECKING:
    from pathlib import Path


async def test_lines_and_answers_are_kept(api: Api) -> None:
    """Both forms of each are taken, and can be looked at."""
    line = {"level": "INFO", "organization": "o", "pluginId": "p", "runBy": "r", "session": "s", "msg": "hello"}
    assert await api.ok("POST", "/v2/pluginLog", line) == {"response": {"logged": True}}
    last = {"export": True, "response": "url", "session": "s"}
    assert (await api.ok("POST", "/v2/pluginResponse", last))["response"] == {"received": True, "taskId": None}
    assert list(api.hub.plugin_lines) == [line, last]


async def test_they_are_part_of_their_session(tmp_path: Path) -> None:
    """A plugin that is called by HTTP logs here; others may answer here. The first answer counts."""
    async with ScriptedHub(_never) as plugin, aiohttp.ClientSession() as session:
        settings = HubSettings(api_key=KEY, plugin_url=plugin.url)
        async with LocalHub(tmp_path, settings=settings) as hub:
            api = Api(hub, session)
            project = await api.project()
            idents = [(await api.ok("POST", "/plugin/sessions", {"projectId": project}))["session"] for _ in range(2)]
            await api.ok("POST", "/v2/pluginLog", {"level": "ERROR", "session": idents[0], "msg": "hello"})
            await api.ok("POST", "/v2/pluginResponse", {"response": "done", "session": idents[0]})
            await api.ok("POST", "/v2/pluginResponse", {"error": True, "session": idents[1]})
            ended, failed = [await api.ok("GET", f"/plugin/sessions/{ident}") for ident in idents]
    assert [(line["level"], line["msg"]) for line in ended["lines"]] == [("ERROR", "hello")]
    assert (ended["state"], ended["response"], failed["state"]) == ("ended", "done", "failed")


async def _never(_request: web.Request) -> web.Response:
    await asyncio.Event().wait()
    return web.Response()
