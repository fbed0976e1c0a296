"""The library's front door: arrays, bytes, paths; colours; and what it says to what it cannot use."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import oracles
import prelabel
import strategies
from masks.corpus import npy
from prelabel.errors import ConfigError, MaskError
from prelabel.polygons.class_table import PixelCounts
from prelabel.polygons.mask_to_polygons import mask_to_polygons

if TYPE_CHECKING:
    from pathlib import Path

MASK = np.array([[0, 0, 1, 1], [0, 2, 2, 1], [0, 2, 2, 1]], np.uint8)
COLORS = np.array([[0, 0, 0], [244, 67, 54], [3, 169, 244]], np.uint8)
WIDE = np.repeat(MASK, 2, axis=1)
CAR, TREE = [244, 67, 54], [3, 169, 244]


def png(array: np.ndarray, palette: list[int] | None = None) -> bytes:
    """Return an array as a PNG file."""
    image = Image.fromarray(array)
    if palette is not None:
        image.putpalette(palette)
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def painted(polygons: prelabel.Polygons) -> list[list[str]]:
    """Return each pixel's class name, or an empty text."""
    names: list[list[str]] = np.array(["", *polygons.class_names])[oracles.painted(polygons)].tolist()
    return names


EXPECTED = [["", "", "car", "car"], ["", "tree", "tree", "car"], ["", "tree", "tree", "car"]]


@pytest.mark.parametrize(
    "mask",
    [
        MASK,
        MASK.tolist(),
        MASK.astype(np.int64),
        Image.fromarray(MASK),
        png(MASK),
        bytearray(png(MASK)),
        memoryview(png(MASK)),
        png(MASK, COLORS.ravel().tolist()),
    ],
    ids=lambda mask: type(mask).__name__,
)
def test_masks_of_values(mask: Any) -> None:
    """Arrays and whatever numpy makes one of, encoded files as any kind of bytes; palette files count by index."""
    polygons = mask_to_polygons(mask, colors={"car": [1], "tree": [2]})

    assert painted(polygons) == EXPECTED
    assert polygons.class_names == ("car", "tree")
    assert polygons.counts == PixelCounts(12, 8, 4)


@pytest.mark.parametrize(
    "mask",
    [COLORS[MASK], np.dstack([COLORS[MASK], MASK + 9]), png(COLORS[MASK]), png(MASK, COLORS.ravel().tolist())],
    ids=["rgb", "rgba", "rgb file", "palette file"],
)
def test_masks_of_colours(mask: Any) -> None:
    """RGB and RGBA arrays and files, and palettes, which count by colour then."""
    polygons = mask_to_polygons(mask, colors={"car": CAR, "tree": (3, 169, 244)})

    assert painted(polygons) == EXPECTED


def test_masks_from_paths(tmp_path: Path) -> None:
    """A path is text or a path object."""
    path = tmp_path / "mask.png"
    path.write_bytes(png(MASK))

    for mask in (path, str(path)):
        assert painted(mask_to_polygons(mask, colors={"car": [1], "tree": [2]})) == EXPECTED


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, float])
@pytest.mark.parametrize("axis", [2, 0])
def test_a_side_of_one_is_left_out(dtype: Any, axis: int) -> None:
    """Of one channel and of one image, in arrays, masked ones and files, here and among many."""
    mask = (WIDE == 1).astype(dtype)
    given = np.expand_dims(mask, axis)
    expected = mask_to_polygons(mask).points.tolist()

    for each in (given, np.ma.masked_array(given, mask=given == 9), npy(given)):
        assert mask_to_polygons(each).points.tolist() == expected
        if axis == 2 or isinstance(each, bytes):
            (of_many,) = prelabel.masks_to_polygons([each])
            assert of_many.points.tolist() == expected


def test_masked_pixels_of_one_image() -> None:
    """What is masked is found behind the side of 1."""
    hidden = np.ma.masked_array(WIDE[None], mask=WIDE[None] == 1)

    assert mask_to_polygons(hidden).class_names == ("2",)


def test_without_colours_every_value_is_a_class() -> None:
    """Named by their numbers: greys and indices as they are, colours packed, in files as in arrays."""
    packed = tuple(str(r << 16 | g << 8 | b) for r, g, b in (TREE, CAR))

    assert packed[1] == "16007990"
    assert list(int(packed[1]).to_bytes(3, "big")) == CAR
    assert mask_to_polygons(MASK).class_names == ("1", "2")
    assert mask_to_polygons(png(MASK)).class_names == ("1", "2")
    assert mask_to_polygons(png(MASK, COLORS.ravel().tolist())).class_names == ("1", "2")
    assert mask_to_polygons(COLORS[MASK]).class_names == packed
    assert mask_to_polygons(png(COLORS[MASK])).class_names == packed


