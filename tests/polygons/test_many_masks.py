"""One mask in place of many is refused at the call; whatever may be many masks is left alone."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from prelabel.errors import ConfigError
from prelabel.polygons.many_masks import check_are_many
from prelabel.polygons.masks_to_polygons import masks_to_polygons

MASK = np.eye(5, 7, dtype=np.uint8)


class Dataset:
    """Masks by their number, as data sets have them that cannot be iterated over otherwise."""

    def __getitem__(self, index: int) -> np.ndarray:
        return [MASK, MASK][index]


@pytest.mark.parametrize(
    ("masks", "what"),
    [
        ("ok.png", "a str"),
        (Path("ok.png"), f"a {type(Path()).__name__}"),
        (b"PNG", "a bytes"),
        (memoryview(b"PNG"), "a memoryview"),
        ({"size": [5, 7], "counts": [35]}, "a dict"),
        (BytesIO(b"PNG"), "a BytesIO"),
        (Image.fromarray(MASK), "an Image"),
        (None, "None"),
        (5, "an int"),
        (MASK, "an array of shape (5, 7)"),
        (MASK[0], "an array of shape (7,)"),
        (MASK[:0], "an array of shape (0, 7)"),
        (MASK[..., None], "an array of shape (5, 7, 1)"),
        (np.zeros((50, 70, 3), np.uint8), "an array of shape (50, 70, 3)"),
        (np.zeros((50, 70, 4), bool), "an array of shape (50, 70, 4)"),
        (np.zeros((90, 70, 5), bool), "an array of shape (90, 70, 5)"),
        (MASK.tolist(), "a list of rows of numbers"),
        (tuple(MASK), "a tuple of rows of numbers"),
    ],
)
def test_one_mask_is_refused(masks: Any, what: str) -> None:
    """At the call, with the way for it."""
    with pytest.raises(ConfigError) as caught:
        masks_to_polygons(masks)

    assert str(caught.value).startswith(f"masks is {what}: give a list of masks; for one mask use mask_to_polygons")
    assert caught.value.field == "masks"


def test_arrays_of_such_a_shape_may_be_planes() -> None:
    """Very narrow masks: the message says how to give them."""
    narrow = np.ones((9, 8, 3), np.uint8)

    with pytest.raises(ConfigError, match=r"for planes of such a shape list\(masks\)$"):
        masks_to_polygons(narrow)
    assert [each.shape for each in masks_to_polygons(list(narrow))] == [(8, 3)] * 9


@pytest.mark.parametrize(
    "masks",
    [
        [],
        (),
        [MASK, MASK],
        [MASK.tolist()],
        [[]],
        ["a.png", "b.png"],
        [b"PNG"],
        {"a.png", "b.png"},
        {"a": MASK}.values(),
        np.zeros((3, 5, 7), bool),
        np.zeros((0, 5, 7), bool),
        np.zeros((2, 5, 4), bool),
        np.zeros((3, 5, 7, 3), np.uint8),
        np.zeros((3, 1, 5, 7), bool),
        np.array(["a.png", "b.png"]),
        np.array(["a.png", None], object),
        Dataset(),
    ],
)
def test_many_masks_are_left_alone(masks: Any) -> None:
    """Lists, sets, views, columns of paths, arrays of masks, what iter() takes."""
    check_are_many(masks)


def test_nothing_is_taken_from_an_iterator() -> None:
    """It gives its first mask to the first result."""
    masks = iter([MASK, MASK])

    check_are_many(masks)

    assert len(list(masks)) == 2
