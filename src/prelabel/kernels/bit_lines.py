"""PNG scanlines of 1-bit pixels to runs: rows so small that bytes cost less than runs, so they have their own loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_U1, U8, inner, kernel
from prelabel.kernels.byte_search import skip_zeros
from prelabel.kernels.scanline_filters import PAETH, UP, unfilter
from prelabel.kernels.scanline_pixels import GREY, append_row
from prelabel.kernels.words import load_word, trailing_zeros

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array, UInt32Array


@inner(f"int64({RO_U1}, int64, int32[::1], uint32[::1], int64)")
def _append_bits(dense: NDArray[np.uint8], width: int, starts: Int32Array, values: UInt32Array, n_runs: int) -> int:
    """Append the runs of a row of 1-bit pixels, 64 at a time. Returns the number of all runs."""
    value = np.int64(dense[0] >> 7)
    starts[U8(n_runs)] = 0
    values[U8(n_runs)] = value
    n_runs += 1
    for x in range(0, width, 64):
        at = x >> 3
        if at + 8 <= len(dense):
            word = load_word(dense, at)
        else:
            word = np.int64(0)
            for k in range(len(dense) - at):
                word |= np.int64(dense[at + k]) << (8 * k)
        if word == -value:  # all as the pixel before
            continue
        # The leftmost pixel of a byte is its highest bit: turned round, pixels follow one another from bit 0 on.
        word = ((word >> 4) & 0x0F0F0F0F0F0F0F0F) | ((word & 0x0F0F0F0F0F0F0F0F) << 4)
        word = ((word >> 2) & 0x3333333333333333) | ((word & 0x3333333333333333) << 2)
        word = ((word >> 1) & 0x5555555555555555) | ((word & 0x5555555555555555) << 1)
        borders = word ^ ((word << 1) | value)
        while borders != 0:
            bit = trailing_zeros(borders)
            if x + bit >= width:
                return n_runs
            value ^= 1
            starts[U8(n_runs)] = x + bit
            values[U8(n_runs)] = value
            n_runs += 1
            borders ^= np.int64(1) << bit
    return n_runs


@kernel(f"int64({RO_U1}, int64, int64, uint8[::1], int32[::1], int32[::1], uint32[::1])")
def read_bit_lines(
    lines: NDArray[np.uint8],
    first_y: int,
    width: int,
    dense: NDArray[np.uint8],
    row_offsets: Int32Array,
    starts: Int32Array,
    values: UInt32Array,
) -> int:
    """Append the runs of rows ``first_y`` on, as long as a whole row surely fits.

    Args:
        lines: uint8: for each row its filter and its residuals.
        first_y: where to go on; runs before it are already in place.
        width: pixels in a row.
        dense: uint8, the bytes of the row above, at first 0; kept between calls.
        row_offsets: int32, height + 1, written.
        starts: int32, written.
        values: uint32, written.

    Returns:
        The row to go on with: the height when done, less when there is no room for one more row; -1 for a filter
        that PNG does not know.
    """
    height = len(row_offsets) - 1
    n_line = len(dense) + 1
    n_runs = np.int64(row_offsets[first_y])
    for y in range(first_y, height):
        if n_runs + width > len(starts):
            return y
        begin, end = y * n_line + 1, (y + 1) * n_line
        used = np.int64(lines[U8(begin - 1)])
        if used > PAETH:
            return -1
        if y > 0 and used in (UP, PAETH) and skip_zeros(lines, begin, end) == end:  # like the row above
            previous = np.int64(row_offsets[y - 1])
            n_runs = append_row(starts, values, previous, n_runs, GREY, starts, values, n_runs)
        else:
            unfilter(lines, begin, used, 1, dense)
            n_runs = _append_bits(dense, width, starts, values, n_runs)
        row_offsets[y + 1] = n_runs
    return height