def test_one_bit_images_are_masks_of_true() -> None:
    """Pillow's 1-bit images come as bools whose true byte is 255."""
    image = Image.fromarray(MASK * np.uint8(127)).convert("1", dither=Image.Dither.NONE)

    polygons = mask_to_polygons(np.asarray(image))

    assert polygons.class_names == ("1",)
    np.testing.assert_array_equal(oracles.painted(polygons), np.asarray(image))


def test_unknown_values_are_counted() -> None:
    """What has no class is background, and is told."""
    polygons = mask_to_polygons(MASK, colors={"car": [1], "sky": [7]})

    assert polygons.class_names == ("car", "sky")
    assert polygons.counts == PixelCounts(12, 4, 4, unknown={2: 4})


def test_options_reach_the_tracer() -> None:
    """Each option does its work."""
    stairs = np.tri(30, dtype=np.uint8)
    dots = np.array([[1, 0, 0, 1], [0, 1, 0, 0]], np.uint8)

    exact = mask_to_polygons(stairs)
    assert len(mask_to_polygons(stairs, tolerance=1).points) < len(exact.points)
    assert len(mask_to_polygons(stairs, tolerance=1, simplification="rings").points) < len(exact.points)
    assert mask_to_polygons(stairs, coordinates="pixel_centers").points.max() == 29 < exact.points.max()
    assert mask_to_polygons(dots).object_indices.tolist() == [0, 1, 2]
    assert mask_to_polygons(dots, connectivity=8).object_indices.tolist() == [0, 1, 0]
    assert mask_to_polygons(dots, connectivity=8, min_area=2).counts.n_small == 1


@pytest.mark.parametrize("simplification", ["shared", "rings"])
@pytest.mark.parametrize(
    ("tolerance", "n_points", "area"), [(0.1, 4, 1.0), (0.707, 4, 1.0), (0.708, 3, 0.5), (9, 3, 0.5)]
)
def test_a_single_pixel_is_never_lost(simplification: Any, tolerance: float, n_points: int, area: float) -> None:
    """A square below half its diagonal, a triangle beyond, as the pages say."""
    pixel = np.zeros((3, 3), np.uint8)
    pixel[1, 1] = 1

    polygons = mask_to_polygons(pixel, tolerance=tolerance, simplification=simplification)

    assert [len(polygon.exterior) for polygon in polygons] == [n_points]
    assert [shape.area for shape in polygons.to_shapely()] == [area]


@given(st.one_of(strategies.masks(), strategies.images()), st.data())
def test_files_and_arrays_agree(mask: np.ndarray, data: st.DataObject) -> None:
    """A mask and its PNG file give the same polygons, whatever the array's layout."""
    assume_colour = mask.ndim == 3 and (mask[..., 0] != mask[..., 1]).any()
    from_array = mask_to_polygons(data.draw(strategies.layouts(mask)))
    from_file = mask_to_polygons(png(mask))

    if mask.ndim == 2 or (assume_colour and (mask.shape[2] == 3 or mask[..., 3].all())):
        assert from_file.class_names == from_array.class_names
        assert from_file.points.tolist() == from_array.points.tolist()
        assert from_file.class_indices.tolist() == from_array.class_indices.tolist()
    assert from_file.counts.n_pixels == from_array.counts.n_pixels
    assert from_file.counts.n_class == from_array.counts.n_class


