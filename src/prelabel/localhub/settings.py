"""What a local hub is told at its start: its key and limits, how it behaves, and the faults it plays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from prelabel.errors import ConfigError
from prelabel.localhub.behavior import HubBehavior

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from prelabel.localhub.faults.plan import FaultPlan


@dataclass(frozen=True, slots=True)
class HubSettings(HubBehavior):
    """What a local hub is told at its start, beside the switches of :class:`HubBehavior`.

    Attributes:
        api_key: the key every call must carry; empty means the store's own key, made at its first use and kept.
        max_body_bytes: largest request body; beyond it the answer is 413.
        requests_per_minute: most API calls in ``rate_window_s``, None for no limit; beyond it the answer is 429.
        rate_window_s: length in seconds of the window the calls are counted in.
        allow_faults: whether callers with the key may switch faults over HTTP, at ``/faults``.
        faults: faults to play from the start; None for none.
        buckets: bucket name -> local folder standing in for it; other buckets are folders in the store's ``buckets/``.
        plugin_id: what a plugin must call itself; empty means the store's own, made at its first use and kept.
        plugin_secret: what a plugin must show, or is shown if it is a REST server; empty as for ``plugin_id``.
        plugin_url: address of a plugin that is a REST server; empty means one that connects by Socket.IO.
        plugin_timeout_s: how long a REST server may take to answer: the hosts it runs on cut requests off, too.

    Raises:
        ConfigError: a limit is not positive, a mode is unknown, or a plugin could not be reached so.

    Example:
        >>> HubSettings(page_cap=7, import_mode="append").skip_non_todo
        False
    """

    api_key: str = field(default="", repr=False)
    max_body_bytes: int = 256 * 2**20
    requests_per_minute: int | None = None
    rate_window_s: float = 60.0
    allow_faults: bool = False
    faults: FaultPlan | None = None
    buckets: Mapping[str, Path] = field(default_factory=dict)
    plugin_id: str = ""
    plugin_secret: str = field(default="", repr=False)
    plugin_url: str = ""
    plugin_timeout_s: float = 300.0

    def __post_init__(self) -> None:
        HubBehavior.__post_init__(self)
        for name in ("max_body_bytes", "requests_per_minute", "rate_window_s", "plugin_timeout_s"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ConfigError(f"the local hub's {name} is {value}: it must be above 0", field=name, value=value)
        if self.plugin_url and not _is_web_address(self.plugin_url):
            message = "the local hub's plugin_url must be an address such as http://127.0.0.1:8080"
            raise ConfigError(message, field="plugin_url")
        if not (self.plugin_secret.isascii() and self.plugin_secret.isprintable()):
            message = "the local hub's plugin_secret goes into a header: it must be printable ASCII"
            raise ConfigError(message, field="plugin_secret")


def _is_web_address(text: str) -> bool:
    """Whether it is one of HTTP, without what could be taken for a secret or a page."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not (parts.username or parts.query)
