"""Whether a plugin is well, for whoever watches its container: ``prelabel plugin --health`` asks from beside it."""

from __future__ import annotations

import platform
import time
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from prelabel.plugin.settings import PluginSettings

_FOLDER = "heartbeats"
_STALE_S = 200.0
"""The runtime's heart beats each minute; three may be missed."""
_FORGOTTEN_S = 86_400.0
_TIMEOUT_S = 10.0


def note_heartbeat(state: Path) -> None:
    """Leave a mark that the Hub was told of this plugin now; one for each machine that shares the folder."""
    with suppress(OSError):  # whoever watches will see that it is missing
        path = _mark(state)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        for other in path.parent.iterdir():  # each container has a name of its own
            if time.time() - other.stat().st_mtime > _FORGOTTEN_S:
                other.unlink()


def problem_of(settings: PluginSettings) -> str:
    """Say what ails the plugin that runs on this machine with these settings; empty where it is well."""
    return _problem_in_rest(settings) if settings.connector == "REST" else _problem_in_ws(settings.state)


def _problem_in_ws(state: Path) -> str:
    try:
        age_s = time.time() - _mark(state).stat().st_mtime
    except OSError:
        return (
            f"it has told no Hub of itself yet ({_mark(state)} is not there); ask with the CONNECTOR, PORT and --state "
            "that it was started with"
        )
    return f"its last heartbeat was {age_s:.0f} s ago" if age_s > _STALE_S else ""


def _problem_in_rest(settings: PluginSettings) -> str:
    connection = HTTPConnection("127.0.0.1", settings.port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/heartbeat", headers={"Secret": settings.secret})
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        return f"it does not answer on port {settings.port} ({error})"
    finally:
        connection.close()
    if status == 200:
        return ""
    return "it has another secret" if status == 401 else f"it answers HTTP {status}"


def _mark(state: Path) -> Path:
    return state / _FOLDER / (platform.node() or "this-machine")
