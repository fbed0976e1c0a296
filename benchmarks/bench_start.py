"""A new process: Python alone, the import of prelabel, and the first mask, with kernels already on disk."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from prelabel import mask_to_polygons

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_benchmark.fixture import BenchmarkFixture

TRACE = "import os, sys, prelabel; assert len(prelabel.mask_to_polygons(sys.argv[1]{})) == 1"
PROGRAMS = {
    "python alone": "pass",
    "import prelabel": "import prelabel",
    "first mask": TRACE.format("") + "; os._exit(0)",
    "first mask at 1 px": TRACE.format(", tolerance=1") + "; os._exit(0)",
    "first mask and end": TRACE.format(""),
    "first mask at 1 px and end": TRACE.format(", tolerance=1"),
}


@pytest.mark.parametrize("peer", PROGRAMS)
def test_new_process(benchmark: BenchmarkFixture, tmp_path: Path, peer: str) -> None:
    """From the start of the interpreter to its end; some end at once when the polygons are there: a service goes on."""
    mask = tmp_path / "mask.pgm"
    mask.write_bytes(b"P5 3 3 255 " + bytes([0, 0, 0, 0, 1, 0, 0, 0, 0]))
    assert len(mask_to_polygons(mask, tolerance=1)) == 1  # compiles what is not on disk yet
    command = [sys.executable, "-c", PROGRAMS[peer], str(mask)]

    benchmark.pedantic(subprocess.run, (command,), {"check": True}, rounds=10, warmup_rounds=1)  # type: ignore[no-untyped-call]
