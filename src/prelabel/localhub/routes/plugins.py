"""Routes plugins report to."""

from __future__ import annotations

from aiohttp import web

from prelabel.localhub.context import HUB
from prelabel.localhub.envelope import read_object, success

routes = web.RouteTableDef()


@routes.post("/v2/pluginLog")
async def plugin_log(request: web.Request) -> web.Response:
    """One log line of a plugin, in either of the forms that are about."""
    request.app[HUB].plugins.sessions.take_line(await read_object(request))
    return success({"response": {"logged": True}})


@routes.post("/v2/pluginResponse")
async def plugin_response(request: web.Request) -> web.Response:
    """A plugin's last word."""
    body = await read_object(request)
    request.app[HUB].plugins.sessions.take_answer(body)
    return success({"response": {"received": True, "taskId": body.get("taskId")}})
