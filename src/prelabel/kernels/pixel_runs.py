"""Pixels to runs and back (docs/architecture.md, "Runs")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from prelabel.kernels._jit import RO_U1, U8, inner, kernel
from prelabel.kernels.byte_search import words_are_equal
from prelabel.kernels.run_values import run_lengths
from prelabel.kernels.scratch import grown
from prelabel.kernels.words import load_word, trailing_zeros
from prelabel.model import TRANSPARENT, Runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array, UInt32Array


GREY, RGB, RGBA = 0, 1, 2
_SHOWN = 3


@inner(f"uint32({RO_U1}, int64, int64, int64)", inline=True)
def _value_at(pixels: NDArray[np.uint8], offset: int, n_bytes: int, kind: int) -> int:
    """Return the run value of the pixel whose bytes start at ``offset``: little-endian grey, or packed 0xRRGGBB."""
    if kind == GREY:
        value = np.uint32(pixels[offset])
        for k in range(1, n_bytes):
            value |= np.uint32(pixels[offset + k]) << np.uint32(8 * k)
        return value
    if kind == RGBA and pixels[offset + 3] == 0:
        return np.uint32(TRANSPARENT)
    red, green, blue = np.uint32(pixels[offset]), np.uint32(pixels[offset + 1]), np.uint32(pixels[offset + 2])
    return (red << np.uint32(16)) | (green << np.uint32(8)) | blue


@kernel(f"int64({RO_U1}, int64, int64, int64, int64, int64, int32[::1], int32[::1], uint32[::1])")
def _scan_rows(
    pixels: NDArray[np.uint8],
    width: int,
    height: int,
    n_bytes: int,
    kind: int,
    first_row: int,
    row_offsets: Int32Array,
    starts: Int32Array,
    values: UInt32Array,
) -> int:
    """Append the runs of rows ``first_row`` on, as long as a whole row surely fits, comparing eight bytes at a time.

    Args:
        pixels: uint8, height * width * n_bytes, row after row.
        width: pixels in a row, at least 1.
        height: rows.
        n_bytes: bytes of a pixel, 1 to 4.
        kind: GREY (little-endian integer), RGB or RGBA.
        first_row: where to go on; runs before it are already in place.
        row_offsets: int32, height + 1, written.
        starts: int32, written.
        values: uint32, written.

    Returns:
        The row to go on with: ``height`` when done, less when ``starts`` has no room for one more row.
    """
    n_runs, one = U8(row_offsets[first_row]), U8(1)
    room = U8(len(starts))
    row_bytes = width * n_bytes
    for y in range(first_row, height):
        if n_runs + U8(width) > room:
            return y
        begin = y * row_bytes
        end = begin + row_bytes
        last_value = _value_at(pixels, begin, n_bytes, kind)
        starts[n_runs] = 0
        values[n_runs] = last_value
        n_runs += one
        last_x = np.int64(0)
        at = begin + n_bytes
        while at < end:
            # A byte that differs from the one a pixel before marks a border; most words differ nowhere.
            if at + 8 <= end:
                word = load_word(pixels, at) ^ load_word(pixels, at - n_bytes)
                step = np.int64(8)
            else:
                word = np.int64(0)
                step = end - at
                for k in range(step):
                    if pixels[at + k] != pixels[at + k - n_bytes]:
                        word |= np.int64(1) << (8 * k)
            at += step
            if word == 0:
                while at + 32 <= end and words_are_equal(pixels, at, n_bytes):
                    at += 32
            while word != 0:
                shift = trailing_zeros(word) & ~7
                word &= ~(np.int64(255) << shift)
                byte = at - step + (shift >> 3) - begin
                x = byte if n_bytes == 1 else (byte // 3 if n_bytes == 3 else byte >> (n_bytes >> 1))
                if x != last_x:
                    last_x = x
                    value = _value_at(pixels, begin + x * n_bytes, n_bytes, kind)
                    if value != last_value:  # two transparent pixels may differ in colour
                        starts[n_runs] = x
                        values[n_runs] = value
                        last_value = value
                        n_runs += one
        row_offsets[y + 1] = n_runs
    return height


def runs_from_array(array: NDArray[np.generic]) -> Runs:
    """Run-length-encode pixels.

    Args:
        array: height x width of bool or integers of at most 32 bits (negative numbers are refused), or
            height x width x 3 (RGB) or x 4 (RGBA, alpha 0 becomes ``TRANSPARENT``) of uint8. Any layout, writable or
            not. A uint32 of 4294967295 is ``TRANSPARENT`` too.

    Returns:
        The runs; values are grey values or packed 0xRRGGBB.

    Raises:
        ValueError: wrong number of dimensions, no pixels, a dtype that is no mask, or negative values.
    """
    kind, n_bytes, height, width = _check_pixels(array)
    pixels = _as_bytes(array)
    row_offsets = np.zeros(height + 1, np.int32)
    capacity = max(2 * width, min(width * height, (width * height >> 5) + 4096))
    starts, values = np.empty(capacity, np.int32), np.empty(capacity, np.uint32)
    row = 0
    while True:
        row = _scan_rows(pixels, width, height, n_bytes, kind, row, row_offsets, starts, values)
        if row == height:
            break
        capacity = min(2 * capacity + width, width * height + width)
        starts, values = grown(starts, len(starts), capacity), grown(values, len(values), capacity)
    n_runs = int(row_offsets[height])
    return Runs(width, row_offsets, starts[:n_runs], values[:n_runs])


def negative_values(numbers: NDArray[Any]) -> str:
    """Say which numbers of an array are below 0, the greatest few of them, and what to do about them."""
    found = np.unique(numbers[numbers < 0])[::-1].tolist()
    listed = ", ".join(as_written(number) for number in found[:_SHOWN])
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return (
        f"a mask holds no negative values; got {listed}{more}: map them to 0 or a class first; in an import, "
        f'"ignore_values": [{listed}] makes background of them'
    )


def as_written(number: float) -> str:
    """Return a number as a config has it: without a fraction if it has none and is not long."""
    return str(int(number)) if abs(number) < 2**64 and number == int(number) else repr(number)


def _check_pixels(array: NDArray[np.generic]) -> tuple[int, int, int, int]:
    """Return (kind, bytes per pixel, height, width) of an array that can be a mask."""
    shape, dtype = array.shape, array.dtype
    if array.size == 0:
        raise ValueError(f"a mask needs at least one pixel; got shape {shape}")
    if array.ndim == 3 and shape[2] in {3, 4}:
        if dtype != np.uint8:
            raise ValueError(f"a colour mask needs 8-bit channels (uint8); got {dtype}")
        kind, n_bytes = (RGB, 3) if shape[2] == 3 else (RGBA, 4)
    elif array.ndim == 2:
        if dtype.kind not in "bui" or dtype.itemsize > 4:
            if dtype.kind not in "ui":
                raise ValueError(f"a mask holds integers of at most 32 bits; got {dtype}: convert it first")
            if int(array.max()) >= TRANSPARENT:
                raise ValueError(f"a mask holds integers below {TRANSPARENT}; got {array.max()}: renumber the labels")
            n_bytes = 4
        else:
            n_bytes = dtype.itemsize
        if dtype.kind == "i" and int(array.min()) < 0:
            raise ValueError(negative_values(array))
        kind = GREY
    else:
        raise ValueError(f"a mask is height x width, or height x width x 3 or 4; got shape {shape}")
    if shape[0] * shape[1] > 2**31 - 1:
        raise ValueError(f"a mask has at most 2**31 - 1 pixels; got shape {shape}")
    return kind, n_bytes, shape[0], shape[1]


def _as_bytes(array: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Return the pixels as flat little-endian bytes, copying only where the layout asks for it."""
    if array.dtype == np.bool_:  # True may be any byte but 0: Pillow's 1-bit images have 255
        array = np.not_equal(array.view(np.uint8), 0)
    elif array.dtype.itemsize > 4:
        array = array.astype(np.uint32)
    elif array.dtype.byteorder == ">" or (array.dtype.byteorder == "=" and not np.little_endian):
        array = array.astype(array.dtype.newbyteorder("<"))
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)


def runs_to_array(runs: Runs) -> UInt32Array:
    """Return the pixels, height x width of uint32: what :func:`runs_from_array` read, colours packed."""
    return np.repeat(runs.values, run_lengths(runs)).reshape(runs.height, runs.width)
