"""Plugin routes over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localhub.hubclient import Api


async def test_lines_and_answers_are_kept(api: Api) -> None:
    """Both forms of each are taken, and can be looked at."""
    line = {"level": "INFO", "organization": "o", "pluginId": "p", "runBy": "r", "session": "s", "msg": "hello"}
    assert await api.ok("POST", "/v2/pluginLog", line) == {"response": {"logged": True}}
    last = {"export": True, "response": "url", "session": "s"}
    assert (await api.ok("POST", "/v2/pluginResponse", last))["response"] == {"received": True, "taskId": None}
    assert list(api.hub.plugin_lines) == [line, last]
