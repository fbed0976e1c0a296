"""Plugins that connect by Socket.IO: the vendor's runtime, and a bare client that misbehaves."""

from __future__ import annotations

import base64
import json
import sys
from collections import deque
from typing import TYPE_CHECKING, Any, Self

import aiohttp
import pytest
import pytest_asyncio
import socketio

from localhub.hubclient import Api
from localhub.plugin_sessions.runtime import (
    ID,
    PATIENCE_S,
    SECRET,
    connected,
    finished,
    seen,
    start,
    until,
    vendor_plugin,
)
from localhub.project import KEY
from prelabel.localhub import HubSettings, LocalHub
from prelabel.localhub.plugin_sessions.connections import Connections
from prelabel.localhub.plugin_sessions.sessions import Sessions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

SETTINGS = HubSettings(api_key=KEY, plugin_id=ID, plugin_secret=SECRET)


@pytest.fixture(scope="module")
def served() -> Iterator[LocalHub]:
    """A hub with a plugin of the vendor's runtime, for all tests of this module."""
    with LocalHub(settings=SETTINGS) as hub, vendor_plugin(hub.url):
        yield hub


@pytest_asyncio.fixture
async def vendor(served: LocalHub) -> AsyncIterator[Api]:
    """A client of that hub, once the plugin is connected."""
    async with aiohttp.ClientSession() as session:
        api = Api(served, session)
        await connected(api)
        yield api


@pytest_asyncio.fixture
async def bare(tmp_path: Path) -> AsyncIterator[Api]:
    """A client of a hub without a plugin."""
    async with LocalHub(tmp_path, settings=SETTINGS) as hub, aiohttp.ClientSession() as session:
        yield Api(hub, session)


class Plugin(socketio.AsyncClientNamespace):  # type: ignore[misc]  # the library has no types
    """A plugin that does nothing by itself."""

    def __init__(self, hub: LocalHub) -> None:
        super().__init__("/plugin")
        self.events: list[dict[str, Any]] = []
        self.hub = hub
        self.client_side = socketio.AsyncClient(reconnection=False)
        self.client_side.register_namespace(self)

    async def on_plugin(self, event: dict[str, Any]) -> None:
        """Keep what is asked."""
        self.events.append(event)

    async def __aenter__(self) -> Self:
        await self.client_side.connect(self.hub.url, namespaces=["/plugin"], transports=["websocket"])
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.client_side.disconnect()

    async def show(self, secret: str = SECRET) -> None:
        """Send a heartbeat."""
        await self.emit("heartbeat", {"id": ID, "secret": secret})


async def test_a_session_from_start_to_answer(vendor: Api) -> None:
    """The plugin gets what the Hub sends, under its names; its lines and its answer are seen."""
    project = await vendor.project()
    table = base64.b64encode(b"ID\na.png\n").decode()
    session = await start(vendor, project, configJSON='{"do": "echo"}', inputFile=table, batches=["b1"])
    document = await finished(vendor, session)
    organization = (await vendor.ok("GET", f"/v2/project/{project}"))["project"]["organization"]
    assert json.loads(document["response"]) == {
        "projectId": project,
        "configJSON": '{"do": "echo"}',
        "apiKey": KEY,
        "orgId": organization,
        "runBy": "owner@localhost",
        "session": session,
        "batches": ["b1"],
        "categorySchema": None,
        "inputFile": table,
    }
    (line,) = document["lines"]
    assert (line["level"], line["msg"], document["n_lines"]) == ("INFO", "echo of 9", 1)
    about = {"session": session, "project": project, "state": "ended", "via": "WS", "reason": "", "connected": True}
    assert document.items() >= about.items()
    assert vendor.hub.plugin_lines[-1] == {"response": document["response"], "session": session}
    shown = await vendor.ok("GET", "/plugin")
    assert (shown["id"], shown["url"], shown["n_connected"], shown["n_refused"]) == (ID, "", 1, 0)
    assert shown["sessions"][0] == {"session": session, "project": project, "state": "ended", "via": "WS"}


async def test_a_callback_that_raises_fails_its_session(vendor: Api) -> None:
    """Its own words are in the log."""
    document = await finished(vendor, await start(vendor, await vendor.project(), configJSON='{"do": "raise"}'))
    assert (document["state"], document["response"]) == ("failed", None)
    assert "its log has the error" in document["reason"]
    last = document["lines"][-1]
    assert (last["level"], last["msg"]) == ("ERROR", "Plugin callback failed: the callback's own words")


async def test_a_callback_that_returns_nothing_never_ends(vendor: Api) -> None:
    """The runtime sends no answer then. A session that was started later ends all the same."""
    project = await vendor.project()
    silent = await start(vendor, project, configJSON='{"do": "none"}')
    await seen(vendor, silent, lambda document: document["lines"])
    await finished(vendor, await start(vendor, project))
    assert (await vendor.ok("GET", f"/plugin/sessions/{silent}"))["state"] == "running"


