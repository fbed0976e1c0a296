"""Plugin sessions over HTTP, without a plugin; with one they are tested in ``tests/localhub/plugin_sessions``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp

from localhub.hubclient import Api
from localhub.project import KEY
from prelabel.localhub import HubSettings, LocalHub
from prelabel.localhub.plugin_sessions.plugins import SECRET_FILE

if TYPE_CHECKING:
    from pathlib import Path


async def test_without_a_plugin_the_hub_says_how_to_start_one(api: Api, tmp_path: Path) -> None:
    """The command names the hub, and the file of the secret where there is one."""
    project = await api.project()
    shown = await api.ok("GET", "/plugin")
    about = {"id": api.hub.plugin_id, "url": "", "n_connected": 0, "n_refused": 0, "sessions": []}
    assert shown.items() >= about.items()
    variables = f"ANGO_PLUGIN_ID={api.hub.plugin_id} ANGO_PLUGIN_SECRET_FILE=FILE ANGO_HOST={api.hub.url} "
    assert variables in shown["command"]
    message = await api.refused("POST", "/plugin/sessions", {"projectId": project}, status=409)
    assert message == f"the plugin is not connected: start it with: {shown['command']}"
    (tmp_path / "store" / SECRET_FILE).write_text(api.hub.plugin_secret)
    assert (await api.ok("GET", "/plugin"))["command"] == api.hub.plugin_command
    assert f"ANGO_PLUGIN_SECRET_FILE={tmp_path}/store/plugin_secret " in api.hub.plugin_command
    assert api.hub.plugin_secret not in api.hub.plugin_command


async def test_the_routes_need_the_key(api: Api) -> None:
    """As those of the API do."""
    for method, path in (("GET", "/plugin"), ("POST", "/plugin/sessions"), ("GET", "/plugin/sessions/x")):
        status, body, _ = await api.call(method, path, {}, key="wrong")
        assert (status, body["message"]) == (401, "Invalid API KEY")


async def test_wrong_sessions_are_refused(api: Api) -> None:
    """An unknown project as everywhere, anything of a wrong kind with its name."""
    project = await api.project()
    assert await api.refused("POST", "/plugin/sessions", {"projectId": "none"}) == "Invalid project: none."
    assert await api.refused("POST", "/plugin/sessions", {}) == "projectId must be a text"
    assert await api.refused("POST", "/plugin/sessions", []) == "the body must be a JSON object"
    wrong = {"projectId": project, "fileList": "x"}
    assert await api.refused("POST", "/plugin/sessions", wrong) == "fileList must be a list"
    assert "no such session: x" in await api.refused("GET", "/plugin/sessions/x", status=404)
    assert "after must be a whole number" in await api.refused("GET", "/plugin/sessions/x", query={"after": "-1"})


async def test_they_do_not_count_in_the_rate_and_files_have_a_limit(tmp_path: Path) -> None:
    """They are no calls of the Hub's API, but bodies are no larger than its."""
    settings = HubSettings(api_key=KEY, requests_per_minute=1, max_body_bytes=2000)
    async with LocalHub(tmp_path, settings=settings) as hub, aiohttp.ClientSession() as session:
        api = Api(hub, session)
        project = await api.project()
        for _ in range(3):
            await api.ok("GET", "/plugin")
        body = {"projectId": project, "inputFile": "x" * 3000}
        assert await api.refused("POST", "/plugin/sessions", body, status=413) == "the body is larger than 2000 bytes"
