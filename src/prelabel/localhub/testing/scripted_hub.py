"""A server that gives the answers it was told to give, and keeps the requests."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from prelabel.localhub.serving import Server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from typing import Self

    Answer = web.Response | Callable[[web.Request], Awaitable[web.StreamResponse]]

_MAX_BODY_BYTES = 2**30


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request as it arrived.

    Attributes:
        method: in capitals.
        raw_path: path and query as they were sent, still percent-encoded.
        query: its parameters, decoded; of one that is repeated the last.
        headers: as they were sent.
        body: all of it.
    """

    method: str
    raw_path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class ScriptedHub(Server):
    """Plays one answer after the other, whatever it is asked, and the last again and again.

    Args:
        answers: made by :func:`success` and :func:`failure`, or any ``aiohttp.web.Response``, or ``async`` functions
            from a request to a response.

    Attributes:
        url: where it listens, once it has been started.
        api_key: a key to send; it is not checked.
        requests: what it was asked, in order.
    """

    api_key = "a-key-for-a-scripted-hub"

    def __init__(self, *answers: Answer) -> None:
        if not answers:
            raise ValueError("a scripted hub needs an answer to give")
        self.url = ""
        self.requests: list[SentRequest] = []
        self._answers = list(answers)
        self._stack = AsyncExitStack()

    async def start(self) -> Self:
        """Listen on a free port of this machine."""
        app = web.Application(client_max_size=_MAX_BODY_BYTES)
        app.router.add_route("*", "/{tail:.*}", self._answer)
        # Who tests timeouts leaves requests hanging: waiting for those would only take time.
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return self

    async def stop(self) -> None:
        """Listen no more."""
        await self._stack.aclose()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = request.headers.copy()
        self.requests.append(SentRequest(request.method, request.raw_path, dict(request.query), headers, body))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return await answer(request) if callable(answer) else _copy_of(answer)


def _copy_of(answer: web.Response) -> web.Response:
    """A response of aiohttp's may be sent once only."""
    headers = {name: value for name, value in answer.headers.items() if name != "Content-Length"}
    return web.Response(status=answer.status, body=answer.body, headers=headers)
