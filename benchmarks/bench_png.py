"""PNG files to polygons, against the usual OpenCV road and against Pillow only decoding the file.

    nox -s bench -- benchmarks/bench_png.py --benchmark-group-by=param:workload
    python benchmarks/bench_png.py   # every real file once more, and the ratios: median, worst, those that lose

The real masks lie beside the repository on our machines; see tests/conftest.py.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from PIL import Image
from workloads import WORKLOADS

from prelabel import mask_to_polygons
from prelabel.errors import MaskError
from prelabel.masks.decode import decode_mask
from prelabel.model import TRANSPARENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_benchmark.fixture import BenchmarkFixture

SHARED = Path(os.environ.get("PRELABEL_SHARED", Path(__file__).resolve().parents[2] / "shared"))
FILES = {str(path.relative_to(SHARED / "masks")): path for path in sorted((SHARED / "masks").glob("*/*.png"))}
SAMPLE = list({path.parent.name: name for name, path in FILES.items() if path.stat().st_size < 300_000}.values())
MOST_CLASSES = 64  # photographs in colour have thousands, and OpenCV makes a full frame for each
TOLERANCE = 1.0  # pixels: what OpenCV's rings are simplified to, and ours where that is said


@dataclass(frozen=True, slots=True)
class Case:
    """An encoded mask and its classes, the most frequent ones, as we and as OpenCV name them."""

    encoded: bytes
    colors: dict[str, list[int]]
    opencv_values: list[tuple[int, ...]]


def case_of(encoded: bytes) -> Case:
    """Look up the classes of a mask, as whoever calls either road knows them beforehand."""
    try:
        values, is_grey = decode_mask(encoded, "value").values, True
    except MaskError:
        values, is_grey = decode_mask(encoded, "rgb").values, False
    found, counts = np.unique(values[(values != 0) & (values != TRANSPARENT)], return_counts=True)
    listed = found[np.argsort(-counts, kind="stable")[:MOST_CLASSES]].tolist()
    colors = {str(value): [value] if is_grey else [value >> 16, value >> 8 & 255, value & 255] for value in listed}
    image = opencv_image(encoded)
    pixels = image.reshape(-1, image.shape[2] if image.ndim == 3 else 1)
    opaque = pixels[pixels[:, :3].any(1) & ((pixels[:, -1] != 0) if pixels.shape[1] == 4 else True)]
    seen, frequency = np.unique(opaque, axis=0, return_counts=True)
    order = np.argsort(-frequency, kind="stable")[:MOST_CLASSES]
    return Case(encoded, colors, [tuple(row) for row in seen[order].tolist()])


def opencv_image(encoded: bytes) -> Any:
    """Return the file's pixels: greys, BGR or BGRA."""
    image = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_UNCHANGED)
    assert image is not None
    return image


def ours(case: Case) -> int:
    """Exact, holes kept, all valid."""
    return len(mask_to_polygons(case.encoded, colors=case.colors or None))


def ours_simplified(case: Case) -> int:
    """Simplified as much as OpenCV's, still without gaps between neighbours and valid."""
    return len(mask_to_polygons(case.encoded, colors=case.colors or None, tolerance=TOLERANCE))


