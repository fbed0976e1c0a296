"""Routes of projects and their batches."""

from __future__ import annotations

from aiohttp import web

from prelabel.localhub.context import HUB
from prelabel.localhub.envelope import Refusal, page_of, read_object, success, text_list
from prelabel.localhub.store import projects
from prelabel.localhub.store.sorting import PROJECT_ORDER, order_by

routes = web.RouteTableDef()


@routes.get("/v2/listProjects")
async def list_projects(request: web.Request) -> web.Response:
    """One page of projects, short form."""
    hub = request.app[HUB]
    page = page_of(request.query, hub.settings.page_cap)
    order = order_by(request.query.get("sort", ""), PROJECT_ORDER)
    return success(await hub.store.read(projects.list_projects, page, order))


@routes.post("/v2/project")
async def create_project(request: web.Request) -> web.Response:
    """A new project with the default workflow."""
    body = await read_object(request)
    return success({"project": await request.app[HUB].store.write(projects.create_project, body)}, status=201)


@routes.get("/v2/project/{project}")
async def show_project(request: web.Request) -> web.Response:
    """A whole project."""
    store = request.app[HUB].store
    return success({"project": await store.read(projects.show_project, request.match_info["project"])})


@routes.post("/v2/project/{project}")
async def update_project(request: web.Request) -> web.Response:
    """Change some keys of a project: its category schema, its stages, ..."""
    body, store = await read_object(request), request.app[HUB].store
    return success({"project": await store.write(projects.update_project, request.match_info["project"], body)})


@routes.delete("/v2/project/{project}")
async def delete_project(request: web.Request) -> web.Response:
    """Remove a project with everything in it."""
    project_id = request.match_info["project"]
    await request.app[HUB].store.write(projects.delete_project, project_id)
    return success({"project": {"_id": project_id}})


@routes.post("/v2/batches/{project}")
async def create_batches(request: web.Request) -> web.Response:
    """One batch (``name``; it is returned) or several (``batches``; the project is returned)."""
    body, store = await read_object(request), request.app[HUB].store
    is_list = "batches" in body
    given = body["batches"] if is_list else [{"name": body.get("name")}]
    if not isinstance(given, list) or not all(isinstance(batch, dict) and batch.get("name") for batch in given):
        raise Refusal("batches must be a list of objects with a name")
    names = text_list([batch["name"] for batch in given], "the names of batches")
    project = await store.write(projects.add_batches, request.match_info["project"], names)
    created = next((batch for batch in project["batches"] if batch["name"] == names[0]), None) if names else None
    return success({"project": project if is_list or created is None else created})
