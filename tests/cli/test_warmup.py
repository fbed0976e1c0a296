"""The command that compiles kernels ahead of time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from prelabel.kernels._ahead import JUST_IN_TIME
from prelabel.kernels._jit import ROAD
from prelabel.kernels._sources import count_kernels

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


pytestmark = pytest.mark.skipif(
    ROAD.name != JUST_IN_TIME, reason=f"kernels are compiled {ROAD.name}: nothing is to be done"
)


@pytest.mark.timeout(600)  # it compiles all kernels, whatever else the machine does
def test_warmup_fills_the_folder_that_is_named(tmp_path: Path) -> None:
    """Afterwards the kernels lie in NUMBA_CACHE_DIR, and a first mask adds nothing to them; nor does a second time."""
    done = _run("-m", "prelabel", "warmup", NUMBA_CACHE_DIR=str(tmp_path))
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")}
    first = _run("-c", FIRST_MASK, NUMBA_CACHE_DIR=str(tmp_path))
    again = _run("-m", "prelabel", "warmup", NUMBA_CACHE_DIR=str(tmp_path))
    doctor = _run("-m", "prelabel", "doctor", NUMBA_CACHE_DIR=str(tmp_path))

    n = count_kernels()
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith(f"compiling kernels, once each (about 20 s for all): 1 of {n}, ")
    *_, end = done.stderr.splitlines()
    assert re.match(rf"{n} kernels ready after [\d.]+ s: {n} compiled just in time, and kept in {tmp_path}", end)
    assert len(kept) == n
    assert first.stdout == "5\n"
    assert re.fullmatch(rf"{n} kernels ready after [\d.]+ s: they were there already\n", again.stderr)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")} == kept
    assert re.search(rf"\nkept      {n} of {n} in {tmp_path}/\S+, which is writable\n", doctor.stdout)
    assert "prelabel warmup" not in doctor.stdout


def test_warmup_fails_where_kernels_cannot_be_kept(tmp_path: Path) -> None:
    """At once, with the folder and the remedy; ``doctor`` says the same."""
    named = tmp_path / "a file"
    named.touch()
    # For a processor that nobody has warmed up for: kernels that lie beside the package would do.
    variables = {"NUMBA_CACHE_DIR": str(named), "NUMBA_CPU_NAME": "generic"}
    done = _run("-m", "prelabel", "warmup", **variables)
    doctor = _run("-m", "prelabel", "doctor", **variables)

    doubt = f"NUMBA_CACHE_DIR, {named}, cannot be written (Not a directory): make it writable, or name another folder"
    assert done.returncode == 4
    assert done.stderr == f"error: kernels cannot be kept: {doubt}\n"
    assert doubt in doctor.stdout
