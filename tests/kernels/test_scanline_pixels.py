"""Raw runs of one row to runs of pixels, against pixels taken one by one."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.kernels._jit import RO_I4, RO_U4, kernel
from prelabel.kernels.scanline_pixels import (
    GREY,
    GREY_ALPHA,
    RGB,
    RGBA,
    WORD,
    append_packed,
    append_row,
)
from prelabel.model import TRANSPARENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from prelabel.model import Int32Array, UInt32Array

BEFORE = 3


@kernel(f"int64({RO_I4}, {RO_U4}, int64, int64, int64, int64, int64, int32[::1], uint32[::1], int64)")
def packed_appended(
    row_starts: Int32Array,
    row_values: UInt32Array,
    first: int,
    end: int,
    bits: int,
    scale: int,
    width: int,
    starts: Int32Array,
    values: UInt32Array,
    n_runs: int,
) -> int:
    """Call it from compiled code, the only place it can be called from."""
    return append_packed(row_starts, row_values, first, end, bits, scale, width, starts, values, n_runs)


@kernel(f"int64({RO_I4}, {RO_U4}, int64, int64, int64, int32[::1], uint32[::1], int64)")
def row_appended(
    row_starts: Int32Array,
    row_values: UInt32Array,
    first: int,
    end: int,
    kind: int,
    starts: Int32Array,
    values: UInt32Array,
    n_runs: int,
) -> int:
    """Likewise."""
    return append_row(row_starts, row_values, first, end, kind, starts, values, n_runs)


def check(append: Callable[[Int32Array, UInt32Array, int], int], pixels: list[int]) -> None:
    """Append to some runs: those stay, and behind them are the runs of these pixels."""
    starts, values = np.full(BEFORE + len(pixels) + 1, -1, np.int32), np.full(BEFORE + len(pixels) + 1, 5, np.uint32)

    n_runs = append(starts, values, BEFORE)

    groups = (next(group) for _, group in groupby(enumerate(pixels), key=lambda pixel: pixel[1]))
    found = zip(starts[BEFORE:n_runs].tolist(), values[BEFORE:n_runs].tolist(), strict=True)
    assert list(found) == list(groups)
    assert (starts[:BEFORE].tolist(), values[:BEFORE].tolist()) == ([-1] * BEFORE, [5] * BEFORE)


raw_runs = st.lists(st.tuples(st.integers(1, 5), st.integers(0, 255)), min_size=1, max_size=12)


@pytest.mark.parametrize(("bits", "scale"), [(2, 1), (2, 85), (4, 1), (4, 17)])
@given(raw_runs, st.data())
def test_several_pixels_in_a_byte(bits: int, scale: int, runs: list[tuple[int, int]], data: st.DataObject) -> None:
    """The highest bits come first; pixels behind the width are none."""
    row = [byte for n, byte in runs for _ in range(n)]
    starts = np.cumsum([0, *(n for n, _ in runs)]).astype(np.int32)
    values = np.array([byte for _, byte in runs], np.uint32)
    width = len(row) * 8 // bits - data.draw(st.integers(0, 8 // bits - 1))
    pixels = [byte >> shift & (1 << bits) - 1 for byte in row for shift in range(8 - bits, -1, -bits)]

    check(
        lambda *found: packed_appended(starts, values, 0, len(runs), bits, scale, width, *found),
        [pixel * scale for pixel in pixels[:width]],
    )


def value_of(pixel: list[int], kind: int) -> int:
    """Return the run value of a pixel by its bytes, as they lie in the file."""
    if kind == WORD:
        return pixel[0] * 256 + pixel[1]
    if kind in {RGBA, GREY_ALPHA} and pixel[-1] == 0:
        return TRANSPARENT
    return pixel[0] if kind in {GREY, GREY_ALPHA} else pixel[0] * 65536 + pixel[1] * 256 + pixel[2]


@pytest.mark.parametrize(("kind", "n_bytes"), [(GREY, 1), (WORD, 2), (RGB, 3), (RGBA, 4), (GREY_ALPHA, 2)])
@given(st.data())
def test_pixels_of_whole_bytes(kind: int, n_bytes: int, data: st.DataObject) -> None:
    """Runs that differ in alpha only are joined; what is transparent has one value."""
    byte = st.sampled_from((0, 1, 128, 255))
    pixel = st.lists(byte, min_size=n_bytes, max_size=n_bytes)
    runs = data.draw(st.lists(st.tuples(st.integers(1, 4), pixel), min_size=1, max_size=12))
    runs = [run for before, run in pairwise([(0, []), *runs]) if run[1] != before[1]]
    raw = [int.from_bytes(bytes(pixel), "little") for _, pixel in runs]
    starts = np.array([0, 0, *np.cumsum([n for n, _ in runs])], np.int32)  # the first of them is another row's

    check(
        lambda *found: row_appended(starts, np.array([9, *raw], np.uint32), 1, 1 + len(runs), kind, *found),
        [value_of(pixel, kind) for n, pixel in runs for _ in range(n)],
    )
