"""What becomes of a command whose terminal is closed: it can show nothing any more, and should end well."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

HANG_UP = [signal.SIGHUP] if hasattr(signal, "SIGHUP") else []
"""The signal that says so; Windows has none."""


def terminals() -> list[int]:
    """The numbers of the standard streams that go to a terminal; once it is gone, nobody can tell."""
    numbers = []
    for stream in (sys.__stdout__, sys.__stderr__):
        with suppress(OSError, ValueError):
            if stream is not None and stream.isatty():
                numbers.append(stream.fileno())
    return numbers


def send_nowhere(numbers: Iterable[int]) -> None:
    """Let what is still printed to a terminal that is gone be lost: it would fail, and look like a lost result."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in numbers:
        os.dup2(nowhere, number)
    os.close(nowhere)
