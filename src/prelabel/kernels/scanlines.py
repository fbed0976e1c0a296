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

from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from prelabel.kernels._jit import inner, kernel, load_word, read_only, trailing_zeros
from prelabel.kernels.scratch import scratch
from prelabel.model import TRANSPARENT, Runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array, UInt32Array

RO_U1 = read_only("uint8")
RO_I4 = read_only("int32")
RO_U4 = read_only("uint32")

Number = TypeVar("Number", bound=np.generic)

NONE, SUB, UP, AVERAGE, PAETH = range(5)

# How run values are made of pixels. GREY: as they are; WORD: 16 bits, high byte first; PACKED: several in a byte.
GREY, WORD, RGB, RGBA, GREY_ALPHA, PACKED = range(6)

U8 = np.uint64  # numba tests signed indices for being negative


@inner(f"int64({RO_U1}, int64, int64)")
def _skip_zeros(lines: NDArray[np.uint8], at: int, end: int) -> int:
    """Return where the first byte from ``at`` on lies that is not 0; ``end`` if there is none before it."""
    last_word = len(lines) - 8
    while at < end:
        if at <= last_word:  # a word may reach into the next row
            word = load_word(lines, at)
            if word != 0:
                return min(at + (trailing_zeros(word) >> 3), end)
            at += 8
            while (
                at + 32 <= end
                and (
                    load_word(lines, at)
                    | load_word(lines, at + 8)
                    | load_word(lines, at + 16)
                    | load_word(lines, at + 24)
                )
                == 0
            ):
                at += 32
        elif lines[U8(at)] != 0:
            return at
        else:
            at += 1
    return end


@inner(f"int64({RO_U1}, int64, int64, int64)")
def _skip_equal(pixels: NDArray[np.uint8], at: int, end: int, n_bytes: int) -> int:
    """Return where the first byte from ``at`` on lies that differs from that ``n_bytes`` before, or ``end``."""
    last_word = len(pixels) - 8
    while at < end:
        if at <= last_word:
            word = load_word(pixels, at) ^ load_word(pixels, at - n_bytes)
            if word != 0:
                return min(at + (trailing_zeros(word) >> 3), end)
            at += 8
            while (
                at + 32 <= end
                and (
                    (load_word(pixels, at) ^ load_word(pixels, at - n_bytes))
                    | (load_word(pixels, at + 8) ^ load_word(pixels, at + 8 - n_bytes))
                    | (load_word(pixels, at + 16) ^ load_word(pixels, at + 16 - n_bytes))
                    | (load_word(pixels, at + 24) ^ load_word(pixels, at + 24 - n_bytes))
                )
                == 0
            ):
                at += 32
        elif pixels[U8(at)] != pixels[U8(at - n_bytes)]:
            return at
        else:
            at += 1
    return end


@inner(f"int64({RO_U1}, int64, int64)")
def _raw(pixels: NDArray[np.uint8], at: int, n_bytes: int) -> int:
    """Return the pixel of 1 to 4 bytes at ``at``, little-endian."""
    if at + 8 <= len(pixels):
        return load_word(pixels, at) & ((np.int64(1) << (8 * n_bytes)) - 1)
    value = np.int64(0)
    for k in range(n_bytes):
        value |= np.int64(pixels[U8(at + k)]) << (8 * k)
    return value


@inner("int64(int64, int64)")
def _sum(a: int, b: int) -> int:
    """Add two pixels, each byte modulo 256: the upper bits apart, so that no carry goes into the next byte."""
    return ((a & 0x7F7F7F7F) + (b & 0x7F7F7F7F)) ^ ((a ^ b) & 0x80808080)


@inner("int64(int64, int64, int64)")
def _paeth(a: int, b: int, c: int) -> int:
    """Return the guess from left, above and upper left; equal neighbours, nearly always there, decide at once."""
    if a == c:
        return b
    if b in (a, c):
        return a
    guess = np.int64(0)
    for shift in range(0, 32, 8):
        left, up, corner = (a >> shift) & 255, (b >> shift) & 255, (c >> shift) & 255
        to_left, to_up, to_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
        nearest = left if to_left <= to_up and to_left <= to_corner else (up if to_up <= to_corner else corner)
        guess |= nearest << shift
    return guess


