"""What the routes of one running hub share."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from aiohttp import web

from prelabel.localhub.faults.turns import FaultPlayer
from prelabel.localhub.plugin_sessions.plugins import Plugins

if TYPE_CHECKING:
    from prelabel.localhub.faults.plan import FaultPlan
    from prelabel.localhub.settings import HubSettings
    from prelabel.localhub.store.database import Store
    from prelabel.localhub.store.files import Shelf

KEPT_PLUGIN_LINES = 10_000


@dataclass(slots=True)
class HubContext:
    """The parts of one running hub.

    Attributes:
        settings: how it behaves now, the API key filled in; a plan of faults may change some, see :meth:`play`.
        store: its database.
        shelf: its files and the tokens of their URLs.
        request_counts: requests so far, by ``"METHOD /path/{pattern}"``.
        plugin_lines: what plugins logged or answered, the newest last.
        plugins: the ways to the plugin, and its sessions.
        player: plays the faults in force, None when there are none.
    """

    settings: HubSettings
    store: Store
    shelf: Shelf
    request_counts: Counter[str] = field(default_factory=Counter)
    plugin_lines: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT_PLUGIN_LINES))
    plugins: Plugins = field(init=False)
    player: FaultPlayer | None = None
    _lasting: HubSettings = field(init=False)

    def __post_init__(self) -> None:
        self._lasting = self.settings
        self.plugins = Plugins(self.settings, self.plugin_lines)
        self.play(self.settings.faults)

    @property
    def plan(self) -> FaultPlan | None:
        """The faults in force."""
        return None if self.player is None else self.player.plan

    def play(self, plan: FaultPlan | None) -> None:
        """Play these faults from their beginning, in place of any others; None ends them and what they had changed."""
        self.player = None if plan is None else FaultPlayer(plan)
        self.settings = self._lasting if plan is None else replace(self._lasting, **plan.settings)


HUB = web.AppKey("HUB", HubContext)
