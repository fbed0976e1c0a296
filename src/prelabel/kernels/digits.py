"""Coordinates to JSON text, without the GIL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_U1, RO_U4, RO_XY, inner, kernel
from prelabel.kernels.scratch import scratch
from prelabel.kernels.words import store_half_word

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array


ZONE_HEAD = np.frombuffer(b'{"region":', np.uint8)
ZONE_HOLES = np.frombuffer(b',"holes":[', np.uint8)
ZONE_TAIL = np.frombuffer(b"]}", np.uint8)

# The digits of 0 to 9999, four bytes each, left-justified, and how many of them count: one look-up writes a number.
N_TABLED = 10_000
DIGITS = np.frombuffer("".join(f"{number:<4}" for number in range(N_TABLED)).encode(), "<u4")
N_DIGITS = np.array([len(str(number)) for number in range(N_TABLED)], np.uint8)
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
    """Write one polygon, of the rings from ``exterior`` to ``end``; else as below. Returns the place behind it."""
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


@kernel(
    f"int64({RO_XY}, {RO_I4}, {RO_I4}, boolean, {RO_U1}, {RO_U1}, {RO_U1}, uint8[::1], int64[::1],"
    f" {RO_U4}, {RO_U1}, uint32)"
)
def _write_polygons(
    points: Int32Array,
    ring_offsets: Int32Array,
    polygon_offsets: Int32Array,
    zones: bool,
    head: NDArray[np.uint8],
    middle: NDArray[np.uint8],
    tail: NDArray[np.uint8],
    text: NDArray[np.uint8],
    text_offsets: NDArray[np.int64],
    digits: NDArray[np.uint32],
    n_digits: NDArray[np.uint8],
    between: int,
) -> int:
    """Write every polygon's JSON, one behind the other. Returns the length of it all.

    Args:
        points, ring_offsets, polygon_offsets: the polygons; coordinates are not negative.
        zones: whether a polygon is written as a zone with its holes, or as its exterior ring alone.
        head, middle, tail: the words of a zone.
        text: uint8, large enough, written.
        text_offsets: int64, polygons + 1, written.
        digits, n_digits, between: the tables above.
    """
    at = np.int64(0)
    for polygon in range(len(polygon_offsets) - 1):
        text_offsets[polygon] = at
        at = write_polygon(
            text, at, points, ring_offsets, polygon_offsets[polygon], polygon_offsets[polygon + 1],
            zones, head, middle, tail, digits, n_digits, between,
        )  # fmt: skip
    text_offsets[len(polygon_offsets) - 1] = at
    return at


def room_for(points: Int32Array, ring_offsets: Int32Array, polygon_offsets: Int32Array) -> int:
    """Return bytes that the polygons' JSON takes at most, with nothing between them."""
    n_digits = len(str(int(points.max()))) if len(points) else 1
    return len(points) * (2 * n_digits + 4) + 3 * len(ring_offsets) + 24 * (len(polygon_offsets) - 1)


def polygons_to_json(
    points: Int32Array, ring_offsets: Int32Array, polygon_offsets: Int32Array, *, zones: bool
) -> tuple[bytes, list[int]]:
    """Write polygons as JSON text.

    Args:
        points: int32, points x 2, not negative.
        ring_offsets: int32, rings + 1, into ``points``.
        polygon_offsets: int32, polygons + 1, into the rings; the first ring is the exterior.
        zones: True for ``{"region": [[x, y], ...], "holes": [[[x, y], ...], ...]}``, False for the exterior's
            ``[[x, y], ...]`` alone.

    Returns:
        The text of all polygons without anything between them, and where each begins (polygons + 1 offsets).
    """
    room = room_for(points, ring_offsets, polygon_offsets) + SLACK_BYTES
    text, offsets = scratch.take("text", room, np.uint8), np.empty(len(polygon_offsets), np.int64)
    length = _write_polygons(
        points,
        ring_offsets,
        polygon_offsets,
        zones,
        ZONE_HEAD,
        ZONE_HOLES,
        ZONE_TAIL,
        text,
        offsets,
        DIGITS,
        N_DIGITS,
        BETWEEN_POINTS[0],
    )
    return text[:length].tobytes(), offsets.tolist()
