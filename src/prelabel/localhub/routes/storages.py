"""Routes of storages, and of what is in their buckets."""

from __future__ import annotations

import asyncio

from aiohttp import web

from prelabel.localhub.context import HUB
from prelabel.localhub.envelope import Refusal, flag_of, page_of, read_object, success
from prelabel.localhub.routes.files import url_on_hub
from prelabel.localhub.store import storages
from prelabel.localhub.store.files import listing_answer

routes = web.RouteTableDef()


@routes.get("/v2/storages")
async def list_storages(request: web.Request) -> web.Response:
    """One page of storages."""
    hub, query = request.app[HUB], request.query
    page = page_of(query, hub.settings.page_cap)
    listed = await hub.store.read(storages.list_storages, page, query.get("_id", ""))
    if not hub.settings.tells_bucket:
        for storage in listed["storages"]:
            storage.pop("bucket", None)
    return success(listed)


@routes.post("/v2/storages")
@routes.post("/v2/storages/")
async def create_storage(request: web.Request) -> web.Response:
    """A new storage."""
    body = await read_object(request)
    return success({"storage": await request.app[HUB].store.write(storages.create_storage, body)}, status=201)


@routes.delete("/v2/storages/{storage}")
async def delete_storage(request: web.Request) -> web.Response:
    """Remove a storage."""
    write = request.app[HUB].store.write
    return success({"storage": await write(storages.delete_storage, request.match_info["storage"])})


@routes.get("/v2/storages/{storage}/files")
async def list_files(request: web.Request) -> web.Response:
    """Every file under a folder of a bucket, with signed URLs if asked."""
    hub, query = request.app[HUB], request.query
    await hub.store.read(storages.load_storage, request.match_info["storage"])
    bucket = query.get("bucketName", "")
    if not bucket:
        raise Refusal("bucketName is missing")
    folder = query.get("path", "")
    files = await asyncio.to_thread(hub.shelf.listing, bucket, folder)
    if flag_of(query, "getSignedUrls", default=False):
        for file in files:
            path = f"/buckets/{bucket}/{file['key']}"
            file["signedUrl"] = url_on_hub(request, hub.shelf.signed("GET", path, hub.settings.url_lifetime_s))
    return success(listing_answer(files, folder, hub.settings.listing_form))