def opencv_road(case: Case) -> int:
    """Rings through pixel centres, with gaps between neighbours and not always valid."""
    image = opencv_image(case.encoded)
    n_rings = 0
    for value in case.opencv_values:
        contours, _ = cv2.findContours(cv2.inRange(image, value, value), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
        n_rings += len([cv2.approxPolyDP(contour, TOLERANCE, closed=True) for contour in contours])
    return n_rings


def pillow_only(case: Case) -> int:
    """Only decodes: no polygons at all."""
    with Image.open(BytesIO(case.encoded)) as image:
        image.load()
        return image.width


ROADS: dict[str, Callable[[Case], int]] = {
    "prelabel": ours,
    "prelabel at 1 px": ours_simplified,
    "opencv": opencv_road,
    "pillow decoding": pillow_only,
}


@cache
def synthetic(workload: str, writer: str) -> Case:
    """Return a synthetic mask as Pillow or OpenCV writes it."""
    mask = WORKLOADS[workload]()
    if writer == "pillow":
        file = BytesIO()
        Image.fromarray(mask).save(file, "PNG")
        return case_of(file.getvalue())
    return case_of(cv2.imencode(".png", mask)[1].tobytes())


@pytest.mark.parametrize("workload", WORKLOADS)
@pytest.mark.parametrize("writer", ["pillow", "opencv"])
@pytest.mark.parametrize("road", ROADS)
def test_written_png_to_polygons(benchmark: BenchmarkFixture, workload: str, writer: str, road: str) -> None:
    """Synthetic masks; OpenCV writes Sub rows, Pillow chooses row by row. Of many ids 64 are asked for."""
    case = synthetic(workload, writer)
    n_made: Any = benchmark.pedantic(  # type: ignore[no-untyped-call] # pytest-benchmark has no types
        ROADS[road], (case,), rounds=3, warmup_rounds=1
    )
    assert n_made > 0


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("workload", SAMPLE or ["absent"])
@pytest.mark.parametrize("road", ROADS)
def test_real_png_to_polygons(benchmark: BenchmarkFixture, workload: str, road: str) -> None:
    """A real PNG mask of each collection; run as a script, this file times them all."""
    if not FILES:
        pytest.skip(f"the real masks are not on this machine: set PRELABEL_SHARED ({SHARED / 'masks'} is absent)")
    case = case_of(FILES[workload].read_bytes())
    n_made: Any = benchmark.pedantic(  # type: ignore[no-untyped-call] # pytest-benchmark has no types
        ROADS[road], (case,), rounds=3, warmup_rounds=1
    )
    assert n_made >= 0


def best_seconds(road: Callable[[Case], int], case: Case) -> float:
    """Return the shortest of many runs, in this thread's own time: others share the machine."""
    cv2.setNumThreads(1)
    times: list[float] = []
    begun = time.perf_counter()
    while len(times) < 3 or (len(times) < 200 and time.perf_counter() - begun < 0.4):
        before = time.thread_time()
        road(case)
        times.append(time.thread_time() - before)
    return min(times)


def summary() -> str:
    """Time every real file on every road; return the table and what comes of it."""
    Image.MAX_IMAGE_PIXELS = None
    table: list[tuple[str, ...]] = [("decoding", *ROADS, "file")]
    gains, simplified_gains, shares = {}, {}, {}
    for name, path in FILES.items():
        case = case_of(path.read_bytes())
        times = [best_seconds(road, case) * 1e6 for road in (decoding, *ROADS.values())]
        _, exact, simplified, opencv, pillow = times
        gains[name], simplified_gains[name], shares[name] = opencv / exact, opencv / simplified, exact / pillow
        table.append((*(f"{time_us:.0f}" for time_us in times), name))
    lines = ["microseconds", *("".join(f"{cell:>17}" for cell in row[:-1]) + "  " + row[-1] for row in table)]
    for what, ratios in (("exact", gains), (f"at {TOLERANCE} px", simplified_gains)):
        lost = sorted((gain, name) for name, gain in ratios.items() if gain < 1)
        median, worst = statistics.median(ratios.values()), min(ratios.values())
        lines.append(f"{len(ratios)} files, OpenCV's time over ours, {what}: median {median:.2f}, worst {worst:.2f}")
        lines += [f"  slower than OpenCV: {name} {gain:.2f}" for gain, name in lost]
    median, worst = statistics.median(shares.values()), max(shares.values())
    lines.append(f"our time, exact, over Pillow's decoding: median {median:.2f}, worst {worst:.2f}")
    return "\n".join(lines)


def decoding(case: Case) -> int:
    """Our PNG bytes to runs alone."""
    return decode_mask(case.encoded, kind_of(case)).width


def kind_of(case: Case) -> Any:
    """Return the kind of values that this case's classes are."""
    return "rgb" if any(len(color) == 3 for color in case.colors.values()) else "value"


if __name__ == "__main__":
    sys.stdout.write(summary() + "\n")
