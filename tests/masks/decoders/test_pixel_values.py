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


@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "u4", "?"])
def test_integers_are_not_touched(dtype: str) -> None:
    """Not even copied, where the kernels read them."""
    array = np.ones((2, 2), dtype)
    assert whole_numbers(array) is array
    assert whole_numbers(array, np.zeros((2, 2), bool)) is array


@pytest.mark.parametrize(("dtype", "odd"), [("i2", -9999), ("i8", 2**40), ("f4", np.nan), ("f8", -0.5), ("u1", 9)])
def test_what_is_hidden_has_no_say(dtype: str, odd: float) -> None:
    """A marker of missing values may be negative, or no number; it is transparent, and the rest is as ever."""
    array = np.array([[1, odd, 3]], dtype)
    hidden = np.array([[False, True, False]])
    assert whole_numbers(array, hidden).tolist() == [[1, TRANSPARENT, 3]]
    array[0, 0] = -1 if dtype != "u1" else 7
    if dtype == "u1":
        assert whole_numbers(array, hidden).tolist() == [[7, TRANSPARENT, 3]]
        return
    with pytest.raises(MaskError, match="no negative values; got -1"):
        whole_numbers(array, hidden)


@pytest.mark.parametrize("n_channels", [3, 4])
def test_hidden_colours_have_no_alpha(n_channels: int) -> None:
    """An alpha that is there stays where nothing is hidden."""
    colors = np.full((1, 2, n_channels), 9, np.uint8)
    found = whole_numbers(colors, np.array([[True, False]]))
    assert found.dtype == np.uint8
    assert found.tolist() == [[[9, 9, 9, 0], [9, 9, 9, 255 if n_channels == 3 else 9]]]


@pytest.mark.parametrize(
    ("odd", "part"),
    [
        (0.5, r"no whole numbers \(such as 0\.5\), so it is a picture of scores"),
        (-0.5, r"no whole numbers \(such as -0\.5\)"),
        (np.nan, r'NaN or infinite\): .*; in an import, "ignore_values": \["nan"\] makes background'),
        (np.inf, r"NaN or infinite\): save it as integers$"),
        (-1.0, r'no negative values; got -1: .*; in an import, "ignore_values": \[-1\] makes background'),
        (2.0**32, "renumber the labels"),
        (-3.4028234663852886e38, r'"ignore_values": \[-3.4028234663852886e\+38\]'),
        (1e20, r'"ignore_values": \[1e\+20\]'),
        (2.0**32 - 1, "renumber the labels"),
    ],
)
def test_other_floats_are_refused(odd: float, part: str) -> None:
    """One among many is enough."""
    array = np.zeros((20, 20))
    array[7, 9] = odd
    with pytest.raises(MaskError, match=part):
        whole_numbers(array)


@given(st.integers(1, 8), st.data())
def test_scales_are_taken_back(bits: int, data: st.DataObject) -> None:
    """Greys of few bits that Pillow filled up, as JPEG 2000 has them; colours stay spread."""
    value = data.draw(st.integers(0, 2**bits - 1))
    scale = 1 << (8 - bits)
    layout = Layout("L", (1, 1), bits, scale=scale)
    assert worth(np.array([[value * scale]], np.uint8), layout, "value") == [[value]]
    assert worth(np.array([[value * scale]], np.uint8), layout, "rgb") == [[value * scale * 0x010101]]


SPREAD = {1: 255, 2: 85, 4: 17}


@pytest.mark.parametrize("bits", SPREAD)
@pytest.mark.parametrize(
    ("mapped", "is_spread"),
    [
        (None, False),
        ([], False),
        ([1], False),
        ([1, 3], False),
        ([255], True),
        ([1, 255], True),
        ([0, 1, 2, 300, 510, 256], False),
        ([84, 86, 100, 254], False),
    ],
)
def test_the_mapping_tells_how_few_bits_are_meant(bits: int, mapped: list[int] | None, *, is_spread: bool) -> None:
    """Numbers as stored, unless it names one that only spreading gives; other values above the range tell nothing."""
    numbers = np.arange(2**bits, dtype=np.uint8)[None]
    layout = Layout("1" if bits == 1 else "L", numbers.shape, bits, scale=1 if bits == 1 else SPREAD[bits])
    runs = runs_from_array(numbers * layout.scale)
    expected = numbers.astype(int) * SPREAD[bits] if is_spread else numbers
    assert runs_to_array(in_kind(Stored(runs, layout), "value", mapped)).tolist() == expected.tolist()


@given(st.sampled_from([2, 4]), st.data())
def test_every_spread_grey_tells(bits: int, data: st.DataObject) -> None:
    """Each of 85, 170, 255 and of 17, 34, ... 255."""
    value = data.draw(st.integers(1, 2**bits - 1)) * SPREAD[bits]
    layout = Layout("L", (1, 1), bits, scale=SPREAD[bits])
    runs = runs_from_array(np.array([[value]], np.uint8))
    assert runs_to_array(in_kind(Stored(runs, layout), "value", [value])).tolist() == [[value]]
    assert runs_to_array(in_kind(Stored(runs, layout), "rgb", [value])).tolist() == [[value * 0x010101]]


def test_eight_bits_have_one_reading() -> None:
    """Whatever the mapping names."""
    runs = runs_from_array(np.array([[0, 1, 85]], np.uint8))
    assert in_kind(Stored(runs, Layout("L", (1, 3))), "value", [85, 255]) is runs


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
