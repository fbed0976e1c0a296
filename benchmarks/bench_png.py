"""PNG files to polygons, against the usual OpenCV road and against Pillow only decoding the file.

    nox -s bench -- benchmarks/bench_png.py --benchmark-group-by=param:workload

The real masks lie beside the repository on our machines; see tests/conftest.py.
"""

from __future__ import annotations

import os
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
from prelabel.masks.decoders.decode import decode_mask
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
    return Case(encoded, colors, opencv_values(opencv_image(encoded)))


def opencv_values(image: Any) -> list[tuple[int, ...]]:
    """Return the most frequent values of an image that are neither 0 nor transparent, channel by channel."""
    channels = image.reshape(-1, image.shape[2] if image.ndim == 3 else 1)
    packed = np.zeros(len(channels), np.uint64)
    for channel in range(channels.shape[1]):
        packed |= channels[:, channel].astype(np.uint64) << np.uint64(16 * channel)
    found, counts = np.unique(packed, return_counts=True)
    seen = np.stack([(found >> np.uint64(16 * k)) & np.uint64(0xFFFF) for k in range(channels.shape[1])], axis=1)
    kept = seen[:, :3].any(1) & ((seen[:, -1] != 0) if channels.shape[1] == 4 else True)
    order = np.argsort(-counts[kept], kind="stable")[:MOST_CLASSES]
    return [tuple(row) for row in seen[kept][order].astype(int).tolist()]


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


def ours_ring_by_ring(case: Case) -> int:
    """Simplified each ring for itself, as OpenCV does it."""
    return len(mask_to_polygons(case.encoded, colors=case.colors or None, tolerance=TOLERANCE, simplification="rings"))


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


@cache
def real(name: str) -> Case:
    """Return a real mask."""
    return case_of(FILES[name].read_bytes())


def time_real(benchmark: BenchmarkFixture, workload: str, road: Callable[[Case], int]) -> None:
    """Time a road on a real mask; run as a test only, one small one of each collection."""
    if not FILES:
        pytest.skip(f"the real masks are not on this machine: set PRELABEL_SHARED ({SHARED / 'masks'} is absent)")
    if benchmark.disabled and workload not in SAMPLE:
        pytest.skip("one of each collection is enough where nothing is timed")
    cv2.setNumThreads(1)
    case = real(workload)
    rounds = 3 if len(case.encoded) > 100_000 else 30
    n_made: Any = benchmark.pedantic(road, (case,), rounds=rounds, warmup_rounds=1)  # type: ignore[no-untyped-call]
    assert n_made >= 0


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("workload", list(FILES) or ["absent"])
@pytest.mark.parametrize("road", ROADS)
def test_real_png_to_polygons(benchmark: BenchmarkFixture, workload: str, road: str) -> None:
    """Every real PNG mask, at 1 px in the report."""
    time_real(benchmark, workload, ROADS[road])


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("workload", list(FILES) or ["absent"])
@pytest.mark.parametrize("road", ["prelabel", "opencv"])
def test_real_png_ring_by_ring(benchmark: BenchmarkFixture, workload: str, road: str) -> None:
    """Every real PNG mask at 1 px, where nothing has to fit its neighbours."""
    time_real(benchmark, workload, {"prelabel": ours_ring_by_ring, "opencv": opencv_road}[road])
