"""How an import tells where it is: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from prelabel.cli.console import may_be_terminal, say, stderr, warn
from prelabel.spelling import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prelabel.outcomes.progress import Progress

SECONDS_BETWEEN_LINES = 5.0
_SECONDS_BETWEEN_WAITING = 30.0
_NARROW, _BAR, _NARROW_BAR = 110, 24, 8
_BEGINNING = "reading the config, the CSV and the project"


def describe(progress: Progress) -> str:
    """One line: what has ended, then the time left, then what is waited for, or else how quickly it goes."""
    if progress.compiling:
        return f"{progress.compiling}, {progress.elapsed_s:.0f} s"
    parts = [counts(progress)]
    if progress.left_s is not None:
        parts.append(f"{_duration(progress.left_s)} left")
    if progress.wait_text:
        return ", ".join([*parts, progress.wait_text])
    if progress.masks_per_s:
        parts.append(f"{progress.masks_per_s:,.1f} masks/s")
    if progress.n_last_minute:
        parts.append(f"{counted(progress.n_last_minute, 'request')} in the last minute")
    return ", ".join(parts)


def counts(progress: Progress) -> str:
    """Rows done, failed, skipped and not sent."""
    n_done, n_rows = progress.n_done, progress.n_rows
    parts = [counted(n_done, progress.unit) if n_rows is None else f"{n_done:,} of {counted(n_rows, progress.unit)}"]
    ends = ((progress.n_failed, "failed"), (progress.n_skipped, "skipped"), (progress.n_not_sent, "not sent"))
    return ", ".join(parts + [f"{n:,} {what}" for n, what in ends if n])


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"


def _line(progress: Progress, about: str, beginning: str) -> str:
    """The words behind what they are about; until something is counted, what is done in the beginning."""
    words = describe(progress)
    if progress.n_rows is None and not progress.n_done and not progress.compiling:
        words = ", ".join(filter(None, (beginning, progress.wait_text)))
    return f"{about}: {words}" if about else words


class NoProgress:
    """Keeps the latest snapshot and its silence: ``--quiet``. Messages are printed as ever."""

    latest: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, progress: Progress, about: str = "") -> None:
        """Take a snapshot, of several things that are done in turn with the word for this one."""
        self.latest = progress

    def say(self, message: str) -> None:
        """Print a message for a person, where it disturbs nothing."""
        say(message)

    def warn(self, message: str) -> None:
        """Print a warning likewise."""
        warn(message)


class ProgressLines(NoProgress):
    """Prints a line at most every few seconds, and while nothing but waiting is told, at longer intervals: for logs.

    Args:
        beginning: what is said until something is counted.
        print_line: where to.
        seconds_between: time between two lines.
        clock: seconds, growing.
    """

    def __init__(
        self,
        beginning: str = _BEGINNING,
        print_line: Callable[[str], None] = say,
        seconds_between: float = SECONDS_BETWEEN_LINES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._beginning = beginning
        self._print_line = print_line
        self._seconds_between = seconds_between
        self._clock = clock
        self._last = clock()
        self._has_compiled = self._has_waited = False

    def __call__(self, progress: Progress, about: str = "") -> None:
        """Take a snapshot."""
        super().__call__(progress)
        begins_to_compile = bool(progress.compiling) and not self._has_compiled
        self._has_compiled = self._has_compiled or begins_to_compile
        waits = bool(progress.wait_text)
        seconds_between = _SECONDS_BETWEEN_WAITING if waits and self._has_waited else self._seconds_between
        if begins_to_compile or self._clock() - self._last >= seconds_between:
            self._last, self._has_waited = self._clock(), waits
            self._print_line(_line(progress, about, self._beginning))


class ProgressBar(NoProgress):
    """A bar with the same words beside it; it is gone when the work is over and the summary takes its place.

    Args:
        beginning: what it says until something is counted.
    """

    def __init__(self, beginning: str = _BEGINNING) -> None:
        from rich.progress import BarColumn, TextColumn  # noqa: PLC0415 - only on a terminal
        from rich.progress import Progress as Bar  # noqa: PLC0415
        from rich.table import Column  # noqa: PLC0415

        words = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis"))
        console = stderr()
        width = _BAR if console.width >= _NARROW else _NARROW_BAR
        self._bar = Bar(BarColumn(bar_width=width), words, console=console, transient=True)
        self._beginning = beginning
        self._task = self._bar.add_task(beginning, total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, progress: Progress, about: str = "") -> None:
        """Take a snapshot."""
        super().__call__(progress)
        words = _line(progress, about, self._beginning)
        self._bar.update(self._task, completed=progress.n_done, total=progress.n_rows, description=words)

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
            say(f"{counts(watcher.latest)} when it was stopped; rows on their way then may have landed as well")
        raise


def watch(*, quiet: bool, beginning: str = _BEGINNING) -> NoProgress:
    """What fits the terminal, or the lack of one; it says what is done in the beginning."""
    if quiet:
        return NoProgress()
    if not may_be_terminal():
        return ProgressLines(beginning)
    console = stderr()
    is_screen = console.is_terminal and not console.is_dumb_terminal
    return ProgressBar(beginning) if is_screen else ProgressLines(beginning)
