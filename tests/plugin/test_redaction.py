"""What must not be told is taken out of every text and every log."""

from __future__ import annotations

import io
import logging
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from prelabel.plugin.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "planted-key-0123456789"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that is logged while a redactor guards the logs; afterwards they are as they were."""
    make, hooks = logging.getLogRecordFactory(), (threading.excepthook, sys.excepthook)
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    logging.getLogger().addHandler(handler)
    Redactor([KEY]).guard_logs()
    yield text
    logging.getLogger().removeHandler(handler)
    logging.setLogRecordFactory(make)
    threading.excepthook, sys.excepthook = hooks


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (f"the key {KEY} is wrong", "the key *** is wrong"),
        ("https://a.example/m.png?X-Amz-Signature=12&b", "https://a.example/m.png?..."),
        ('{"u": "https://a.example/m.png?sig=1"}', '{"u": "https://a.example/m.png?..."}'),
        ("https://me:pass@a.example/m.png", "https://a.example/m.png"),
        ("is this a question? yes", "is this a question? yes"),
        ("https://a.example/m.png", "https://a.example/m.png"),
    ],
)
def test_keys_and_signatures_are_taken_out(text: str, redacted: str) -> None:
    """And nothing else."""
    assert Redactor([KEY])(text) == redacted


def test_what_is_too_short_to_be_a_key_is_left() -> None:
    """It would stand in every other word."""
    assert Redactor(["a", ""])("a banana") == "a banana"


def test_a_secret_may_be_added_and_the_oldest_are_forgotten() -> None:
    """A process that lives for years does not search every text for all keys it has seen."""
    redact = Redactor()
    for number in range(1_500):
        redact.add(f"key-number-{number}-")
    assert redact("key-number-1499-") == "***"
    assert redact("key-number-3-") == "key-number-3-"


def test_no_log_line_has_a_secret(log: io.StringIO) -> None:
    """Not in its text, its arguments, its traceback, or where the two do not fit."""
    logger = logging.getLogger("some.library")
    logger.warning("refused %s", KEY)
    logger.warning("answer: " + KEY)  # noqa: G003 - as libraries do
    logger.warning("%d", KEY)
    try:
        int(f"apikey={KEY}")
    except ValueError:
        logger.exception("failed")

    assert KEY not in log.getvalue()
    assert log.getvalue().count("***") >= 4
    assert "Traceback" in log.getvalue()


def test_arguments_without_a_secret_reach_the_formatter(log: io.StringIO) -> None:
    """Some formatters look into them."""
    seen = []

    class Formatter(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            seen.append(record.args)
            return super().format(record)

    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(Formatter())
    logger = logging.getLogger("some.server")
    logger.addHandler(handler)
    logger.warning("%s %s", "GET", "/heartbeat")
    logger.removeHandler(handler)

    assert seen == [("GET", "/heartbeat")]


def test_a_thread_that_fails_shows_no_secret(log: io.StringIO) -> None:
    """Python would print its traceback by itself."""

    def fail() -> None:
        raise RuntimeError(f"with {KEY}")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()

    assert "a thread failed" in log.getvalue()
    assert KEY not in log.getvalue()
