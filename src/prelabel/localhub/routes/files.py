"""Routes of files: uploads, objects of buckets, and the signed URLs that open them."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from aiohttp import web

from prelabel.localhub.context import HUB
from prelabel.localhub.envelope import Refusal, no_such_file, success
from prelabel.localhub.store import projects, storages
from prelabel.localhub.store.files import FILE_KINDS, bucket_and_key, safe_name

if TYPE_CHECKING:
    from pathlib import Path

routes = web.RouteTableDef()

# An uploaded page must never run as ours: it would find the key in the viewer's address.
_INERT = {"Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff"}


@routes.get("/v2/getUploadUrl")
async def upload_url(request: web.Request) -> web.Response:
    """A URL that takes the bytes of one file by PUT, without the key."""
    hub, query = request.app[HUB], request.query
    name, kind = query.get("name", ""), query.get("type") or "assets"
    if not name or kind not in FILE_KINDS:
        raise Refusal(f"name is needed, and type must be one of {', '.join(FILE_KINDS)}")
    project = await hub.store.read(projects.load_project, query.get("project", ""))
    path = f"/files/{project['_id']}/{kind}/{safe_name(name)}"
    signed = hub.shelf.signed("PUT", path, hub.settings.url_lifetime_s)
    return success({"uploadUrl": url_on_hub(request, signed)}, status=201)


@routes.get("/v2/getSignedUrl")
async def signed_url(request: web.Request) -> web.Response:
    """A URL that gives one file by GET, without the key, for a while."""
    hub, query = request.app[HUB], request.query
    wanted = query.get("name") or query.get("url") or ""
    storage_id = query.get("storageId", "")
    bucket = (await hub.store.read(storages.load_storage, storage_id)).get("bucket", "") if storage_id else ""
    path = _served_path(request, wanted, bucket)
    signed = hub.shelf.signed("GET", path, hub.settings.url_lifetime_s)
    return success({"signedUrl": url_on_hub(request, signed)}, status=201)


def _served_path(request: web.Request, wanted: str, bucket: str) -> str:
    parts = urlsplit(wanted)
    if f"{parts.scheme}://{parts.netloc}" == str(request.url.origin()):
        return unquote(parts.path)
    found = bucket_and_key(wanted)
    if found is None and bucket and wanted and not parts.scheme:
        found = bucket, wanted.lstrip("/")
    if found is None:
        raise Refusal(f"cannot sign {wanted[:200]!r}: it names no object of a bucket and no file of this hub")
    return f"/buckets/{found[0]}/{found[1]}"


@routes.put("/files/{project}/{kind}/{name}")
async def put_file(request: web.Request) -> web.Response:
    """Take an upload; it appears under its name when it is whole."""
    hub, parts = request.app[HUB], request.match_info
    hub.shelf.check_token("PUT", request.path, request.query)
    path = hub.shelf.upload_path(parts["project"], parts["kind"], parts["name"])
    await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
    await _receive(request, path, hub.settings.max_body_bytes)
    return web.Response()


async def _receive(request: web.Request, path: Path, max_bytes: int) -> None:
    part, n_bytes = path.parent / f".{secrets.token_hex(8)}.part", 0
    try:
        with await asyncio.to_thread(part.open, "wb") as file:
            async for chunk in request.content.iter_chunked(2**20):
                n_bytes += len(chunk)
                if n_bytes > max_bytes:
                    raise web.HTTPRequestEntityTooLarge(max_size=max_bytes, actual_size=n_bytes)
                await asyncio.to_thread(file.write, chunk)
        await asyncio.to_thread(part.replace, path)
    finally:
        await asyncio.to_thread(part.unlink, missing_ok=True)


@routes.get("/files/{project}/{kind}/{name}")
async def get_file(request: web.Request) -> web.StreamResponse:
    """An upload; its name is the secret, as assets are shown without the key."""
    parts = request.match_info
    path = request.app[HUB].shelf.upload_path(parts["project"], parts["kind"], parts["name"])
    return await sent_file(path)


@routes.get("/buckets/{bucket}/{key:.+}")
async def get_object(request: web.Request) -> web.StreamResponse:
    """An object of a bucket."""
    shelf, parts = request.app[HUB].shelf, request.match_info
    shelf.check_token("GET", request.path, request.query)
    return await sent_file(await asyncio.to_thread(shelf.bucket_path, parts["bucket"], parts["key"]))


async def sent_file(path: Path) -> web.FileResponse:
    """A file of the shelf as an answer.

    Raises:
        Refusal: it is not there (404).
    """
    if not await asyncio.to_thread(path.is_file):
        raise no_such_file()
    return web.FileResponse(path, headers=_INERT)


def url_on_hub(request: web.Request, path_and_query: str) -> str:
    """The URL of a path on this hub, under the name the caller knows it by."""
    return f"{request.url.origin()}{path_and_query}"
