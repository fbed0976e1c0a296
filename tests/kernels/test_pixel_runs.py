"""Pixels to runs against the pixel-by-pixel twin, in every dtype and layout; what is no mask is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import oracles
import strategies
from prelabel.kernels.pixel_runs import runs_from_array, runs_to_array
from prelabel.kernels.run_values import run_lengths
from prelabel.model import TRANSPARENT
from run_checks import check_runs

GREY_DTYPES = ("u1", "i1", "<u2", ">u2", "<i2", ">i2", "<u4", ">u4", "<i4", ">i4", "<u8", ">u8", "<i8", ">i8")


@given(strategies.masks(), st.sampled_from(GREY_DTYPES), st.data())
@example(np.zeros((1, 1), np.uint8), "u1", None)
@example(np.ones((1, 1), np.uint8), ">u2", None)
@example(np.arange(9, dtype=np.uint8)[None], "<u2", None)
@example(np.repeat(np.arange(3, dtype=np.uint8), 8)[None], "u1", None)
def test_greys_of_every_dtype_and_layout(mask: np.ndarray, dtype: str, data: st.DataObject | None) -> None:
    """Bytes per pixel, byte order, strides and write protection change nothing, and the array stays as it was."""
    array = mask.astype(dtype)
    if data is not None:
        array = data.draw(strategies.layouts(array))
    before = array.copy()

    runs = runs_from_array(array)

    check_runs(runs, oracles.packed(mask))
    np.testing.assert_array_equal(array, before)


@given(strategies.masks(max_labels=1), st.sampled_from((1, 2, 255)), st.data())
def test_bools(mask: np.ndarray, true_byte: int, data: st.DataObject) -> None:
    """True is 1, whichever byte stands for it: Pillow's 1-bit images have 255."""
    array = (mask * np.uint8(true_byte)).view(np.bool_)

    check_runs(runs_from_array(data.draw(strategies.layouts(array))), oracles.packed(mask))


@given(strategies.masks(), st.sampled_from(("<u2", ">u4", "<i4", "<i8")), st.integers(0, 3))
def test_values_that_differ_in_one_byte(mask: np.ndarray, dtype: str, byte: int) -> None:
    """A difference counts in whichever byte of the pixel it is."""
    width = np.dtype(dtype).itemsize
    array = (mask.astype(np.int64) << (8 * (byte % min(width, 4)))).astype(dtype)

    check_runs(runs_from_array(array), array.astype(np.int64))


@given(strategies.images(), st.data())
@example(np.zeros((1, 1, 4), np.uint8), None)
@example(np.array([[[1, 2, 3, 0], [9, 9, 9, 0], [9, 9, 9, 1], [9, 9, 9, 255]]], np.uint8), None)
@example(np.arange(3 * 11, dtype=np.uint8).reshape(1, 11, 3), None)
def test_colours_of_every_layout(image: np.ndarray, data: st.DataObject | None) -> None:
    """RGB is packed; alpha 0 is transparent whatever the colour, any other alpha is opaque."""
    array = image if data is None else data.draw(strategies.layouts(image))

    check_runs(runs_from_array(array), oracles.packed(image))


@given(strategies.masks())
def test_labels_use_all_32_bits(mask: np.ndarray) -> None:
    """4294967295 is read as transparent, 4294967294 is a label like any other."""
    array = (TRANSPARENT - mask.astype(np.int64)).astype(np.uint32)

    runs = runs_from_array(array)

    check_runs(runs, array.astype(np.int64))
    assert bool((runs.values == TRANSPARENT).any()) == bool((mask == 0).any())


@pytest.mark.parametrize("shape", [(70, 130), (3, 5000), (5000, 3), (1, 9000)])
def test_more_runs_than_first_foreseen(shape: tuple[int, int]) -> None:
    """Where every pixel is a run, the room grows and nothing read before is lost."""
    array = (np.arange(shape[0] * shape[1], dtype=np.uint32) * 7919).reshape(shape)

    runs = runs_from_array(array)

    assert len(runs.starts) == array.size
    assert runs.values.tolist() == array.ravel().tolist()
    assert runs.starts.tolist() == list(range(shape[1])) * shape[0]


@pytest.mark.parametrize(
    ("array", "part"),
    [
        (np.zeros((0, 5), np.uint8), "at least one pixel; got shape (0, 5)"),
        (np.zeros((5, 0), np.uint8), "at least one pixel; got shape (5, 0)"),
        (np.zeros((5, 0, 3), np.uint8), "at least one pixel; got shape (5, 0, 3)"),
        (np.zeros((), np.uint8), "height x width, or height x width x 3 or 4; got shape ()"),
        (np.zeros(5, np.uint8), "got shape (5,)"),
        (np.zeros((5, 5, 1), np.uint8), "got shape (5, 5, 1)"),
        (np.zeros((5, 5, 2), np.uint8), "got shape (5, 5, 2)"),
        (np.zeros((5, 5, 5), np.uint8), "got shape (5, 5, 5)"),
        (np.zeros((2, 2, 2, 3), np.uint8), "got shape (2, 2, 2, 3)"),
        (np.zeros((2, 2, 3), np.uint16), "8-bit channels (uint8); got uint16"),
        (np.zeros((2, 2, 4), np.float32), "8-bit channels (uint8); got float32"),
        (np.zeros((2, 2), np.float16), "integers of at most 32 bits; got float16: convert it first"),
        (np.zeros((2, 2), np.float64), "integers of at most 32 bits; got float64: convert it first"),
        (np.zeros((2, 2), np.complex64), "got complex64"),
        (np.zeros((2, 2), "S2"), "got |S2"),
        (np.zeros((2, 2), object), "got object"),
        (np.zeros((2, 2), "M8[s]"), "got datetime64[s]"),
        (np.array([[3, -7]], np.int8), "no negative values; got -7: map them to 0 or a class first"),
        (np.array([[3, -7, -1, -7, -9, -2]], np.int8), "got -1, -2, -7 and 1 more: map"),
        (np.array([[3, -7]], ">i4"), "no negative values; got -7"),
        (np.array([[3, -7]], np.int64), "no negative values; got -7"),
        (np.array([[3, TRANSPARENT]], np.int64), "integers below 4294967295; got 4294967295: renumber the labels"),
        (np.array([[3, 2**63]], np.uint64), "integers below 4294967295; got 9223372036854775808"),
        (np.broadcast_to(np.uint8(0), (2**16, 2**15)), "at most 2**31 - 1 pixels; got shape (65536, 32768)"),
    ],
)
def test_what_is_no_mask(array: np.ndarray, part: str) -> None:
    """Shapes, dtypes and values without a reading are refused, with what was given and the remedy."""
    with pytest.raises(ValueError, match=r"^a (colour )?mask ") as caught:
        runs_from_array(array)

    assert part in str(caught.value)


@given(st.one_of(strategies.masks(), strategies.images()))
def test_runs_back_to_pixels(array: np.ndarray) -> None:
    """Pixels come back as they were read, colours packed; each run is as long as the twin paints it."""
    runs = runs_from_array(array)

    pixels, lengths = runs_to_array(runs), run_lengths(runs)

    assert pixels.dtype == np.uint32
    np.testing.assert_array_equal(pixels, oracles.packed(array))
    np.testing.assert_array_equal(pixels, oracles.pixels_of(runs))
    assert lengths.dtype == np.int32
    assert (lengths > 0).all()
    assert int(lengths.sum()) == runs.height * runs.width
