"""Routes of exports: making one, and its zip file."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from prelabel.localhub.context import HUB
from prelabel.localhub.envelope import success
from prelabel.localhub.routes.files import sent_file, url_on_hub
from prelabel.localhub.store import export
from prelabel.localhub.store.files import EXPORT_LIFETIME_S

if TYPE_CHECKING:
    from pathlib import Path

    from prelabel.localhub.context import HubContext

routes = web.RouteTableDef()


@routes.get("/v2/export")
async def export_project(request: web.Request) -> web.Response:
    """Export a project's tasks and say where the zip file is."""
    hub = request.app[HUB]
    order = export.order_of(request.query)
    path = await _export(hub, order)
    return success(
        {"exportPath": url_on_hub(request, hub.shelf.signed("GET", f"/exports/{path.name}", EXPORT_LIFETIME_S))}
    )


async def _export(hub: HubContext, order: export.ExportOrder) -> Path:
    records = await hub.store.read(export.export_records, order)
    path = await asyncio.to_thread(hub.shelf.new_export, order.project_id)
    await asyncio.to_thread(export.write_zip, path, order.project_id, records, as_lines=order.as_lines)
    return path


@routes.get("/exports/{name}")
async def get_export(request: web.Request) -> web.StreamResponse:
    """An export's zip file."""
    shelf = request.app[HUB].shelf
    shelf.check_token("GET", request.path, request.query)
    return await sent_file(shelf.export_path(request.match_info["name"]))
