"""PolygonArrays as GeoJSON (RFC 7946)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prelabel.polygons.arrays import PolygonArrays


def to_geojson(polygons: PolygonArrays) -> dict[str, Any]:
    """Return a GeoJSON FeatureCollection (RFC 7946) of plain Python values, one feature per polygon.

    Coordinates are pixels with y down, not longitudes and latitudes. Rings are closed; exteriors run counter-clockwise
    by their numbers, as the RFC asks, which looks clockwise on a screen. Properties: ``class``, ``object`` (polygons of
    one object share its number) and ``area`` in pixels.
    """
    closed, offsets = polygons.closed_rings()
    points = closed.tolist()
    rings = [points[first:last] for first, last in pairwise(offsets.tolist())]
    features = []
    owners = zip(
        pairwise(polygons.polygon_offsets.tolist()),
        polygons.class_indices.tolist(),
        polygons.object_indices.tolist(),
        polygons.areas.tolist(),
        strict=True,
    )
    for (first, last), class_index, object_index, area in owners:
        properties = {"class": polygons.class_names[class_index], "object": object_index, "area": area}
        geometry = {"type": "Polygon", "coordinates": rings[first:last]}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    return {"type": "FeatureCollection", "features": features}
