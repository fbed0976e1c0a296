"""Masks that are nearly all border: an anti-aliased page, membranes, outlines. How near is the least there is to do?

    nox -s bench -- benchmarks/bench_noise_like.py

``the least`` is no way to polygons but what each way has to do: decode the file; look once at each border between two
rows of runs; for exact rings follow each of them once, from vertex to vertex as they lie in memory; for simplified ones
also measure each chain of points once against its chord. All that in kernels of a few lines, compiled for this machine.
The other peer is the usual OpenCV road, a frame for each value.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import cv2
import numba
import numpy as np
import pytest
from workloads import _smooth, nuclei

from prelabel import mask_to_polygons
from prelabel.masks.decoders.decode import decode_mask
from prelabel.polygons.trace import TraceOptions, outline

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from pytest_benchmark.fixture import BenchmarkFixture
    from workloads import Mask

TOLERANCE = 1.0
TEXT = "the quick brown fox jumps over the lazy dog while 12345 sphinxes of black quartz judge my vow "


def page() -> Mask:
    """445 x 328, 63 values: text that was scaled down, each of its greys a class of its own."""
    sheet = np.zeros((1312, 1780), np.uint8)
    for line in range(24):
        cv2.putText(
            sheet, TEXT[line:] + TEXT[:line], (20, 60 + 52 * line), cv2.FONT_HERSHEY_SIMPLEX, 1.4, 255, 4, cv2.LINE_AA
        )
    small = cv2.resize(sheet, (445, 328), interpolation=cv2.INTER_AREA)
    return np.minimum(small // 4, 62).astype(np.uint8)


def membranes() -> Mask:
    """1024 x 1024, binary: thin ragged lines between cells, as a model's threshold leaves them."""
    rng = np.random.default_rng(8)
    field = _smooth(rng, 1024, 1024, 6) + 0.25 * _smooth(rng, 1024, 1024, 1)
    return (np.abs(field) < 0.2).astype(np.uint8)


def outlines() -> Mask:
    """2048 x 2048, binary: the outlines, a pixel wide, of 5,000 nuclei."""
    labels = nuclei()
    inner = np.ones(labels.shape, bool)
    for axis in (0, 1):
        for step in (1, -1):
            inner &= np.roll(labels, step, axis) == labels
    return ((labels > 0) & ~inner).astype(np.uint8)


WORKLOADS: dict[str, Callable[[], Mask]] = {"page": page, "membranes": membranes, "outlines": outlines}


@numba.njit
def look_at_borders(width, row_offsets, starts, values):  # type: ignore[no-untyped-def]
    """Count the places where two neighbouring rows have a border, going along both side by side."""
    n_places = 0
    for y in range(len(row_offsets) - 2):
        i, end_i, j, end_j = row_offsets[y], row_offsets[y + 1], row_offsets[y + 1], row_offsets[y + 2]
        a, c = values[i], values[j]
        i, j = i + 1, j + 1
        while i < end_i or j < end_j:
            x_i, x_j = starts[i] if i < end_i else width, starts[j] if j < end_j else width
            b, d = a, c
            if x_i <= x_j:
                b = values[i]
                i += 1
            if x_j <= x_i:
                d = values[j]
                j += 1
            n_places += not (a == c and b == d)
            a, c = b, d
    return n_places


@numba.njit
def follow(following, firsts, places, points):  # type: ignore[no-untyped-def]
    """Write each ring's points; ``following`` has the next bend in the low, the vertex in the high half."""
    n = 0
    for first in firsts:
        bend = first
        while True:
            points[n] = places[following[bend] >> 32]
            n += 1
            bend = following[bend] & 0xFFFFFFFF
            if bend == first:
                break
    return n


