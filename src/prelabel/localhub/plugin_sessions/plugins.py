"""The plugin of a hub: the two ways to it, and its sessions."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from prelabel.localhub.envelope import Refusal
from prelabel.localhub.plugin_sessions.connections import Connections
from prelabel.localhub.plugin_sessions.rest_calls import RestCalls
from prelabel.localhub.plugin_sessions.sessions import Sessions

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Mapping

    from prelabel.localhub.plugin_sessions.sessions import PluginSession
    from prelabel.localhub.settings import HubSettings

SECRET_FILE = "plugin_secret"  # noqa: S105 - a file's name in the store, where the command puts the secret


class Plugins:
    """The plugin of one hub.

    Args:
        settings: have its id, its secret and, if it is a REST server, its address.
        heard: gets all that plugins say.

    Attributes:
        sessions: what it did and does.
        connections: plugins that have connected by Socket.IO.
    """

    def __init__(self, settings: HubSettings, heard: deque[dict[str, Any]]) -> None:
        self._settings = settings
        self.sessions = Sessions(heard)
        self.connections = Connections(settings, self.sessions)
        self._rest_calls = RestCalls(settings, self.sessions)

    async def start(self, event: Mapping[str, Any], project: str, command: str) -> PluginSession:
        """Start a session.

        Args:
            event: what the plugin is sent, but for the session's id.
            project: id of the project it runs on.
            command: what starts a plugin, for the message when there is none.

        Raises:
            Refusal: no plugin is connected (409).
        """
        if self._settings.plugin_url:
            return self._rest_calls.send(event, project)
        session = await self.connections.send(event, project)
        if session is None:
            other = "one with another id or secret is connected; " if self.connections.n_refused else ""
            raise Refusal(f"the plugin is not connected: {other}start it with: {command}", status=409)
        return session

    async def close(self) -> None:
        """End connections and calls."""
        await self.connections.close()
        await self._rest_calls.close()


def start_command(url: str, settings: HubSettings, secret_file: str) -> str:
    """The shell's line that starts ``prelabel plugin`` for a hub.

    Args:
        url: where the hub listens.
        settings: have the plugin's id and, if it is to be a REST server, its address.
        secret_file: the file that holds the secret.
    """
    variables = {"ANGO_PLUGIN_ID": settings.plugin_id, "ANGO_PLUGIN_SECRET_FILE": secret_file, "ANGO_HOST": url}
    if settings.plugin_url:
        variables |= {"CONNECTOR": "REST", "PORT": str(urlsplit(settings.plugin_url).port or 80)}
    environment = " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
    return f"{environment} prelabel plugin --state ./plugin-state"
