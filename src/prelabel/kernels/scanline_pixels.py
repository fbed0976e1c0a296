"""Raw runs of one row to runs of pixels: what a pixel's bytes, or its bits, are worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_U4, U8, inner
from prelabel.model import TRANSPARENT

if TYPE_CHECKING:
    from prelabel.model import Int32Array, UInt32Array

# How run values are made of pixels. GREY: as they are; WORD: 16 bits, high byte first; PACKED: several in a byte.
GREY, WORD, RGB, RGBA, GREY_ALPHA, PACKED = range(6)


@inner(f"int64({RO_I4}, {RO_U4}, int64, int64, int64, int64, int64, int32[::1], uint32[::1], int64)")
def append_packed(
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
def append_row(
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
