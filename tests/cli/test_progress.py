"""Progress: the words, the pace of plain lines, the bar."""

from __future__ import annotations

from io import StringIO
from typing import Any
from unittest.mock import patch

import pytest
from msgspec.structs import replace
from rich.console import Console

from prelabel.cli import progress as module
from prelabel.cli.progress import (
    NoProgress,
    ProgressBar,
    ProgressLines,
    counts,
    describe,
    telling_how_far,
    watch,
)
from prelabel.outcomes.progress import Progress

HALF = Progress(
    n_rows=2000,
    n_imported=950,
    n_skipped=20,
    n_failed=30,
    n_masks=500,
    n_requests=40,
    elapsed_s=50.0,
    n_last_minute=40,
    masks_per_s=10.0,
    left_s=50.2,
)
WAITING = replace(HALF, requests_per_minute=100, waiting_s=44.6, waiting_for="limit")
NONE_YET = Progress(None, 0, 0, 0, 0, 0, 0.0)


def test_the_words_say_all_that_matters() -> None:
    """Rows done, failed and skipped, time left, masks a second, requests of the last minute."""
    assert describe(HALF) == (
        "1,000 of 2,000 rows, 30 failed, 20 skipped, 50 s left, 10.0 masks/s, 40 requests in the last minute"
    )


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        (NONE_YET, "0 rows"),
        (Progress(20, 1, 0, 0, 0, 0, 0.0, unit="asset", left_s=0.0), "1 of 20 assets, 0 s left"),
        (Progress(None, 1, 0, 0, 0, 0, 0.0), "1 row"),
        (Progress(1, 0, 0, 0, 0, 2, 0.0, n_last_minute=1), "0 of 1 row, 1 request in the last minute"),
        (Progress(0, 0, 0, 0, 0, 0, 1.0), "0 of 0 rows"),
        (Progress(1000, 1, 0, 0, 0, 0, 1.0, left_s=999.0), "1 of 1,000 rows, 17 min left"),
        (Progress(10, 3, 0, 1, 0, 1, 2.0, n_not_sent=6), "4 of 10 rows, 1 failed, 6 not sent"),
        (Progress(10, 3, 0, 0, 0, 0, 2.0, n_not_sent=2), "3 of 10 rows, 2 not sent"),
        (Progress(100_000, 1, 0, 0, 0, 0, 1.0, left_s=99_999.0), "1 of 100,000 rows, 27 h 47 min left"),
    ],
)
def test_words_at_the_edges(progress: Progress, words: str) -> None:
    """What is not known is left out, and long waits are told in minutes and hours."""
    assert describe(progress) == words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "waiting 45 s: at most 100 requests a minute"),
        ({"requests_per_minute": 1}, "waiting 45 s: at most 1 request a minute"),
        ({"waiting_for": "hub"}, "waiting 45 s: the Hub asked for it"),
        ({"waiting_for": "retry"}, "waiting 45 s: then a request that failed is sent again"),
    ],
)
def test_what_is_waited_for_takes_the_place_of_speeds(change: dict[str, Any], words: str) -> None:
    """They stand still then; how long and why is what matters."""
    assert describe(replace(WAITING, **change)) == (f"1,000 of 2,000 rows, 30 failed, 20 skipped, 50 s left, {words}")
    assert describe(replace(WAITING, **change, waiting_s=0.4)) == describe(HALF)


def test_plain_lines_come_at_most_every_few_seconds() -> None:
    """A log gets a line every five seconds, not one for every batch."""
    now, lines = [0.0], list[str]()
    with ProgressLines("counting", lines.append, 5.0, clock=lambda: now[0]) as progress:
        for second in range(13):
            now[0] = float(second)
            progress(Progress(100, second, 0, 0, 0, second, float(second)))
    assert [line.partition(" rows")[0] for line in lines] == ["5 of 100", "10 of 100"]


def test_plain_lines_say_at_once_that_kernels_are_compiled() -> None:
    """It takes long and comes first, when no line is due yet; how far it is, is told every few seconds."""
    now, lines = [0.0], list[str]()
    with ProgressLines("counting", lines.append, 5.0, clock=lambda: now[0]) as progress:
        for second in range(6):
            now[0] = float(second)
            progress(Progress(3, 0, 0, 0, 0, 1, float(second), compiling=f"compiling kernels: {second + 1} of 30"))
    assert lines == ["compiling kernels: 1 of 30, 0 s", "compiling kernels: 6 of 30, 5 s"]
    assert counts(Progress(3, 0, 0, 0, 0, 1, 1.0, compiling="a")) == "0 of 3 rows"


def test_plain_lines_say_what_is_done_until_something_is_counted() -> None:
    """A CSV may take long to read; no rows are no news then."""
    now, lines = [0.0], list[str]()
    with ProgressLines("counting", lines.append, 5.0, clock=lambda: now[0]) as progress:
        for second in range(11):
            now[0] = float(second)
            progress(NONE_YET if second < 8 else Progress(3, 0, 0, 0, 0, 0, 1.0))
    assert lines == ["counting", "0 of 3 rows"]


def test_plain_lines_are_few_while_it_waits() -> None:
    """That it waits is told when a line is due, then twice a minute; the first line after it comes soon."""
    now, lines = [0.0], list[str]()
    with ProgressLines("counting", lines.append, 5.0, clock=lambda: now[0]) as progress:
        for second in range(100):
            now[0] = float(second)
            progress(replace(WAITING, n_rows=None, left_s=None, waiting_s=max(0.0, 80.0 - second)), "one")
    assert [line.partition("skipped, ")[2].partition(":")[0] for line in lines] == [
        *("waiting 75 s", "waiting 45 s", "waiting 15 s"),
        *("10.0 masks/s, 40 requests in the last minute",) * 4,
    ]
    assert lines[0].startswith("one: 1,000 rows, 30 failed")


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


def test_the_bar_says_what_is_done_until_something_is_counted() -> None:
    """Snapshots come by the clock, also before there are rows; of several things the one at hand is named."""
    screen = StringIO()
    terminal = Console(file=screen, force_terminal=True, width=120, color_system=None)
    with patch.object(module, "stderr", lambda: terminal), ProgressBar("counting") as bar:
        bar(NONE_YET)
        bar._bar.refresh()
        assert "0 rows" not in screen.getvalue()
        bar(replace(NONE_YET, waiting_s=20.0, waiting_for="hub"), "this")
        bar._bar.refresh()
        assert "this: counting, waiting 20 s: the Hub asked for it" in screen.getvalue()
        bar(replace(NONE_YET, compiling="compiling kernels: 3 of 30"))
        bar._bar.refresh()
        assert "compiling kernels: 3 of 30, 0 s" in screen.getvalue()


def test_a_narrow_terminal_has_room_for_what_is_waited_for() -> None:
    """The bar makes room for the words."""
    screen = StringIO()
    terminal = Console(file=screen, force_terminal=True, width=80, color_system=None)
    with patch.object(module, "stderr", lambda: terminal), ProgressBar() as bar:
        bar(Progress(300, 235, 0, 0, 0, 0, 2.0, 100, left_s=59.0, waiting_s=58.0, waiting_for="limit"))
        bar._bar.refresh()
    assert "235 of 300 rows, 59 s left, waiting 58 s: at most 100 requests a minute" in screen.getvalue()


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
