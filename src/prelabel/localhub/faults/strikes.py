"""The faults of a plan, played: a middleware that stands between the checks of a request and its work.

Whether one strikes is decided when a request's head has arrived (for a body of unknown length: when it is in).
Resets and truncations are those of the real connection.
"""

from __future__ import annotations

import asyncio
import math
import os
import socket
import struct
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from http.client import responses
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from prelabel.localhub.context import HUB
from prelabel.localhub.envelope import Refusal, body_too_large, read_body, success, wrong_key
from prelabel.localhub.middleware import envelop_failures
from prelabel.localhub.store.labels import DroppedItems, dropped_items
from prelabel.localhub.words import API_PREFIX, FAULTS_PATH

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from prelabel.localhub.faults.fault import Fault, FaultKind
    from prelabel.localhub.faults.turns import Blow
    from prelabel.localhub.middleware import Handler

    Strike = Callable[["Blow", Handler, web.Request], Awaitable[web.StreamResponse]]

# Close at once, and with a reset: without it a socket that has nothing unread says a polite goodbye.
_NO_LINGER = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


@web.middleware
async def play_faults(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let the faults of the plan in force strike; without one, nothing happens."""
    player = request.app[HUB].player
    if player is None or request.path == FAULTS_PATH:
        return await handler(request)
    n_bytes = request.content_length or 0
    if player.minds_size and request.content_length is None and request.path.startswith(API_PREFIX):
        n_bytes = len(await read_body(request))
    for blow in reversed(player.blows(request.method, request.path, n_bytes)):
        handler = partial(_STRIKES[blow.fault.kind], blow, handler)
    return await handler(request)


async def _before_or_after(blow: Blow, handler: Handler, request: web.Request) -> None:
    """Take the body in, as a server does that fails later on; and do the work if the fault says so."""
    if blow.fault.work_done:
        await envelop_failures(request, handler)
    else:
        await read_body(request)


async def _too_many_requests(blow: Blow, handler: Handler, request: web.Request) -> web.StreamResponse:
    await _before_or_after(blow, handler, request)
    raise Refusal("Too many requests", status=429, headers=_retry_after(blow.fault))


async def _server_error(blow: Blow, handler: Handler, request: web.Request) -> web.StreamResponse:
    await _before_or_after(blow, handler, request)
    reason = responses.get(blow.status, "Server Error")
    raise Refusal(reason, status=blow.status, headers=_retry_after(blow.fault))


def _retry_after(fault: Fault) -> dict[str, str]:
    if fault.retry_after_s is None:
        return {}
    if fault.retry_after_form == "seconds":
        return {"Retry-After": f"{fault.retry_after_s:g}"}
    then = datetime.now(UTC) + timedelta(seconds=fault.retry_after_s)
    whole = datetime.fromtimestamp(math.ceil(then.timestamp()), UTC)
    return {"Retry-After": format_datetime(whole, usegmt=True)}


async def _unauthorized(blow: Blow, handler: Handler, request: web.Request) -> web.StreamResponse:
    await _before_or_after(blow, handler, request)
    raise wrong_key()


async def _body_too_large(blow: Blow, handler: Handler, request: web.Request) -> web.StreamResponse:
    await _before_or_after(blow, handler, request)
    raise body_too_large(blow.fault.max_bytes)


async def _latency(blow: Blow, handler: Handler, request: web.Request) -> web.StreamResponse:
    if not blow.fault.work_done:
        if request.path.startswith(API_PREFIX):
            # Or else the work of a client that loses patience would never be done, as aiohttp drops what it sent.
            await read_body(request)
        await asyncio.sleep(blow.wait_s)
        return await handler(request)
    answer = await envelop_failures(request, handler)
    await asyncio.sleep(blow.wait_s)
    return answer


async def _reset_before_body(_blow: Blow, _handler: Handler, request: web.Request) -> web.StreamResponse:
    return _reset(request)


async def _reset_after_body(_blow: Blow, _handler: Handler, request: web.Request) -> web.StreamResponse:
    await read_body(request)
    return _reset(request)


async def _answer_lost(_blow: Blow, handler: Handler, request: web.Request) -> web.StreamResponse:
    await envelop_failures(request, handler)
    return _reset(request)


def _reset(request: web.Request) -> web.StreamResponse:
    """Break the connection; the answer returned goes nowhere, which aiohttp takes for a caller that left."""
    transport = request.transport
    if transport is not None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        transport.abort()
    return web.Response()


async def _html_answer(blow: Blow, handler: Handler, request: web.Request) -> web.StreamResponse:
    await _before_or_after(blow, handler, request)
    title = "Please sign in" if blow.status < 400 else f"{blow.status} {responses.get(blow.status, 'Error')}"
    page = f"<html>\n<head><title>{title}</title></head>\n<body><center><h1>{title}</h1></center></body>\n</html>\n"
    return web.Response(text=page, status=blow.status, content_type="text/html")


async def _truncated_answer(blow: Blow, handler: Handler, request: web.Request) -> web.StreamResponse:
    whole = await envelop_failures(request, handler)
    body = _body_of(whole)
    if not body:
        return _reset(request)
    response = _head_of(whole, len(body))
    response.force_close()
    with suppress(ConnectionResetError):
        await response.prepare(request)
        await response.write(body[: min(math.floor(len(body) * blow.fault.sent_share), len(body) - 1)])
    if request.transport is not None:
        request.transport.close()
    return response


async def _slow_drip(blow: Blow, handler: Handler, request: web.Request) -> web.StreamResponse:
    whole = await envelop_failures(request, handler)
    body = _body_of(whole)
    if not body:
        return whole
    response = _head_of(whole, len(body))
    # A client that loses patience is what this fault is for: no failure of the hub.
    with suppress(ConnectionResetError):
        await response.prepare(request)
        for start in range(0, len(body), blow.fault.chunk_bytes):
            await asyncio.sleep(blow.wait_s)
            await response.write(body[start : start + blow.fault.chunk_bytes])
    return response


def _body_of(answer: web.StreamResponse) -> bytes:
    """The body where it is at hand; downloads, which are files, are not."""
    body = answer.body if isinstance(answer, web.Response) else None
    return body if isinstance(body, bytes) else b""


def _head_of(answer: web.StreamResponse, n_bytes: int) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_length = n_bytes
    return response


async def _dropped_items(blow: Blow, handler: Handler, request: web.Request) -> web.StreamResponse:
    # aiohttp gives each request a context of its own, so that this ends with it.
    dropped_items.set(DroppedItems(blow.fault.n_items, blow.fault.hidden))
    return await handler(request)


async def _understated_count(blow: Blow, handler: Handler, request: web.Request) -> web.StreamResponse:
    answer = await handler(request)
    if answer.status != 200:
        return answer
    n_written, rest = orjson.loads(_body_of(answer))["data"]["project"].split(" ", 1)
    return success({"project": f"{max(0, int(n_written) - blow.fault.n_items)} {rest}"})


_STRIKES: dict[FaultKind, Strike] = {
    "too_many_requests": _too_many_requests,
    "server_error": _server_error,
    "unauthorized": _unauthorized,
    "body_too_large": _body_too_large,
    "latency": _latency,
    "reset_before_body": _reset_before_body,
    "reset_after_body": _reset_after_body,
    "answer_lost": _answer_lost,
    "truncated_answer": _truncated_answer,
    "html_answer": _html_answer,
    "slow_drip": _slow_drip,
    "dropped_items": _dropped_items,
    "understated_count": _understated_count,
}
