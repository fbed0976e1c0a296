"""The end of a plugin's process, without a runtime; with one it is in test_interruptions."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import os, sys, threading
from prelabel.plugin.shutdown import keep_signals, watch_signals

class Desk:
    def stop(self): print("stopped", flush=True)
    def abort(self): print("aborted", flush=True)
    def wait_until_idle(self, timeout_s):
        print("waited", timeout_s, flush=True)
        return {idle}

keep_signals()
ended = threading.Event()
watch_signals(Desk(), 7.0, ended.set)
print("ready", flush=True)
ended.wait()
print("ended", flush=True)
sys.stdout.flush()
os._exit(0)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are kept where there are signal masks")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    ("idle", "lines"),
    [
        (True, ["stopped", "waited 7.0", "ended"]),
        (False, ["stopped", "waited 7.0", "aborted", "waited 5.0", "ended"]),
    ],
)
def test_sessions_are_asked_before_the_runtime_is_let_go(number: int, idle: bool, lines: list[str]) -> None:
    """And cut off where they do not end; the process itself is not ended by the signal."""
    program = PROGRAM.replace("{idle}", str(idle))
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stdout.read().splitlines() == lines
        assert process.wait(30) == 0
