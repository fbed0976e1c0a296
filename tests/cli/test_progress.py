"""Progress: the words, the pace of plain lines, the bar."""

from __future__ import annotations

from io import StringIO
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from prelabel.cli import progress as module
from prelabel.cli.progress import (
    NoProgress,
    ProgressBar,
    ProgressLines,
    RequestRate,
    describe,
    telling_how_far,
    watch,
)
from prelabel.outcomes.progress import Progress

HALF = Progress(n_rows=2000, n_imported=950, n_skipped=20, n_failed=30, n_masks=500, n_requests=40, elapsed_s=50.0)


def test_the_words_say_all_that_matters() -> None:
    """Rows done, failed and skipped, masks a second, requests a minute, time left."""
    assert describe(HALF, 40) == (
        "1,000 of 2,000 rows, 30 failed, 20 skipped, 10.0 masks/s, 40 requests/min, 50 s left"
    )


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        (Progress(None, 0, 0, 0, 0, 0, 0.0), "0 rows"),
        (Progress(20, 1, 0, 0, 0, 0, 0.0, unit="asset"), "1 of 20 assets, 0 s left"),
        (Progress(None, 1, 0, 0, 0, 0, 0.0), "1 row"),
        (Progress(1, 0, 0, 0, 0, 2, 0.0), "0 of 1 row, 2 requests/min"),
        (Progress(10, 10, 0, 0, 0, 3, 2.0), "10 of 10 rows, 3 requests/min"),
        (Progress(0, 0, 0, 0, 0, 0, 1.0), "0 of 0 rows"),
        (Progress(1000, 1, 0, 0, 0, 0, 1.0), "1 of 1,000 rows, 17 min left"),
        (Progress(10, 3, 0, 1, 0, 1, 2.0, n_not_sent=6), "4 of 10 rows, 1 failed, 6 not sent, 1 request/min"),
        (Progress(10, 3, 0, 0, 0, 0, 2.0, n_not_sent=2), "3 of 10 rows, 2 not sent"),
        (Progress(100_000, 1, 0, 0, 0, 0, 1.0), "1 of 100,000 rows, 27 h 47 min left"),
    ],
)
def test_words_at_the_edges(progress: Progress, words: str) -> None:
    """Nothing is divided by nothing, and long waits are told in minutes and hours."""
    assert describe(progress, progress.n_requests) == words


@pytest.mark.parametrize(
    ("n_done", "elapsed_s", "n_last_minute", "left"),
    [
        (10_000, 5.0, 100, "9 min left"),  # the first minute's burst: 900 requests are still to come, 100 a minute
        (10_000, 5.0, 50, "8 min left"),  # half of this minute's are free
        (10_000, 300.0, 10, "45 min left"),  # masks are slower than the Hub
        (99_000, 540.0, 60, "5 s left"),  # the last requests are free
    ],
)
def test_the_time_left_knows_the_pace(n_done: int, elapsed_s: float, n_last_minute: int, left: str) -> None:
    """What the rate limit will cost is told from the start, and counts where nothing else is slower."""
    progress = Progress(
        100_000, n_done, 0, 0, 0, n_last_minute, elapsed_s, requests_per_minute=100, rows_per_request=100.0
    )
    assert describe(progress, n_last_minute).endswith(f", {left}")


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(0, 50)), min_size=1, max_size=40))
def test_the_request_rate_counts_the_last_minute(steps: list[tuple[float, int]]) -> None:
    """The rate is the number of requests since the latest snapshot that is at least a minute old."""
    rate, elapsed_s, n_requests = RequestRate(), 0.0, 0
    history = [(0.0, 0)]
    for wait_s, n_more in steps:
        elapsed_s, n_requests = elapsed_s + wait_s, n_requests + n_more
        history.append((elapsed_s, n_requests))
        old = [n for at_s, n in history if at_s <= elapsed_s - 60]
        assert rate.update(elapsed_s, n_requests) == n_requests - (old[-1] if old else 0)


def test_plain_lines_come_at_most_every_few_seconds() -> None:
    """A log gets a line every five seconds, not one for every batch."""
    now, lines = [0.0], list[str]()
    with ProgressLines(lines.append, 5.0, clock=lambda: now[0]) as progress:
        for second in range(13):
            now[0] = float(second)
            progress(Progress(100, second, 0, 0, 0, second, float(second)))
    assert [line.partition(" rows")[0] for line in lines] == ["5 of 100", "10 of 100"]


def test_plain_lines_say_at_once_that_kernels_are_compiled() -> None:
    """It takes long and comes first, when no line is due yet; which kernel it is, is told every few seconds."""
    now, lines = [0.0], list[str]()
    with ProgressLines(lines.append, 5.0, clock=lambda: now[0]) as progress:
        for second, kernel in enumerate(("a", "b", "c", "d", "e", "f")):
            now[0] = float(second)
            progress(Progress(3, 0, 0, 0, 0, 1, float(second), compiling=kernel))
    assert lines == ["compiling kernels, once (about 20 s): a", "compiling kernels, once (about 20 s): f"]
    assert describe(Progress(3, 0, 0, 0, 0, 1, 1.0, compiling="a")) == "0 of 3 rows"


def test_the_bar_shows_the_words_and_goes_away() -> None:
    """On a terminal the words stand beside a bar, which is removed at the end."""
    screen = StringIO()
    terminal = Console(file=screen, force_terminal=True, width=120, color_system=None)
    with patch.object(module, "stderr", lambda: terminal), ProgressBar() as bar:
        bar(HALF)
        bar._bar.refresh()
        assert "1,000 of 2,000 rows, 30 failed" in screen.getvalue()
    assert screen.getvalue().rstrip("\n").endswith("\x1b[2K"), "the line was not erased"
    assert bar.latest == HALF


def test_messages_stand_above_the_bar() -> None:
    """They take the bar's line, and the bar the next one: they neither hang on to it nor leave it behind."""
    screen = StringIO()
    terminal = Console(file=screen, force_terminal=True, width=120, color_system=None)
    with patch.object(module, "stderr", lambda: terminal), ProgressBar() as bar:
        assert "reading the config, the CSV and the project" in screen.getvalue()
        bar.say("stopping [now]")
        bar.warn("careful")
    for message in ("stopping [now]\n", "warning: careful\n"):
        assert f"\r\x1b[2K{message}" in screen.getvalue()


def test_without_a_terminal_there_is_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs get lines, quiet runs nothing."""
    monkeypatch.setattr(module, "may_be_terminal", lambda: True)
    plain = Console(file=StringIO(), force_terminal=False)
    with patch.object(module, "stderr", lambda: plain):
        assert isinstance(watch(quiet=False), ProgressLines)
    dumb = Console(file=StringIO(), force_terminal=True, _environ={"TERM": "dumb"})
    with patch.object(module, "stderr", lambda: dumb):
        assert isinstance(watch(quiet=False), ProgressLines)
    terminal = Console(file=StringIO(), force_terminal=True, _environ={"TERM": "xterm"})
    with patch.object(module, "stderr", lambda: terminal):
        assert isinstance(watch(quiet=False), ProgressBar)
        assert isinstance(watch(quiet=True), NoProgress)


def test_an_interruption_tells_how_far_it_came(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever presses Ctrl-C learns how many rows had ended."""
    with NoProgress() as progress:
        progress(HALF)
        with pytest.raises(KeyboardInterrupt), telling_how_far(progress):
            raise KeyboardInterrupt
    assert "1,000 of 2,000 rows, 30 failed, 20 skipped when it was stopped" in capsys.readouterr().err
