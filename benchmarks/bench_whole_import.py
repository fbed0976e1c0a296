"""The whole import, process by process: ``prelabel import`` against the script that a competent user writes today.

    python benchmarks/bench_whole_import.py            # each workload: wall and CPU seconds of both, and the ratios
    python benchmarks/bench_whole_import.py --threads  # ours with one thread and with two
    nox -s bench -- benchmarks/bench_whole_import.py   # the same in a table, wall time only

Both begin as new processes, take turns, and send to a hub on this machine that only counts (counting_hub.py), on the
same cores. Ours runs as it is by default: it reads what is stored, keeps a record and what an undo needs; the script
does neither. CPU is the process's own, all threads; the hub's is not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from workloads import _smooth, street

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_benchmark.fixture import BenchmarkFixture
    from workloads import Mask

HERE = Path(__file__).parent
SCRIPT, HUB = HERE / "plain_script.py", HERE / "counting_hub.py"
PROJECT = "6612f0d2c3a4b5c6d7e8f901"
TOLERANCE = 1.0
N_DISTINCT = 8
"""Masks that are made; rows beyond get copies, as files of their own, which neither side knows."""

OURS = "import sys; from prelabel.__main__ import main; sys.argv[0] = 'prelabel'; main()"
LIBRARY = (
    "import sys, prelabel; csv, config, host, project, n = sys.argv[1:];"
    " report = prelabel.import_labels(csv, config, host=host, project=project, n_threads=int(n));"
    " assert report.n_imported == report.n_rows, report.summary()"
)


def rolled_street(number: int) -> Mask:
    """19 classes, 2048 x 1024, some 3,000 regions."""
    rolled: Mask = np.roll(street(), (97 * number, 211 * number), (0, 1))
    return rolled


def blobs(number: int) -> Mask:
    """3 classes and background, 1280 x 720: some 50 regions with ragged borders and specks, as a model's are."""
    rng = np.random.default_rng(720 + number)
    fields = [_smooth(rng, 720, 1280, 40) + 0.02 * _smooth(rng, 720, 1280, 2) for _ in range(4)]
    mask: Mask = np.argmax(fields, axis=0).astype(np.uint8)
    return mask


