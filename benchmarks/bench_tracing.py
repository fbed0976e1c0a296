"""Arrays to exact polygons with holes, against the peers that are exact too, and against those that are not.

    nox -s bench -- benchmarks/bench_tracing.py

Every body checks what it made, so `--benchmark-disable` runs them as tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
import supervision
import xarray
from rasterio import features
from skimage import measure
from workloads import WORKLOADS, Mask
from xrspatial.experimental.polygonize import polygonize

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


def xrspatial_polygonize(mask: Mask) -> int:
    """Jitted with numba too: exact and valid at 4-connectivity; the result is nested lists of arrays."""
    raster, wanted = xarray.DataArray(mask.astype(np.int32)), xarray.DataArray(mask > 0)
    return len(polygonize(raster, mask=wanted, connectivity=4)[0])


def opencv_contours(mask: Mask) -> int:
    """One inRange and findContours (CCOMP) per class: pixel-centre rings, 8-connected, not always valid."""
    n_regions = 0
    for value in np.unique(mask[mask > 0]).tolist():
        contours, hierarchy = cv2.findContours(cv2.inRange(mask, value, value), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
        n_regions += sum(1 for entry in hierarchy[0] if entry[3] < 0) if contours else 0
    return n_regions


def supervision_polygons(mask: Mask) -> int:
    """One call per class: pixel-centre rings, holes indistinguishable from regions."""
    return sum(len(supervision.mask_to_polygons(mask == value)) for value in np.unique(mask[mask > 0]).tolist())


def skimage_contours(mask: Mask) -> int:
    """Marching squares per class: cuts corners, holes apart from their regions."""
    padded = np.pad(mask, 1)
    n_rings = 0
    for value in np.unique(mask[mask > 0]).tolist():
        n_rings += len(measure.find_contours((padded == value).astype(float), 0.5))  # type: ignore[no-untyped-call]
    return n_rings


PEERS: dict[str, Callable[[Mask], int]] = {
    "prelabel": ours,
    "rasterio": rasterio_shapes,
    "xarray-spatial": xrspatial_polygonize,
    "opencv": opencv_contours,
    "supervision": supervision_polygons,
    "scikit-image": skimage_contours,
}
EXACT = {"prelabel", "rasterio", "xarray-spatial"}


def takes_long(workload: str, peer: str) -> bool:
    """Tell whether one round takes seconds, or up to minutes: a full frame for each of 5,000 ids, or scikit-image."""
    return peer == "scikit-image" or (workload == "nuclei" and peer not in EXACT)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("workload", WORKLOADS)
@pytest.mark.parametrize("peer", PEERS)
def test_array_to_polygons(benchmark: BenchmarkFixture, workload: str, peer: str) -> None:
    """A mask in memory to all its polygons."""
    is_long = takes_long(workload, peer)
    if is_long and benchmark.disabled:
        pytest.skip("takes up to minutes a mask: run when it is timed")
    mask = WORKLOADS[workload]()
    polygons = mask_to_polygons(mask)
    benchmark.extra_info |= {"n_pixels": mask.size, "n_polygons": len(polygons), "n_points": len(polygons.points)}

    n_polygons: Any = benchmark.pedantic(  # type: ignore[no-untyped-call] # pytest-benchmark has no types
        PEERS[peer], (mask,), rounds=1 if is_long else 3, warmup_rounds=0 if is_long else 1
    )

    assert n_polygons == len(polygons) if peer in EXACT else n_polygons > 0
