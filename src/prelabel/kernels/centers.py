"""Pixel-edge rings to rings through pixel indices, for readers that fill polygons border included.

Every edge of an exterior is replaced by the pixels just inside it, every edge of a hole by the pixels just outside the
region, which are the hole's own (docs/geometry.md). Only the middle points of horizontal, vertical and 45-degree
pieces are left out: a painter's line between collinear points of another slope may take other pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_XY, inner, kernel

if TYPE_CHECKING:
    from prelabel.model import Int32Array


@inner("int64(int64)")
def _sign(number: int) -> int:
    return np.int64(number > 0) - np.int64(number < 0)


@inner("boolean(int32[:, ::1], int64, int64, int64)")
def _goes_straight(points: Int32Array, a: int, b: int, c: int) -> bool:
    """Tell whether a, b, c lie in this order on a horizontal, vertical or 45-degree line."""
    dx, dy = np.int64(points[b, 0] - points[a, 0]), np.int64(points[b, 1] - points[a, 1])
    ex, ey = np.int64(points[c, 0] - points[b, 0]), np.int64(points[c, 1] - points[b, 1])
    if _sign(dx) != _sign(ex) or _sign(dy) != _sign(ey):
        return False
    return (dx == 0 or dy == 0 or abs(dx) == abs(dy)) and (ex == 0 or ey == 0 or abs(ex) == abs(ey))


@inner("int64(int32[:, ::1], int64, int64)")
def _tidy(points: Int32Array, first: int, last: int) -> int:
    """Drop repeated points and middle points of straight pieces of one ring, in place. Returns its new end."""
    end = first
    for k in range(first, last):
        if end > first and points[k, 0] == points[end - 1, 0] and points[k, 1] == points[end - 1, 1]:
            continue
        points[end, 0], points[end, 1] = points[k, 0], points[k, 1]
        end += 1
    while end > first + 1 and points[end - 1, 0] == points[first, 0] and points[end - 1, 1] == points[first, 1]:
        end -= 1
    n = end - first
    if n < 3:
        return end
    out = first
    # A point's neighbours are its kept predecessor and its successor: runs shrink to their two ends.
    while n > 2 and _goes_straight(points, end - 1, first, first + 1):
        for k in range(first, end - 1):
            points[k, 0], points[k, 1] = points[k + 1, 0], points[k + 1, 1]
        end -= 1
        n -= 1
    for k in range(first, end):
        following = k + 1 if k + 1 < end else first
        if k > first and _goes_straight(points, out - 1, k, following):
            continue
        points[out, 0], points[out, 1] = points[k, 0], points[k, 1]
        out += 1
    return out


@kernel(f"int64({RO_XY}, {RO_I4}, {RO_I4}, int32[:, ::1], int32[::1])")
def _move_to_pixels(
    points: Int32Array,
    ring_offsets: Int32Array,
    polygon_offsets: Int32Array,
    out_points: Int32Array,
    out_offsets: Int32Array,
) -> int:
    """Write each ring's pixels: those inside its edges for exteriors, those outside for holes.

    Args:
        points: int32, points x 2; edges alternate between horizontal and vertical, the region on their right.
        ring_offsets, polygon_offsets: the rings; a polygon's first is its exterior.
        out_points: int32, twice the points x 2, written.
        out_offsets: int32, rings + 1, written.

    Returns:
        The number of points written.
    """
    n_out = np.int64(0)
    out_offsets[0] = 0
    for polygon in range(len(polygon_offsets) - 1):
        for ring in range(polygon_offsets[polygon], polygon_offsets[polygon + 1]):
            hole = np.int64(ring > polygon_offsets[polygon])
            first, last = np.int64(ring_offsets[ring]), np.int64(ring_offsets[ring + 1])
            begin = n_out
            for k in range(first, last):
                following = k + 1 if k + 1 < last else first
                ax, ay = np.int64(points[k, 0]), np.int64(points[k, 1])
                bx, by = np.int64(points[following, 0]), np.int64(points[following, 1])
                sx, sy = _sign(bx - ax), _sign(by - ay)
                # Heading (sx, sy), the pixels on the right are at (-sy, sx); a pixel's index is its low corner.
                if sy == 0:
                    row = ay - np.int64(sx < 0) - hole * sx
                    out_points[n_out, 0], out_points[n_out, 1] = ax - np.int64(sx < 0), row
                    out_points[n_out + 1, 0], out_points[n_out + 1, 1] = bx - np.int64(sx > 0), row
                else:
                    column = ax - np.int64(sy > 0) + hole * sy
                    out_points[n_out, 0], out_points[n_out, 1] = column, ay - np.int64(sy < 0)
                    out_points[n_out + 1, 0], out_points[n_out + 1, 1] = column, by - np.int64(sy > 0)
                n_out += 2
            n_out = _tidy(out_points, begin, n_out)
            out_offsets[ring + 1] = n_out
    return n_out


@kernel(f"int64({RO_XY}, {RO_I4}, int32[:, ::1], int32[::1])")
def _pad(points: Int32Array, ring_offsets: Int32Array, out_points: Int32Array, out_offsets: Int32Array) -> int:
    """Copy rings, repeating the last point of those with fewer than three. Returns the number of points added."""
    n_out = np.int64(0)
    n_added = np.int64(0)
    out_offsets[0] = 0
    for ring in range(len(ring_offsets) - 1):
        for k in range(ring_offsets[ring], ring_offsets[ring + 1]):
            out_points[n_out, 0], out_points[n_out, 1] = points[k, 0], points[k, 1]
            n_out += 1
        while n_out - out_offsets[ring] < 3:
            out_points[n_out, 0], out_points[n_out, 1] = out_points[n_out - 1, 0], out_points[n_out - 1, 1]
            n_out += 1
            n_added += 1
        out_offsets[ring + 1] = n_out
    return n_added


def move_to_pixels(
    points: Int32Array, ring_offsets: Int32Array, polygon_offsets: Int32Array
) -> tuple[Int32Array, Int32Array]:
    """Turn pixel-edge rings into rings through pixel indices.

    Args:
        points: int32, points x 2: exact pixel-edge rings without straight points.
        ring_offsets: int32, rings + 1, into ``points``.
        polygon_offsets: int32, polygons + 1, into the rings; a polygon's first is its exterior.

    Returns:
        The new points and ring offsets. A ring of one pixel or one line has fewer than three points.
    """
    out_points, out_offsets = np.empty((2 * len(points), 2), np.int32), np.empty(len(ring_offsets), np.int32)
    n_points = _move_to_pixels(points, ring_offsets, polygon_offsets, out_points, out_offsets)
    return out_points[:n_points].copy(), out_offsets


def pad_rings(points: Int32Array, ring_offsets: Int32Array) -> tuple[Int32Array, Int32Array, int]:
    """Repeat the last point of rings with fewer than three points.

    Args:
        points: int32, points x 2.
        ring_offsets: int32, rings + 1; no ring is empty.

    Returns:
        The new points and ring offsets, and how many points were added.
    """
    missing = int(np.maximum(3 - np.diff(ring_offsets), 0).sum())
    if missing == 0:
        return points, ring_offsets, 0
    out_points, out_offsets = np.empty((len(points) + missing, 2), np.int32), np.empty_like(ring_offsets)
    return out_points, out_offsets, _pad(points, ring_offsets, out_points, out_offsets)