@pytest.mark.parametrize(
    ("colors", "part"),
    [
        ([1, 2], 'colors is a list: give a dict, class name -> [value] or [r, g, b], as in {"car": [1]}'),
        ([("car", [1])], "colors is a list: give a dict"),
        ("car", "colors is a str: give a dict"),
        (1, "colors is an int: give a dict"),
        ({}, "colors is empty: name at least one class, or give None"),
        ({"car": [1, 2]}, "colors must all be [value] or all be [r, g, b]"),
        ({"car": []}, "colors must all be [value] or all be [r, g, b]"),
        ({"car": 5}, "colors must all be [value] or all be [r, g, b]"),
        ({"car": [1], "tree": [1, 2, 3]}, "colors must all be [value] or all be [r, g, b]: give every class the same"),
        ({"car": [-1]}, "colors['car'] is [-1]: give whole numbers from 0 to 4294967292"),
        ({"car": [2**32 - 1]}, "give whole numbers from 0 to 4294967292"),
        ({"car": [1, 2, 256]}, "colors['car'] is [1, 2, 256]: give whole numbers from 0 to 255"),
        ({"car": [1.5]}, "colors['car'] is [1.5]: give whole numbers"),
        ({"car": [float("nan")]}, "colors['car'] is [nan]: give whole numbers"),
        ({"car": [True]}, "colors['car'] is [True]: give whole numbers"),
        ({"car": [None]}, "colors['car'] is [None]: give whole numbers"),
        ({"car": "red"}, "colors['car'] is ['r', 'e', 'd']: give whole numbers from 0 to 255"),
        ({"car": [1], "tree": [1]}, "two classes have the same mask value: give each its own"),
        ({"car": CAR, "tree": CAR}, "two classes have the same mask value: give each its own"),
    ],
)
def test_colours_that_cannot_be(colors: Any, part: str) -> None:
    """The message says which class, what it was given and what would be right."""
    with pytest.raises(ConfigError) as caught:
        mask_to_polygons(MASK, colors=colors)

    assert part in str(caught.value)
    assert caught.value.field == "colors"


def test_colours_may_be_numbers_of_any_type() -> None:
    """An array's row is a colour, of floats too."""
    for colors in (COLORS, COLORS.astype(float)):
        polygons = mask_to_polygons(COLORS[MASK], colors={"car": colors[1], "tree": colors[2].tolist()})

        assert painted(polygons) == EXPECTED


@pytest.mark.parametrize(
    ("mask", "part", "shape"),
    [
        (np.full((2, 2), 0.5), "no whole numbers (such as 0.5)", (2, 2)),
        (np.zeros((2, 2), complex), "integers of at most 32 bits; got complex128", (2, 2)),
        (np.zeros((0, 2), np.uint8), "a mask needs at least one pixel; got shape (0, 2)", (0, 2)),
        (np.zeros((2, 2, 2), np.uint8), "height x width x 3 or 4; got shape (2, 2, 2)", (2, 2, 2)),
        (np.full((2, 3), -1), "no negative values; got -1", (2, 3)),
        (np.zeros((3, 5, 7), bool), "a stack of planes x height x width goes to masks_to_polygons", (3, 5, 7)),
        ([[1, 2], [3]], "the rows of the list differ in size", None),
        (None, "got None", None),
        (b"", "the file is empty", None),
        (b"GIF, or so it says", "it is no PNG", None),
        (png(MASK)[:60], "PNG", None),
    ],
)
def test_what_is_no_mask(mask: Any, part: str, shape: tuple[int, ...] | None) -> None:
    """Whatever is no mask ends in a MaskError that says why, with the shape where there is one."""
    with pytest.raises(MaskError) as caught:
        mask_to_polygons(mask)

    assert part in str(caught.value)
    assert caught.value.shape == shape or (shape is None and isinstance(mask, bytes))


@pytest.mark.parametrize(
    ("mask", "colors", "part"),
    [
        (COLORS[MASK], {"car": [0xF44336]}, "the mask holds colours, but colors are [value]"),
        (MASK, {"car": [0, 0, 1]}, "the mask holds single values, but colors are [r, g, b]"),
        (png(COLORS[MASK]), {"car": [1]}, "the mask is in colour"),
    ],
)
def test_values_and_colours_do_not_mix(mask: Any, colors: dict[str, list[int]], part: str) -> None:
    """A class of [5] must not find the blue of [0, 0, 5]."""
    with pytest.raises(MaskError) as caught:
        mask_to_polygons(mask, colors=colors)

    assert part in str(caught.value)


@pytest.mark.parametrize(("name", "part"), [("absent.png", "No such file"), (".", "Is a directory"), ("a\0b", "null")])
def test_paths_that_cannot_be_read(tmp_path: Path, name: str, part: str) -> None:
    """The message says why, the error which path."""
    path = f"{tmp_path}/{name}"

    with pytest.raises(MaskError, match=f"cannot read the mask .*: .*{part}.*: check the path$") as caught:
        mask_to_polygons(path)

    assert caught.value.excerpt == path


def test_options_are_checked() -> None:
    """Before anything is read."""
    for tolerance in (-1, "x"):
        with pytest.raises(ConfigError, match=f"tolerance is '?{tolerance}"):
            mask_to_polygons("absent.png", tolerance=tolerance)  # type: ignore[arg-type]


def test_public_names() -> None:
    """The front door is the package's own."""
    assert prelabel.mask_to_polygons is mask_to_polygons
