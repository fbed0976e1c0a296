"""Runs to polygons: options, class tables, pixel counts, objects, and what Polygons offers."""

from __future__ import annotations

import numpy as np
import rasterio.features
import shapely
from hypothesis import example, given

import strategies
from polygons.tracing import trace_options, traced_runs
from prelabel.kernels.pixel_runs import runs_from_array
from prelabel.polygons.trace import LOSSLESS_BELOW, TraceOptions


@given(strategies.masks(), trace_options)
@example(np.zeros((2, 2), np.uint8), TraceOptions())
@example(np.zeros((2, 2), np.uint8), TraceOptions(coordinates="pixel_centers"))
@example(np.ones((1, 1), np.uint8), TraceOptions(coordinates="pixel_centers"))
def test_to_shapely(mask: np.ndarray, chosen: TraceOptions) -> None:
    """One shapely polygon per polygon, with its very points; rasterio turns exact ones back into the mask."""
    polygons = traced_runs(runs_from_array(mask), None, chosen)

    shapes = polygons.to_shapely()

    assert shapes.shape == (len(polygons),)
    for shape, polygon in zip(shapes, polygons, strict=True):
        rings = [shape.exterior, *shape.interiors]
        for line, ring in zip(rings, (polygon.exterior, *polygon.holes), strict=True):
            assert shapely.get_coordinates(line).tolist() == [*ring.tolist(), ring[0].tolist()]
    if len(shapes) and chosen.coordinates == "pixel_edges" and chosen.tolerance < LOSSLESS_BELOW:
        assert shapely.area(shapes).tolist() == polygons.areas.tolist()
        values = [int(polygons.class_names[index]) for index in polygons.class_indices]
        again = rasterio.features.rasterize(zip(shapes, values, strict=True), mask.shape, dtype=np.uint8)
        if chosen.min_area <= 1:
            np.testing.assert_array_equal(again, mask)
