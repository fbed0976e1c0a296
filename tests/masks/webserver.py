"""Real web servers on loopback, with and without TLS, and masks fetched from them."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import trustme
from aiohttp import web

from prelabel.masks.references import without_secrets
from prelabel.masks.sources.access import Access, Limits
from prelabel.masks.sources.byte_budget import HeldBytes
from prelabel.masks.sources.web import WebMasks
from prelabel.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

QUICK = RetryPolicy(max_attempts=3, first_wait_s=0.001, max_wait_s=0.001, max_retry_after_s=5)


@dataclass
class WebServer:
    """A running server, and the requests it has seen."""

    url: str = ""
    port: int = 0
    seen: list[web.Request] = field(default_factory=list)


@asynccontextmanager
async def serving(handler: Handler, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[WebServer]:
    """Run a server on 127.0.0.1 that answers every GET by a handler."""
    server = WebServer()

    async def answer(request: web.Request) -> web.StreamResponse:
        server.seen.append(request)
        return await handler(request)

    app = web.Application()
    app.router.add_get("/{tail:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    server.port = runner.addresses[0][1]
    server.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.port}"
    try:
        yield server
    finally:
        await runner.cleanup()


def saying(body: bytes = b"mask", status: int = 200, **headers: str) -> Handler:
    """A handler that always says the same."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(
            body=body, status=status, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )

    return answer


def endless(chunk: bytes, wait_s: float = 0.0, **headers: str) -> Handler:
    """A handler whose answer never ends."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={name.replace("_", "-"): v for name, v in headers.items()})
        await response.prepare(request)
        while True:
            await response.write(chunk)
            await asyncio.sleep(wait_s)

    return answer


def redirecting(location: str, status: int = 302) -> Handler:
    """A handler that sends whoever asks elsewhere, unless the path is /mask.png."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/mask.png":
            return web.Response(body=b"mask")
        return web.Response(status=status, headers={"Location": location})

    return answer


def tls_for(folder: Path, *hosts: str) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS for these hosts, by an authority of its own, and the file of that authority."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*hosts).configure_cert(context)
    path = folder / "authority.pem"
    authority.cert_pem.write_to_path(path)
    return context, path


async def fetch(url: str, access: Access | None = None, *, policy: RetryPolicy = QUICK, **limits: Any) -> bytes:
    """Fetch one mask with a fetcher of its own."""
    masks = WebMasks(access or Access(), Limits(**{"stall_s": 5.0, **limits}), policy=policy)
    held = HeldBytes(1 << 30)
    try:
        with held.hold(1) as hold:
            content = await masks.fetch(url, without_secrets(url), hold)
            assert held.n_bytes == len(content)
        assert held.n_bytes == 0
        return content
    finally:
        await masks.close()
