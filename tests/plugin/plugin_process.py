"""``prelabel plugin`` as a process under the vendor's runtime, and sessions that a local hub sends it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from base64 import b64encode
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from prelabel.localhub import LocalHub

PATIENCE_S = 90
ID, SECRET = "the-plugin", "planted-plugin-secret-1"
_PAUSE_S = 0.05


def until(look: Callable[[], Any], what: str) -> Any:
    """Look again and again until there is something; fails when nothing comes."""
    end = time.monotonic() + PATIENCE_S
    while not (seen := look()):
        assert time.monotonic() < end, f"it did not happen: {what}"
        threading.Event().wait(_PAUSE_S)
    return seen


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def ask(url: str, key: str, body: Any = None, **headers: str) -> Any:
    """One request as JSON; the answer's ``data`` where it has one."""
    content = None if body is None else json.dumps(body).encode()
    request = Request(url, data=content, headers={"apikey": key, "Content-Type": "application/json", **headers})
    with urlopen(request, timeout=PATIENCE_S) as response:
        answer = json.loads(response.read())
    return answer["data"] if isinstance(answer, dict) and "data" in answer else answer


@dataclass
class PluginProcess:
    """A plugin's process, for as long as a block; killed at its end.

    Attributes:
        hub: the hub that sends it sessions.
        folder: where its state and what it prints are.
        connector: ``"WS"`` or ``"REST"``.
        port: of REST.
        options: of the command.
        environment: what else is in its environment.
    """

    hub: LocalHub
    folder: Path
    connector: str = "WS"
    port: int = 0
    options: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        own = {
            "ANGO_PLUGIN_ID": ID,
            "ANGO_PLUGIN_SECRET": SECRET,
            "ANGO_HOST": self.hub.url,
            "CONNECTOR": self.connector,
            "PORT": str(self.port or 8080),
        }
        command = [sys.executable, "-m", "prelabel", "plugin", "--state", str(self.state), *self.options]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ANGO_")}
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                command, env={**inherited, **own, **self.environment}, stdout=output, stderr=output
            )
        until(self._is_up, "the plugin is up")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.running.kill()
        self.running.wait(PATIENCE_S)

    @property
    def state(self) -> Path:
        """Its state folder."""
        return self.folder / "state"

    @property
    def output(self) -> Path:
        """What it prints."""
        return self.folder / "output"

    @property
    def running(self) -> subprocess.Popen[bytes]:
        """The process."""
        assert self.process is not None, "it was not started"
        return self.process

    def is_well(self) -> bool:
        """Whether REST's heartbeat is answered."""
        try:
            return bool(ask(f"http://127.0.0.1:{self.port}/heartbeat", "", Secret=SECRET) == "ok")
        except (URLError, OSError):
            return False

    def _is_up(self) -> bool:
        assert self.running.poll() is None, self.output.read_text()
        if self.connector == "REST":
            return self.is_well()
        return bool(ask(f"{self.hub.url}/plugin", self.hub.api_key)["n_connected"])

    def start(self, project: str, config: Any, content: bytes | None, **fields: Any) -> str:
        """Have the hub start a session; its id."""
        text = config if isinstance(config, str) or config is None else json.dumps(config)
        body = {"projectId": project, "configJSON": text, **fields}
        if content is not None:
            body["inputFile"] = b64encode(content).decode()
        started = until(lambda: self._started(body), "the hub has a plugin to start the session with")
        return str(started["session"])

    def _started(self, body: dict[str, Any]) -> Any:
        """The session, None where the hub has just learnt that the plugin's connection was lost."""
        try:
            return ask(f"{self.hub.url}/plugin/sessions", self.hub.api_key, body)
        except HTTPError as error:
            if error.code != HTTPStatus.CONFLICT:
                raise
            return None

    def look(self, session: str) -> dict[str, Any]:
        """A session as the hub knows it."""
        document: dict[str, Any] = ask(f"{self.hub.url}/plugin/sessions/{session}", self.hub.api_key)
        return document

    def finish(self, session: str) -> dict[str, Any]:
        """Wait for a session's end."""

        def look() -> dict[str, Any]:
            document = self.look(session)
            return document if document["state"] != "running" else {}

        document: dict[str, Any] = until(look, "the session has ended")
        return document

    def run(self, project: str, config: Any, content: bytes | None, **fields: Any) -> str:
        """Run a session to its end; its answer."""
        document = self.finish(self.start(project, config, content, **fields))
        assert document["state"] == "ended", document
        return str(document["response"])