@inner(f"int64({RO_U1}, int64, int64, int64, int64, int32[::1], uint32[::1], int64)")
def _read_plain(
    pixels: NDArray[np.uint8],
    begin: int,
    end: int,
    n_bytes: int,
    inverse: int,
    starts: Int32Array,
    values: UInt32Array,
    first: int,
) -> int:
    """Write the runs of the unfiltered row in bytes ``begin`` to ``end`` from place ``first`` on.

    Returns where they end. ``inverse`` is 2**32 / n_bytes rounded up: multiplying and shifting divides a row's offsets,
    which are below 2**31, exactly.
    """
    starts[U8(first)] = 0
    values[U8(first)] = _raw(pixels, begin, n_bytes)
    run = first + 1
    at = begin + n_bytes
    while True:
        at = _skip_equal(pixels, at, end, n_bytes)
        if at == end:
            return run
        x = ((at - begin) * inverse) >> 32
        at = begin + x * n_bytes
        starts[U8(run)] = x
        values[U8(run)] = _raw(pixels, at, n_bytes)
        run += 1
        at += n_bytes


@inner(f"int64({RO_U1}, int64, int64, int64, int64, int32[::1], uint32[::1], int64)")
def _read_sub(
    lines: NDArray[np.uint8],
    begin: int,
    end: int,
    n_bytes: int,
    inverse: int,
    starts: Int32Array,
    values: UInt32Array,
    first: int,
) -> int:
    """Write the runs of a row filtered by Sub; as :func:`_read_plain`."""
    value = _raw(lines, begin, n_bytes)
    starts[U8(first)] = 0
    values[U8(first)] = value
    run = first + 1
    at = begin + n_bytes
    while True:
        at = _skip_zeros(lines, at, end)
        if at == end:
            return run
        x = ((at - begin) * inverse) >> 32
        at = begin + x * n_bytes
        value = _sum(value, _raw(lines, at, n_bytes))
        starts[U8(run)] = x
        values[U8(run)] = value
        run += 1
        at += n_bytes


@inner(f"int64({RO_U1}, int64, int64, int64, int64, int64, boolean, int32[::1], uint32[::1], int64, int64)")
def _read_below(
    lines: NDArray[np.uint8],
    begin: int,
    residual: int,
    end: int,
    n_bytes: int,
    inverse: int,
    is_paeth: bool,
    starts: Int32Array,
    values: UInt32Array,
    above: int,
    first: int,
) -> int:
    """Write the runs of a row filtered by Up or Paeth, from those of the row above.

    Args:
        lines: all scanlines.
        begin, end: the bytes of this row.
        residual: where its first residual that is not 0 lies; ``end`` if there is none.
        n_bytes: bytes of a pixel, 1 to 4.
        inverse: see :func:`_read_plain`.
        is_paeth: whether it is Paeth.
        starts, values: runs of the row above from place ``above`` on, closed by a start beyond all pixels; those of
            this row are written from place ``first`` on.
        above, first: these places.

    Returns:
        Where the runs end.
    """
    n_columns = ((end - begin) * inverse) >> 32
    x = np.int64(0)
    k = above  # the run above that holds x
    run = first
    last = np.int64(-1)  # the value of the last run; -1 differs from all
    left = corner = np.int64(0)
    while True:
        next_x = ((residual - begin) * inverse) >> 32
        while x < next_x:  # no residuals: changes only where the row above has borders
            up = np.int64(values[U8(k)])
            value = _paeth(left, up, corner) if is_paeth else up
            if value != last:
                starts[U8(run)] = x
                values[U8(run)] = value
                run += 1
            left = last = value
            corner = up
            k += 1
            if value == up:  # from here to the next residual this row is like the one above
                while starts[U8(k)] < next_x:
                    starts[U8(run)] = starts[U8(k)]
                    values[U8(run)] = values[U8(k)]
                    run += 1
                    k += 1
                left = last = corner = np.int64(values[U8(k - 1)])
                x = next_x
            else:
                x = min(np.int64(starts[U8(k)]), next_x)
            k -= np.int64(starts[U8(k)]) > x
        if x == n_columns:
            return run
        up = np.int64(values[U8(k)])
        guess = _paeth(left, up, corner) if is_paeth else up
        value = _sum(guess, _raw(lines, begin + x * n_bytes, n_bytes))
        if value != last:
            starts[U8(run)] = x
            values[U8(run)] = value
            run += 1
        left = last = value
        corner = up
        x += 1
        k += np.int64(starts[U8(k + 1)]) <= x
        residual = _skip_zeros(lines, begin + x * n_bytes, end)


