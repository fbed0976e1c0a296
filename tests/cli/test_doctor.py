"""The command that tells what is at work."""

from __future__ import annotations

import os
import subprocess
import sys

import prelabel
from prelabel.kernels._jit import ROAD


def _doctor(**variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "prelabel", "doctor"]
    return subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, check=True)


def test_the_road_is_told_and_why() -> None:
    """On stdout, as it is what was asked for."""
    done = _doctor()

    assert f"kernels   compiled {ROAD.name}: {ROAD.why}" in done.stdout.splitlines()
    assert f"prelabel  {prelabel.__version__}, in " in done.stdout
    assert "numpy 2" in done.stdout
    assert done.stderr == ""


def test_the_road_can_be_chosen() -> None:
    """By a variable, and by numba's own."""
    assert (
        "compiled just in time: PRELABEL_KERNELS is jit"
        in _doctor(PRELABEL_KERNELS="jit", NUMBA_DISABLE_JIT="0").stdout
    )
    assert "compiled not at all: NUMBA_DISABLE_JIT is 1" in _doctor(NUMBA_DISABLE_JIT="1").stdout
