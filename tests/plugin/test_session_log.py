"""A session's lines: few, short, in order, and never at the import's cost."""

from __future__ import annotations

import logging
import threading

import pytest
from msgspec.structs import replace

from prelabel.outcomes.progress import Progress
from prelabel.plugin.redaction import Redactor
from prelabel.plugin.session_log import MAX_TEXT_BYTES, SessionLog, cut, progress_line

SNAPSHOT = Progress(100, n_imported=40, n_skipped=2, n_failed=1, n_masks=0, n_requests=4, elapsed_s=61.0)
LONG_S = 3_600.0


class Reader:
    """Whoever reads the lines; may be deaf for a while."""

    def __init__(self, n_deaf: int = 0) -> None:
        self.lines: list[tuple[int, str]] = []
        self.n_deaf = n_deaf

    def __call__(self, level: int, text: str) -> None:
        """Take one."""
        if self.n_deaf:
            self.n_deaf -= 1
            raise ConnectionError("planted-key is in this error")
        self.lines.append((level, text))


def told(reader: Reader, *lines: str | Progress, seconds_between: float = 0.0, merges: bool = False) -> list[str]:
    """What a reader has read once some lines were said."""
    log = SessionLog("s1", reader, Redactor(["planted-key"]), seconds_between=seconds_between, merges=merges)
    for line in lines:
        if isinstance(line, str):
            log.say(line)
        else:
            log.progress(line)
    log.close(30)
    return [text for _, text in reader.lines]


def test_lines_come_in_order_with_the_progress_between_them() -> None:
    """The last line said is the last that is read."""
    lines = told(Reader(), "started", SNAPSHOT, replace(SNAPSHOT, n_imported=50), "ended")
    assert (lines[0], lines[-1]) == ("started", "ended")
    assert lines[-2].startswith("Rows imported: [50/100]")


def test_progress_is_told_in_the_words_of_ango_s_own_plugins() -> None:
    """Something may look for them."""
    assert progress_line(SNAPSHOT) == "Rows imported: [40/100] (1 failed, 2 skipped, 4 requests, 00:01:01)"
    assert progress_line(replace(SNAPSHOT, n_rows=None)).startswith("Rows imported: [40/?]")
    waiting = replace(SNAPSHOT, waiting_s=30.0, waiting_for="hub")
    assert progress_line(waiting).endswith(", 00:01:01, waiting 30 s: the Hub asked for it)")


def test_of_many_snapshots_few_are_told() -> None:
    """Those who pay by the line get what has gathered in one text, at once and then at the end."""
    snapshots = [replace(SNAPSHOT, n_imported=number) for number in range(1_000)]
    texts = told(Reader(), "started", *snapshots, "ended", seconds_between=LONG_S, merges=True)
    assert len(texts) <= 3
    assert texts[-1].endswith("\nended")
    assert "[999/100]" in texts[-1]


def test_merged_lines_have_the_worst_level() -> None:
    """A warning is not lost among the others."""
    reader = Reader()
    log = SessionLog("s1", reader, Redactor(), seconds_between=LONG_S, merges=True)
    log.say("first")
    log.warning("second")
    log.say("third")
    log.close(30)
    assert max(level for level, _ in reader.lines) == logging.WARNING
    assert "\n".join(text for _, text in reader.lines) == "first\nwarning: second\nthird"


def test_a_warning_does_not_wait_for_its_turn() -> None:
    """It may be about harm that is still to come."""
    reader = Reader()
    log = SessionLog("s1", reader, Redactor(), seconds_between=LONG_S, merges=True)
    log.say("first")
    while not reader.lines:
        threading.Event().wait(0.01)
    log.say("second")
    log.warning("third")
    while len(reader.lines) < 2:
        threading.Event().wait(0.01)
    assert reader.lines[1] == (logging.WARNING, "second\nwarning: third")
    log.close(30)


def test_a_warning_that_could_not_be_told_is_not_tried_again_at_once() -> None:
    """A Hub that is away would be asked without a pause."""
    n_tries = 0
    third = threading.Event()

    def refuse(_level: int, _text: str) -> None:
        nonlocal n_tries
        n_tries += 1
        if n_tries > 2:
            third.set()
        raise ConnectionError

    log = SessionLog("s1", refuse, Redactor(), seconds_between=LONG_S, merges=True)
    log.warning("harm")
    assert not third.wait(0.3), "it is tried without a pause"
    log.close(30)
    assert n_tries == 2


def test_what_could_not_be_told_is_told_later() -> None:
    """The connection may come back; the failure is in our log, without what the error says."""
    reader = Reader(n_deaf=1)
    log = SessionLog("s1", reader, Redactor(), seconds_between=0.0, merges=False)
    log.say("first")
    while reader.n_deaf:
        threading.Event().wait(0.01)
    log.say("second")
    log.close(30)
    assert [text for _, text in reader.lines] == ["first", "second"]


def test_a_reader_that_never_comes_back_holds_nobody_up() -> None:
    """Closing waits as long as it was told, and no longer."""
    hanging = threading.Event()

    def hang(_level: int, _text: str) -> None:
        hanging.wait(60)

    log = SessionLog("s1", hang, Redactor(), seconds_between=0, merges=False)
    log.say("a line")
    log.close(0.05)
    assert not hanging.is_set()
    hanging.set()


def test_no_line_has_a_secret_or_is_too_long() -> None:
    """The Hub loses what is too long in silence."""
    lines = told(Reader(), "key planted-key", "ä" * 100_000)
    assert lines[0] == "key ***"
    assert len(lines[1].encode()) <= MAX_TEXT_BYTES
    assert lines[1].endswith("(cut)")


@pytest.mark.parametrize("text", ["", "short", "ä" * 40, "\ud800 half a pair"])
def test_cut_never_breaks_a_character(text: str) -> None:
    """Whatever the bound."""
    for most in (20, 30, 79, 80, 200):
        assert len(cut(text, most).encode()) <= most
