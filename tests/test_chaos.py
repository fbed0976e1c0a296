"""A handful of chaotic imports; ``nox -s chaos -- N`` runs more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import JIT_OFF

TESTS = Path(__file__).parent


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the chaos is made of forks")
@pytest.mark.skipif(JIT_OFF, reason="no kernel is in question here, and without the JIT it takes minutes")
@pytest.mark.parametrize("seed", [1, 101, 201])
def test_nothing_is_lost_and_nothing_is_there_twice(seed: int) -> None:
    """Amid faults and kill -9 the hub ends as an undisturbed import would have left it; rolled back, as it was."""
    command = [sys.executable, str(TESTS / "chaos.py"), "5", "--seed", str(seed), "--rows", "200"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=110, check=False, env=_environment())

    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 runs of 200 rows, 0 wrong" in done.stdout


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(TESTS)}
