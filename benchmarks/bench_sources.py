"""Masks from a web server, and masks that many rows share: what overlapping and sharing leave to wait for.

    nox -s bench -- benchmarks/bench_sources.py
    python benchmarks/bench_sources.py   # each figure with its bound, and the peak memory of each run

The server waits 20 ms before each answer and runs in a process of its own (mask_server.py), on the same cores.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from workloads import _smooth

from prelabel.importer.convert import convert
from prelabel.importer.opened_csv import OpenedCsv
from prelabel.importer.options import RunOptions
from prelabel.inputs.csv_rows import read_rows
from prelabel.items.row_encoder import RowEncoder
from prelabel.items.worker_pool import count_cores
from prelabel.masks.sources.access import Access, Limits
from prelabel.masks.sources.router import MaskSources
from prelabel.outcomes.builder import peak_rss_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_benchmark.fixture import BenchmarkFixture

    from prelabel.items.mask_tracer import MaskTracer
    from prelabel.model import RowBatch

LATENCY_S = 0.02
N_MASKS, N_SHARED, N_ROWS = 1_000, 100, 10_000
ROWS_PER_TASK, MAX_TASKS = 16, 8
HEIGHT, WIDTH, N_CLASSES = 480, 640, 5
SERVER = Path(__file__).with_name("mask_server.py")
CONFIG: dict[str, Any] = {
    "external_id_column": "ID",
    "mask_column": "Mask",
    "mask_color_mapping": {f"class {value}": [value] for value in range(1, N_CLASSES + 1)},
}
SCHEMA: dict[str, Any] = {
    "tools": [
        {"title": f"class {value}", "tool": "segmentation", "schemaId": f"t{value}", "color": "#000000"}
        for value in range(1, N_CLASSES + 1)
    ],
    "classifications": [],
}


@dataclass(frozen=True, slots=True)
class Place:
    """Masks on disk, and a server of them."""

    folder: Path
    url: str

    def table(self, name: str, n_rows: int, cell: Callable[[int], str]) -> Path:
        """A CSV with these cells."""
        path = self.folder.parent / f"{name}.csv"
        path.write_text("ID,Mask\n" + "".join(f"{row}.png,{cell(row)}\n" for row in range(n_rows)))
        return path


@contextmanager
def place() -> Iterator[Place]:
    """Masks of six classes of smooth regions, 640 x 480, some 13 kB each, no two alike, served."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "masks"
        folder.mkdir()
        rng = np.random.default_rng(6)
        fields = np.stack([_smooth(rng, HEIGHT, WIDTH, 20) for _ in range(N_CLASSES + 1)])
        for number in range(N_MASKS):
            rolled = np.roll(fields, (number * 7 % HEIGHT, number * 13 % WIDTH), axis=(1, 2))
            Image.fromarray(rolled.argmax(0).astype(np.uint8)).save(folder / f"{number}.png")
        command = [sys.executable, str(SERVER), str(folder), str(LATENCY_S)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdin is not None
            assert server.stdout is not None
            yield Place(folder, f"http://127.0.0.1:{int(server.stdout.readline())}")
            server.stdin.close()


def converted(csv: Path, folder: Path) -> int:
    """Rows to items, which nobody keeps."""
    report = convert(csv, CONFIG, schema=SCHEMA, out=os.devnull, mask_root=folder)
    assert report.n_ready == report.n_rows, report.summary()
    return report.n_ready


def over_http(here: Place) -> int:
    """A thousand masks from the server."""
    return converted(here.table("web", N_MASKS, lambda row: f"{here.url}/{row}.png"), here.folder)


def tracing_alone(here: Place) -> int:
    """The same masks from the disk."""
    return converted(here.table("local", N_MASKS, lambda row: f"{row}.png"), here.folder)


def fetching_alone(here: Place) -> int:
    """The same masks from the server, and nothing done with them."""

    async def fetch_all() -> int:
        async with MaskSources(here.folder, Access(), Limits()) as sources:

            async def fetch(number: int) -> int:
                async with sources.fetched(sources.reference(f"{here.url}/{number}.png"), number) as content:
                    return len(content)

            return sum(n_bytes > 0 for n_bytes in await asyncio.gather(*map(fetch, range(N_MASKS))))

    return asyncio.run(fetch_all())


def sharing(here: Place) -> int:
    """Ten thousand rows that share a hundred masks of the server."""
    return converted(here.table("shared", N_ROWS, lambda row: f"{here.url}/{row % N_SHARED}.png"), here.folder)


def each_once(here: Place) -> int:
    """A row for each of the hundred masks."""
    return converted(here.table("once", N_SHARED, lambda row: f"{here.url}/{row}.png"), here.folder)


def encoding_alone(here: Place) -> int:
    """Ten thousand rows whose masks are traced already: cells, ids and JSON on all cores, and the file."""
    csv = here.table("encode", N_ROWS, lambda row: f"{row % N_SHARED}.png")
    opened = OpenedCsv.open(csv, CONFIG, RunOptions(project="p"))
    binding = opened.bind(SCHEMA)
    encoder = RowEncoder(opened.config, binding, project="p")
    traced = _traced(here, opened.tracer(binding))
    started = time.perf_counter()

    def encode(rows: RowBatch) -> list[bytes]:
        drafts = [encoder.read(rows, index) for index in range(len(rows))]
        return [encoder.encode(draft, traced[draft.mask_cell]).item.body for draft in drafts]

    n_rows, waiting = 0, deque[Future[list[bytes]]]()
    with ThreadPoolExecutor(count_cores()) as pool, Path(os.devnull).open("wb") as out:
        for rows in chain(read_rows(csv, rows_per_batch=ROWS_PER_TASK), [None] * MAX_TASKS):
            if len(waiting) == MAX_TASKS or (rows is None and waiting):
                items = waiting.popleft().result()
                n_rows += len(items)
                out.writelines(chain.from_iterable((item, b"\n") for item in items))
            if rows is not None:
                waiting.append(pool.submit(encode, rows))
    encoding_alone.__dict__["seconds"] = time.perf_counter() - started
    return n_rows


def _traced(here: Place, tracer: MaskTracer) -> dict[str, Any]:
    names = [f"{number}.png" for number in range(N_SHARED)]
    return {name: tracer.trace((here.folder / name).read_bytes(), name, time.perf_counter()) for name in names}


ROADS: dict[str, tuple[Callable[[Place], int], int]] = {
    "prelabel": (over_http, N_MASKS),
    "fetching alone": (fetching_alone, N_MASKS),
    "tracing alone": (tracing_alone, N_MASKS),
}
SHARED_ROADS: dict[str, tuple[Callable[[Place], int], int]] = {
    "prelabel": (sharing, N_ROWS),
    "each mask once": (each_once, N_SHARED),
}


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    """Masks and their server."""
    with place() as found:
        yield found


@pytest.mark.parametrize("road", ROADS)
def test_masks_over_http(benchmark: BenchmarkFixture, here: Place, road: str) -> None:
    """A thousand masks, 20 ms latency each: fetching and tracing overlap."""
    work, n_rows = ROADS[road]
    done: Any = benchmark.pedantic(work, (here,), rounds=3, warmup_rounds=1)  # type: ignore[no-untyped-call]
    assert done == n_rows


@pytest.mark.parametrize("road", SHARED_ROADS)
def test_rows_that_share_masks(benchmark: BenchmarkFixture, here: Place, road: str) -> None:
    """Ten thousand rows that share a hundred masks, beside a row for each of the hundred."""
    work, n_rows = SHARED_ROADS[road]
    done: Any = benchmark.pedantic(work, (here,), rounds=3, warmup_rounds=1)  # type: ignore[no-untyped-call]
    assert done == n_rows


def test_encoding_alone(here: Place) -> None:
    """What sharing is measured against gives as many items."""
    assert encoding_alone(here) == N_ROWS


WORKS: dict[str, Callable[[Place], int]] = {
    work.__name__: work for work in (over_http, fetching_alone, tracing_alone, sharing, each_once, encoding_alone)
}


def measured(name: str, here: Place) -> tuple[float, float]:
    """The shortest of five runs in seconds, and the peak memory in MB, of a process of its own."""
    command = [sys.executable, __file__, name, str(here.folder), here.url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    seconds, peak = json.loads(said)
    return seconds, peak


def child(name: str, folder: Path, url: str) -> None:
    """Run one work five times and print what it took."""
    here, times = Place(folder, url), []
    for _ in range(5):
        started = time.perf_counter()
        WORKS[name](here)
        times.append(time.perf_counter() - started)
        if name == "encoding_alone":
            times[-1] = encoding_alone.__dict__["seconds"]
    sys.stdout.write(json.dumps([min(times), (peak_rss_bytes() or 0) / 1e6]))


def summary() -> str:
    """Every figure with its bound."""
    with place() as here:
        found = {name: measured(name, here) for name in WORKS}
    lines = [f"{name:<16} {seconds:6.2f} s, peak {peak:5.0f} MB" for name, (seconds, peak) in found.items()]
    times = {name: seconds for name, (seconds, _) in found.items()}
    overlap = times["over_http"] / max(times["fetching_alone"], times["tracing_alone"])
    share = times["sharing"] / (times["each_once"] + times["encoding_alone"])
    lines.append(f"{N_MASKS} masks over http / the slower of fetching and tracing alone: {overlap:.2f} (bound 1.3)")
    lines.append(f"{N_ROWS} rows that share {N_SHARED} masks / these masks once plus encoding: {share:.2f} (bound 1.2)")
    return "\n".join(lines)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        child(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
    else:
        sys.stdout.write(summary() + "\n")
