"""Slow, obvious twins of the geometry core, in plain Python: written to be read, independent of the kernels.

The kernels are tested against these, and these against themselves by what is known (areas, closure), never the kernels
against each other.
"""

from __future__ import annotations

import json
import math
from collections import deque
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from prelabel.model import Runs
    from prelabel.polygons.polygons import Polygons

    Labels = NDArray[np.int64]

Point = tuple[int, int]
Ring = list[Point]

TRANSPARENT = 0xFFFFFFFF
EAST, SOUTH, WEST, NORTH = (1, 0), (0, 1), (-1, 0), (0, -1)
STEPS_4 = (EAST, SOUTH, WEST, NORTH)
STEPS_8 = (*STEPS_4, (1, 1), (1, -1), (-1, 1), (-1, -1))


def packed(pixels: NDArray[np.generic]) -> Labels:
    """Return a mask's values, height x width: greys as they are, colours as 0xRRGGBB, alpha 0 as ``TRANSPARENT``."""
    wide = pixels.astype(np.int64)
    if pixels.ndim == 2:
        return wide
    values = wide[..., 0] * 65536 + wide[..., 1] * 256 + wide[..., 2]
    if pixels.shape[2] == 4:
        values[wide[..., 3] == 0] = TRANSPARENT
    return values


def runs_of(values: Labels) -> tuple[list[int], list[int], list[int]]:
    """Return row offsets, starts and values of a mask's runs."""
    offsets, starts, run_values = [0], [], []
    for row in values.tolist():
        for x, value in enumerate(row):
            if x == 0 or value != row[x - 1]:
                starts.append(x)
                run_values.append(value)
        offsets.append(len(starts))
    return offsets, starts, run_values


def pixels_of(runs: Runs) -> Labels:
    """Paint runs pixel by pixel."""
    pixels = np.full((runs.height, runs.width), -1, np.int64)
    for y in range(runs.height):
        first, last = int(runs.row_offsets[y]), int(runs.row_offsets[y + 1])
        ends = [*runs.starts[first + 1 : last].tolist(), runs.width]
        for start, end, value in zip(runs.starts[first:last].tolist(), ends, runs.values[first:last], strict=True):
            pixels[y, start:end] = value
    return pixels


def components(values: Labels, connectivity: int = 4) -> Labels:
    """Label connected pixels of equal value by flood fill, from 1 in scan order; value 0 is background."""
    height, width = values.shape
    steps = STEPS_4 if connectivity == 4 else STEPS_8
    labels = np.zeros((height, width), np.int64)
    n_labels = 0
    for seed_y, seed_x in np.ndindex(height, width):
        if values[seed_y, seed_x] == 0 or labels[seed_y, seed_x]:
            continue
        n_labels += 1
        labels[seed_y, seed_x] = n_labels
        queue = deque([(seed_x, seed_y)])
        while queue:
            x, y = queue.popleft()
            for dx, dy in steps:
                nx, ny = x + dx, y + dy
                inside = 0 <= nx < width and 0 <= ny < height
                if inside and not labels[ny, nx] and values[ny, nx] == values[y, x]:
                    labels[ny, nx] = n_labels
                    queue.append((nx, ny))
    return labels


def rings_of(inside: NDArray[np.bool_]) -> list[Ring]:
    """Trace one region's rings along pixel edges, region on the right, its exterior first.

    Every pixel brings the unit edges that have no neighbour of its region behind them. They are linked end to start;
    where two leave one vertex the ring turns left, which joins the two diagonal pixels there. Straight vertices are
    dropped at the end.
    """
    height, width = inside.shape
    leaving: dict[Point, list[Point]] = {}

    def is_in(x: int, y: int) -> bool:
        return 0 <= x < width and 0 <= y < height and bool(inside[y, x])

    for y, x in zip(*(axis.tolist() for axis in np.nonzero(inside)), strict=True):
        # (its corner where the edge starts, the edge's direction, the neighbour behind it)
        for start, step, behind in (
            ((x, y), EAST, (x, y - 1)),
            ((x + 1, y), SOUTH, (x + 1, y)),
            ((x + 1, y + 1), WEST, (x, y + 1)),
            ((x, y + 1), NORTH, (x - 1, y)),
        ):
            if not is_in(*behind):
                leaving.setdefault(start, []).append(step)

    rings: list[Ring] = []
    done: set[tuple[Point, Point]] = set()
    for start, first_steps in leaving.items():
        for first_step in first_steps:
            at, step = start, first_step
            ring: Ring = []
            while (at, step) not in done:
                done.add((at, step))
                ring.append(at)
                at = (at[0] + step[0], at[1] + step[1])
                left = (step[1], -step[0])
                step = left if len(leaving[at]) == 2 else leaving[at][0]
            if ring:
                rings.append(without_straight(ring))
    rings.sort(key=lambda ring: -shoelace(ring))
    return rings


