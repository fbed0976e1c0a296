"""What routes share: the settings in force, and the faults that change them."""

from __future__ import annotations

from typing import Any

from prelabel.localhub import HubSettings
from prelabel.localhub.context import KEPT_PLUGIN_LINES, HubContext
from prelabel.localhub.faults.fault import Fault
from prelabel.localhub.faults.plan import FaultPlan

NOTHING: Any = None  # no request is made here


def played(hub: HubContext) -> tuple[object, object, HubSettings]:
    """Return the plan in force, what plays it, and the settings."""
    return hub.plan, hub.player, hub.settings


def test_faults_change_settings_while_they_are_in_force() -> None:
    """Each plan in place of the one before, none of it left when they end; what no plan names stays."""
    first = FaultPlan(faults=(Fault("latency", delay_s=1),), settings={"page_cap": 5})
    second = FaultPlan(settings={"import_mode": "append"})
    started = HubSettings(api_key="k", page_cap=50, skip_non_todo=True)
    hub = HubContext(started, NOTHING, NOTHING)
    assert played(hub) == (None, None, started)

    hub.play(first)
    assert hub.plan is first
    assert (hub.settings.page_cap, hub.settings.import_mode, hub.settings.skip_non_todo) == (5, "replace", True)
    player = hub.player
    hub.play(second)
    assert hub.plan is second
    assert (hub.settings.page_cap, hub.settings.import_mode) == (50, "append")
    hub.play(first)
    assert hub.player is not player, "faults begin anew"
    hub.play(None)
    assert played(hub) == (None, None, started)


def test_faults_from_the_start() -> None:
    """They are played at once, and can be ended too."""
    plan = FaultPlan(faults=(Fault("latency", delay_s=1),), settings={"page_cap": 5})
    hub = HubContext(HubSettings(faults=plan, page_cap=50), NOTHING, NOTHING)
    assert (hub.plan, hub.settings.page_cap) == (plan, 5)
    hub.play(None)
    assert (hub.plan, hub.settings.page_cap) == (None, 50)


def test_old_plugin_lines_make_room() -> None:
    """A hub that runs for days does not grow with what plugins say."""
    hub = HubContext(HubSettings(), NOTHING, NOTHING)
    hub.plugin_lines.extend({"n": number} for number in range(KEPT_PLUGIN_LINES + 1))

    assert (hub.plugin_lines[0], len(hub.plugin_lines)) == ({"n": 1}, KEPT_PLUGIN_LINES)
