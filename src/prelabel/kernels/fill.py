"""Polygons back to runs, by the two rules that readers fill by. For proofs.

``pixel_edges``: a pixel belongs to a polygon if its centre is inside (even-odd); a centre on an edge belongs to the
polygon on the edge's right, so that neighbours never claim one pixel both. ``pixel_centers``: what ``cv2.fillPoly``
paints, borders included, step by step as OpenCV's ``FillEdgeCollection`` and ``LineIterator`` do.

Memory is in proportion to the rows that edges pass, which is to the runs; only one row of pixels exists at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_U4, inner, kernel
from prelabel.kernels.edge_rows import count_rows, list_crossings, list_lines
from prelabel.kernels.scratch import scratch
from prelabel.model import Runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array, UInt32Array


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


@inner("void(uint32[::1], int64, int64, uint32)")
def _paint_span(row: UInt32Array, first: int, end: int, value: int) -> None:
    for x in range(first, end):
        row[x] = value


@inner("void(int64[::1], int64, int64)")
def _sort(numbers: NDArray[np.int64], begin: int, end: int) -> None:
    """Sort the numbers in places ``begin`` to ``end``; numba's own sort makes arrays, and takes longer to compile.

    They are few, and mostly in order already. Source: D. L. Shell, "A high-speed sorting procedure" (1959).
    """
    gap = np.int64(1)
    while gap < (end - begin) // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(begin + gap, end):
            number, k = numbers[i], i
            while k >= begin + gap and numbers[k - gap] > number:
                numbers[k] = numbers[k - gap]
                k -= gap
            numbers[k] = number
        gap //= 3


@kernel(
    f"int64(uint32[::1], int64[::1], int64[::1], int64[::1], int32[:, ::1], {RO_U4}, int32[::1], int32[::1],"
    " uint32[::1])"
)
def _paint(
    row: UInt32Array,
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
        row: uint32 scratch, one per pixel of a row.
        row_crossings, crossings: the crossings of each row; sorted in place.
        row_lines, lines: the lines of each row, in the owners' order; none where borders do not count.
        owner_values: uint32, one per owner.
        row_offsets, starts, values: the runs, written.

    Returns:
        The number of runs.
    """
    width, n_runs = len(row), np.int64(0)
    row_offsets[0] = 0
    painter = len(lines) > 0
    for y in range(len(row_offsets) - 1):
        i, i_end = row_crossings[y], row_crossings[y + 1]
        j, j_end = row_lines[y], row_lines[y + 1]
        _paint_span(row, 0, width, 0)
        _sort(crossings, i, i_end)
        while i < i_end or j < j_end:
            next_crossing = crossings[i] >> 32 if i < i_end else np.int64(1) << 40
            next_line = np.int64(lines[j, 0]) if j < j_end else np.int64(1) << 40
            owner = min(next_crossing, next_line)
            value = owner_values[owner]
            while i + 1 < i_end and crossings[i] >> 32 == owner:
                low, high = crossings[i] & 0xFFFFFFFF, crossings[i + 1] & 0xFFFFFFFF
                if painter:  # all indices from edge to edge, both included
                    low, high = (low + 1) >> 1, (high >> 1) + 1
                _paint_span(row, low, min(high, width), value)
                i += 2
            while j < j_end and lines[j, 0] == owner:
                _paint_span(row, lines[j, 1], lines[j, 2] + 1, value)
                j += 1
        n_runs = _append_runs(width, row, n_runs, starts, values)
        row_offsets[y + 1] = n_runs
    return n_runs


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
        list_lines(points, ring_offsets, row_lines[:-1].copy(), lines)
    else:
        owners, owner_values = np.repeat(np.arange(len(values), dtype=np.int32), n_rings), values
    row_crossings = _offsets(points, ring_offsets, height, beyond=0)
    crossings = np.empty(row_crossings[-1], np.int64)
    list_crossings(points, ring_offsets, owners, borders, row_crossings[:-1].copy(), crossings)
    # Every change of value within a row is an end of a span.
    room = min(len(crossings) + 2 * len(lines) + height, height * width)
    row_offsets, starts, run_values = (
        np.empty(height + 1, np.int32),
        np.empty(room, np.int32),
        np.empty(room, np.uint32),
    )
    row = scratch.take("row", width, np.uint32)
    n_runs = _paint(row, row_crossings, crossings, row_lines, lines, owner_values, row_offsets, starts, run_values)
    return Runs(width, row_offsets, starts[:n_runs], run_values[:n_runs])


def _offsets(points: Int32Array, ring_offsets: Int32Array, height: int, *, beyond: int) -> NDArray[np.int64]:
    counts = np.zeros(height + 1, np.int64)
    count_rows(points, ring_offsets, beyond, counts)
    return np.cumsum(counts)