def polygons_of(values: Labels) -> list[tuple[int, list[Ring]]]:
    """Return (value, rings) of every 4-connected region in scan order, each ring turned to its smallest point."""
    labels = components(values)
    polygons = []
    for label in range(1, int(labels.max()) + 1):
        inside = labels == label
        exterior, *holes = (turned(ring) for ring in rings_of(inside))
        polygons.append((int(values[inside][0]), [exterior, *sorted(holes)]))
    return polygons


def shoelace(ring: Sequence[Sequence[int]]) -> int:
    """Return twice the signed area of an open ring."""
    return sum(x * v - u * y for (x, y), (u, v) in zip(ring, [*ring[1:], ring[0]], strict=True))


def turned(ring: Sequence[Sequence[int]]) -> Ring:
    """Return an open ring from its smallest point on; in rings that pass it twice, the smallest of those readings."""
    points = [(int(x), int(y)) for x, y in ring]
    first = min(points)
    return min(points[k:] + points[:k] for k, point in enumerate(points) if point == first)


def without_straight(ring: Sequence[Sequence[int]]) -> Ring:
    """Drop the vertices of an open ring that lie on a line with their neighbours."""
    points = [(int(x), int(y)) for x, y in ring]
    return [
        (x, y)
        for (px, py), (x, y), (nx, ny) in zip([points[-1], *points[:-1]], points, [*points[1:], points[0]], strict=True)
        if (x - px) * (ny - y) != (y - py) * (nx - x)
    ]


