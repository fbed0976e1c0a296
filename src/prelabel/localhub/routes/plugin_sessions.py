"""Routes of plugin sessions: this hub's own, as the real one has a page for them and no API."""

from __future__ import annotations

import asyncio

from aiohttp import web

from prelabel.localhub.context import HUB
from prelabel.localhub.envelope import Refusal, read_object, success
from prelabel.localhub.plugin_sessions.event import event_of
from prelabel.localhub.plugin_sessions.plugins import SECRET_FILE, start_command
from prelabel.localhub.store import projects
from prelabel.localhub.words import PLUGIN_PATH

routes = web.RouteTableDef()


@routes.get(PLUGIN_PATH)
async def show_plugin(request: web.Request) -> web.Response:
    """The plugin: whether it is connected, how to start it, its sessions."""
    hub = request.app[HUB]
    connections = hub.plugins.connections
    return success(
        {
            "id": hub.settings.plugin_id,
            "url": hub.settings.plugin_url,
            "n_connected": connections.n_accepted,
            "n_refused": connections.n_refused,
            "command": await _command(request),
            "sessions": [session.summary for session in hub.plugins.sessions.newest_first],
        }
    )


@routes.post(f"{PLUGIN_PATH}/sessions")
async def start_session(request: web.Request) -> web.Response:
    """Run the plugin on a project."""
    hub, body = request.app[HUB], await read_object(request)
    project_id = body.get("projectId")
    if not isinstance(project_id, str):
        raise Refusal("projectId must be a text")
    project = await hub.store.read(projects.load_project, project_id)
    event = event_of(body, project, hub.settings.api_key)
    session = await hub.plugins.start(event, project_id, await _command(request))
    return success({"session": session.ident}, status=201)


@routes.get(f"{PLUGIN_PATH}/sessions/{{session}}")
async def show_session(request: web.Request) -> web.Response:
    """One session; ``after`` leaves out its first lines, for those who have them."""
    after = request.query.get("after", "0")
    if not (after.isascii() and after.isdigit() and len(after) <= 10):
        raise Refusal(f"after must be a whole number, not {after[:40]!r}")
    session = request.app[HUB].plugins.sessions.find(request.match_info["session"])
    return success(session.document(int(after)))


@routes.get("/socket.io/")
async def connect(request: web.Request) -> web.StreamResponse:
    """Where plugins connect."""
    return await request.app[HUB].plugins.connections.handle(request)


async def _command(request: web.Request) -> str:
    hub = request.app[HUB]
    secret_file = hub.shelf.folder / SECRET_FILE
    is_there = await asyncio.to_thread(secret_file.is_file)
    return start_command(str(request.url.origin()), hub.settings, str(secret_file) if is_there else "FILE")