async def test_lines_come_in_order_and_while_it_runs(vendor: Api, tmp_path: Path) -> None:
    """A session that takes long is seen as it goes; lines that were seen can be left out."""
    project = await vendor.project()
    config = json.dumps({"do": "wait", "file": str(tmp_path / "go")})
    session = await start(vendor, project, configJSON=config)
    document = await seen(vendor, session, lambda document: document["lines"])
    assert (document["state"], document["response"]) == ("running", None)
    (tmp_path / "go").touch()
    assert (await finished(vendor, session))["state"] == "ended"

    session = await start(vendor, project, configJSON='{"do": "count", "n": 50}')
    document = await finished(vendor, session)
    assert [line["msg"] for line in document["lines"]] == ["count of 8", *(f"line {number}" for number in range(50))]
    later = await vendor.ok("GET", f"/plugin/sessions/{session}", query={"after": "49"})
    assert [line["msg"] for line in later["lines"]] == ["line 48", "line 49"]
    assert (await vendor.ok("GET", f"/plugin/sessions/{session}", query={"after": "999"}))["lines"] == []


async def test_many_sessions_at_once(vendor: Api) -> None:
    """Each gets its own lines and its own answer."""
    project = await vendor.project()
    sessions = [await start(vendor, project, batches=[f"b{number}"]) for number in range(20)]
    for number, session in enumerate(sessions):
        document = await finished(vendor, session)
        answer = json.loads(document["response"])
        assert (answer["session"], answer["batches"], document["n_lines"]) == (session, [f"b{number}"], 1)


async def test_an_answer_to_an_unknown_session_is_kept_and_harms_nothing(vendor: Api) -> None:
    """It is among what plugins said, and the session it came from ends."""
    document = await finished(vendor, await start(vendor, await vendor.project(), configJSON='{"do": "stray"}'))
    assert document["state"] == "ended"
    assert {"response": "to nobody", "session": "nobody's"} in vendor.hub.plugin_lines


async def test_a_table_may_be_large(vendor: Api) -> None:
    """What is sent to a plugin may be larger than what it sends."""
    project = await vendor.project()
    session = await start(vendor, project, configJSON='{"do": "size"}', inputFile="x" * 2_000_000)
    assert (await finished(vendor, session))["response"] == "2000000"


async def test_an_answer_that_is_too_large_is_lost(vendor: Api, tmp_path: Path) -> None:
    """It closes the connection, as at the real server. The plugin comes back, and goes on with other sessions."""
    project = await vendor.project()
    config = json.dumps({"do": "wait", "file": str(tmp_path / "go")})
    other = await start(vendor, project, configJSON=config)
    large = await start(vendor, project, configJSON='{"do": "large"}')
    document = await seen(vendor, large, lambda document: not document["connected"])
    assert (document["state"], document["response"]) == ("running", None)
    assert "more than 1,000,000 bytes" in document["reason"]
    await connected(vendor)
    assert (await vendor.ok("GET", f"/plugin/sessions/{other}"))["state"] == "running"
    (tmp_path / "go").touch()
    document = await finished(vendor, other)
    assert (document["state"], document["reason"], document["connected"]) == ("ended", "", True)
    assert (await vendor.ok("GET", f"/plugin/sessions/{large}"))["state"] == "running"


async def test_a_hub_that_ends_takes_its_sessions_and_the_vendors_plugin_with_it(tmp_path: Path) -> None:
    """The runtime tries once to come back; a hub on the same store knows the project, and no session."""
    async with aiohttp.ClientSession() as client:
        async with LocalHub(tmp_path, settings=SETTINGS) as hub:
            api, port = Api(hub, client), int(hub.url.rpartition(":")[2])
            project = await api.project()
            with vendor_plugin(hub.url) as process:
                await connected(api)
                session = await start(api, project, configJSON='{"do": "none"}')
                await seen(api, session, lambda document: document["lines"])
                await hub.stop()

                async def ended() -> bool:
                    return process.poll() is not None

                await until(ended)
                assert process.returncode == 1
        async with LocalHub(tmp_path, settings=SETTINGS, port=port) as hub, Plugin(hub) as plugin:
            api = Api(hub, client)
            message = await api.refused("GET", f"/plugin/sessions/{session}", status=404)
            assert "sessions are kept in memory" in message
            await plugin.show()
            await connected(api)
            again = await start(api, project)
            await plugin.emit("response", {"response": "late", "session": session})
            await plugin.emit("response", {"response": "done", "session": again})
            assert (await finished(api, again))["response"] == "done"


