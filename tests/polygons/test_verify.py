"""The proof: exact polygons are found exact, others as wrong as they are, counted pixel by pixel."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

import oracles
import strategies
from prelabel.errors import ConfigError, MaskError
from prelabel.kernels.pixel_runs import runs_from_array
from prelabel.polygons.mask_to_polygons import mask_to_polygons
from prelabel.polygons.verify import Verification, verify

COORDINATES = st.sampled_from(("pixel_edges", "pixel_centers"))
COLORS = {"car": [1], "tree": [2], "house": [3]}
RING = np.array([[1, 1, 1, 0], [1, 0, 1, 2], [1, 1, 1, 0]], np.uint8)


def drawn(polygons: Any, shape: tuple[int, ...], coordinates: str) -> np.ndarray:
    """Paint polygons slowly, by name: cv2 for pixel centres, crossing by crossing for pixel edges."""
    image = np.zeros(shape, np.int64)
    for polygon in polygons:
        if coordinates == "pixel_centers":
            painted = image.astype(np.int32)
            cv2.fillPoly(painted, [polygon.exterior], int(polygon.class_name))
            for hole in polygon.holes:
                cv2.fillPoly(painted, [hole], 0)
            image = painted.astype(np.int64)
        else:
            rings = [polygon.exterior.tolist(), *(hole.tolist() for hole in polygon.holes)]
            image[oracles.filled(rings, shape)] = int(polygon.class_name)  # type: ignore[arg-type]
    return image


@given(strategies.masks(), COORDINATES, st.sampled_from(("shared", "rings")), st.sampled_from((4, 8)))
@example(np.zeros((2, 2), np.uint8), "pixel_edges", "shared", 4)
def test_exact_polygons_are_exact(mask: np.ndarray, coordinates: Any, simplification: Any, connectivity: Any) -> None:
    """Below the lossless tolerance no pixel is wrong, in either convention."""
    polygons = mask_to_polygons(mask, coordinates=coordinates, simplification=simplification, connectivity=connectivity)

    proof = polygons.verify(mask)

    assert proof == Verification(0, {str(value): 1.0 for value in np.unique(mask[mask > 0])})
    assert proof.min_iou == 1.0


@given(strategies.masks(), COORDINATES, st.sampled_from(("shared", "rings")), st.sampled_from((1.0, 2.5)), st.data())
def test_wrong_pixels_are_counted(
    mask: np.ndarray, coordinates: Any, simplification: Any, tolerance: float, data: st.DataObject
) -> None:
    """Against slow painting and set sizes, for the mask itself and for another of the same shape."""
    polygons = mask_to_polygons(mask, coordinates=coordinates, simplification=simplification, tolerance=tolerance)
    other = np.roll(mask, data.draw(st.integers(0, 2)), axis=data.draw(st.integers(0, 1)))

    proof = polygons.verify(other)

    image = drawn(polygons, mask.shape, coordinates)
    assert proof.n_wrong_pixels == int((image != other).sum())
    present = set(np.unique(image).tolist()) | set(np.unique(other).tolist())
    assert proof.iou == {
        str(value): ((image == value) & (other == value)).sum() / ((image == value) | (other == value)).sum()
        for value in present - {0}
    }
    assert proof.min_iou == min(proof.iou.values(), default=1.0)


def test_every_kind_of_mask() -> None:
    """Arrays, runs, files' bytes and COCO run lengths; classes by their colours."""
    file = BytesIO()
    Image.fromarray(RING).save(file, "PNG")
    polygons = mask_to_polygons(RING, colors=COLORS)

    for mask in (RING, runs_from_array(RING), file.getvalue()):
        assert polygons.verify(mask, COLORS) == Verification(0, {"car": 1.0, "tree": 1.0})
    rle = {"size": [3, 4], "counts": [0, 4, 1, 4, 3]}
    assert mask_to_polygons(rle).verify(rle) == Verification(0, {"1": 1.0})


def test_other_classes() -> None:
    """Classes are compared by name: other colours for a name, or a name that only one side has."""
    polygons = mask_to_polygons(RING, colors=COLORS)

    proof = polygons.verify(RING, {"tree": [1], "bus": [2]})

    assert proof.n_wrong_pixels == 9
    assert proof.iou == {"tree": 0.0, "bus": 0.0, "car": 0.0}
    assert proof.worst_class == "tree"
    assert Verification(0, {}).worst_class == ""


def test_small_objects_left_out_are_wrong() -> None:
    """Left out on purpose, and yet not as in the mask."""
    proof = mask_to_polygons(RING, min_area=2).verify(RING)

    assert proof == Verification(1, {"1": 1.0, "2": 0.0})


def test_what_cannot_be_compared() -> None:
    """Another shape, or names without their colours."""
    polygons = mask_to_polygons(RING, colors=COLORS)

    with pytest.raises(MaskError, match=r"the polygons are of a mask of shape \(3, 4\), this one is \(4, 3\)"):
        verify(polygons, RING.T, COLORS)
    with pytest.raises(ConfigError, match="the polygons' classes have names: give verify the colors"):
        verify(polygons, RING)
