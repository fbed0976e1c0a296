"""What the routes of one running hub share."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from prelabel.localhub.files import Shelf
    from prelabel.localhub.settings import HubSettings
    from prelabel.localhub.store import Store

KEPT_PLUGIN_LINES = 10_000


@dataclass(frozen=True, slots=True)
class HubContext:
    """The parts of one running hub.

    Attributes:
        settings: how it behaves, the API key filled in.
        store: its database.
        shelf: its files and the tokens of their URLs.
        request_counts: requests so far, by ``"METHOD /path/{pattern}"``.
        plugin_lines: what plugins logged or answered, the newest last.
    """

    settings: HubSettings
    store: Store
    shelf: Shelf
    request_counts: Counter[str] = field(default_factory=Counter)
    plugin_lines: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT_PLUGIN_LINES))


HUB = web.AppKey("HUB", HubContext)
