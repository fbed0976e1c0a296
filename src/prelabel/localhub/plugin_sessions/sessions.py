"""The record of plugin sessions: what a plugin logged in each, and how it ended. In memory: it ends with the hub."""

from __future__ import annotations

import logging
import secrets
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from prelabel.localhub.envelope import Refusal, json_text, now_text

if TYPE_CHECKING:
    from collections.abc import Mapping

State = Literal["running", "ended", "failed"]
Way = Literal["WS", "REST"]

KEPT_SESSIONS = 100
KEPT_LINES = 2000
MAX_LINE_CHARS = 10_000

CALLBACK_FAILED = "the plugin says that it failed: its log has the error"
CONNECTION_CLOSED = (
    "the plugin's connection closed before it answered: it may come back and answer, else run it again. Answers of "
    "more than 1,000,000 bytes close it too, and tables of many megabytes may; they are lost"
)

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class PluginSession:
    """One run of a plugin.

    Attributes:
        ident: its id, which the plugin sends back with all it says.
        project: id of the project it runs on.
        via: how the plugin was called: over its Socket.IO connection, or by a request to its REST server.
        connection: the Socket.IO connection the plugin last spoke on, empty once that has closed.
        state: ``"running"`` until the plugin has answered, in ``"failed"`` or ``"ended"``, which are final.
        response: what it answered; None for nothing.
        reason: why it failed, or why it may not end.
        n_lines: lines logged so far, those included that are kept no longer.
        lines: the latest, each with its ``time`` here, ``level`` and ``msg``.
    """

    ident: str
    project: str
    via: Way
    connection: str = ""
    state: State = "running"
    response: str | None = None
    reason: str = ""
    n_lines: int = 0
    lines: deque[dict[str, str]] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))

    @property
    def summary(self) -> dict[str, Any]:
        """What a list of sessions shows."""
        return {"session": self.ident, "project": self.project, "state": self.state, "via": self.via}

    def document(self, after: int = 0) -> dict[str, Any]:
        """All there is to show, without the first ``after`` lines."""
        n_new = min(max(0, self.n_lines - after), len(self.lines))
        return {
            **self.summary,
            "lines": list(self.lines)[len(self.lines) - n_new :],
            "n_lines": self.n_lines,
            "response": self.response,
            "reason": self.reason,
            "connected": self.via == "REST" or bool(self.connection),
        }

    def add_line(self, payload: Mapping[str, Any]) -> None:
        """Keep a line the plugin logged, in either of the forms that are about."""
        message = str(payload.get("msg", payload.get("message", "")))[:MAX_LINE_CHARS]
        self.lines.append({"time": now_text(), "level": str(payload.get("level", "INFO"))[:40], "msg": message})
        self.n_lines += 1

    def end(self, response: Any) -> None:
        """The plugin has answered; what it says after its first answer changes nothing."""
        if self.state == "running":
            is_text = response is None or isinstance(response, str)
            self.state, self.response, self.reason = "ended", response if is_text else json_text(response), ""

    def fail(self, reason: str) -> None:
        """It will not answer."""
        if self.state == "running":
            self.state, self.reason = "failed", reason


class Sessions:
    """The sessions of one hub, the latest hundred.

    Args:
        heard: gets all that plugins say, also outside any session.
    """

    def __init__(self, heard: deque[dict[str, Any]]) -> None:
        self._heard = heard
        self._sessions: dict[str, PluginSession] = {}

    @property
    def newest_first(self) -> list[PluginSession]:
        """All that are kept."""
        return list(reversed(self._sessions.values()))

    def start(self, project: str, via: Way, connection: str = "") -> PluginSession:
        """A new session; the oldest makes room, of those that are over if there are any."""
        while len(self._sessions) >= KEPT_SESSIONS:
            over = (ident for ident, each in self._sessions.items() if each.state != "running")
            del self._sessions[next(over, next(iter(self._sessions)))]
        session = PluginSession(secrets.token_hex(12), project, via, connection)
        self._sessions[session.ident] = session
        return session

    def find(self, ident: str) -> PluginSession:
        """The session with this id.

        Raises:
            Refusal: there is none (404).
        """
        if ident not in self._sessions:
            kept = "sessions are kept in memory, the latest hundred of a hub that runs"
            raise Refusal(f"no such session: {ident[:80]}; {kept}", status=404)
        return self._sessions[ident]

    def take_line(self, payload: dict[str, Any], connection: str = "") -> None:
        """A plugin has logged a line, over this connection if over any."""
        self._heard.append(payload)
        session = self._spoken_of(payload, connection)
        if session is not None:
            session.add_line(payload)

    def take_answer(self, payload: dict[str, Any], connection: str = "") -> None:
        """A plugin has answered, over this connection if over any: not always the one it was called on."""
        self._heard.append(payload)
        session = self._spoken_of(payload, connection)
        if session is None:
            return
        if payload.get("error"):
            session.fail(CALLBACK_FAILED)
        else:
            session.end(payload.get("response"))

    def lose(self, connection: str) -> None:
        """A connection has closed. Its sessions go on: the plugin may come back on another and answer."""
        for session in self._sessions.values():
            if session.connection == connection:
                session.connection = ""
                if session.state == "running":
                    session.reason = CONNECTION_CLOSED

    def _spoken_of(self, payload: Mapping[str, Any], connection: str) -> PluginSession | None:
        ident = payload.get("session")
        session = self._sessions.get(ident) if isinstance(ident, str) else None
        if session is None:
            logger.warning("a plugin speaks of a session that is not known here: %.80r", ident)
        elif connection and session.connection != connection:
            session.connection = connection
            if session.state == "running":
                session.reason = ""
        return session
