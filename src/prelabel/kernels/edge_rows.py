"""Edges row by row: where each crosses a row, and which of its pixels it takes, before anything is painted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_XY, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array


@kernel(f"void({RO_XY}, {RO_I4}, int64, int64[::1])")
def count_rows(points: Int32Array, ring_offsets: Int32Array, beyond: int, counts: NDArray[np.int64]) -> None:
    """Count the edges that pass each row.

    Args:
        points, ring_offsets: the rings; rows from 0 to ``len(counts) - 2``.
        beyond: 0 counts rows of pixel centres between an edge's ends, 1 both ends' rows.
        counts: int64, rows + 1, zeros; written: entry k + 1 is the number of edges that pass row k.
    """
    height = len(counts) - 1
    for ring in range(len(ring_offsets) - 1):
        first, last = ring_offsets[ring], ring_offsets[ring + 1]
        before = np.int64(points[last - 1, 1]) if last > first else 0
        for k in range(first, last):
            here = np.int64(points[k, 1])
            begin, end = min(before, here), max(before, here) + beyond
            # Differences first; the sum below makes counts of them.
            if begin < min(end, height):
                counts[begin + 1] += 1
                if end < height:
                    counts[end + 1] -= 1
            before = here
    for row in range(1, height):
        counts[row + 1] += counts[row]


@kernel(f"void({RO_XY}, {RO_I4}, {RO_I4}, boolean, int64[::1], int64[::1])")
def list_crossings(
    points: Int32Array,
    ring_offsets: Int32Array,
    owners: Int32Array,
    painter: bool,
    cursors: NDArray[np.int64],
    crossings: NDArray[np.int64],
) -> None:
    """Write where each edge crosses each row.

    Args:
        points, ring_offsets: the rings.
        owners: int32, one per ring: what is filled together has one number.
        painter: whether rows are crossed at pixel indices, rounded as OpenCV does, or at pixel centres.
        cursors: int64, one per row: where its crossings begin; moved to their end.
        crossings: int64, written: the owner in the high half; in the low half the first pixel whose centre is not left
            of the edge, or for the painter twice the pixel the edge is in, plus 1 where it is not at its index.
    """
    height = len(cursors)
    for ring in range(len(ring_offsets) - 1):
        owner = np.int64(owners[ring]) << 32
        first, last = ring_offsets[ring], ring_offsets[ring + 1]
        for k in range(first, last):
            a, b = k - 1 if k > first else last - 1, k
            if points[a, 1] > points[b, 1]:
                a, b = b, a
            ax, ay = np.int64(points[a, 0]), np.int64(points[a, 1])
            dx, dy = np.int64(points[b, 0]) - ax, np.int64(points[b, 1]) - ay
            if painter:
                # 16 binary places, the slope rounded towards zero.
                slope = np.int64(0) if dy == 0 else (abs(dx) << 16) // dy * (1 if dx >= 0 else -1)
                for y in range(ay, min(ay + dy, height)):
                    place = (ax << 16) + (y - ay) * slope
                    crossings[cursors[y]] = owner | (place >> 16) << 1 | np.int64(place & 0xFFFF != 0)
                    cursors[y] += 1
            else:
                twice = 2 * ax * dy - dy + dx  # 2 * dy * (x - 1/2) at the centre of row ay
                for y in range(ay, min(ay + dy, height)):
                    x = ax if dx == 0 else -(-twice // (2 * dy))
                    crossings[cursors[y]] = owner | max(x, 0)
                    cursors[y] += 1
                    twice += 2 * dx


@kernel(f"void({RO_XY}, {RO_I4}, int64[::1], int32[:, ::1])")
def list_lines(points: Int32Array, ring_offsets: Int32Array, cursors: NDArray[np.int64], lines: Int32Array) -> None:
    """Write the pixels of each edge in each row, as OpenCV's 8-connected line takes them, from left to right.

    Args:
        points, ring_offsets: the rings; points are inside the picture.
        cursors: int64, one per row: where its lines begin; moved to their end.
        lines: int32, x 3, written: ring, first and last pixel.
    """
    for ring in range(len(ring_offsets) - 1):
        first, last = ring_offsets[ring], ring_offsets[ring + 1]
        for k in range(first, last):
            a, b = k - 1 if k > first else last - 1, k
            if points[b, 0] < points[a, 0]:
                a, b = b, a
            ax, ay = np.int64(points[a, 0]), np.int64(points[a, 1])
            dx, dy = np.int64(points[b, 0]) - ax, abs(np.int64(points[b, 1]) - ay)
            down = 1 if points[b, 1] >= ay else -1
            for step in range(dy + 1):
                if dy > dx:  # one pixel a row
                    low = high = (2 * dx * step + dy - 1) // (2 * dy)
                else:  # pixels i of the row: those with (2 dy i + dx - 1) // (2 dx) == step
                    low = np.int64(0) if step == 0 else -((dx - 1 - 2 * dx * step) // (2 * dy))
                    high = dx if step == dy else -((dx - 1 - 2 * dx * (step + 1)) // (2 * dy)) - 1
                at = cursors[ay + down * step]
                lines[at, 0], lines[at, 1], lines[at, 2] = ring, ax + low, ax + high
                cursors[ay + down * step] = at + 1
