"""Filtered PNG scanlines to runs, without making pixels (docs/architecture.md, "Runs").

PNG stores each row as one filter byte and the *residuals*: what is left of each byte once a guess from its neighbours
is taken away (PNG specification, section 9). With a the pixel on the left, b the one above and c the one above a, the
guess is 0 (filter None), a (Sub), b (Up), (a + b) / 2 (Average), or whichever of a, b, c is nearest to a + b - c
(Paeth). In a mask nearly all residuals are 0, and a residual of 0 says where *no* border is:

* Sub: the pixel is like its left neighbour. Every other residual begins a run, worth the run before plus the residual.
* Up: the pixel is like the one above, so the borders above go on downwards; they are copied, run by run.
* Paeth: where b = c (no border above) the guess is a, as a + b - c = a: the run goes on. Where a = c (this row was
  like the one above so far) it is b: the row goes on like the one above. So only pixels with a residual and borders
  of the row above need a look.
* None: eight bytes at a time are compared with those one pixel before.
* Average: the guess is halved and hardly ever exact, so the row's bytes are made, then read as with None.

A pixel is handled as one number, its bytes little-endian (*raw*); arithmetic is modulo 256 in each byte. Filters know
bytes only: where pixels have 2 or 4 bits, runs of whole bytes are found first, then split; rows of 1-bit pixels are so
small that all their bytes are made, and 64 pixels looked at in one go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prelabel.kernels._jit import RO_U1, U8, inner, kernel
from prelabel.kernels.bit_lines import read_bit_lines
from prelabel.kernels.byte_search import skip_zeros
from prelabel.kernels.filtered_runs import read_below, read_plain, read_sub, spread
from prelabel.kernels.scanline_filters import AVERAGE, NONE, PAETH, SUB, UP, unfilter
from prelabel.kernels.scanline_pixels import GREY, PACKED, append_packed, append_row
from prelabel.kernels.scratch import grown, scratch
from prelabel.model import Runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array, UInt32Array


@inner(
    f"int64({RO_U1}, int64, int64, int64, int64, int64, uint8[::1], int32[::1], uint32[::1], int64, int64, int64)",
    inline=True,
)
def _read_raw(
    lines: NDArray[np.uint8],
    begin: int,
    residual: int,
    end: int,
    used: int,
    n_bytes: int,
    dense: NDArray[np.uint8],
    raw_starts: Int32Array,
    raw_values: UInt32Array,
    above: int,
    end_above: int,
    here: int,
) -> int:
    """Write the raw runs of one row, as its filter allows.

    Args:
        lines, n_bytes, dense, raw_starts, raw_values: see :func:`_read_lines`.
        begin, residual, end: the bytes of this row, and the first that is not 0, under Up and Paeth.
        used: its filter.
        above, end_above: where the raw runs of the row above begin and end.
        here: where those of this row begin.

    Returns:
        Where they end.
    """
    inverse = ((np.int64(1) << 32) + n_bytes - 1) // n_bytes
    if used == NONE:
        return read_plain(lines, begin, end, n_bytes, inverse, raw_starts, raw_values, here)
    if used == SUB:
        return read_sub(lines, begin, end, n_bytes, inverse, raw_starts, raw_values, here)
    if used == AVERAGE:  # seldom exact, so made dense
        spread(raw_starts, raw_values, above, end_above, n_bytes, dense)
        unfilter(lines, begin, used, n_bytes, dense)
        return read_plain(dense, 0, len(dense), n_bytes, inverse, raw_starts, raw_values, here)
    is_paeth = used == PAETH
    return read_below(lines, begin, residual, end, n_bytes, inverse, is_paeth, raw_starts, raw_values, above, here)


@kernel(
    f"int64({RO_U1}, int64, int64, int64, int64, int64, int64, int32[::1], uint32[::1], uint8[::1], int64[::1],"
    " int32[::1], int32[::1], uint32[::1])"
)
def _read_lines(
    lines: NDArray[np.uint8],
    first_y: int,
    width: int,
    kind: int,
    bits: int,
    scale: int,
    n_bytes: int,
    raw_starts: Int32Array,
    raw_values: UInt32Array,
    dense: NDArray[np.uint8],
    state: NDArray[np.int64],
    row_offsets: Int32Array,
    starts: Int32Array,
    values: UInt32Array,
) -> int:
    """Append the runs of rows ``first_y`` on, as long as a whole row surely fits.

    Args:
        lines: uint8: for each row its filter and its residuals.
        first_y: where to go on; runs before it are already in place.
        width: pixels in a row.
        kind: how values are made of pixels: GREY, ..., PACKED.
        bits: of a pixel, 2 at least; below 8 for PACKED only.
        scale: what PACKED pixels are multiplied by.
        n_bytes: bytes of a pixel, 1 for PACKED: what the filters take for one.
        raw_starts, raw_values: 2 x (columns + 1), kept between calls: raw runs of the row above and of this one.
        dense: uint8, room for one row's bytes.
        state: int64, 2, kept between calls: where the raw runs of the row above begin and end.
        row_offsets: int32, height + 1, written.
        starts: int32, written.
        values: uint32, written.

    Returns:
        The row to go on with: the height when done, less when there is no room for one more row; -1 for a filter
        that PNG does not know.
    """
    height = len(row_offsets) - 1
    n_line = len(dense) + 1
    half = len(raw_starts) >> 1
    above, end_above = state[0], state[1]
    n_runs = np.int64(row_offsets[first_y])
    for y in range(first_y, height):
        if n_runs + width > len(starts):
            state[0], state[1] = above, end_above
            return y
        begin, end = y * n_line + 1, (y + 1) * n_line
        used = np.int64(lines[U8(begin - 1)])
        if used > PAETH:
            return -1
        residual = begin
        if used in (UP, PAETH):
            residual = skip_zeros(lines, begin, end)
        here = half - above
        if residual == end and y > 0:  # like the row above, which is also the one that the next row looks at
            previous = np.int64(row_offsets[y - 1])
            n_runs = append_row(starts, values, previous, n_runs, GREY, starts, values, n_runs)
        else:
            end_here = _read_raw(
                lines, begin, residual, end, used, n_bytes, dense, raw_starts, raw_values, above, end_above, here
            )
            raw_starts[end_here] = half - 1
            if kind == PACKED:
                n_runs = append_packed(
                    raw_starts, raw_values, here, end_here, bits, scale, width, starts, values, n_runs
                )
            else:
                n_runs = append_row(raw_starts, raw_values, here, end_here, kind, starts, values, n_runs)
            above, end_above = here, end_here
        row_offsets[y + 1] = n_runs
    return height


class LineFormat(NamedTuple):
    """How pixels lie in scanlines.

    Attributes:
        kind: how run values are made of them: ``GREY``, ``WORD``, ``RGB``, ``RGBA``, ``GREY_ALPHA`` or ``PACKED``.
        bits: of a whole pixel: 8, 16, 24 or 32; 1, 2 or 4 for ``PACKED``.
        scale: what ``PACKED`` pixels are multiplied by.
    """

    kind: int
    bits: int
    scale: int = 1

    def n_bytes(self, width: int) -> int:
        """Return the bytes of one row, without its filter."""
        return (width * self.bits + 7) >> 3


def runs_from_lines(
    lines: NDArray[np.uint8], width: int, height: int, line_format: LineFormat, *, max_runs: int = 2**31 - 1
) -> Runs | None:
    """Read the runs of filtered scanlines.

    Args:
        lines: uint8, height * (1 + ``line_format.n_bytes(width)``): a filter and residuals for each row.
        width: pixels in a row, at least 1; a row has less than 2**31 bytes.
        height: rows, at least 1; there are less than 2**31 pixels.
        line_format: how the pixels lie.
        max_runs: more are not made.

    Returns:
        The runs: greys and indices as they are (16 bits whole, fewer times the scale), colours as 0xRRGGBB,
        ``TRANSPARENT`` where alpha is 0. None when a row has a filter that PNG does not know.

    Raises:
        OverflowError: there are more than ``max_runs``.
    """
    n_row = line_format.n_bytes(width)
    if len(lines) != height * (1 + n_row):
        raise ValueError(f"{height} rows of 1 + {n_row} bytes are {height * (1 + n_row)} bytes; got {len(lines)}")
    n_bytes = (line_format.bits + 7) >> 3
    n_columns = n_row // n_bytes
    raw_starts = scratch.take("raw starts", 2 * (n_columns + 1), np.int32)
    raw_values = scratch.at_least("raw values", 2 * (n_columns + 1), np.uint32)
    raw_starts[0], raw_starts[1], raw_values[0] = 0, n_columns, 0  # above the first row all is 0
    dense, state = scratch.take("line", n_row, np.uint8), np.array([0, 1])
    if line_format.bits == 1:
        dense[:] = 0
    starts = scratch.at_least("line starts", max(2 * width, (width * height >> 5) + 4096), np.int32)
    values = scratch.at_least("line values", len(starts), np.uint32)
    row_offsets = np.empty(height + 1, np.int32)
    row_offsets[0] = y = 0
    while True:
        if line_format.bits == 1:
            y = read_bit_lines(lines, y, width, dense, row_offsets, starts, values)
        else:
            y = _read_lines(
                lines,
                y,
                width,
                *line_format,
                n_bytes,
                raw_starts,
                raw_values,
                dense,
                state,
                row_offsets,
                starts,
                values,
            )
        if y < 0:
            return None
        n_runs = int(row_offsets[y])
        if n_runs > max_runs:
            raise OverflowError(f"there are more than {max_runs} runs")
        if y == height:
            return Runs(width, row_offsets, starts[:n_runs].copy(), values[:n_runs].copy())
        expected = n_runs * height // max(y, 1)  # if it goes on like this
        capacity = min(max(2 * len(starts), expected + (expected >> 3)), width * height, 2 * max_runs) + width
        starts, values = grown(starts, n_runs, capacity), grown(values, n_runs, capacity)
        scratch.keep("line starts", starts)
        scratch.keep("line values", values)
