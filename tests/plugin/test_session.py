"""One session: its pace and its time. What it imports is in test_desk and test_runtime."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from plugin.sessions import Lines
from prelabel.plugin.redaction import Redactor
from prelabel.plugin.request import SessionRequest
from prelabel.plugin.session import LOG_LINES_PER_MINUTE, PluginSession
from prelabel.plugin.session_log import SessionLog
from prelabel.plugin.settings import PluginSettings

if TYPE_CHECKING:
    from pathlib import Path

DATA = {"projectId": "p", "apiKey": "key-1", "configJSON": '{"external_id_column": "ID"}', "inputFile": "SUQK"}


def session_with(folder: Path, **settings: Any) -> PluginSession:
    """A session that has not begun."""
    log = SessionLog("s", Lines(), Redactor(), seconds_between=0, merges=False)
    request = SessionRequest.of(DATA)
    return PluginSession(request, PluginSettings(host="https://h", state=folder, **settings), log, lambda _: None)  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize(("connector", "pace"), [("WS", 100), ("REST", 100 - LOG_LINES_PER_MINUTE)])
def test_the_log_s_lines_are_taken_from_the_pace(tmp_path: Path, connector: str, pace: int) -> None:
    """In REST each is a request; a pace of one is left one."""
    session = session_with(tmp_path, connector=connector)
    assert session._paced(session.request.config).requests_per_minute == pace
    slowest = session.request.config.replaced(requests_per_minute=1)
    assert session._paced(slowest).requests_per_minute == 1


def test_a_deadline_leaves_time_for_the_results(tmp_path: Path) -> None:
    """Less the time that is gone; never none at all, and none is set where there is no deadline."""
    assert session_with(tmp_path)._time_left_s() is None
    session = session_with(tmp_path, deadline_s=280.0)
    session.started_s = time.monotonic() - 100
    left_s = session._time_left_s()
    assert left_s is not None
    assert 160 < left_s <= 165
    session.started_s -= 1_000
    assert session._time_left_s() == 0.1
