"""Real HTTP servers on loopback that play a script, and an event loop whose time costs nothing."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

KEY = "very-secret-key"
Answer = "web.Response | Callable[[web.Request], Awaitable[web.StreamResponse]]"


@dataclass
class Seen:
    """A request as it arrived."""

    method: str
    raw_path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Script:
    """Answers to give, in order (the last one again and again), and what was asked."""

    answers: list[Any]
    url: str = ""
    seen: list[Seen] = field(default_factory=list)

    async def play(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        self.seen.append(
            Seen(request.method, request.raw_path, dict(request.query), dict(request.headers), await request.read())
        )
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return await answer(request) if callable(answer) else copy_of(answer)


def copy_of(answer: web.Response) -> web.Response:
    """A response may be sent once only."""
    return web.Response(
        status=answer.status,
        body=answer.body,
        headers={k: v for k, v in answer.headers.items() if k != "Content-Length"},
    )


def success(data: Any, status: int = 200) -> web.Response:
    """The Hub's envelope of a success."""
    return web.Response(status=status, body=orjson.dumps({"status": "success", "data": data}))


def failure(status: int, message: str, **headers: str) -> web.Response:
    """The Hub's envelope of a failure."""
    return web.Response(
        status=status,
        body=orjson.dumps({"status": "fail", "message": message}),
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


@asynccontextmanager
async def scripted(*answers: Any) -> AsyncIterator[Script]:
    """Run a server that plays these answers."""
    script = Script(list(answers))
    app = web.Application(client_max_size=2**30)
    app.router.add_route("*", "/{tail:.*}", script.play)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    script.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield script
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw_server(answer: bytes) -> AsyncIterator[str]:
    """Run a server that sends these bytes whatever it is asked, and hangs up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


class FreeTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer whenever nothing else is to be done. No network."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def time(self) -> float:
        """Seconds that have seemed to pass."""
        return self.now

    def _run_once(self) -> None:
        timers = [timer.when() for timer in self._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]
        if not self._ready and timers:  # type: ignore[attr-defined]
            # Time always moves, as it does elsewhere: who waits for less than it can tell apart would wait for ever.
            self.now = max(self.now + 1e-9, min(timers))
        super()._run_once()  # type: ignore[misc]
