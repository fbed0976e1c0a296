"""Coordinates to JSON text, without the GIL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_U1, RO_U4, RO_XY, kernel
from prelabel.kernels.polygon_text import (
    BETWEEN_POINTS,
    DIGITS,
    N_DIGITS,
    SLACK_BYTES,
    ZONE_HEAD,
    ZONE_HOLES,
    ZONE_TAIL,
    room_for,
    write_polygon,
)
from prelabel.kernels.scratch import scratch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array


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
