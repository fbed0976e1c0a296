"""What a session tells while it runs: lines in the Hub's log, few, short, and never at the import's cost.

Each line of a REST plugin is a request to the Hub, has no time limit of its own and raises where the Hub cannot be
reached. So lines are handed to a thread, which sends what has gathered; a session never waits for it but at its end.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from prelabel.spelling import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from prelabel.outcomes.progress import Progress

MAX_TEXT_BYTES = 30_000
"""A line's or an answer's most: the Hub loses messages of a megabyte in silence."""
_KEPT_LINES = 200

logger = logging.getLogger("prelabel.plugin")


class SessionLog:
    """A session's lines on their way to whoever reads them.

    Args:
        session: its id, for our own log, which has the lines of all sessions.
        emit: tells one text, by its level of :mod:`logging`; may fail, or not come back.
        clean: takes out what is secret.
        seconds_between: time between two sendings.
        merges: make one text of all that has gathered: for those who pay by the text.
    """

    def __init__(
        self,
        session: str,
        emit: Callable[[int, str], None],
        clean: Callable[[str], str],
        *,
        seconds_between: float,
        merges: bool,
    ) -> None:
        self._session = session
        self._emit = emit
        self._clean = clean
        self._seconds_between = seconds_between
        self._merges = merges
        self._changed = threading.Condition()
        self._lines: list[tuple[int, str]] = []
        self._progress = ""
        self._is_closed = False
        self._thread = threading.Thread(target=self._send_lines, name="prelabel-session-log", daemon=True)
        self._thread.start()

    def say(self, text: str, level: int = logging.INFO) -> None:
        """Tell a line, soon."""
        line = cut(self._clean(text), MAX_TEXT_BYTES)
        logger.log(level, "session %s: %s", self._session, line)
        with self._changed:
            if not self._is_closed:
                self._lines += [*self._latest_progress(), (level, line)]
                del self._lines[:-_KEPT_LINES]
                self._changed.notify()

    def warning(self, text: str) -> None:
        """Tell what may make the whole import useless."""
        self.say(f"warning: {text}", logging.WARNING)

    def progress(self, progress: Progress) -> None:
        """Tell how far the import is; of several snapshots between two sendings the last one is told."""
        with self._changed:
            self._progress = progress_line(progress)
            self._changed.notify()

    def close(self, timeout_s: float) -> None:
        """Send what is left, and wait for that no longer than so many seconds."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._thread.join(timeout_s)

    def _send_lines(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines or self._progress or self._is_closed)
                lines = [*self._lines, *self._latest_progress()]
                self._lines = []
                is_last = self._is_closed
            left = self._send(lines)
            with self._changed:
                self._lines = left + self._lines
                if is_last:
                    return
                self._pause(has_failed=bool(left))

    def _pause(self, *, has_failed: bool) -> None:
        """A warning is told before it is too late; but what could not be told is not tried again at once."""
        self._changed.wait_for(lambda: self._is_closed or (not has_failed and self._is_urgent()), self._seconds_between)

    def _is_urgent(self) -> bool:
        return any(level >= logging.WARNING for level, _ in self._lines)

    def _latest_progress(self) -> list[tuple[int, str]]:
        progress, self._progress = self._progress, ""
        return [(logging.INFO, progress)] if progress else []

    def _send(self, lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
        """Send lines; returns those that could not be, for another time."""
        if self._merges and lines:
            text = "\n".join(line for _, line in lines)
            lines = [(max(level for level, _ in lines), cut(text, MAX_TEXT_BYTES))]
        for n_sent, (level, line) in enumerate(lines):
            try:
                self._emit(level, line)
            except Exception as error:  # noqa: BLE001 - a line is not worth an import
                logger.warning("a log line did not reach the Hub (%s)", type(error).__name__)
                return lines[n_sent:]
        return []


def progress_line(progress: Progress) -> str:
    """How far an import is, in the words that Ango's own plugins use."""
    total = "?" if progress.n_rows is None else str(progress.n_rows)
    ends = ((progress.n_failed, "failed"), (progress.n_skipped, "skipped"), (progress.n_not_sent, "not sent"))
    parts = [f"{n:,} {what}" for n, what in ends if n]
    parts.append(counted(progress.n_requests, "request"))
    parts.append(time.strftime("%H:%M:%S", time.gmtime(progress.elapsed_s)))
    parts += [progress.wait_text] if progress.wait_text else []
    return f"Rows imported: [{progress.n_imported}/{total}] ({', '.join(parts)})"


def cut(text: str, max_bytes: int) -> str:
    """The text, or its beginning, so that its UTF-8 has no more than so many bytes."""
    encoded = text.encode("utf-8", "backslashreplace")
    if len(encoded) <= max_bytes:
        return encoded.decode()
    mark = " ... (cut)"
    return encoded[: max_bytes - len(mark)].decode("utf-8", "ignore") + mark
