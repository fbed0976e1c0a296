"""Masks saved by numpy, and files that pretend to be."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from prelabel.errors import MaskError
from prelabel.masks.decoders.npy import pixels_in_npy


def npy(array: np.ndarray, version: tuple[int, int] | None = None) -> bytes:
    """Return the array as a .npy file."""
    file = BytesIO()
    np.lib.format.write_array(file, array, version)
    return file.getvalue()


DTYPES = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="?"),
    hnp.unsigned_integer_dtypes(endianness="?"),
    hnp.floating_dtypes(endianness="?", sizes=[16, 32, 64]),
)


@given(hnp.arrays(DTYPES, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6)), st.booleans(), st.sampled_from([1, 2]))
def test_every_array_of_numbers_comes_back(array: np.ndarray, by_columns: bool, version: int) -> None:
    """Any type of number, byte order, memory order and header version; and without a copy."""
    array = np.asfortranarray(array) if by_columns else array
    encoded = npy(array, (version, 0))
    found = pixels_in_npy(encoded)
    assert found.dtype == array.dtype
    assert np.array_equal(found, array, equal_nan=array.dtype.kind == "f")
    assert not found.flags.owndata
    assert not found.flags.writeable


@pytest.mark.parametrize("n_channels", [3, 4])
def test_colour_arrays_come_back(n_channels: int) -> None:
    """Height x width x channels of uint8."""
    array = np.arange(2 * 5 * n_channels, dtype=np.uint8).reshape(2, 5, n_channels)
    assert np.array_equal(pixels_in_npy(npy(array)), array)


def test_one_image_or_channel_is_a_mask() -> None:
    """As networks and TIFF readers keep it; one row of colours is what it always was."""
    array = np.arange(10, dtype=np.uint16).reshape(2, 5)
    assert pixels_in_npy(npy(array[np.newaxis])).tolist() == array.tolist()
    assert pixels_in_npy(npy(np.zeros((1, 5, 3), np.uint8))).shape == (1, 5, 3)
    with pytest.raises(MaskError, match=r"shape \(1, 5, 3\)"):
        pixels_in_npy(npy(np.zeros((1, 5, 3), np.uint16)))


def test_a_third_side_of_one_is_left_out() -> None:
    """As machine learning leaves it: height x width x 1."""
    array = np.arange(10, dtype=np.uint16).reshape(2, 5)
    assert np.array_equal(pixels_in_npy(npy(array[..., None])), array)


@pytest.mark.parametrize(
    ("array", "part"),
    [
        (np.zeros((3, 4), complex), r"shape \(3, 4\) and type complex128"),
        (np.zeros(5, np.uint8), r"shape \(5,\)"),
        (np.zeros((2, 2, 2), np.uint8), r"shape \(2, 2, 2\)"),
        (np.zeros((2, 2, 3), np.uint16), "type uint16"),
        (np.zeros((0, 4), np.uint8), r"shape \(0, 4\)"),
        (np.zeros((2, 2), "S3"), r"type \|S3"),
        (np.zeros((2, 2), [("a", "u1")]), r"type \[\('a', 'u1'\)\]"),
        (np.array([[{}, 1]]), "type object"),
    ],
)
def test_other_arrays_say_what_to_save(array: np.ndarray, part: str) -> None:
    """Floats, stacks, empty arrays, text, records and pickled objects are refused; the objects are never unpickled."""
    file = BytesIO()
    np.save(file, array, allow_pickle=True)
    with pytest.raises(MaskError, match=part) as caught:
        pixels_in_npy(file.getvalue())
    assert "save height x width of integers or bools" in str(caught.value)
    assert caught.value.shape == array.shape


def test_a_huge_header_allocates_nothing() -> None:
    """A few bytes that claim a terabyte are cut off, and that is all."""
    header = b"{'descr': '<u4', 'fortran_order': False, 'shape': (500000, 500000), }"
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    encoded = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    with pytest.raises(MaskError, match="cut off: it holds 0 of 1000000000000 bytes"):
        pixels_in_npy(encoded)


def test_a_cut_off_array_says_how_much_is_there() -> None:
    """The last row is missing."""
    with pytest.raises(MaskError, match="it holds 12 of 16 bytes of pixels"):
        pixels_in_npy(npy(np.zeros((4, 4), np.uint8))[:-4])


def test_bools_of_other_bytes_are_no_mask() -> None:
    """A byte of 2 is no bool; numpy itself would let it through."""
    encoded = npy(np.array([[True, False, True]]))
    with pytest.raises(MaskError, match="neither 0 nor 1"):
        pixels_in_npy(encoded[:-1] + b"\2")
