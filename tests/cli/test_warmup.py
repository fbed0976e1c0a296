"""The command that compiles kernels ahead of time."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from prelabel.kernels._ahead import JUST_IN_TIME
from prelabel.kernels._jit import ROAD

if TYPE_CHECKING:
    from pathlib import Path

FIRST_MASK = """
import numpy as np, prelabel
print(len(prelabel.mask_to_polygons(np.eye(5, dtype=np.uint8))))
"""


def _run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], env=os.environ | variables, capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(ROAD.name != JUST_IN_TIME, reason=f"kernels are compiled {ROAD.name}: nothing is to be done")
@pytest.mark.timeout(600)  # it compiles all kernels, whatever else the machine does
def test_warmup_fills_the_folder_that_is_named(tmp_path: Path) -> None:
    """Afterwards the kernels lie in NUMBA_CACHE_DIR, and a first mask adds nothing to them."""
    done = _run("-m", "prelabel", "warmup", NUMBA_CACHE_DIR=str(tmp_path))
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")}
    first = _run("-c", FIRST_MASK, NUMBA_CACHE_DIR=str(tmp_path))

    assert (done.returncode, done.stdout) == (0, "")
    assert "compiling kernels, once (about 20 s): " in done.stderr
    assert "modules of kernels ready" in done.stderr
    assert done.stderr.rstrip().endswith("compiled just in time")
    assert kept
    assert first.stdout == "5\n"
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")} == kept
