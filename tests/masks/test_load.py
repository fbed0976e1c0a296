"""Masks as a library's caller has them: what arrays hold, what masked arrays leave out, and that files agree."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from masks import bombs
from masks.corpus import npy, saved, tiff
from prelabel.errors import MaskError
from prelabel.kernels.pixel_runs import runs_to_array
from prelabel.masks.load import runs_of
from prelabel.model import TRANSPARENT

if TYPE_CHECKING:
    from pathlib import Path

ARRAY = np.array([[0, 1, 2], [2, 1, 0]], np.uint8)
OUT = np.array([[False, True, False], [True, False, False]])
SEEN = [[0, TRANSPARENT, 2], [TRANSPARENT, 1, 0]]


def pixels(mask: Any, *mapped: int) -> Any:
    """Return the pixels that single values find."""
    return runs_to_array(runs_of(mask, "value", mapped or None)).tolist()


@pytest.mark.parametrize("dtype", ["u1", "i2", "u4", "i8", "f2", "f4", ">f8"])
def test_whole_floats_are_classes(dtype: str) -> None:
    """An array, its .npy file and its TIFF mean the same."""
    array = ARRAY.astype(dtype)
    assert pixels(array) == pixels(npy(array)) == pixels(tiff(array)) == ARRAY.tolist()


@pytest.mark.parametrize(("odd", "part"), [(0.5, "no whole numbers"), (np.nan, "NaN or infinite"), (-2, "negative")])
def test_other_floats_are_none(odd: float, part: str) -> None:
    """With the reason that a file would get, and the shape."""
    array = ARRAY.astype(float)
    array[1, 1] = odd
    for mask in (array, npy(array)):
        with pytest.raises(MaskError, match=part) as caught:
            runs_of(mask, "value")
        assert caught.value.shape == (2, 3)


@pytest.mark.parametrize(("dtype", "beneath"), [("u1", 9), ("i2", -9999), ("f4", np.nan), ("f8", 1e20), ("i8", 2**40)])
def test_masked_pixels_are_background(dtype: str, beneath: float) -> None:
    """Whatever stands beneath."""
    array = ARRAY.astype(dtype)
    array[OUT] = beneath
    assert pixels(np.ma.MaskedArray(array, OUT)) == SEEN


def test_a_masked_array_may_mask_nothing() -> None:
    """As rasterio gives it for files without missing values."""
    assert pixels(np.ma.MaskedArray(ARRAY)) == ARRAY.tolist()
    assert pixels(np.ma.masked_equal(ARRAY, 7)) == ARRAY.tolist()


@pytest.mark.parametrize("n_channels", [3, 4])
def test_masked_colours_are_background(n_channels: int) -> None:
    """A pixel with a channel masked has no colour."""
    colors = np.full((2, 3, n_channels), 255, np.uint8)
    colors[..., 0] = 7
    out = np.zeros(colors.shape, bool)
    out[0, 1], out[1, 0, 2] = True, True
    found = runs_to_array(runs_of(np.ma.MaskedArray(colors, out), "rgb"))
    assert found.tolist() == [[0x07FFFF, TRANSPARENT, 0x07FFFF], [TRANSPARENT, 0x07FFFF, 0x07FFFF]]


def test_the_mapping_reaches_files(tmp_path: Path) -> None:
    """Bytes and paths alike; without a mapping numbers are as stored."""
    encoded = saved(Image.fromarray(ARRAY > 0), "PNG")
    (tmp_path / "a.png").write_bytes(encoded)
    for mask in (encoded, tmp_path / "a.png"):
        assert pixels(mask, 255) == ((ARRAY > 0) * 255).tolist()
        assert pixels(mask, 1) == (ARRAY > 0).tolist()
        assert runs_to_array(runs_of(mask, None)).tolist() == (ARRAY > 0).tolist()


GREY, COLOR = saved(Image.fromarray(ARRAY.astype(np.uint16)), "PNG"), saved(Image.new("RGB", (3, 2), (9, 8, 7)), "PNG")


@pytest.mark.parametrize(
    ("mask", "kind", "part"),
    [
        (GREY, "rgb", 'grey values, but "colors" has colours: give one value per class, as in [1], or save the mask'),
        (
            COLOR,
            "value",
            'it holds [9, 8, 7]), but "colors" has one value per class: give colours, as in [244, 67, 54]',
        ),
        (npy(np.zeros((2, 3), np.uint16)), "rgb", '"colors" has colours'),
        (bombs.png(30_000, 30_000, b""), None, "split it, or decode it yourself and give its array"),
        ({"size": [30_000, 30_000], "counts": [9 * 10**8]}, None, "or decode it yourself and give its array"),
        (npy(np.zeros((2, 2, 7))), None, "no mask; save height x width of integers or bools"),
        (npy(np.zeros((5, 2, 7))), None, "a stack of planes x height x width goes to masks_to_polygons as an array"),
    ],
    ids=repr,
)
def test_messages_have_the_words_of_a_call(mask: Any, kind: Any, part: str) -> None:
    """Not those of an import's config and options, which a call has not."""
    with pytest.raises(MaskError) as caught:
        runs_of(mask, kind)

    assert part in str(caught.value)
    assert "mask_color_mapping" not in str(caught.value)
    assert "max_mask" not in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize(("odd", "part"), [(0.5, "no whole numbers"), (np.nan, "NaN or infinite"), (-2, "negative")])
def test_numbers_that_are_no_classes_without_a_mapping(odd: float, part: str) -> None:
    """What is wrong with them, not that they are no colours; as of the array."""
    array = np.full((2, 3), odd)

    for mask in (array, npy(array), tiff(array)):
        with pytest.raises(MaskError, match=part):
            runs_of(mask, None)
