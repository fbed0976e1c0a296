"""What a plugin is told at its start: who it is, where its Hub and its volume are, and how much a session may take."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args

from prelabel.errors import ConfigError
from prelabel.spelling import quoted, short

if TYPE_CHECKING:
    from collections.abc import Mapping

Connector = Literal["WS", "REST"]
PluginClass = Literal["batch-model", "markdown", "input"]

REST_DEADLINE_S = 280.0
"""Hosts of REST plugins cut a request off after 300 s unless told otherwise."""
DEFAULT_PORT = 8080
_MAX_SECRET_CHARS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLimits:
    """What one session may take; the fields of :class:`prelabel.importer.options.ImportOptions` of these names.

    The walls of a service hold whatever is set here: no local file, no address of the local network, no bucket with
    this machine's credentials, unless it is named in ``allow_mask_hosts``.

    Attributes:
        max_in_flight: batches on their way to the Hub at once.
        fetch_concurrency: masks fetched at once.
        fetch_timeout_s: seconds a mask has to arrive.
        max_mask_bytes: bytes of a mask, of its file and of its pixels decoded.
        max_mask_pixels: pixels of a mask.
        max_redirects: redirects followed to a mask.
        max_shared_bytes: memory for masks that several rows name.
        allow_mask_hosts: hosts and buckets (``s3://name``) that masks may come from although they would be refused.
    """

    max_in_flight: int = 4
    fetch_concurrency: int = 16
    fetch_timeout_s: float = 120.0
    max_mask_bytes: int = 256 << 20
    max_mask_pixels: int = 250_000_000
    max_redirects: int = 5
    max_shared_bytes: int = 64 << 20
    allow_mask_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginSettings:
    """What a plugin is told at its start.

    Attributes:
        plugin_id, secret: as the Hub shows them where the plugin is registered.
        host: the Hub, ``https://imeritapi.ango.ai`` or the like, without ``/v2``.
        connector: the Hub calls by the plugin's own connection (``"WS"``), or by HTTP (``"REST"``).
        port: where REST listens.
        plugin_class: which of the runtime's classes is used; all of these hand a session over alike.
        state: folder for what survives a session: on a volume.
        deadline_s: seconds until a session answers; what is not imported by then is by the next one. None sets none.
        max_sessions: sessions at work at once; more are refused.
        max_csv_bytes: bytes of a session's CSV.
        keep_days: days after which the record of an import that nobody went on with is removed.
        stop_grace_s: seconds that sessions have to answer once the process is asked to stop.
        limits: what one session may take.
    """

    plugin_id: str = ""
    secret: str = field(default="", repr=False)
    host: str
    connector: Connector = "WS"
    port: int = DEFAULT_PORT
    plugin_class: PluginClass = "batch-model"
    state: Path = Path("prelabel-plugin")
    deadline_s: float | None = None
    max_sessions: int = 4
    max_csv_bytes: int = 256 << 20
    keep_days: float = 30.0
    stop_grace_s: float = 25.0
    limits: SessionLimits = field(default_factory=SessionLimits)


def connector_of(text: str) -> Connector:
    """The runtime's ``CONNECTOR``, in whatever case.

    Raises:
        ConfigError: it is neither.
    """
    word = text.strip().upper()
    if word not in get_args(Connector):
        raise ConfigError(
            f"CONNECTOR is {quoted(text)}: write WS (the plugin connects to the Hub) or REST (the Hub calls it)",
            field="CONNECTOR",
            value=text,
            allowed=get_args(Connector),
        )
    return cast("Connector", word)


def port_of(text: str) -> int:
    """The runtime's ``PORT``.

    Raises:
        ConfigError: it is no port.
    """
    if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65536):
        raise ConfigError(f"PORT is {quoted(text)}: write a TCP port, 1 to 65535", field="PORT", value=text)
    return int(text)


def host_of(text: str) -> str:
    """A Hub's address as the runtime wants it: a scheme, no path of the API's, no slash at the end; Ango's for none.

    Raises:
        ConfigError: it is no address of a Hub.
    """
    from prelabel.hub.transport import DEFAULT_HOST, base_url  # noqa: PLC0415 - aiohttp, which help must not load

    return str(base_url(text or DEFAULT_HOST)).removesuffix("/v2").rstrip("/")


def secret_of(name: str, environ: Mapping[str, str] = os.environ, *, what: str) -> str:
    """A secret from the environment: its variable, or the file that the variable with ``_FILE`` behind it names.

    Args:
        name: the variable.
        environ: the environment.
        what: what it is, for the message where it is missing; empty where it may be.

    Raises:
        ConfigError: there is none although it is needed, both are given, or the file cannot be used.
    """
    value, file = environ.get(name, "").strip(), environ.get(f"{name}_FILE", "")
    if value and file:
        raise ConfigError(f"both {name} and {name}_FILE are set: keep one of them", field=name)
    if file:
        value = _read_secret(name, Path(file))
    if what and not value:
        raise ConfigError(
            f"there is no {what}: set {name}, or {name}_FILE to the file that holds it",
            field=name,
        )
    return value


def _read_secret(name: str, path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            value = file.read(_MAX_SECRET_CHARS + 1).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(f"{name}_FILE: cannot read {short(str(path))}: {reason}", field=name) from error
    if not value or len(value.split()) > 1 or len(value) > _MAX_SECRET_CHARS:
        raise ConfigError(f"{name}_FILE: {short(str(path))} must hold the secret and nothing else", field=name)
    return value
