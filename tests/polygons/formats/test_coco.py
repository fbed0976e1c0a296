"""COCO annotations, read back by the format's own library."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pycocotools import mask as coco
from pycocotools.coco import COCO

import oracles
import strategies
from polygons.formats.pictures import EMPTY, RING, options
from prelabel.errors import ConfigError
from prelabel.polygons.mask_to_polygons import mask_to_polygons

# pycocotools gives numpy an array in a way that numpy 2 finds out of date.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


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
