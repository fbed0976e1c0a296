"""The switch for faults at ``/faults``, there only on a hub that was started with faults allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from prelabel.errors import ConfigError
from prelabel.localhub.context import HUB
from prelabel.localhub.envelope import Refusal, read_object, success
from prelabel.localhub.faults.plan import plan_of
from prelabel.localhub.words import FAULTS_PATH

if TYPE_CHECKING:
    from prelabel.localhub.faults.turns import FaultPlayer

routes = web.RouteTableDef()


@routes.get(FAULTS_PATH)
async def show_faults(request: web.Request) -> web.Response:
    """The plan in force, and how often each of its faults has struck."""
    return success(_state(request.app[HUB].player))


@routes.put(FAULTS_PATH)
async def set_faults(request: web.Request) -> web.Response:
    """Play another plan from its beginning."""
    try:
        plan = plan_of(await read_object(request))
    except ConfigError as error:
        raise Refusal(str(error)) from error
    hub = request.app[HUB]
    hub.play(plan)
    return success(_state(hub.player))


@routes.delete(FAULTS_PATH)
async def end_faults(request: web.Request) -> web.Response:
    """Play no faults any more; the last counts are the answer."""
    hub = request.app[HUB]
    last = _state(hub.player)
    hub.play(None)
    return success(last)


def _state(player: FaultPlayer | None) -> dict[str, Any]:
    if player is None:
        return {"plan": None, "counts": {}, "seen": {}}
    return {"plan": player.plan.document(), "counts": player.counts, "seen": player.seen}
