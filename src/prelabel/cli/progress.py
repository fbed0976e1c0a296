"""How an import tells where it is: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from prelabel.cli.console import may_be_terminal, say, stderr, warn
from prelabel.kernels import COMPILING
from prelabel.spelling import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prelabel.outcomes.progress import Progress

SECONDS_BETWEEN_LINES = 5.0
_MINUTE_S = 60.0
_BEGINNING = "reading the config, the CSV and the project"


class RequestRate:
    """Requests of the last minute, the figure the Hub's limit is about."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque([(0.0, 0)])

    def update(self, elapsed_s: float, n_requests: int) -> int:
        """Note the number of requests so far and return how many of them fell into the last minute."""
        self._seen.append((elapsed_s, n_requests))
        while len(self._seen) > 1 and self._seen[1][0] <= elapsed_s - _MINUTE_S:
            self._seen.popleft()
        return n_requests - self._seen[0][1]


def describe(progress: Progress, requests_per_minute: int | None = None) -> str:
    """One line: rows done, failed, skipped and not sent, masks a second, requests a minute, time left.

    Args:
        progress: the snapshot.
        requests_per_minute: requests of the last minute; None leaves out all that changes with time.
    """
    n_done = _n_done(progress)
    n_rows = progress.n_rows
    parts = [counted(n_done, progress.unit) if n_rows is None else f"{n_done:,} of {counted(n_rows, progress.unit)}"]
    ends = ((progress.n_failed, "failed"), (progress.n_skipped, "skipped"), (progress.n_not_sent, "not sent"))
    parts += [f"{n:,} {what}" for n, what in ends if n]
    if requests_per_minute is None:
        return ", ".join(parts)
    if progress.compiling:
        return f"{COMPILING}: {progress.compiling}"
    if progress.n_masks and progress.elapsed_s > 0:
        parts.append(f"{progress.n_masks / progress.elapsed_s:,.1f} masks/s")
    if progress.n_requests:
        parts.append(f"{counted(requests_per_minute, 'request')}/min")
    if progress.n_rows is not None and 0 < n_done < progress.n_rows and not progress.n_not_sent:
        parts.append(f"{_duration(_time_left_s(progress, progress.n_rows - n_done, requests_per_minute))} left")
    return ", ".join(parts)


def _time_left_s(progress: Progress, n_left: int, n_last_minute: int) -> float:
    """Seconds that so many rows will take: at the speed so far, and no less than the pace of requests allows.

    The first minute's requests may all be sent at once, so the speed so far promises too much at first.
    """
    by_speed_s = progress.elapsed_s / _n_done(progress) * n_left
    if not progress.requests_per_minute or not progress.rows_per_request:
        return by_speed_s
    n_free = max(0, progress.requests_per_minute - n_last_minute)
    n_waiting = n_left / progress.rows_per_request - n_free
    return max(by_speed_s, n_waiting / progress.requests_per_minute * _MINUTE_S)


def _n_done(progress: Progress) -> int:
    """Rows that somebody waits for; those that end unsent, as the import has stopped, bring it no further."""
    return progress.n_imported + progress.n_skipped + progress.n_failed


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"


class NoProgress:
    """Keeps the latest snapshot and its silence: ``--quiet``. Messages are printed as ever."""

    latest: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, progress: Progress) -> None:
        """Take a snapshot."""
        self.latest = progress

    def say(self, message: str) -> None:
        """Print a message for a person, where it disturbs nothing."""
        say(message)

    def warn(self, message: str) -> None:
        """Print a warning likewise."""
        warn(message)


class ProgressLines(NoProgress):
    """Prints a line at most every few seconds: for logs.

    Args:
        print_line: where to.
        seconds_between: time between two lines.
        clock: seconds, growing.
    """

    def __init__(
        self,
        print_line: Callable[[str], None] = say,
        seconds_between: float = SECONDS_BETWEEN_LINES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._print_line = print_line
        self._seconds_between = seconds_between
        self._clock = clock
        self._rate = RequestRate()
        self._last = clock()
        self._has_compiled = False

    def __call__(self, progress: Progress) -> None:
        """Take a snapshot."""
        super().__call__(progress)
        rate = self._rate.update(progress.elapsed_s, progress.n_requests)
        begins_to_compile = bool(progress.compiling) and not self._has_compiled
        self._has_compiled = self._has_compiled or begins_to_compile
        if begins_to_compile or self._clock() - self._last >= self._seconds_between:
            self._last = self._clock()
            self._print_line(describe(progress, rate))


class ProgressBar(NoProgress):
    """A bar with the same words beside it; it is gone when the work is over and the summary takes its place.

    Args:
        beginning: what it says until there is a snapshot.
    """

    def __init__(self, beginning: str = _BEGINNING) -> None:
        from rich.progress import BarColumn, TextColumn  # noqa: PLC0415 - only on a terminal
        from rich.progress import Progress as Bar  # noqa: PLC0415
        from rich.table import Column  # noqa: PLC0415

        words = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis"))
        self._bar = Bar(BarColumn(bar_width=24), words, console=stderr(), transient=True)
        self._task = self._bar.add_task(beginning, total=None)
        self._rate = RequestRate()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, progress: Progress) -> None:
        """Take a snapshot."""
        super().__call__(progress)
        rate = self._rate.update(progress.elapsed_s, progress.n_requests)
        words = describe(progress, rate)
        self._bar.update(self._task, completed=_n_done(progress), total=progress.n_rows, description=words)

    def say(self, message: str) -> None:
        """Print a message above the bar, which knows its own console only."""
        say(message, self._bar.console)

    def warn(self, message: str) -> None:
        """Print a warning likewise."""
        warn(message, self._bar.console)


@contextmanager
def telling_how_far(watcher: NoProgress) -> Iterator[None]:
    """Say, when Ctrl-C ends the block, how far it had come."""
    try:
        yield
    except KeyboardInterrupt:
        if watcher.latest is not None:
            say(f"{describe(watcher.latest)} when it was stopped; rows on their way then may have landed as well")
        raise


def watch(*, quiet: bool, beginning: str = _BEGINNING) -> NoProgress:
    """What fits the terminal, or the lack of one; a bar says what is done at the beginning."""
    if quiet:
        return NoProgress()
    if not may_be_terminal():
        return ProgressLines()
    console = stderr()
    return ProgressBar(beginning) if console.is_terminal and not console.is_dumb_terminal else ProgressLines()
