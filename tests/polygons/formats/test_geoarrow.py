"""GeoArrow tables, read back by the format's own library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geoarrow.pyarrow as ga
import pyarrow as pa
import shapely
from hypothesis import example, given

import strategies
from polygons.formats.pictures import EMPTY, RING, options
from prelabel.polygons.mask_to_polygons import mask_to_polygons

if TYPE_CHECKING:
    import numpy as np


@given(strategies.masks(), options)
@example(EMPTY, {})
def test_arrow(mask: np.ndarray, chosen: dict[str, Any]) -> None:
    """GeoArrow's own library knows the type, and shapely reads the polygons out of the buffers."""
    polygons = mask_to_polygons(mask, **chosen)

    table = polygons.to_arrow()

    table.validate(full=True)
    field, column = table.schema.field("geometry"), table["geometry"].combine_chunks()
    assert field.metadata == {b"ARROW:extension:name": b"geoarrow.polygon", b"ARROW:extension:metadata": b"{}"}
    kind = ga.polygon().with_coord_type(ga.CoordType.INTERLEAVED)
    assert field.type == kind.storage_type
    assert ga.format_wkt(kind.wrap_array(column)).to_pylist() == [
        shapely.to_wkt(shape, trim=True) for shape in polygons.to_shapely()
    ]
    points = column.values.values.flatten().to_numpy().reshape(-1, 2)
    read = shapely.from_ragged_array(
        shapely.GeometryType.POLYGON, points, (column.values.offsets.to_numpy(), column.offsets.to_numpy())
    )
    assert shapely.equals_exact(read, polygons.to_shapely()).all()
    assert table["class"].to_pylist() == [polygon.class_name for polygon in polygons]
    assert table["object"].to_pylist() == polygons.object_indices.tolist()
    assert table["area"].to_pylist() == polygons.areas.tolist()


def test_arrow_copies_no_columns() -> None:
    """Areas, objects and ring counts are the polygons' own memory; the file format keeps the extension."""
    polygons = mask_to_polygons(RING)
    table = polygons.to_arrow()

    for name, array in (("object", polygons.object_indices), ("area", polygons.areas)):
        assert table[name].chunk(0).buffers()[1].address == array.ctypes.data
    assert table["geometry"].chunk(0).buffers()[1].address == polygons.polygon_offsets.ctypes.data
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as file:
        file.write_table(table)
    # geoarrow-pyarrow has registered its types, so that reading finds ours among them.
    read = pa.ipc.open_file(sink.getvalue()).read_all()
    assert read["geometry"].type == ga.polygon().with_coord_type(ga.CoordType.INTERLEAVED)
