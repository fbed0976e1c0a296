"""What can be found out before the first session: that the runtime, the plugin's names, the Hub and the volume fit."""

from __future__ import annotations

import asyncio
import platform
import tempfile
import time
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from prelabel.errors import ConfigError, PrelabelError, UploadError, UploadRefused, UploadUnavailable
from prelabel.hub.api_key import ApiKey
from prelabel.hub.client import connect as connect_to_hub
from prelabel.inputs.ontology import parse_ontology
from prelabel.outcomes.output_file import check_place
from prelabel.plugin import runtime
from prelabel.plugin.desk import SessionDesk
from prelabel.plugin.redaction import Redactor
from prelabel.spelling import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prelabel.plugin.settings import PluginSettings

_HANG_UP_S = 3.0
_TIMEOUT_S = 10.0
_NOT_ALLOWED = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: what it is.
        is_good: whether it is as it should be.
        text: how it is, or what is wrong and what to do.
        exit_code: of the command line, where it is wrong.
    """

    what: str
    is_good: bool
    text: str
    exit_code: int = 2


def check(settings: PluginSettings, project: str = "", api_key: str = "") -> Iterator[Finding]:
    """Look at one thing after the other; what depends on what is wrong is left out.

    Args:
        settings: the plugin's.
        project: a project to look into, with the key.
        api_key: a user's key.
    """
    try:
        loaded = runtime.load_runtime(settings)
    except ConfigError as error:
        yield Finding("runtime", is_good=False, text=str(error))
        return
    yield Finding(
        "runtime", is_good=True, text=f"imerit_ango {runtime.runtime_version()}, Python {platform.python_version()}"
    )
    yield _state(settings)
    yield _hub(loaded, settings)
    if project and api_key:
        yield from asyncio.run(_project(settings, project, api_key))


def _state(settings: PluginSettings) -> Finding:
    try:
        settings.state.mkdir(parents=True, exist_ok=True)
        check_place(settings.state / "check")
        check_place(Path(tempfile.gettempdir()) / "check")
    except OSError as error:
        text = f"{settings.state} cannot be written ({error.strerror or error}): mount a volume there, or give --state"
        if not isinstance(error, FileExistsError) and "temporary" in str(error):
            text = "there is no folder for temporary files: set TMPDIR to one on the volume"
        return Finding("volume", is_good=False, text=text, exit_code=4)
    return Finding("volume", is_good=True, text=f"{settings.state} can be written")


def _hub(loaded: Any, settings: PluginSettings) -> Finding:
    try:
        text = _answers(settings.host) if settings.connector == "REST" else _takes(loaded, settings)
    except ConfigError as error:
        return Finding("hub", is_good=False, text=str(error))
    except UploadError as error:
        return Finding("hub", is_good=False, text=str(error), exit_code=3)
    return Finding("hub", is_good=True, text=text)


def _answers(host: str) -> str:
    """Any answer will do: in REST it is the Hub that calls, and the secret is compared here."""
    parts = urlsplit(host)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)
    try:
        connection.request("HEAD", "/")
        connection.getresponse()
    except (OSError, HTTPException) as error:
        raise UploadUnavailable(f"{host} does not answer ({error}): check ANGO_HOST and the network") from error
    finally:
        connection.close()
    return f"{host} answers; it has to send the plugin's secret with each session, or is refused"


def _takes(loaded: Any, settings: PluginSettings) -> str:
    """Connect as the plugin does and see whether the Hub hangs up; a session that comes meanwhile is refused."""
    desk = SessionDesk(settings, Redactor())
    desk.stop()
    with tempfile.TemporaryDirectory() as elsewhere:  # a heartbeat of this one says nothing of the one that serves
        return _took(loaded, replace(settings, state=Path(elsewhere)), desk)


def _took(loaded: Any, settings: PluginSettings, desk: SessionDesk) -> str:
    plugin = runtime.make_plugin(loaded, settings, desk)
    try:
        client = runtime.connect(loaded.socketio, plugin, settings.host)
    except Exception as error:
        raise UploadUnavailable(
            f"cannot connect to {settings.host} ({error}): check ANGO_HOST and the network"
        ) from error
    finally:
        plugin.scheduler.shutdown(wait=False)  # of heartbeats: the first one tells enough
    if plugin.is_lost.wait(_HANG_UP_S):
        raise ConfigError(runtime.refused(settings))
    plugin.is_ending.set()
    runtime.hang_up(client)
    return f"{settings.host} did not hang up on the plugin's id and secret"


async def _project(settings: PluginSettings, project: str, api_key: str) -> list[Finding]:
    """The project's ontology, and whether the key may write; nothing is written."""
    findings = []
    key = ApiKey(api_key, "ANGO_API_KEY in the environment")
    async with connect_to_hub(settings.host, key, requests_per_minute=100) as hub:
        try:
            document = await hub.get_project(project)
            ontology = parse_ontology(document.get("categorySchema") or {})
        except PrelabelError as error:
            exit_code = 3 if isinstance(error, UploadError) else 2
            return [Finding("project", is_good=False, text=str(error), exit_code=exit_code)]
        tools, classifications = (
            counted(len(ontology.tools), "tool"),
            counted(len(ontology.classifications), "classification"),
        )
        findings.append(Finding("project", is_good=True, text=f"{project} has {tools} and {classifications}"))
        started_s = time.monotonic()
        try:
            await hub.import_items(project, [])
        except UploadRefused as error:
            if error.status in _NOT_ALLOWED:
                return [*findings, Finding("key", is_good=False, text=str(error), exit_code=3)]
            text = f"whether it may write cannot be told: an empty import was refused ({error})"
            return [*findings, Finding("key", is_good=True, text=text)]
        except UploadError as error:
            return [*findings, Finding("key", is_good=False, text=str(error), exit_code=3)]
    took_s = time.monotonic() - started_s
    return [*findings, Finding("key", is_good=True, text=f"may import labels (an empty import took {took_s:.1f} s)")]
