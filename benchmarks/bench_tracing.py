"""Arrays to exact polygons with holes, against the peers that are exact too, and against the usual OpenCV road.

    nox -s bench -- benchmarks/bench_tracing.py --benchmark-group-by=param:workload

Every body checks what it made, so `--benchmark-disable` runs them as tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from rasterio import features
from workloads import WORKLOADS, Mask

from prelabel import mask_to_polygons

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_benchmark.fixture import BenchmarkFixture


def ours(mask: Mask) -> int:
    """Exact, valid, holes attached; the result is a struct of arrays."""
    return len(mask_to_polygons(mask))


def rasterio_shapes(mask: Mask) -> int:
    """GDAL's polygonizer: exact and valid at 4-connectivity; the result is one GeoJSON dict per polygon."""
    return len(list(features.shapes(mask, mask=mask > 0, connectivity=4)))


def opencv_contours(mask: Mask) -> int:
    """One inRange and findContours (CCOMP) per class: pixel-centre rings, 8-connected, not always valid."""
    n_regions = 0
    for value in np.unique(mask[mask > 0]).tolist():
        contours, hierarchy = cv2.findContours(cv2.inRange(mask, value, value), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
        n_regions += sum(1 for entry in hierarchy[0] if entry[3] < 0) if contours else 0
    return n_regions


PEERS: dict[str, Callable[[Mask], int]] = {
    "prelabel": ours,
    "rasterio": rasterio_shapes,
    "opencv": opencv_contours,
}


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("workload", WORKLOADS)
@pytest.mark.parametrize("peer", PEERS)
def test_array_to_polygons(benchmark: BenchmarkFixture, workload: str, peer: str) -> None:
    """A mask in memory to all its polygons."""
    if (workload, peer) == ("nuclei", "opencv"):
        pytest.skip("a full-frame image for each of 5,000 ids takes minutes: the road is not made for instance ids")
    mask = WORKLOADS[workload]()
    benchmark.extra_info["n_pixels"] = mask.size

    n_polygons: Any = benchmark.pedantic(  # type: ignore[no-untyped-call] # pytest-benchmark has no types
        PEERS[peer], (mask,), rounds=3, warmup_rounds=1
    )

    if peer != "opencv":  # 8-connected regions are fewer
        assert n_polygons == len(mask_to_polygons(mask))
    assert n_polygons > 0