@inner("void(int32[::1], uint32[::1], int64, int64, int64, uint8[::1])")
def _spread(
    starts: Int32Array, values: UInt32Array, first: int, end: int, n_bytes: int, dense: NDArray[np.uint8]
) -> None:
    """Write the bytes of a row of raw runs."""
    for i in range(first, end):
        value = np.int64(values[i])
        for x in range(starts[i], starts[i + 1]):
            for channel in range(n_bytes):
                dense[U8(x * n_bytes + channel)] = (value >> (8 * channel)) & 255


@inner(f"void({RO_U1}, int64, int64, int64, uint8[::1])")
def _unfilter(lines: NDArray[np.uint8], begin: int, used: int, n_bytes: int, dense: NDArray[np.uint8]) -> None:
    """Turn the bytes of the row above into those of the row that begins at ``begin``."""
    n = len(dense)
    if used == NONE:
        for i in range(n):
            dense[i] = lines[U8(begin + i)]
    elif used == UP:
        for i in range(n):
            dense[i] = (np.int64(dense[i]) + np.int64(lines[U8(begin + i)])) & 255
    elif used == PAETH:
        for channel in range(n_bytes):
            left = corner = np.int64(0)
            for i in range(channel, n, n_bytes):
                up = np.int64(dense[i])
                left = (_paeth(left, up, corner) + np.int64(lines[U8(begin + i)])) & 255
                dense[i] = left
                corner = up
    else:
        for channel in range(n_bytes):
            left = np.int64(0)
            for i in range(channel, n, n_bytes):
                guess = left if used == SUB else (left + np.int64(dense[i])) >> 1
                left = (guess + np.int64(lines[U8(begin + i)])) & 255
                dense[i] = left


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


