"""Where sessions arrive: taken in bounded number, told apart by what they import, answered in time, stopped together.

The runtime calls :meth:`SessionDesk.take` in a thread of its own for each session and waits for the answer. The work is
done in another thread, so that an answer is there at the deadline whatever the work is at; it then goes on to its end,
and the next session of the same import learns from the record how it ended.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from prelabel.errors import PrelabelError, RecordBusy
from prelabel.plugin.answer import GO_ON, OTHER_SESSION, SessionAnswer, answer_to
from prelabel.plugin.record_folders import prune
from prelabel.plugin.request import SessionRequest
from prelabel.plugin.session import LOG_LINES_PER_MINUTE, PluginSession
from prelabel.plugin.session_log import SessionLog, progress_line
from prelabel.spelling import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from prelabel.plugin.record_folders import RecordFolder
    from prelabel.plugin.redaction import Redactor
    from prelabel.plugin.settings import PluginSettings

    Emit = Callable[[int, str], None]

logger = logging.getLogger("prelabel.plugin")

_WS_SECONDS_BETWEEN = 2.0
_MINUTE_S = 60.0
_LOG_CLOSE_S = 5.0
_GRACE_S = 10.0
"""Beyond the deadline: what is on its way to the Hub may take so long, and hosts leave some time."""

_KEPT_CSV = re.compile(r"imports/[0-9a-f]+/labels\.csv")
_STOPPING = "the plugin is being stopped"


class SessionDesk:
    """Takes sessions. Its methods may be called from any thread.

    Args:
        settings: the plugin's.
        redact: takes secrets out of what is told.
    """

    def __init__(self, settings: PluginSettings, redact: Redactor) -> None:
        self._settings = settings
        self._redact = redact
        self._threads = ThreadPoolExecutor(settings.max_sessions, thread_name_prefix="prelabel-session")
        self._changed = threading.Condition()
        self._n_open = 0
        self._n_at_work = 0
        self._is_stopping = False
        self._sessions: set[PluginSession] = set()
        self._folders: dict[Path, PluginSession | None] = {}

    @contextmanager
    def open_session(self) -> Iterator[None]:
        """Count a session as open for the time of a block: until its answer is on its way."""
        with self._changed:
            self._n_open += 1
        try:
            yield
        finally:
            with self._changed:
                self._n_open -= 1
                self._changed.notify_all()

    def take(self, data: Mapping[str, Any], emit: Emit) -> SessionAnswer:
        """Run one session and return its answer.

        Args:
            data: what the runtime hands over.
            emit: tells a line of the session's log, by its level.
        """
        key = data.get("apiKey")
        if isinstance(key, str):
            self._redact.add(key.strip())
        with self._changed:
            refusal = self._refusal()
            self._n_at_work += not refusal
        if refusal:
            logger.warning("a session was refused: %s", refusal)
            return SessionAnswer(refusal, 1)
        work = self._threads.submit(self._work, data, emit, time.monotonic())
        work.add_done_callback(self._forget)
        answer = self._answer_in_time(work)
        return SessionAnswer(self._clean(answer.text), answer.exit_code)

    def _clean(self, text: str) -> str:
        """A text as strangers may see it: without secrets, and without where the plugin's volume is on its machine."""
        return _KEPT_CSV.sub("the CSV", self._redact(text).replace(f"{self._settings.state}{os.sep}", ""))

    def _refusal(self) -> str:
        """Why no session is taken now, in one sentence; empty where one is."""
        if self._is_stopping:
            return f"{_STOPPING}: nothing was done, run it again in a minute"
        most = self._settings.max_sessions
        if self._n_at_work >= most:
            return f"the plugin is busy with {counted(most, 'other session')}: nothing was done, run it again later"
        return ""

    def _answer_in_time(self, work: Future[SessionAnswer]) -> SessionAnswer:
        deadline_s = self._settings.deadline_s
        try:
            return work.result(None if deadline_s is None else deadline_s + _GRACE_S)
        except NotYet:
            logger.warning("a session was answered at its deadline, and its work goes on")
            text = f"the deadline of {deadline_s:g} s is over and requests are still on their way: {GO_ON}"
            return SessionAnswer(text, 1)

    def _forget(self, _work: Future[SessionAnswer]) -> None:
        with self._changed:
            self._n_at_work -= 1
            self._changed.notify_all()

    def _work(self, data: Mapping[str, Any], emit: Emit, started_s: float) -> SessionAnswer:
        """All of a session, in a thread of its own; whatever it raises becomes an answer."""
        is_rest = self._settings.connector == "REST"
        seconds_between = _MINUTE_S / LOG_LINES_PER_MINUTE if is_rest else _WS_SECONDS_BETWEEN
        name = re.sub(r"[^\w.-]+", " ", str(data.get("session") or "without an id"))[:100]
        log = SessionLog(name, emit, self._clean, seconds_between=seconds_between, merges=is_rest)
        log.say("Plugin session is started!")
        try:
            answer = self._import(data, log, started_s)
            level = logging.INFO
        except BaseException as error:  # the border: a session always has an answer
            if not isinstance(error, PrelabelError):
                logger.exception("a session failed")
            answer, level = answer_to(error), logging.ERROR
        log.say(answer.text.partition("\n")[0], level)
        log.say("Plugin session is ended!")
        log.close(_LOG_CLOSE_S)
        return answer

    def _import(self, data: Mapping[str, Any], log: SessionLog, started_s: float) -> SessionAnswer:
        request = SessionRequest.of(data)
        session = PluginSession(request, self._settings, log, partial(self._claim, log), started_s=started_s)
        with self._changed:
            self._sessions.add(session)
            if self._is_stopping:
                session.stop.request(_STOPPING)
        try:
            return session.run()
        finally:
            with self._changed:
                self._sessions.discard(session)

    @contextmanager
    def _claim(self, log: SessionLog, folder: RecordFolder) -> Iterator[None]:
        """Take a folder for the time of a block: one import of a CSV into a project runs at a time.

        Raises:
            RecordBusy: another session has it, with how far that is.
        """
        with self._changed:
            is_free, other = folder.path not in self._folders, self._folders.get(folder.path)
            if is_free:
                self._folders[folder.path] = next((each for each in self._sessions if each.log is log), None)
        if not is_free:
            raise RecordBusy(_is_running(other), field=OTHER_SESSION)
        try:
            yield
        finally:
            with self._changed:
                del self._folders[folder.path]
                in_use = set(self._folders)
            prune(self._settings.state, self._settings.keep_days, in_use)

    def stop(self) -> None:
        """Take no session any more, and ask those at work to end: what is on its way to the Hub arrives."""
        with self._changed:
            self._is_stopping = True
            sessions = tuple(self._sessions)
        for session in sessions:
            session.stop.request(_STOPPING)

    def abort(self) -> None:
        """Cancel what is at work; what was on its way is sent again by the next session of the same import."""
        with self._changed:
            sessions = tuple(self._sessions)
        for session in sessions:
            session.stop.abort()

    def wait_until_idle(self, timeout_s: float) -> bool:
        """Wait until all work is done and every answer on its way; returns whether that is so in so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._n_open or self._n_at_work), timeout_s)


def _is_running(other: PluginSession | None) -> str:
    """What is said to whoever would import a CSV into a project a second time meanwhile."""
    how_far = "" if other is None or other.progress is None else f" ({progress_line(other.progress)})"
    return (
        f"another session is importing this CSV into this project{how_far}: wait for its end, then run it again to see "
        "what came of it"
    )
