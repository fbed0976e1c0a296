"""Routes of assets."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from prelabel.localhub.context import HUB
from prelabel.localhub.envelope import Refusal, list_param, object_param, page_of, read_object, success, text_list
from prelabel.localhub.store import assets
from prelabel.localhub.store.sorting import ASSET_ORDER, order_by

routes = web.RouteTableDef()


@routes.get("/v2/project/{project}/assets")
async def list_assets(request: web.Request) -> web.Response:
    """One page of a project's assets. Older clients send ``_id`` and ``externalId`` as parameters of their own."""
    hub, query = request.app[HUB], request.query
    wanted: dict[str, Any] = {key: query[key] for key in ("_id", "externalId") if query.get(key)}
    wanted |= object_param(query, "filters")
    page, order = page_of(query, hub.settings.page_cap), order_by(query.get("sort", ""), ASSET_ORDER)
    return success(await hub.store.read(assets.list_assets, request.match_info["project"], wanted, page, order))


@routes.post("/v2/project/{project}/cloud")
async def create_assets(request: web.Request) -> web.Response:
    """Add assets by URL, each with one task."""
    body = await read_object(request)
    given, priority = body.get("assets"), body.get("priority", 0)
    if not isinstance(given, list):
        raise Refusal("the body needs assets: a list of objects with data and externalId")
    if type(priority) is not int or not -1000 <= priority <= 1000:
        raise Refusal("priority must be a whole number from -1000 to 1000")
    batches = list_param(request.query, "batches")
    write = request.app[HUB].store.write
    counts = await write(assets.create_assets, request.match_info["project"], given, batches, priority)
    return success({"assets": counts}, status=201)


@routes.delete("/v2/project/{project}/assets")
async def delete_assets(request: web.Request) -> web.Response:
    """Remove assets and their tasks."""
    body = await read_object(request)
    ids = text_list(body.get("assets"), "assets")
    count = await request.app[HUB].store.write(assets.delete_assets, request.match_info["project"], ids)
    return success({"deletedCount": count})


@routes.post("/v2/assignBatches")
async def assign_batches(request: web.Request) -> web.Response:
    """Put assets into batches."""
    body = await read_object(request)
    ids, batches = text_list(body.get("assets"), "assets"), text_list(body.get("batches"), "batches")
    write = request.app[HUB].store.write
    return success({"assets": await write(assets.assign_batches, str(body.get("projectId", "")), ids, batches)})
