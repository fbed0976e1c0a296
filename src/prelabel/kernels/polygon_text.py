"""Rings and polygons as JSON text: what the kernels that write them share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_U1, RO_U4, RO_XY, inner
from prelabel.kernels.words import store_half_word

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array


ZONE_HEAD = np.frombuffer(b'{"region":', np.uint8)
ZONE_HOLES = np.frombuffer(b',"holes":[', np.uint8)
ZONE_TAIL = np.frombuffer(b"]}", np.uint8)

# The digits of 0 to 9999, four bytes each, left-justified, and how many of them count: one look-up writes a number.
N_TABLED = 10_000
DIGITS = np.frombuffer(("%-4d" * N_TABLED % tuple(range(N_TABLED))).encode(), "<u4")
N_DIGITS = np.repeat(np.arange(1, 5, dtype=np.uint8), [10, 90, 900, 9000])
COMMA = 44
BETWEEN_POINTS = np.frombuffer(b"],[ ", "<u4")
SLACK_BYTES = 4
"""Four bytes are written where fewer count: so many may be touched behind the end."""


@inner("int64(uint8[::1], int64, int64)")
def _write_large(text: NDArray[np.uint8], at: int, number: int) -> int:
    """Write a number digit by digit. Returns the place behind it."""
    end, rest = at, number
    while rest > 0:
        end += 1
        rest //= 10
    for k in range(end - 1, at - 1, -1):
        text[k] = 48 + number % 10
        number //= 10
    return end


@inner(f"int64(uint8[::1], int64, {RO_U1}, int64, int64)")
def write_word(text: NDArray[np.uint8], at: int, words: NDArray[np.uint8], first: int, n: int) -> int:
    """Write ``n`` bytes of ``words`` from ``first`` on. Returns the place behind them."""
    for k in range(n):
        text[at + k] = words[first + k]
    return at + n


@inner(f"int64(uint8[::1], int64, {RO_XY}, int64, int64, {RO_U4}, {RO_U1}, uint32)")
def _write_ring(
    text: NDArray[np.uint8],
    at: int,
    points: Int32Array,
    first: int,
    last: int,
    digits: NDArray[np.uint32],
    n_digits: NDArray[np.uint8],
    between: int,
) -> int:
    """Write ``[[x,y],[x,y],...]``. Returns the place behind it."""
    text[at] = 91
    text[at + 1] = 91
    at += 2
    for k in range(first, last):
        for axis in range(2):
            number = np.int64(points[k, axis])
            if number < N_TABLED:
                store_half_word(text, at, digits[number])
                at += n_digits[number]
            else:
                at = _write_large(text, at, number)
            store_half_word(text, at, between if axis else np.uint32(COMMA))
            at += 3 if axis else 1
    text[at - 2] = 93
    return at - 1


@inner(
    f"int64(uint8[::1], int64, {RO_XY}, {RO_I4}, int64, int64, boolean, {RO_U1}, {RO_U1}, {RO_U1}, {RO_U4}, {RO_U1},"
    " uint32)"
)
def write_polygon(
    text: NDArray[np.uint8],
    at: int,
    points: Int32Array,
    ring_offsets: Int32Array,
    exterior: int,
    end: int,
    zones: bool,
    head: NDArray[np.uint8],
    middle: NDArray[np.uint8],
    tail: NDArray[np.uint8],
    digits: NDArray[np.uint32],
    n_digits: NDArray[np.uint8],
    between: int,
) -> int:
    """Write one polygon, its rings from ``exterior`` to before ``end``. Returns the place behind it."""
    if zones:
        at = write_word(text, at, head, 0, len(head))
    at = _write_ring(text, at, points, ring_offsets[exterior], ring_offsets[exterior + 1], digits, n_digits, between)
    if zones:
        at = write_word(text, at, middle, 0, len(middle))
        for ring in range(exterior + 1, end):
            if ring > exterior + 1:
                text[at] = COMMA
                at += 1
            at = _write_ring(text, at, points, ring_offsets[ring], ring_offsets[ring + 1], digits, n_digits, between)
        at = write_word(text, at, tail, 0, len(tail))
    return at


def room_for(points: Int32Array, ring_offsets: Int32Array, polygon_offsets: Int32Array) -> int:
    """Return bytes that the polygons' JSON takes at most, with nothing between them."""
    n_digits = len(str(int(points.max()))) if len(points) else 1
    return len(points) * (2 * n_digits + 4) + 3 * len(ring_offsets) + 24 * (len(polygon_offsets) - 1)
