"""Plugins that connect by Socket.IO: namespace ``/plugin``, authenticated by their heartbeats.

The library is an optional dependency, and is loaded when the first plugin knocks.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from prelabel.localhub.envelope import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from prelabel.localhub.plugin_sessions.sessions import PluginSession, Sessions
    from prelabel.localhub.settings import HubSettings

NAMESPACE = "/plugin"
NOT_INSTALLED = "plugins cannot connect to this hub, python-socketio is not installed: pip install 'prelabel[plugin]'"

HANG_UP_S = 1.0

logger = logging.getLogger(__name__)


class Connections:
    """The Socket.IO connections of one hub.

    A connection counts from its first right heartbeat to a wrong one or its end. A wrong one ends it, but only after a
    while: the vendor's runtime comes back at once, time and again.

    Args:
        settings: have the plugin's id and secret.
        sessions: hear what plugins say.
    """

    def __init__(self, settings: HubSettings, sessions: Sessions) -> None:
        self._expected = (settings.plugin_id.encode(), settings.plugin_secret.encode())
        self._sessions = sessions
        self._server: Any = None
        self._accepted: dict[str, None] = {}  # the latest last
        self._refused: set[str] = set()

    @property
    def n_accepted(self) -> int:
        """Connections that have shown the right id and secret."""
        return len(self._accepted)

    @property
    def n_refused(self) -> int:
        """Connections that have shown others."""
        return len(self._refused)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """All requests to ``/socket.io/``; a connection lasts as long as its request.

        Raises:
            Refusal: the library is not installed (501).
        """
        if self._server is None:
            self._server = self._new_server()
        answer: web.StreamResponse = await self._server.handle_request(request)
        return answer

    async def send(self, event: Mapping[str, Any], project: str) -> PluginSession | None:
        """Start a session on the connection that was accepted last: an older one may be dead and not yet known to be.

        Returns:
            The session, or None when nobody is connected.

        Raises:
            Refusal: nobody can be, as the library is not installed (409).
        """
        if find_spec("socketio") is None:
            raise Refusal(NOT_INSTALLED, status=409)
        connection = next(reversed(self._accepted), None)
        if connection is None:
            return None
        session = self._sessions.start(project, "WS", connection)
        await self._server.emit("plugin", {**event, "session": session.ident}, to=connection, namespace=NAMESPACE)
        return session

    async def close(self) -> None:
        """End all connections."""
        server, self._server = self._server, None
        if server is not None:
            for connection in list(server.eio.sockets.values()):
                await connection.close(wait=False)  # one that is just closing by itself would be waited for in vain
            await server.shutdown()

    def _new_server(self) -> Any:
        try:
            import socketio  # noqa: PLC0415 - an optional dependency
        except ImportError as error:
            raise Refusal(NOT_INSTALLED, status=501) from error
        # The size of messages is left at the library's 1,000,000 bytes, which is the real server's too. Handlers do not
        # wait, so they may run one after the other: lines stay in order.
        server = socketio.AsyncServer(async_mode="aiohttp", async_handlers=False, transports=["websocket"])
        for handler in (self.heartbeat, self.log, self.response, self.disconnect):
            server.on(handler.__name__, handler, namespace=NAMESPACE)
        return server

    async def heartbeat(self, connection: str, payload: Any = None, *_more: Any) -> None:
        """The plugin shows its id and secret, on connecting and every minute."""
        given = payload if isinstance(payload, dict) else {}
        shown = [str(given.get(key, "")).encode("utf-8", "surrogatepass") for key in ("id", "secret")]
        matches = [hmac.compare_digest(*pair) for pair in zip(shown, self._expected, strict=True)]
        if all(matches) and all(self._expected):
            self._refused.discard(connection)
            self._accepted.setdefault(connection)
        else:
            self._accepted.pop(connection, None)
            if connection not in self._refused:
                self._refused.add(connection)
                logger.warning("a plugin with another id or secret has connected; it is not listened to")
                asyncio.get_running_loop().call_later(HANG_UP_S, self._hang_up, connection)

    def _hang_up(self, connection: str) -> None:
        if connection in self._refused and self._server is not None:
            self._server.start_background_task(self._server.disconnect, connection, namespace=NAMESPACE)

    async def log(self, connection: str, payload: Any = None, *_more: Any) -> None:
        """A line of a plugin's log."""
        if connection in self._accepted and isinstance(payload, dict):
            self._sessions.take_line(payload, connection)

    async def response(self, connection: str, payload: Any = None, *_more: Any) -> None:
        """A plugin's answer."""
        if connection in self._accepted and isinstance(payload, dict):
            self._sessions.take_answer(payload, connection)

    async def disconnect(self, connection: str, *_reason: Any) -> None:
        """A connection has closed."""
        self._accepted.pop(connection, None)
        self._refused.discard(connection)
        self._sessions.lose(connection)
