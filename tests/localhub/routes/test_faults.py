"""Faults switched over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import pytest_asyncio

from localhub.hubclient import Api
from localhub.project import KEY
from prelabel.localhub import Fault, FaultPlan, HubSettings, LocalHub

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PLAN = {"seed": 4, "faults": [{"kind": "server_error", "status": 503, "times": 1}], "settings": {"page_cap": 3}}
NONE: dict[str, Any] = {"plan": None, "counts": {}, "seen": {}}


@pytest_asyncio.fixture
async def faulty(tmp_path: Path) -> AsyncIterator[Api]:
    """A client of a hub that was started with faults allowed."""
    settings = HubSettings(api_key=KEY, allow_faults=True)
    async with LocalHub(tmp_path / "store", settings=settings) as hub, aiohttp.ClientSession() as session:
        yield Api(hub, session)


async def test_a_plan_is_set_shown_and_ended(faulty: Api) -> None:
    """Each answer shows the state; the plan shown is the plan sent."""
    assert await faulty.ok("GET", "/faults") == NONE
    counts = {"counts": {"server_error": 0}, "seen": {"server_error": 0}}
    assert await faulty.ok("PUT", "/faults", PLAN) == {"plan": PLAN, **counts}
    assert faulty.hub.faults == FaultPlan(4, (Fault("server_error", status=503, times=1),), {"page_cap": 3})
    statuses = [(await faulty.call("GET", "/v2/listProjects"))[0] for _ in range(2)]
    assert statuses == [503, 200]
    counts = {"counts": {"server_error": 1}, "seen": {"server_error": 2}}
    assert await faulty.ok("GET", "/faults") == {"plan": PLAN, **counts}
    assert await faulty.ok("DELETE", "/faults") == {"plan": PLAN, **counts}
    assert await faulty.ok("GET", "/faults") == NONE


async def test_the_switch_itself_is_never_struck(faulty: Api) -> None:
    """Otherwise nobody could end what strikes everything."""
    await faulty.ok("PUT", "/faults", {"faults": [{"kind": "answer_lost", "route": "* /*"}]})
    assert (await faulty.ok("DELETE", "/faults"))["counts"] == {"answer_lost": 0}


async def test_a_wrong_plan_is_refused_and_changes_nothing(faulty: Api) -> None:
    """The message is that of the plan's reader."""
    await faulty.ok("PUT", "/faults", PLAN)
    message = await faulty.refused("PUT", "/faults", {"faults": [{"kind": "latncy"}]})
    assert message == "faults[0]: kind is 'latncy': did you mean \"latency\"?"
    assert await faulty.refused("PUT", "/faults", []) == "the body must be a JSON object"
    assert (await faulty.ok("GET", "/faults"))["plan"] == PLAN


async def test_the_switch_needs_the_key(faulty: Api) -> None:
    """The same one as the API."""
    for method in ("GET", "PUT", "DELETE"):
        status, body, _ = await faulty.call(method, "/faults", PLAN, key="wrong")
        assert (status, body["message"]) == (401, "Invalid API KEY")


async def test_other_hubs_have_no_switch(api: Api) -> None:
    """By default there is nothing at that address."""
    for method in ("GET", "PUT", "DELETE"):
        assert (await api.call(method, "/faults", PLAN))[0] == 404
