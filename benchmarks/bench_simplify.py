"""Simplification at one pixel, against OpenCV's and shapely's; vertices in, per second.

The peers simplify each ring alone: neighbours drift apart, and rings may cross. Ours simplifies borders once for both
sides and lets nothing cross.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import cv2
import pytest
import shapely
from workloads import WORKLOADS

from prelabel import mask_to_polygons
from prelabel.kernels.pixel_runs import runs_from_array
from prelabel.kernels.simplify_shared import simplify_shared
from prelabel.kernels.traced_rings import trace_classes

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_benchmark.fixture import BenchmarkFixture

    from prelabel.kernels.rings import Rings

TOLERANCE = 1.0


def _rings(workload: str) -> Rings:
    return trace_classes(runs_from_array(WORKLOADS[workload]())).rings


def _ours(workload: str) -> Callable[[], int]:
    rings = _rings(workload)
    return lambda: int(simplify_shared(rings, TOLERANCE)[0].sum())


def _opencv(workload: str) -> Callable[[], int]:
    rings = _rings(workload)
    points, offsets, _ = rings.polygons()
    contours = [points[first:last] for first, last in pairwise(offsets.tolist())]
    return lambda: sum(len(cv2.approxPolyDP(contour, TOLERANCE, closed=True)) for contour in contours)


def _shapely(workload: str) -> Callable[[], int]:
    polygons = mask_to_polygons(WORKLOADS[workload]()).to_shapely()
    return lambda: int(shapely.get_num_coordinates(shapely.simplify(polygons, TOLERANCE)).sum())


PEERS = {"prelabel": _ours, "opencv": _opencv, "shapely": _shapely}


@pytest.mark.parametrize("workload", ["street", "nuclei", "fields", "noise"])
@pytest.mark.parametrize("peer", PEERS)
def test_simplify(benchmark: BenchmarkFixture, workload: str, peer: str) -> None:
    """All rings of a mask at one pixel."""
    call = PEERS[peer](workload)
    n_before = len(_rings(workload).nodes)
    benchmark.extra_info["n_points"] = n_before

    n_after: Any = benchmark.pedantic(call, rounds=5, warmup_rounds=1)  # type: ignore[no-untyped-call]

    assert 0 < n_after < n_before
