"""The record of sessions."""

from __future__ import annotations

import logging
from collections import deque
from typing import Any

import pytest

from prelabel.localhub.envelope import Refusal
from prelabel.localhub.plugin_sessions.sessions import KEPT_LINES, KEPT_SESSIONS, MAX_LINE_CHARS, Sessions


def record() -> Sessions:
    """An empty one."""
    return Sessions(deque())


def test_only_the_first_answer_counts() -> None:
    """A failure after an answer changes nothing, nor does an answer after a failure; lines are kept all the same."""
    sessions = record()
    ended, failed = sessions.start("p", "WS"), sessions.start("p", "REST")
    sessions.take_answer({"session": ended.ident, "response": "first"})
    sessions.take_answer({"session": failed.ident, "error": True, "response": "not this"})
    for session in (ended, failed):
        sessions.take_answer({"session": session.ident, "response": "second"})
        sessions.take_answer({"session": session.ident, "error": True})
        sessions.take_line({"session": session.ident, "message": "an older form"})
    assert (ended.state, ended.response, ended.reason) == ("ended", "first", "")
    assert (failed.state, failed.response) == ("failed", None)
    assert [line["msg"] for line in failed.lines] == ["an older form"]


def test_old_sessions_make_room() -> None:
    """Those that are over first; when all run, the oldest."""
    sessions = record()
    running, over = sessions.start("p", "WS"), sessions.start("p", "WS")
    over.end("done")
    for _ in range(KEPT_SESSIONS - 1):
        sessions.start("p", "WS")
    assert len(sessions.newest_first) == KEPT_SESSIONS
    assert running in sessions.newest_first
    assert over not in sessions.newest_first
    last = sessions.start("p", "WS")
    assert running not in sessions.newest_first
    assert sessions.newest_first[0] is last
    with pytest.raises(Refusal, match="no such session"):
        sessions.find(running.ident)


def test_old_lines_make_room_and_long_ones_are_cut() -> None:
    """A plugin that runs for days, or logs its data, fills no memory. Lines that were seen are left out by number."""
    session = record().start("p", "WS")
    for number in range(KEPT_LINES + 5):
        session.add_line({"msg": f"{number} {'x' * MAX_LINE_CHARS}"})
    document = session.document()
    assert (len(document["lines"]), document["n_lines"]) == (KEPT_LINES, KEPT_LINES + 5)
    assert document["lines"][0]["msg"].startswith("5 ")
    assert len(document["lines"][0]["msg"]) == MAX_LINE_CHARS
    assert len(session.document(KEPT_LINES)["lines"]) == 5
    assert len(session.document(1)["lines"]) == KEPT_LINES


def test_all_that_is_said_is_heard(caplog: pytest.LogCaptureFixture) -> None:
    """Also of sessions that are not known, which is warned of."""
    heard: deque[dict[str, Any]] = deque()
    sessions = Sessions(heard)
    with caplog.at_level(logging.WARNING, logger="prelabel.localhub.plugin_sessions.sessions"):
        sessions.take_line({"session": ["no text"]})
        sessions.take_answer({"response": "r"})
    assert list(heard) == [{"session": ["no text"]}, {"response": "r"}]
    assert len(caplog.records) == 2


def test_a_closed_connection_is_told_until_the_plugin_is_back() -> None:
    """Sessions of other connections, and sessions that are over, have nothing to do with it."""
    sessions = record()
    lost, over, other = (sessions.start("p", "WS", connection) for connection in ("a", "a", "b"))
    over.end("done")
    sessions.lose("a")
    assert [session.document()["connected"] for session in (lost, over, other)] == [False, False, True]
    assert "may come back" in lost.reason
    assert (over.reason, other.reason) == ("", "")
    sessions.take_line({"session": lost.ident, "msg": "m"}, "c")
    assert (lost.connection, lost.reason, lost.state) == ("c", "", "running")
