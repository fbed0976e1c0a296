"""Calls of a plugin that runs as a REST server: one request a session, held open until the plugin answers."""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prelabel.localhub.plugin_sessions.sessions import PluginSession, Sessions
    from prelabel.localhub.settings import HubSettings

_REASONS = {
    401: "the plugin refused the secret: it was started with another one",
    500: "the plugin's work failed: its log has the error",
}


class RestCalls:
    """The calls under way.

    Args:
        settings: have the plugin's address, its secret and how long it may take.
        sessions: keep what becomes of each.
    """

    def __init__(self, settings: HubSettings, sessions: Sessions) -> None:
        self._settings = settings
        self._sessions = sessions
        self._calls: set[asyncio.Task[None]] = set()

    def send(self, event: Mapping[str, Any], project: str) -> PluginSession:
        """Start a session; what becomes of it is seen in the session."""
        session = self._sessions.start(project, "REST")
        call = asyncio.create_task(self._call(session, {**event, "session": session.ident}))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        return session

    async def close(self) -> None:
        """Wait for no answer any more."""
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def _call(self, session: PluginSession, event: Mapping[str, Any]) -> None:
        settings = self._settings
        try:
            answer = await self._answer(event)
        except TimeoutError:
            session.fail(f"the plugin gave no answer within {settings.plugin_timeout_s:g} s, and was cut off")
        except (aiohttp.ClientError, OSError) as error:
            session.fail(f"cannot reach the plugin at {settings.plugin_url}: {error or type(error).__name__}")
        else:
            if isinstance(answer, str):
                session.fail(answer)
            elif answer.get("error"):
                session.fail(_REASONS[500])
            else:
                session.end(answer.get("response"))

    async def _answer(self, event: Mapping[str, Any]) -> dict[str, Any] | str:
        """The plugin's answer, or why there is none. What else a plugin sends is not shown: it may hold the key."""
        url = f"{self._settings.plugin_url.rstrip('/')}/plugin"
        headers = {"Secret": self._settings.plugin_secret, "Content-Type": "application/json"}
        body_sent = BytesIO(orjson.dumps(event))  # a file: bytes that are many would be sent without a pause
        timeout = aiohttp.ClientTimeout(total=self._settings.plugin_timeout_s)
        async with (
            aiohttp.ClientSession(timeout=timeout) as client,
            client.post(url, data=body_sent, headers=headers, allow_redirects=False) as response,
        ):
            if response.status != 200:
                return _REASONS.get(response.status, f"the plugin answered with HTTP {response.status}")
            body = await response.read()
        try:
            answer = orjson.loads(body)
        except orjson.JSONDecodeError:
            return "the plugin's answer is not JSON"
        if not isinstance(answer, dict) or "response" not in answer:
            return "the plugin's answer is no object with a response"
        if answer.get("session") != event["session"]:
            return "the plugin answered another session"
        return answer
