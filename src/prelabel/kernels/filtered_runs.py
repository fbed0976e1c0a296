"""One filtered row to runs of raw pixels, without unfiltering it; why that can be is told in :mod:`.scanlines`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_U1, U8, inner
from prelabel.kernels.byte_search import skip_equal, skip_zeros
from prelabel.kernels.scanline_filters import paeth
from prelabel.kernels.words import load_word

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array, UInt32Array


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


@inner(f"int64({RO_U1}, int64, int64, int64, int64, int32[::1], uint32[::1], int64)")
def read_plain(
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
        at = skip_equal(pixels, at, end, n_bytes)
        if at == end:
            return run
        x = ((at - begin) * inverse) >> 32
        at = begin + x * n_bytes
        starts[U8(run)] = x
        values[U8(run)] = _raw(pixels, at, n_bytes)
        run += 1
        at += n_bytes


@inner(f"int64({RO_U1}, int64, int64, int64, int64, int32[::1], uint32[::1], int64)")
def read_sub(
    lines: NDArray[np.uint8],
    begin: int,
    end: int,
    n_bytes: int,
    inverse: int,
    starts: Int32Array,
    values: UInt32Array,
    first: int,
) -> int:
    """Write the runs of a row filtered by Sub; as :func:`read_plain`."""
    value = _raw(lines, begin, n_bytes)
    starts[U8(first)] = 0
    values[U8(first)] = value
    run = first + 1
    at = begin + n_bytes
    while True:
        at = skip_zeros(lines, at, end)
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
def read_below(
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
        inverse: see :func:`read_plain`.
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
            value = paeth(left, up, corner) if is_paeth else up
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
        guess = paeth(left, up, corner) if is_paeth else up
        value = _sum(guess, _raw(lines, begin + x * n_bytes, n_bytes))
        if value != last:
            starts[U8(run)] = x
            values[U8(run)] = value
            run += 1
        left = last = value
        corner = up
        x += 1
        k += np.int64(starts[U8(k + 1)]) <= x
        residual = skip_zeros(lines, begin + x * n_bytes, end)


@inner("void(int32[::1], uint32[::1], int64, int64, int64, uint8[::1])")
def spread(
    starts: Int32Array, values: UInt32Array, first: int, end: int, n_bytes: int, dense: NDArray[np.uint8]
) -> None:
    """Write the bytes of a row of raw runs."""
    for i in range(first, end):
        value = np.int64(values[i])
        for x in range(starts[i], starts[i + 1]):
            for channel in range(n_bytes):
                dense[U8(x * n_bytes + channel)] = (value >> (8 * channel)) & 255