async def test_only_the_right_secret_is_listened_to(bare: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before its heartbeat, and after one with another secret, a connection counts for nothing."""
    monkeypatch.setattr("prelabel.localhub.plugin_sessions.connections.HANG_UP_S", PATIENCE_S)
    project = await bare.project()
    async with Plugin(bare.hub) as right, Plugin(bare.hub) as wrong:
        await wrong.emit("log", {"msg": "too early"})
        await wrong.show("another secret")

        async def is_refused() -> bool:
            return bool((await bare.ok("GET", "/plugin"))["n_refused"])

        await until(is_refused)
        message = await bare.refused("POST", "/plugin/sessions", {"projectId": project}, status=409)
        assert "another id or secret" in message
        await right.show()
        await connected(bare)
        session = await start(bare, project)
        for say in ("log", "response"):
            await wrong.emit(say, {"msg": "false", "response": "false", "session": session})
        await wrong.show("another secret")
        await right.emit("response", {"response": "true", "session": session})
        assert (await finished(bare, session))["response"] == "true"
        assert wrong.events == []
        await right.show("another secret")
        await connected(bare, 0)
    assert [line.get("msg") for line in bare.hub.plugin_lines] == [None]


async def test_a_wrong_secret_ends_the_connection_after_a_while(bare: Api) -> None:
    """One that has become right meanwhile does not."""
    async with Plugin(bare.hub) as wrong, Plugin(bare.hub) as mended:
        await wrong.show("another secret")
        await mended.show("another secret")
        await mended.show()

        async def is_gone() -> bool:
            return not wrong.client_side.connected

        await until(is_gone)
        await connected(bare)
        assert (await bare.ok("GET", "/plugin"))["n_refused"] == 0


async def test_a_hub_without_a_secret_accepts_nobody() -> None:
    """Such as one whose application was made from bare settings: there, nothing would be as good as the secret."""
    heard: deque[dict[str, Any]] = deque()
    connections = Connections(HubSettings(), Sessions(heard))
    await connections.heartbeat("c", {"id": "", "secret": ""})
    await connections.heartbeat("c")
    await connections.log("c", {"msg": "m"})
    assert (connections.n_accepted, connections.n_refused, list(heard)) == (0, 1, [])


async def test_what_is_no_object_is_passed_over(bare: Api) -> None:
    """A plugin in the making sends anything; its connection lives on."""
    project = await bare.project()
    async with Plugin(bare.hub) as plugin:
        heartbeats: list[Any] = [None, "text", ["list"], {"id": 1, "secret": {}}, ("two", "arguments")]
        for nonsense in heartbeats:
            await plugin.emit("heartbeat", nonsense)
        await plugin.show()
        await connected(bare)
        session = await start(bare, project)
        payloads: list[Any] = [None, "text", {"session": ["list"]}, {"session": None}]
        for nonsense in payloads:
            await plugin.emit("log", nonsense)
            await plugin.emit("response", nonsense)
        await plugin.emit("log", {"session": session, "msg": {"a": 1}, "level": None})
        await plugin.emit("response", {"session": session, "response": {"b": [2]}})
        await plugin.emit("response", {"session": session, "error": True})
        document = await finished(bare, session)
    assert [(line["level"], line["msg"]) for line in document["lines"]] == [("None", "{'a': 1}")]
    assert (document["state"], document["response"]) == ("ended", '{"b":[2]}')


async def test_the_latest_connection_gets_the_session_and_another_may_answer(bare: Api) -> None:
    """A plugin that came back has a new connection, and the old one may not yet be known to be dead."""
    project = await bare.project()
    async with Plugin(bare.hub) as old:
        await old.show()
        await connected(bare)
        async with Plugin(bare.hub) as new:
            await new.show()
            await connected(bare, 2)
            session = await start(bare, project)

            async def is_asked() -> bool:
                return [event["session"] for event in new.events] == [session]

            await until(is_asked)
            assert old.events == []
        document = await seen(bare, session, lambda document: not document["connected"])
        assert (document["state"], document["response"]) == ("running", None)
        assert "may come back" in document["reason"]
        await old.emit("response", {"response": "from the other", "session": session})
        document = await finished(bare, session)
        assert (document["response"], document["reason"]) == ("from the other", "")


async def test_a_page_of_another_site_cannot_connect(bare: Api) -> None:
    """Browsers name where a page is from, and connections from elsewhere are refused."""
    url = bare.hub.url + "/socket.io/?EIO=4&transport=websocket"
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await bare.session.ws_connect(url, origin="https://elsewhere.example")
    assert caught.value.status == 400


async def test_without_the_library_the_hub_says_what_to_install(bare: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """All else works as ever."""
    monkeypatch.setitem(sys.modules, "socketio", None)
    project = await bare.project()
    message = await bare.refused("POST", "/plugin/sessions", {"projectId": project}, status=409)
    assert "pip install 'prelabel[plugin]'" in message
    status, body, _ = await bare.call("GET", "/socket.io/", query={"EIO": "4", "transport": "websocket"})
    assert status == 501
    assert "pip install 'prelabel[plugin]'" in body["message"]
