"""Ctrl-C while kernels are compiled: no further one is begun."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cli.conftest import N_ROWS, command_line, environment_with
from prelabel.kernels._ahead import JUST_IN_TIME
from prelabel.kernels._jit import ROAD

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import DemoFiles
    from prelabel.localhub import LocalHub

pytestmark = [
    pytest.mark.skipif(ROAD.name != JUST_IN_TIME, reason=f"kernels are compiled {ROAD.name}"),
    pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to one process there"),
    pytest.mark.timeout(300),  # whatever else the machine does
]

MOST_KERNELS = 3
"""The one that was being compiled, and what may have come before; the rows need a dozen."""


def _stopped(kept: Path, *arguments: object) -> str:
    """Run a command that finds no kernels, and interrupt it when it compiles; returns what it said after that."""
    with subprocess.Popen(
        command_line(*arguments), env=environment_with(NUMBA_CACHE_DIR=str(kept)), stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr is not None
        assert any("compiling kernels" in line for line in running.stderr)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate()
    assert running.returncode == 130
    assert len([*kept.rglob("*.nbi")]) <= MOST_KERNELS
    return said


def test_convert_ends(files: DemoFiles, tmp_path: Path) -> None:
    """Nothing is written, and nobody waits for what is compiled."""
    schema, out = files.schema("segmentation"), tmp_path / "items"
    arguments = ("convert", files.csv("segmentation"), "-c", files.config("segmentation"), "--schema", schema)
    said = _stopped(tmp_path / "kernels", *arguments, "-o", out)

    assert said.endswith("interrupted: stopped before the end\n")
    assert not [path for path in tmp_path.iterdir() if path.name not in {"files", "kernels"}]


def test_an_import_ends_gently(files: DemoFiles, hub: LocalHub, project: str, tmp_path: Path) -> None:
    """The rows that would have needed another kernel are not sent, and told of."""
    arguments = ("import", files.csv("segmentation"), "-c", files.config("segmentation"), "--project", project)
    said = _stopped(tmp_path / "kernels", *arguments, "--host", hub.url, "--no-state")

    assert "stopping: what is on its way to the Hub may arrive; once more stops at once\n" in said
    assert f"0 of {N_ROWS} rows imported, 0 skipped, 0 failed, {N_ROWS} not sent" in said
