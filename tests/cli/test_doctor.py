"""The command that tells what is at work."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import prelabel
from conftest import JIT_OFF
from prelabel.kernels._jit import ROAD
from prelabel.kernels._sources import count_kernels

if TYPE_CHECKING:
    from pathlib import Path


def _run_doctor(**variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "prelabel", "doctor"]
    return subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, check=False)


def _doctor(**variables: str) -> subprocess.CompletedProcess[str]:
    done = _run_doctor(**variables)
    done.check_returncode()
    return done


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


@pytest.mark.skipif(JIT_OFF, reason="without the JIT nothing is kept")
def test_kernels_that_are_missing_are_told_with_the_remedy(tmp_path: Path) -> None:
    """Where they are compiled just in time: where they are kept, how many are there, and what to do."""
    pytest.importorskip("numba")
    *_, kept, remedy = _doctor(PRELABEL_KERNELS="jit", NUMBA_CACHE_DIR=str(tmp_path)).stdout.splitlines()

    assert kept.startswith(f"kept      0 of {count_kernels()} in {tmp_path}")
    assert kept.endswith(", which is writable")
    assert remedy == '          "prelabel warmup" compiles the others now, and keeps them'


def test_a_choice_that_is_refused_comes_after_what_is_sure() -> None:
    """Versions are told whatever is wrong with the rest."""
    done = _run_doctor(PRELABEL_KERNELS="nonsense", NUMBA_DISABLE_JIT="0")

    assert done.returncode == 2
    assert "numpy 2" in done.stdout
    assert done.stderr == "error: PRELABEL_KERNELS is 'nonsense': give one of jit, none, required, or take it away\n"