@inner(f"int64({RO_I4}, {RO_U4}, int64, int64, int64, int64, int64, int32[::1], uint32[::1], int64)")
def _append_packed(
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
    """Append the pixel runs of a row of runs of bytes. Returns the number of all runs.

    Args:
        row_starts, row_values: runs of bytes in places ``first`` to ``end``, and one start more.
        first, end: these places.
        bits: of a pixel: 2 or 4; the first pixel is in the highest ones.
        scale: what pixels are multiplied by.
        width: pixels in the row; bits beyond are not looked at.
        starts, values: appended to.
        n_runs: runs so far.
    """
    per_byte = 8 // bits
    mask = (np.int64(1) << bits) - 1
    last = np.int64(-1)
    for i in range(first, end):
        byte = np.int64(row_values[i])
        first_x, end_x = row_starts[i] * per_byte, min(row_starts[i + 1] * per_byte, width)
        if byte == (byte & mask) * (255 // mask):  # all pixels alike: the run goes on over all its bytes
            end_x = min(first_x + 1, end_x)
        for x in range(first_x, end_x):
            value = (byte >> (8 - bits * (1 + x % per_byte))) & mask
            if value != last:
                starts[U8(n_runs)] = x
                values[U8(n_runs)] = value * scale
                n_runs += 1
                last = value
    return n_runs


@inner("int64(int64, int64)")
def _value_of(raw: int, kind: int) -> int:
    """Return the run value of a pixel of two or more bytes."""
    if kind == WORD:
        return (raw & 255) << 8 | raw >> 8
    if kind == GREY_ALPHA:
        return raw & 255 if raw >> 8 else TRANSPARENT
    if kind == RGBA and raw >> 24 == 0:
        return TRANSPARENT
    return (raw & 255) << 16 | (raw & 0xFF00) | (raw >> 16) & 255


@inner(f"int64({RO_I4}, {RO_U4}, int64, int64, int64, int32[::1], uint32[::1], int64)")
def _append_row(
    row_starts: Int32Array,
    row_values: UInt32Array,
    first: int,
    end: int,
    kind: int,
    starts: Int32Array,
    values: UInt32Array,
    n_runs: int,
) -> int:
    """Append a row of pixel runs, joining those that differ in alpha only. Returns the number of all runs."""
    if kind == GREY:
        for i in range(end - first):
            starts[U8(n_runs + i)] = row_starts[U8(first + i)]
            values[U8(n_runs + i)] = row_values[U8(first + i)]
        return n_runs + end - first
    last = np.int64(-1)
    for i in range(first, end):
        value = _value_of(np.int64(row_values[i]), kind)
        if value != last:
            starts[U8(n_runs)] = row_starts[i]
            values[U8(n_runs)] = value
            n_runs += 1
            last = value
    return n_runs


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
        bits: of a pixel; below 8 for PACKED only.
        scale: what PACKED pixels are multiplied by.
        n_bytes: bytes of a pixel, 1 for PACKED: what the filters take for one.
        raw_starts, raw_values: 2 x (columns + 1), kept between calls: raw runs of the row above and of this one.
        dense: uint8, one row's bytes: those of the row above for pixels of 1 bit, at first 0; kept between calls.
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
    inverse = ((np.int64(1) << 32) + n_bytes - 1) // n_bytes
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
            residual = _skip_zeros(lines, begin, end)
        here = half - above
        if residual == end and y > 0:  # like the row above, which is also the one that the next row looks at
            previous = np.int64(row_offsets[y - 1])
            n_runs = _append_row(starts, values, previous, n_runs, GREY, starts, values, n_runs)
        elif bits == 1:  # so small that bytes cost less than runs
            _unfilter(lines, begin, used, n_bytes, dense)
            n_runs = _append_bits(dense, width, starts, values, n_runs)
        else:
            if used == NONE:
                end_here = _read_plain(lines, begin, end, n_bytes, inverse, raw_starts, raw_values, here)
            elif used == SUB:
                end_here = _read_sub(lines, begin, end, n_bytes, inverse, raw_starts, raw_values, here)
            elif used == AVERAGE:
                _spread(raw_starts, raw_values, above, end_above, n_bytes, dense)
                _unfilter(lines, begin, used, n_bytes, dense)
                end_here = _read_plain(dense, 0, len(dense), n_bytes, inverse, raw_starts, raw_values, here)
            else:
                is_paeth = used == PAETH
                end_here = _read_below(
                    lines, begin, residual, end, n_bytes, inverse, is_paeth, raw_starts, raw_values, above, here
                )
            raw_starts[end_here] = half - 1
            if kind == PACKED:
                n_runs = _append_packed(
                    raw_starts, raw_values, here, end_here, bits, scale, width, starts, values, n_runs
                )
            else:
                n_runs = _append_row(raw_starts, raw_values, here, end_here, kind, starts, values, n_runs)
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
        y = _read_lines(
            lines,
            y,
            width,
            line_format.kind,
            line_format.bits,
            line_format.scale,
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
        starts, values = _grown(starts, n_runs, capacity), _grown(values, n_runs, capacity)


def _grown(array: NDArray[Number], n_kept: int, capacity: int) -> NDArray[Number]:
    bigger = np.empty(capacity, array.dtype)
    bigger[:n_kept] = array[:n_kept]
    return bigger