def filled(rings: Iterable[Sequence[Sequence[float]]], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the pixels whose centres are inside an odd number of rings' interiors."""
    rows, columns = np.mgrid[: shape[0], : shape[1]] + 0.5
    inside = np.zeros(shape, bool)
    for ring in rings:
        for (ax, ay), (bx, by) in zip(ring, [*ring[1:], ring[0]], strict=True):
            if ay != by:
                crosses = (rows < ay) != (rows < by)
                inside ^= crosses & (columns < ax + (rows - ay) * (bx - ax) / (by - ay))
    return inside


def rings_in(polygons: Polygons) -> list[list[Ring]]:
    """Return each polygon's rings as lists of points, exterior first."""
    return [[[(x, y) for x, y in ring.tolist()] for ring in (p.exterior, *p.holes)] for p in polygons]


def painted(polygons: Polygons) -> Labels:
    """Rasterise pixel-edge polygons: class index + 1, or 0. Fails if two of them share a pixel."""
    image = np.zeros(polygons.shape, np.int64)
    for class_index, rings in zip(polygons.class_indices.tolist(), rings_in(polygons), strict=True):
        inside = filled(rings, polygons.shape)
        assert not image[inside].any(), "two polygons overlap"
        image[inside] = class_index + 1
    return image


def to_json(rings: Sequence[Sequence[Sequence[int]]], *, zones: bool) -> bytes:
    """Write one polygon as the json module does."""
    exterior, *holes = ([list(point) for point in ring] for ring in rings)
    return json.dumps({"region": exterior, "holes": holes} if zones else exterior, separators=(",", ":")).encode()


def distance2(point: Sequence[int], start: Sequence[int], end: Sequence[int]) -> Fraction:
    """Return the squared distance of a point to a segment, exactly."""
    px, py, dx, dy = point[0] - start[0], point[1] - start[1], end[0] - start[0], end[1] - start[1]
    length2 = dx * dx + dy * dy
    along = min(max(Fraction(px * dx + py * dy, length2), Fraction(0)), Fraction(1)) if length2 else Fraction(0)
    return (px - along * dx) ** 2 + (py - along * dy) ** 2


def lies_between(point: Sequence[int], piece: Sequence[Sequence[int]]) -> bool:
    """Tell whether a point lies between a piece of chain and its chord (odd edges on its right), or on the chord."""
    if distance2(point, piece[0], piece[-1]) == 0:
        return True
    crossings = [
        ax + Fraction((point[1] - ay) * (bx - ax), by - ay)
        for (ax, ay), (bx, by) in zip(piece, [*piece[1:], piece[0]], strict=True)
        if (ay > point[1]) != (by > point[1])
    ]
    return sum(x > point[0] for x in crossings) % 2 == 1


def farthest(points: Sequence[Sequence[int]]) -> tuple[int, Fraction]:
    """Return the inner point farthest from the chord (the first of equals) and its squared distance."""
    distances = [distance2(point, points[0], points[-1]) for point in points[1:-1]]
    most = max(distances)
    return distances.index(most) + 1, most


def douglas_peucker(points: list[Point], tolerance: float, *, must_bend: bool = False) -> list[Point]:
    """Simplify an open chain. ``must_bend`` keeps at least one inner point, if there is one."""
    if len(points) < 3:
        return points
    split, most = farthest(points)
    if most <= Fraction(tolerance) ** 2 and not must_bend:
        return [points[0], points[-1]]
    return douglas_peucker(points[: split + 1], tolerance)[:-1] + douglas_peucker(points[split:], tolerance)


def douglas_peucker_ring(ring: list[Point], tolerance: float) -> list[Point]:
    """Simplify an open ring, cut at its first point and at the one farthest from it; three points at least stay."""
    if len(ring) < 3:
        return ring
    chain = [*ring, ring[0]]
    split, _ = farthest(chain)
    there = douglas_peucker(chain[: split + 1], tolerance, must_bend=split == len(ring) - 1)
    back = douglas_peucker(chain[split:], tolerance, must_bend=len(there) == 2)
    return there[:-1] + back[:-1]


def border_pixels(ring: Ring, *, hole: bool) -> list[Point]:
    """Return the pixels a reader at pixel centres walks through for a pixel-edge ring, one unit edge after the other.

    Those on the right of the edges (the region's own), or on the left (the hole's own) for holes.
    """
    pixels: list[Point] = []
    for (ax, ay), (bx, by) in zip(ring, [*ring[1:], ring[0]], strict=True):
        length = max(abs(bx - ax), abs(by - ay))
        step = ((bx > ax) - (bx < ax), (by > ay) - (by < ay))
        for k in range(length):
            x, y = ax + k * step[0], ay + k * step[1]
            right = {EAST: (x, y), SOUTH: (x - 1, y), WEST: (x - 1, y - 1), NORTH: (x, y - 1)}[step]
            left = {EAST: (x, y - 1), SOUTH: (x, y), WEST: (x - 1, y), NORTH: (x - 1, y - 1)}[step]
            pixel = left if hole else right
            if not pixels or pixels[-1] != pixel:
                pixels.append(pixel)
    while len(pixels) > 1 and pixels[-1] == pixels[0]:
        pixels.pop()
    return pixels


def steps_of(ring: Sequence[Sequence[int]]) -> list[Point]:
    """Return the pixels on the lines of an open ring, which must all be horizontal, vertical or at 45 degrees."""
    pixels: list[Point] = []
    for (ax, ay), (bx, by) in zip(ring, [*ring[1:], ring[0]], strict=True):
        dx, dy = bx - ax, by - ay
        length = max(abs(dx), abs(dy))
        assert 0 in {dx, dy, abs(dx) - abs(dy)}, "a line of another slope may take other pixels"
        pixels += [(ax + k * dx // length, ay + k * dy // length) for k in range(length)]
    return pixels or [(int(ring[0][0]), int(ring[0][1]))]


def resized(mask: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return the mask at another size: pixel by pixel the value under its centre, in exact fractions."""
    new = np.empty((height, width), mask.dtype)
    for y in range(height):
        for x in range(width):
            row = (y + Fraction(1, 2)) * mask.shape[0] / height
            column = (x + Fraction(1, 2)) * mask.shape[1] / width
            new[y, x] = mask[math.floor(row), math.floor(column)]
    return new
