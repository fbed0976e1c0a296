"""Coordinates to Ango's JSON, against orjson's own road for numpy arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from workloads import WORKLOADS

from prelabel import mask_to_polygons

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

    from prelabel import Polygons


def ours(polygons: Polygons) -> bytes:
    """The kernel writes every zone; Python only joins them."""
    return b"[" + b",".join(polygons.to_json(zones=True)) + b"]"


def orjson_numpy(polygons: Polygons) -> bytes:
    """One dict per zone, one numpy array per ring, and OPT_SERIALIZE_NUMPY."""
    ring_offsets, polygon_offsets = polygons.ring_offsets.tolist(), polygons.polygon_offsets.tolist()
    zones = []
    for index in range(len(polygons)):
        ids = range(polygon_offsets[index], polygon_offsets[index + 1])
        region, *holes = (polygons.points[ring_offsets[ring] : ring_offsets[ring + 1]] for ring in ids)
        zones.append({"region": region, "holes": holes})
    return orjson.dumps(zones, option=orjson.OPT_SERIALIZE_NUMPY)


ROADS = {"prelabel": ours, "orjson": orjson_numpy}


@pytest.mark.parametrize("workload", ["street", "nuclei", "fields", "noise"])
@pytest.mark.parametrize("peer", ROADS)
def test_coordinates_to_json(benchmark: BenchmarkFixture, workload: str, peer: str) -> None:
    """All polygons of a mask, as text."""
    polygons = mask_to_polygons(WORKLOADS[workload]())
    benchmark.extra_info["n_points"] = len(polygons.points)

    text: Any = benchmark.pedantic(ROADS[peer], (polygons,), rounds=5, warmup_rounds=1)  # type: ignore[no-untyped-call]

    assert text == ours(polygons)
