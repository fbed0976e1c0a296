"""Commands whose terminal is closed under them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from cli.conftest import command_line, environment_with
from prelabel.cli.hang_up import send_nowhere, terminals

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="terminals as POSIX has them")


def test_what_is_printed_goes_nowhere() -> None:
    """To the number it always went to, without an error."""
    ours, theirs = os.pipe()
    os.close(ours)
    with pytest.raises(BrokenPipeError):
        os.write(theirs, b"x")
    send_nowhere([theirs])
    assert os.write(theirs, b"x") == 1
    os.close(theirs)
    assert not {1, 2}.intersection(terminals())  # pytest has them


@pytest.mark.parametrize("is_ignored", [False, True])
def test_a_hub_ends_with_its_terminal(tmp_path: Path, is_ignored: bool) -> None:
    """But for one that nohup started."""
    command = command_line("hub", "--port", 0, "--store", tmp_path / "hub")
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if is_ignored else signal.SIG_DFL)
    try:
        running = subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8", env=environment_with())
    finally:
        signal.signal(signal.SIGHUP, before)
    with running:
        assert running.stderr is not None
        while "prelabel import" not in (line := running.stderr.readline()):
            assert line or running.poll() is None
        running.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        if is_ignored:
            assert running.poll() is None
            running.send_signal(signal.SIGTERM)
        assert running.stderr.read() == "the local hub has stopped\n"
    assert running.returncode == 0