@numba.njit
def measure(xy, nodes, ring_offsets, anchors, seen, tolerance):  # type: ignore[no-untyped-def]
    """Measure each chain between anchors against its chord, once for both sides. Returns how many are too far away."""
    n_far = 0
    seen[:] = 0
    for ring in range(len(ring_offsets) - 1):
        first, end = ring_offsets[ring], ring_offsets[ring + 1]
        start = first
        for k in range(first + 1, end + 1):
            node = nodes[k if k < end else first]
            if k < end and anchors[node] == 0:
                continue
            if k > start + 1 and not seen[nodes[start + 1]]:
                seen[nodes[k - 1]] = 1
                px, py = xy[nodes[start], 0], xy[nodes[start], 1]
                dx, dy = xy[node, 0] - px, xy[node, 1] - py
                farthest = 0
                for m in range(start + 1, k):
                    farthest = max(farthest, abs(dx * (xy[nodes[m], 1] - py) - dy * (xy[nodes[m], 0] - px)))
                n_far += farthest * farthest > tolerance * tolerance * (dx * dx + dy * dy)
            start = k
    return n_far


@dataclass(frozen=True, slots=True)
class Least:
    """A mask's exact rings, as far as the least needs them.

    Attributes:
        following: int64, one per bend, in the order in which a sweep makes them: the next one, and the vertex.
        firsts: int64, one per ring: its first bend.
        places, anchors: of the vertices.
        nodes, ring_offsets: the rings.
    """

    following: NDArray[np.int64]
    firsts: NDArray[np.int64]
    places: NDArray[np.int64]
    anchors: NDArray[np.uint8]
    nodes: NDArray[np.int32]
    ring_offsets: NDArray[np.int32]


@cache
def case(workload: str) -> tuple[bytes, Least]:
    """A workload as a PNG file, and its rings."""
    encoded = cv2.imencode(".png", WORKLOADS[workload]())[1].tobytes()
    rings = outline(decode_mask(encoded, "value"), None, TraceOptions()).rings
    order = np.argsort(rings.nodes, kind="stable")
    bends = np.empty(len(order), np.int64)
    bends[order] = np.arange(len(order))
    after = np.arange(1, len(order) + 1)
    after[rings.ring_offsets[1:] - 1] = rings.ring_offsets[:-1]
    following = np.empty(len(order), np.int64)
    following[bends] = rings.nodes.astype(np.int64) << 32 | bends[after]
    firsts = bends[rings.ring_offsets[:-1]]
    vertices = rings.places.copy(), rings.anchors.copy()
    return encoded, Least(following, firsts, *vertices, rings.nodes.copy(), rings.ring_offsets.copy())


def prelabel(workload: str, *, tolerance: float) -> int:
    """Every value a class."""
    return len(mask_to_polygons(case(workload)[0], tolerance=tolerance))


def the_least(workload: str, *, tolerance: float) -> int:
    """What cannot be left out."""
    encoded, rings = case(workload)
    runs = decode_mask(encoded, "value")
    look_at_borders(runs.width, runs.row_offsets, runs.starts, runs.values)
    n_points: int = follow(rings.following, rings.firsts, rings.places, np.empty(len(rings.nodes), np.int64))
    if tolerance:
        xy, seen = rings.places.view(np.int32).reshape(-1, 2), np.empty(len(rings.places), np.uint8)
        measure(xy, rings.nodes, rings.ring_offsets, rings.anchors, seen, tolerance)
    return n_points


def opencv(workload: str, *, tolerance: float) -> int:
    """Pixel-centre rings, exteriors and holes."""
    image: Any = cv2.imdecode(np.frombuffer(case(workload)[0], np.uint8), cv2.IMREAD_UNCHANGED)
    n_rings = 0
    for value in range(1, int(image.max()) + 1):
        contours, _ = cv2.findContours(cv2.inRange(image, value, value), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
        if tolerance:
            contours = [cv2.approxPolyDP(contour, tolerance, closed=True) for contour in contours]
        n_rings += len(contours)
    return n_rings


ROADS = {"prelabel": prelabel, "the least": the_least, "opencv": opencv}


@pytest.mark.parametrize("workload", WORKLOADS)
@pytest.mark.parametrize("tolerance", [0.0, TOLERANCE])
@pytest.mark.parametrize("road", ROADS)
def test_noise_like_png(benchmark: BenchmarkFixture, workload: str, tolerance: float, road: str) -> None:
    """From file to polygons, exact and simplified."""
    cv2.setNumThreads(1)
    case(workload)
    n_made: Any = benchmark.pedantic(  # type: ignore[no-untyped-call] # pytest-benchmark has no types
        partial(ROADS[road], workload, tolerance=tolerance), rounds=15, warmup_rounds=2
    )
    assert n_made > 0
