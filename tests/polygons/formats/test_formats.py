"""Polygons in other formats, each read back by the format's own library."""

from __future__ import annotations

import json
from typing import Any

import geoarrow.pyarrow as ga
import numpy as np
import orjson
import pyarrow as pa
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st
from pycocotools import mask as coco
from pycocotools.coco import COCO

import oracles
import strategies
from prelabel.errors import ConfigError, RowError
from prelabel.polygons.mask_to_polygons import mask_to_polygons

RING = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 0, 2], [1, 1, 1, 0, 0]], np.uint8)
EMPTY = np.zeros((2, 3), np.uint8)
# pycocotools gives numpy an array in a way that numpy 2 finds out of date.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
options = st.fixed_dictionaries(
    {
        "tolerance": st.sampled_from((0.0, 1.0)),
        "simplification": st.sampled_from(("shared", "rings")),
        "connectivity": st.sampled_from((4, 8)),
    }
)


# Bounds


@given(strategies.masks(), options)
def test_bounds(mask: np.ndarray, chosen: dict[str, Any]) -> None:
    """The bounds of each polygon, as shapely finds them."""
    polygons = mask_to_polygons(mask, **chosen)

    assert polygons.bounds.dtype == np.int32
    np.testing.assert_array_equal(polygons.bounds, shapely.bounds(polygons.to_shapely()).reshape(-1, 4))


# GeoJSON


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


# COCO


def coco_file(annotations: list[dict[str, Any]], shape: tuple[int, int]) -> COCO:
    """Hand annotations to the COCO API."""
    api = COCO()
    categories = {a["category_id"]: a["category_name"] for a in annotations}
    api.dataset = {
        "images": [{"id": 1, "height": shape[0], "width": shape[1]}],
        "categories": [{"id": number, "name": name} for number, name in categories.items()],
        "annotations": json.loads(orjson.dumps(annotations)),
    }
    api.createIndex()
    return api


@given(
    strategies.masks(),
    st.sampled_from(("auto", "rle")),
    st.sampled_from((4, 8)),
    st.sampled_from(("pixel_edges", "pixel_centers")),
)
@example(EMPTY, "auto", 4, "pixel_edges")
@example(RING, "rle", 4, "pixel_edges")
@example(np.ones((3, 3), np.uint8), "rle", 4, "pixel_edges")
def test_coco_objects_are_exact(mask: np.ndarray, segmentation: Any, connectivity: Any, coordinates: Any) -> None:
    """The COCO API makes of each annotation the object's own pixels; box and area are those of the pixels."""
    polygons = mask_to_polygons(mask, tolerance=0, connectivity=connectivity, coordinates=coordinates)
    labels = oracles.components(mask.astype(np.int64), connectivity)

    annotations = polygons.to_coco(segmentation=segmentation)

    api = coco_file(annotations, polygons.shape)
    assert [a["id"] for a in annotations] == list(range(1, labels.max() + 1))
    for number, annotation in enumerate(annotations, 1):
        pixels = labels == number
        np.testing.assert_array_equal(api.annToMask(annotation), pixels)
        assert annotation["area"] == pixels.sum()
        assert annotation["bbox"] == coco.toBbox(coco.encode(np.asfortranarray(pixels.astype(np.uint8)))).tolist()
        assert annotation["category_name"] == str(mask[pixels][0])
        assert annotation["category_id"] == polygons.class_names.index(annotation["category_name"]) + 1
        assert (annotation["iscrowd"], annotation["image_id"]) == (0, 1)


@given(strategies.masks(), options, st.sampled_from(("pixel_edges", "pixel_centers")))
def test_coco_rle_at_any_tolerance(mask: np.ndarray, chosen: dict[str, Any], coordinates: Any) -> None:
    """Run lengths hold what rasterising holds, each pixel in at most one object; pycocotools would write the same."""
    polygons = mask_to_polygons(mask, **chosen, coordinates=coordinates)
    numbers = np.unique(polygons.object_indices, return_inverse=True)[1].astype(np.uint32) + np.uint32(1)
    drawn = oracles.pixels_of(polygons.to_runs(numbers))

    for number, annotation in enumerate(polygons.to_coco(segmentation="rle"), 1):
        theirs = coco.encode(np.asfortranarray((drawn == number).astype(np.uint8)))
        assert annotation["segmentation"] == {"size": list(mask.shape), "counts": theirs["counts"].decode()}


def test_coco_kinds() -> None:
    """Polygons where they suffice, run lengths where there is a hole, ids as asked for."""
    ring, square = mask_to_polygons(RING).to_coco(image_id=7, first_id=40)

    assert ring["segmentation"] == {
        "size": [3, 5],
        "counts": coco.encode(np.asfortranarray(RING == 1))["counts"].decode(),
    }
    assert square["segmentation"] == [[4, 1, 5, 1, 5, 2, 4, 2]]
    assert (ring["id"], square["id"], square["image_id"]) == (40, 41, 7)
    (other,) = mask_to_polygons(RING == 2).to_coco(segmentation="polygons")
    assert other["segmentation"] == [[4, 1, 5, 1, 5, 2, 4, 2]]


def test_coco_refuses() -> None:
    """Holes where there can be none, and words that mean nothing."""
    polygons = mask_to_polygons(RING)

    with pytest.raises(ConfigError, match="1 objects have holes, which COCO polygons cannot hold: give segmentation="):
        polygons.to_coco(segmentation="polygons")
    with pytest.raises(ConfigError, match="segmentation is 'mask': give"):
        polygons.to_coco(segmentation="mask")  # type: ignore[arg-type]


# GeoArrow


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


# Ango


def test_ango_segmentation() -> None:
    """Zones with holes; ids of the schema where they are given."""
    ring, square = mask_to_polygons(RING, colors={"car": [1], "tree": [2]}).to_ango(schema_ids={"car": "c1"})

    assert (ring["title"], ring["schemaId"], square["schemaId"]) == ("car", "c1", "")
    (zone,) = ring["segmentation"]["zones"]
    assert oracles.turned(zone["region"]) == [(0, 0), (3, 0), (3, 3), (0, 3)]
    assert [oracles.turned(hole) for hole in zone["holes"]] == [[(1, 1), (1, 2), (2, 2), (2, 1)]]
    assert len(ring["objectId"]) == 23


def test_ango_modes_and_tools() -> None:
    """Classes as objects, polygons as one ring each, holes as asked."""
    polygons = mask_to_polygons(np.hstack([RING, np.zeros((3, 1), np.uint8), RING]))

    assert [o["title"] for o in polygons.to_ango(mode="semantic_segmentation")] == ["1", "2"]
    filled = polygons.to_ango("polygon")
    assert [(o["title"], len(o["polygon"])) for o in filled] == [("1", 4), ("1", 4), ("2", 4), ("2", 4)]
    opened = polygons.to_ango("polygon", holes="keyhole")
    assert [len(o["polygon"]) for o in opened] == [11, 11, 4, 4]
    with pytest.raises(RowError, match="2 holes, which the polygon tool cannot hold"):
        polygons.to_ango("polygon", holes="reject")
    with pytest.raises(ConfigError, match="tool is 'box': give"):
        polygons.to_ango("box")  # type: ignore[arg-type]