def cells(number: int) -> Mask:
    """5,000 nuclei of one class, 2048 x 2048: ellipses that do not touch."""
    rng = np.random.default_rng(5000 + number)
    mask = np.zeros((2048, 2048), np.uint8)
    n_side = 71  # 71 x 71 places of 28 pixels
    for place in rng.permutation(n_side * n_side)[:5000].tolist():
        top, left = 20 + 28 * (place // n_side), 20 + 28 * (place % n_side)
        a, b, angle = rng.uniform(7, 12), rng.uniform(5, 9), rng.uniform(0, np.pi)
        y, x = np.mgrid[:26, :26] - 12.5 + rng.uniform(-0.5, 0.5)
        u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        mask[top : top + 26, left : left + 26][(u / a) ** 2 + (v / b) ** 2 <= 1] = 1
    return mask


@dataclass(frozen=True, slots=True)
class Workload:
    """Rows with a mask each: how they are made, how many classes they have, and how many rows there are."""

    mask: Callable[[int], Mask]
    n_classes: int
    n_rows: int


WORKLOADS = {
    "300 x (1280 x 720, 3 classes)": Workload(blobs, 3, 300),
    "40 x street": Workload(rolled_street, 19, 40),
    "40 x 5,000 nuclei": Workload(cells, 1, 40),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A workload's CSV and config, and the hub they go to."""

    csv: Path
    config: Path
    host: str

    def counts(self) -> dict[str, int]:
        """What the hub was sent since the last time."""
        with urllib.request.urlopen(urllib.request.Request(f"{self.host}/counts", method="POST")) as answer:
            counts: dict[str, int] = json.load(answer)
        return counts


@contextmanager
def place(workload: Workload, n_rows: int) -> Iterator[Place]:
    """Masks, CSV, config and hub, for the time of the block."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        titles = [f"class {value}" for value in range(1, workload.n_classes + 1)]
        (folder / "masks").mkdir()
        for number in range(min(n_rows, N_DISTINCT)):
            Image.fromarray(workload.mask(number)).save(folder / f"{number}.png")
        for row in range(n_rows):
            (folder / "masks" / f"{row}.png").write_bytes((folder / f"{row % N_DISTINCT}.png").read_bytes())
        csv, config, project = folder / "labels.csv", folder / "config.json", folder / "project.json"
        ids = [f"image-{row}.jpg" for row in range(n_rows)]
        csv.write_text("ID,Mask\n" + "".join(f"{each},masks/{row}.png\n" for row, each in enumerate(ids)))
        config.write_text(
            json.dumps(
                {
                    "external_id_column": "ID",
                    "mask_column": "Mask",
                    "mask_color_mapping": {title: [value] for value, title in enumerate(titles, 1)},
                    "segmentation_mode": "instance_segmentation",
                    "polygon_simplification_tolerance": TOLERANCE,
                    "upload_batch_size": 100,
                }
            )
        )
        tools = [
            {"title": title, "tool": "segmentation", "schemaId": f"{value:023x}", "color": "#000000"}
            for value, title in enumerate(titles, 1)
        ]
        schema = {"tools": tools, "classifications": [], "relations": []}
        project.write_text(json.dumps({"categorySchema": schema, "ids": ids}))
        command = [sys.executable, str(HUB), str(project)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as hub:
            assert hub.stdin is not None
            assert hub.stdout is not None
            yield Place(csv, config, f"http://127.0.0.1:{int(hub.stdout.readline())}")
            hub.stdin.close()


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took, and what arrived."""

    wall_s: float
    cpu_s: float
    counts: dict[str, int]


def run(here: Place, command: list[str]) -> Cost:
    """Run a process to its end."""
    here.counts()
    environment = {**os.environ, "ANGO_API_KEY": "bench"}
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    wall_s, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stdout + done.stderr
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall_s, cpu_s, here.counts())


def ours(here: Place) -> Cost:
    """``prelabel import``, with all it does by default; the record is a new one each time."""
    with tempfile.TemporaryDirectory() as state:
        where = ["--host", here.host, "--project", PROJECT, "--state", state]
        return run(here, [sys.executable, "-c", OURS, "import", str(here.csv), "--config", str(here.config), *where])


def script(here: Place) -> Cost:
    """The script."""
    return run(here, [sys.executable, str(SCRIPT), str(here.csv), str(here.config), here.host, PROJECT])


def threads(here: Place, n_threads: int) -> Cost:
    """The library's call with so many threads; the command takes one per core."""
    arguments = [str(here.csv), str(here.config), here.host, PROJECT, str(n_threads)]
    return run(here, [sys.executable, "-c", LIBRARY, *arguments])


ROADS: dict[str, Callable[[Place], Cost]] = {"prelabel": ours, "script": script}
THREADS: dict[str, Callable[[Place], Cost]] = {
    "1 thread": partial(threads, n_threads=1),
    "2 threads": partial(threads, n_threads=2),
}


@pytest.mark.parametrize("workload", WORKLOADS)
@pytest.mark.parametrize("road", [*ROADS, *THREADS])
def test_whole_import(benchmark: BenchmarkFixture, workload: str, road: str) -> None:
    """Every row arrives with objects; wall time alone, and a few rows where nothing is timed."""
    n_rows, rounds = (4, 1) if benchmark.disabled else (WORKLOADS[workload].n_rows, 3)
    with place(WORKLOADS[workload], n_rows) as here:
        cost: Any = benchmark.pedantic(  # type: ignore[no-untyped-call] # pytest-benchmark has no types
            {**ROADS, **THREADS}[road], (here,), rounds=rounds, warmup_rounds=rounds - 1
        )
    assert cost.counts["n_items"] == n_rows
    assert cost.counts["n_objects"] > n_rows


def compare(workload: Workload, roads: dict[str, Callable[[Place], Cost]], n_rounds: int) -> dict[str, Cost]:
    """The medians of some rounds in which all take turns; the first round is for warming up and does not count."""
    with place(workload, workload.n_rows) as here:
        rounds = [{name: work(here) for name, work in roads.items()} for _ in range(n_rounds + 1)][1:]
    medians = {}
    for name in roads:
        costs = [each[name] for each in rounds]
        wall_s, cpu_s = (statistics.median(getattr(cost, of) for cost in costs) for of in ("wall_s", "cpu_s"))
        medians[name] = Cost(wall_s, cpu_s, costs[-1].counts)
    return medians


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", action="store_true", help="one thread of ours against two")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="workloads whose name holds this")
    arguments = parser.parse_args()
    roads = THREADS if arguments.threads else ROADS
    for name, workload in WORKLOADS.items():
        if arguments.only not in name:
            continue
        costs = compare(workload, roads, arguments.rounds)
        lines = [name]
        for road, cost in costs.items():
            counts = cost.counts
            assert counts["n_items"] == workload.n_rows
            lines.append(
                f"  {road:10} wall {cost.wall_s:7.3f} s  CPU {cost.cpu_s:7.3f} s  {counts['n_objects']:,} objects"
                f"  {counts['n_bytes'] / 1e6:.1f} MB"
            )
        first, second = costs.values()
        wall, cpu = (f"{one / other:.2f}" for one, other in _pairs(first, second, is_threads=arguments.threads))
        lines.append(f"  ratio      wall {wall}  CPU {cpu}")
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()


def _pairs(first: Cost, second: Cost, *, is_threads: bool) -> tuple[tuple[float, float], tuple[float, float]]:
    """What is divided by what: the script's costs by ours, one thread's by two's."""
    wall, cpu = (first.wall_s, second.wall_s), (first.cpu_s, second.cpu_s)
    return (wall, cpu) if is_threads else (wall[::-1], cpu[::-1])


if __name__ == "__main__":
    main()
