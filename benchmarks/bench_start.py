"""A new process: Python alone, the first mask, and whole commands, with kernels already on disk.

Commands talk to a local hub in a process of its own. Each benchmark's ``extra_info`` has the processor's time besides,
user and system, the least and the median: where others use the machine, it says more than the time that passed.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from prelabel import mask_to_polygons
from prelabel.demo.scenes import draw_samples, write_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytest_benchmark.fixture import BenchmarkFixture

KEY = "0123456789abcdef0123456789abcdef"
TRACE = "import os, sys, prelabel; assert len(prelabel.mask_to_polygons(sys.argv[1]{})) == 1"
PROGRAMS = {
    "python alone": "pass",
    "import prelabel": "import prelabel",
    "first mask": TRACE.format("") + "; os._exit(0)",
    "first mask at 1 px": TRACE.format(", tolerance=1") + "; os._exit(0)",
    "first mask and end": TRACE.format(""),
    "first mask at 1 px and end": TRACE.format(", tolerance=1"),
}
COMMANDS = {
    "version": "--version",
    "help": "--help",
    "help of import": "import --help",
    "convert one row": "convert {folder}/segmentation.csv -c {folder}/segmentation-config.json -o {folder}/out "
    "--schema {folder}/segmentation-schema.json",
    "import one row, dry": "import {csv} --dry-run {options}",
    "import one row, no record": "import {csv} --no-state {options}",
    "import one row": "import {csv} --restart {options}",
}
HUB = """
import sys
from pathlib import Path
from prelabel.demo.run import _create_project
from prelabel.demo.scenes import draw_samples
from prelabel.localhub import LocalHub
import asyncio, json
folder, key = Path(sys.argv[1]), sys.argv[2]
with LocalHub(folder / "hub", api_key=key) as hub:
    schema = json.loads((folder / "segmentation-schema.json").read_bytes())
    project = asyncio.run(_create_project("start", schema, folder / "images", draw_samples(1), hub))
    print(json.dumps([hub.url, project]), flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("peer", PROGRAMS)
def test_new_process(benchmark: BenchmarkFixture, tmp_path: Path, peer: str) -> None:
    """From the start of the interpreter to its end; some end at once when the polygons are there: a service goes on."""
    mask = tmp_path / "mask.pgm"
    mask.write_bytes(b"P5 3 3 255 " + bytes([0, 0, 0, 0, 1, 0, 0, 0, 0]))
    assert len(mask_to_polygons(mask, tolerance=1)) == 1  # compiles what is not on disk yet
    _measure(benchmark, [sys.executable, "-c", PROGRAMS[peer], str(mask)])


@pytest.mark.parametrize("peer", ["import prelabel and trace a PNG"])
def test_first_png(benchmark: BenchmarkFixture, folder: Path, peer: str) -> None:
    """The demo's first mask, of 320 x 240 pixels, from the start of the interpreter to its end."""
    program = "import sys, prelabel; prelabel.mask_to_polygons(sys.argv[1])"
    _measure(benchmark, [sys.executable, "-c", program, str(folder / "masks" / "street-0001.png")])


@pytest.mark.parametrize("peer", COMMANDS)
def test_command(benchmark: BenchmarkFixture, folder: Path, hub: tuple[str, str], peer: str) -> None:
    """A command from its start to its end, against a hub that answers at once."""
    url, project = hub
    options = f"-c {folder}/segmentation-config.json --project {project} --host {url}"
    arguments = COMMANDS[peer].format(folder=folder, csv=folder / "segmentation.csv", options=options).split()
    _measure(benchmark, [sys.executable, "-m", "prelabel", *arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's examples, one row each."""
    made = tmp_path_factory.mktemp("start")
    write_files(made, draw_samples(1))
    return made


@pytest.fixture(scope="module")
def hub(folder: Path) -> Iterator[tuple[str, str]]:
    """The address of a local hub in a process of its own, and a project that has the row's asset."""
    command = [sys.executable, "-c", HUB, str(folder), KEY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        url, project = json.loads(running.stdout.readline())
        yield url, project
        running.communicate("")


def _measure(benchmark: BenchmarkFixture, command: Sequence[str]) -> None:
    """Run a command time and again; the processor's time goes beside the time that passed."""
    cpu_s: list[float] = []

    def run() -> None:
        process = subprocess.Popen(
            command, env=os.environ | {"ANGO_API_KEY": KEY}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, used = os.wait4(process.pid, 0)  # what it used, and it alone
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        cpu_s.append(used.ru_utime + used.ru_stime)

    benchmark.pedantic(run, rounds=10, warmup_rounds=1)  # type: ignore[no-untyped-call]
    warm = cpu_s[1:] or cpu_s  # as a mere test it runs once
    benchmark.extra_info |= {"least_cpu_s": min(warm), "median_cpu_s": statistics.median(warm)}
