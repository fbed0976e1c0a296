"""Routes of tasks and labels."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiohttp import web

from prelabel.localhub.context import HUB
from prelabel.localhub.envelope import flag_of, list_param, object_param, page_of, read_object, success
from prelabel.localhub.store import labels, projects, tasks
from prelabel.localhub.store.sorting import TASK_ORDER, order_by
from prelabel.localhub.words import IMPORT_PATH

if TYPE_CHECKING:
    from collections.abc import Mapping

routes = web.RouteTableDef()


@routes.get("/v2/project/{project}/tasks")
async def list_tasks(request: web.Request) -> web.Response:
    """One page of a project's tasks, filtered as the SDK (``filter``) or the API pages (``filters``) have it."""
    hub, query = request.app[HUB], request.query
    fields = frozenset(list_param(query, "fields"))
    with_answer = flag_of(query, "includeAnswer", default=False)
    view = tasks.TaskView(hub.settings.asset_form, with_answer, fields)
    page, order = page_of(query, hub.settings.page_cap), order_by(query.get("sort", ""), TASK_ORDER)
    project_id = request.match_info["project"]
    return success(await hub.store.read(tasks.list_tasks, project_id, _filters(query), page, order, view))


def _filters(query: Mapping[str, str]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = [object_param(query, "filter"), object_param(query, "filters")]
    # The parameters older clients send, one for each field.
    found += [
        {name: {"$in": wanted}} for name in ("stage", "batches", "assignee") if (wanted := list_param(query, name))
    ]
    found += [{"status": {"$eq": query[name]}} for name in ("status", "status[eq]") if query.get(name)]
    return found


@routes.get("/v2/task/{task}")
async def show_task(request: web.Request) -> web.Response:
    """One task; its answer is always there, whatever ``includeAnswer`` says, as the SDK relies on."""
    hub = request.app[HUB]
    return success({"task": await hub.store.read(tasks.show_task, request.match_info["task"], hub.settings.asset_form)})


@routes.post("/v2/annotate/{task}")
async def annotate(request: web.Request) -> web.Response:
    """Replace a task's answer."""
    hub, body = request.app[HUB], await read_object(request)
    next_stage = flag_of(request.query, "nextStage", default=False)
    form, task_id = hub.settings.asset_form, request.match_info["task"]
    label = await hub.store.write(tasks.annotate, task_id, body, next_stage=next_stage, asset_form=form)
    return success({"label": label})


@routes.post("/v2/project/{project}/requeueTasks")
async def requeue(request: web.Request) -> web.Response:
    """Put tasks into a stage."""
    body = await read_object(request)
    count = await request.app[HUB].store.write(tasks.requeue, request.match_info["project"], body)
    return success({"modifiedCount": count})


@routes.post(IMPORT_PATH)
async def import_labels(request: web.Request) -> web.Response:
    """Write labels to the tasks of the named assets; all items or, if one cannot be read, none."""
    hub, body = request.app[HUB], await read_object(request)
    project_id = str(body.get("project", ""))
    project = await hub.store.read(projects.load_project, project_id)
    items = await asyncio.to_thread(labels.read_items, body, project["categorySchema"])
    dropped = labels.dropped_items.get()
    return success({"project": await hub.store.write(labels.write_items, project_id, items, hub.settings, dropped)})
