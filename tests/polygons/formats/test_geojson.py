"""GeoJSON, by its specification and by shapely."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson
import shapely
from hypothesis import example, given

import oracles
import strategies
from polygons.formats.pictures import EMPTY, RING, options
from prelabel.polygons.mask_to_polygons import mask_to_polygons

if TYPE_CHECKING:
    import numpy as np


@given(strategies.masks(), options)
@example(EMPTY, {})
@example(RING, {})
def test_geojson(mask: np.ndarray, chosen: dict[str, Any]) -> None:
    """Through orjson and back into shapely: the same polygons, exteriors counter-clockwise by number, rings closed."""
    polygons = mask_to_polygons(mask, **chosen)

    collection = json.loads(orjson.dumps(polygons.to_geojson()))

    assert collection["type"] == "FeatureCollection"
    features = collection["features"]
    read = [shapely.from_geojson(json.dumps(feature["geometry"])) for feature in features]
    assert len(read) == len(polygons)
    assert all(map(shapely.equals_exact, read, polygons.to_shapely()))
    for feature, polygon, area in zip(features, polygons, polygons.areas.tolist(), strict=True):
        assert feature["properties"] == {"class": polygon.class_name, "object": polygon.object_index, "area": area}
        for ring, sign in zip(feature["geometry"]["coordinates"], [1, *[-1] * len(polygon.holes)], strict=True):
            assert ring[0] == ring[-1]
            assert oracles.shoelace(ring) * sign > 0
