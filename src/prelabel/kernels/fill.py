"""Polygons back to runs, by the two rules that readers fill by; and runs against runs. For proofs.

``pixel_edges``: a pixel belongs to a polygon if its centre is inside (even-odd); a centre on an edge belongs to the
polygon on the edge's right, so that neighbours never claim one pixel both. ``pixel_centers``: what ``cv2.fillPoly``
paints, borders included, step by step as OpenCV's ``FillEdgeCollection`` and ``LineIterator`` do.

Memory is in proportion to the rows that edges pass, which is to the runs; only one row of pixels exists at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prelabel.kernels._jit import inner, kernel, read_only
from prelabel.model import Runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array, UInt32Array

RO_I4 = read_only("int32")
RO_I4_2D = read_only("int32", 2)
RO_U4 = read_only("uint32")


@kernel(f"void({RO_I4_2D}, {RO_I4}, int64, int64[::1])")
def _count_rows(points: Int32Array, ring_offsets: Int32Array, beyond: int, counts: NDArray[np.int64]) -> None:
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


@kernel(f"void({RO_I4_2D}, {RO_I4}, {RO_I4}, boolean, int64[::1], int64[::1])")
def _list_crossings(
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


@kernel(f"void({RO_I4_2D}, {RO_I4}, int64[::1], int32[:, ::1])")
def _list_lines(points: Int32Array, ring_offsets: Int32Array, cursors: NDArray[np.int64], lines: Int32Array) -> None:
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


@inner("int64(int64, uint32[::1], int64, int32[::1], uint32[::1])")
def _append_runs(width: int, row: UInt32Array, n_runs: int, starts: Int32Array, values: UInt32Array) -> int:
    """Append a row of pixels as runs. Returns how many runs there are now."""
    starts[n_runs], values[n_runs] = 0, row[0]
    n_runs += 1
    for x in range(1, width):
        if row[x] != row[x - 1]:
            starts[n_runs], values[n_runs] = x, row[x]
            n_runs += 1
    return n_runs


@kernel(
    f"int64(int64, int64[::1], int64[::1], int64[::1], int32[:, ::1], {RO_U4}, int32[::1], int32[::1], uint32[::1])",
    allocates=True,  # sorting does
)
def _paint(
    width: int,
    row_crossings: NDArray[np.int64],
    crossings: NDArray[np.int64],
    row_lines: NDArray[np.int64],
    lines: Int32Array,
    owner_values: UInt32Array,
    row_offsets: Int32Array,
    starts: Int32Array,
    values: UInt32Array,
) -> int:
    """Paint row after row, owners in their order, and encode each row.

    Args:
        width: pixels in a row.
        row_crossings, crossings: the crossings of each row; sorted in place.
        row_lines, lines: the lines of each row, in the owners' order; none where borders do not count.
        owner_values: uint32, one per owner.
        row_offsets, starts, values: the runs, written.

    Returns:
        The number of runs.
    """
    row = np.zeros(width, np.uint32)
    n_runs = np.int64(0)
    row_offsets[0] = 0
    painter = len(lines) > 0
    for y in range(len(row_offsets) - 1):
        i, i_end = row_crossings[y], row_crossings[y + 1]
        j, j_end = row_lines[y], row_lines[y + 1]
        row[:] = 0
        crossings[i:i_end].sort()
        while i < i_end or j < j_end:
            next_crossing = crossings[i] >> 32 if i < i_end else np.int64(1) << 40
            next_line = np.int64(lines[j, 0]) if j < j_end else np.int64(1) << 40
            owner = min(next_crossing, next_line)
            value = owner_values[owner]
            while i + 1 < i_end and crossings[i] >> 32 == owner:
                low, high = crossings[i] & 0xFFFFFFFF, crossings[i + 1] & 0xFFFFFFFF
                if painter:  # all indices from edge to edge, both included
                    low, high = (low + 1) >> 1, (high >> 1) + 1
                row[low : min(high, width)] = value
                i += 2
            while j < j_end and lines[j, 0] == owner:
                row[lines[j, 1] : lines[j, 2] + 1] = value
                j += 1
        n_runs = _append_runs(width, row, n_runs, starts, values)
        row_offsets[y + 1] = n_runs
    return n_runs


@kernel(f"int64(int64, {RO_I4}, {RO_I4}, {RO_U4}, {RO_I4}, {RO_I4}, {RO_U4}, int64[::1], int64[::1], int64[::1])")
def _compare(
    width: int,
    a_offsets: Int32Array,
    a_starts: Int32Array,
    a_values: UInt32Array,
    b_offsets: Int32Array,
    b_starts: Int32Array,
    b_values: UInt32Array,
    n_a: NDArray[np.int64],
    n_b: NDArray[np.int64],
    n_both: NDArray[np.int64],
) -> int:
    """Count pixels by value in a, in b, and in both. Returns the number of pixels that differ."""
    n_wrong = np.int64(0)
    for y in range(len(a_offsets) - 1):
        i, i_end, j, j_end = a_offsets[y], a_offsets[y + 1], b_offsets[y], b_offsets[y + 1]
        x = np.int64(0)
        while x < width:
            next_a = np.int64(a_starts[i + 1]) if i + 1 < i_end else width
            next_b = np.int64(b_starts[j + 1]) if j + 1 < j_end else width
            end = min(next_a, next_b)
            a, b = a_values[i], b_values[j]
            n_a[a] += end - x
            n_b[b] += end - x
            if a == b:
                n_both[a] += end - x
            else:
                n_wrong += end - x
            i += end == next_a
            j += end == next_b
            x = end
    return n_wrong


def fill_polygons(
    points: Int32Array,
    ring_offsets: Int32Array,
    polygon_offsets: Int32Array,
    values: UInt32Array,
    shape: tuple[int, int],
    *,
    borders: bool,
) -> Runs:
    """Rasterise polygons one after the other, later ones over earlier ones.

    Args:
        points: int32, points x 2: (x, y), inside the picture.
        ring_offsets: int32, rings + 1, into ``points``.
        polygon_offsets: int32, polygons + 1, into the rings; a polygon's first ring is its exterior.
        values: uint32, one per polygon.
        shape: (height, width) in pixels.
        borders: False fills pixels whose centres are inside; True does as ``cv2.fillPoly`` with the exterior and then
            again, with 0, with each hole.

    Returns:
        The picture; 0 where no polygon is.
    """
    height, width = shape
    n_rings = np.diff(polygon_offsets)
    row_lines, lines = np.zeros(height + 1, np.int64), np.empty((0, 3), np.int32)
    if borders:
        owners = np.arange(len(ring_offsets) - 1, dtype=np.int32)
        owner_values = np.zeros(len(owners), np.uint32)
        owner_values[polygon_offsets[:-1]] = values
        row_lines = _offsets(points, ring_offsets, height, beyond=1)
        lines = np.empty((row_lines[-1], 3), np.int32)
        _list_lines(points, ring_offsets, row_lines[:-1].copy(), lines)
    else:
        owners, owner_values = np.repeat(np.arange(len(values), dtype=np.int32), n_rings), values
    row_crossings = _offsets(points, ring_offsets, height, beyond=0)
    crossings = np.empty(row_crossings[-1], np.int64)
    _list_crossings(points, ring_offsets, owners, borders, row_crossings[:-1].copy(), crossings)
    # Every change of value within a row is an end of a span.
    room = min(len(crossings) + 2 * len(lines) + height, height * width)
    row_offsets, starts, run_values = (
        np.empty(height + 1, np.int32),
        np.empty(room, np.int32),
        np.empty(room, np.uint32),
    )
    n_runs = _paint(width, row_crossings, crossings, row_lines, lines, owner_values, row_offsets, starts, run_values)
    return Runs(width, row_offsets, starts[:n_runs], run_values[:n_runs])


def _offsets(points: Int32Array, ring_offsets: Int32Array, height: int, *, beyond: int) -> NDArray[np.int64]:
    counts = np.zeros(height + 1, np.int64)
    _count_rows(points, ring_offsets, beyond, counts)
    return np.cumsum(counts)


class Overlap(NamedTuple):
    """Two pictures on top of each other.

    Attributes:
        n_wrong: pixels that differ.
        n_first, n_second, n_both: int64, one per value: pixels that have it in the first, in the second, in both.
    """

    n_wrong: int
    n_first: NDArray[np.int64]
    n_second: NDArray[np.int64]
    n_both: NDArray[np.int64]


def overlap(first: Runs, second: Runs, n_values: int) -> Overlap:
    """Count where two pictures of one size agree; all values are below ``n_values``."""
    n_first, n_second, n_both = np.zeros((3, n_values), np.int64)
    n_wrong = _compare(
        first.width,
        first.row_offsets,
        first.starts,
        first.values,
        second.row_offsets,
        second.starts,
        second.values,
        n_first,
        n_second,
        n_both,
    )
    return Overlap(n_wrong, n_first, n_second, n_both)
