"""PolygonArrays as a GeoArrow table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

    from prelabel.polygons.arrays import PolygonArrays


def to_arrow(polygons: PolygonArrays) -> pa.Table:
    """Return a GeoArrow table, one row per polygon.

    Columns: ``geometry`` (``geoarrow.polygon``: interleaved float64 x, y, rings closed, y down, no CRS), ``class``
    (dictionary of the class names), ``object`` (int32; polygons of one object share it) and ``area`` (int64, pixels).
    Classes, objects, areas and ring counts are the polygons' own memory.
    """
    import pyarrow as pa  # noqa: PLC0415 - heavy, and only this function needs it

    closed, offsets = polygons.closed_rings()
    xy = pa.list_(pa.field("xy", pa.float64(), nullable=False), 2)
    vertices = pa.list_(pa.field("vertices", xy, nullable=False))
    rings = pa.list_(pa.field("rings", vertices, nullable=False))
    points = pa.FixedSizeListArray.from_arrays(pa.array(closed.astype(np.float64).reshape(-1)), type=xy)
    ring_list = pa.ListArray.from_arrays(pa.array(offsets), points, type=vertices)
    geometry = pa.ListArray.from_arrays(pa.array(polygons.polygon_offsets), ring_list, type=rings)
    classes = pa.DictionaryArray.from_arrays(
        pa.array(polygons.class_indices), pa.array(polygons.class_names, pa.string())
    )
    columns = {
        "class": classes,
        "object": pa.array(polygons.object_indices),
        "area": pa.array(polygons.areas),
    }
    extension = {"ARROW:extension:name": "geoarrow.polygon", "ARROW:extension:metadata": "{}"}
    fields = [pa.field("geometry", rings, nullable=False, metadata=extension)]
    fields += [pa.field(name, column.type, nullable=False) for name, column in columns.items()]
    return pa.Table.from_arrays([geometry, *columns.values()], schema=pa.schema(fields))
