"""What decoded pixels are worth: floats, signs, scales, keys, palettes; one by one, without files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from prelabel.errors import MaskError
from prelabel.kernels.pixel_runs import runs_from_array, runs_to_array
from prelabel.masks.decoders.pixel_values import Layout, Stored, check_readable, in_kind, whole_numbers
from prelabel.model import TRANSPARENT, MaskValueKind

KINDS: tuple[MaskValueKind, ...] = ("value", "rgb")


def worth(array: np.ndarray, layout: Layout, kind: MaskValueKind, **stored: Any) -> list[list[int]]:
    """Return the values of an array of such pixels."""
    pixels: list[list[int]] = runs_to_array(in_kind(Stored(runs_from_array(array), layout, **stored), kind)).tolist()
    return pixels


@given(hnp.arrays(np.uint32, (3, 4), elements=st.integers(0, 2**24)), st.sampled_from(["<f4", ">f4", "<f8", ">f8"]))
def test_whole_floats_are_their_numbers(array: np.ndarray, dtype: str) -> None:
    """In either byte order and width; up to 2**24 a float of 32 bits holds every integer."""
    whole = whole_numbers(array.astype(dtype))
    assert whole.dtype == np.uint32
    assert np.array_equal(whole, array)


def test_integers_are_not_touched() -> None:
    """Not even copied."""
    array = np.ones((2, 2), np.int16)
    assert whole_numbers(array) is array


@pytest.mark.parametrize(
    ("odd", "part"),
    [
        (0.5, r"no whole numbers \(such as 0\.5\), so it is a picture of scores"),
        (np.nan, "NaN or infinite"),
        (np.inf, "NaN or infinite"),
        (-1.0, "no negative values; got -1"),
        (2.0**32, "renumber the labels"),
        (2.0**32 - 1, "renumber the labels"),
    ],
)
def test_other_floats_are_refused(odd: float, part: str) -> None:
    """One among many is enough."""
    array = np.zeros((20, 20))
    array[7, 9] = odd
    with pytest.raises(MaskError, match=part):
        whole_numbers(array)


@pytest.mark.parametrize("kind", KINDS)
def test_the_sign_of_eight_bits_is_heeded(kind: MaskValueKind) -> None:
    """Pillow reads -1 of a signed TIFF as 255: greater than any signed value."""
    layout = Layout("L", (1, 2), is_signed=True)
    assert worth(np.array([[0, 127]], np.uint8), layout, "value") == [[0, 127]]
    with pytest.raises(MaskError, match="no negative values"):
        worth(np.array([[0, 128]], np.uint8), layout, kind)


@given(st.integers(1, 8), st.data())
def test_scales_are_taken_back(bits: int, data: st.DataObject) -> None:
    """Greys of few bits that Pillow filled up, as JPEG 2000 has them; colours stay spread."""
    value = data.draw(st.integers(0, 2**bits - 1))
    scale = 1 << (8 - bits)
    layout = Layout("L", (1, 1), bits, scale=scale)
    assert worth(np.array([[value * scale]], np.uint8), layout, "value") == [[value]]
    assert worth(np.array([[value * scale]], np.uint8), layout, "rgb") == [[value * scale * 0x010101]]


@given(st.integers(1, 65535).filter(lambda maximum: maximum not in {255, 65535}), st.data())
def test_maxima_are_taken_back(maximum: int, data: st.DataObject) -> None:
    """PGM labels that Pillow stretched to 255 or 65535 are as stored."""
    value = data.draw(st.integers(0, maximum))
    bits, top, dtype = (8, 255, np.uint8) if maximum < 256 else (16, 65535, np.uint16)
    stretched = min(top, round(value / maximum * top))
    layout = Layout("L" if bits == 8 else "I", (1, 1), bits, maximum)
    assert worth(np.array([[stretched]], dtype), layout, "value") == [[value]]


@pytest.mark.parametrize(
    ("layout", "key", "hidden"),
    [
        (Layout("P", (1, 4)), b"\xff\0\x80\0", [1, 3]),
        (Layout("P", (1, 4)), 2, [2]),
        (Layout("L", (1, 4)), 3, [3]),
        (Layout("1", (1, 4)), 255, [1]),
    ],
)
def test_keys_hide_values(layout: Layout, key: Any, hidden: list[int]) -> None:
    """By alphas of a palette, an index, a grey."""
    array = np.arange(4, dtype=np.uint8)[None]
    expected = [TRANSPARENT if value in hidden else value for value in range(4)]
    assert worth(array, layout, "value", key=key) == [expected]


def test_short_palettes_are_black_beyond_their_end() -> None:
    """As every viewer shows them."""
    array = np.array([[0, 1, 200]], np.uint8)
    assert worth(array, Layout("P", (1, 3)), "rgb", palette=bytes([1, 2, 3, 4, 5, 6])) == [[0x010203, 0x040506, 0]]


@pytest.mark.parametrize(
    ("layout", "kind", "part"),
    [
        (Layout("CMYK", (2, 3)), "rgb", "pixels of type CMYK cannot be mask values"),
        (Layout("LAB", (2, 3)), "value", "pixels of type LAB"),
        (Layout("F", (2, 3)), "rgb", "16- or 32-bit grey values, but the mask_color_mapping has colours"),
        (Layout("I;16", (2, 3)), "rgb", "give one value per class"),
        (Layout("RGB", (2, 3), 16), "value", "16-bit RGB pixels cannot be read exactly"),
        (Layout("L", (2, 3), 16), "value", "16-bit L pixels cannot be read exactly"),
    ],
)
def test_pixels_of_no_exact_value(layout: Layout, kind: MaskValueKind, part: str) -> None:
    """Refused before they are decoded, with the shape."""
    with pytest.raises(MaskError, match=part) as caught:
        check_readable(layout, kind)
    assert caught.value.shape == (2, 3)
