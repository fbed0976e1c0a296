"""Stage 5, within a budget: the smallest tolerance at which a mask's polygons have few enough points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from prelabel.codes import Code
from prelabel.errors import RowError
from prelabel.polygons.arrays import PolygonArrays
from prelabel.polygons.trace import LOSSLESS_BELOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prelabel.polygons.trace import Outlines, TraceOptions

STEP = 1.5
"""Each tolerance tried is this times the one before."""

LARGEST_PX = 64.0
"""The last tolerance tried; beyond it a mask is hardly recognised."""

_FIRST_LOSSY_PX = 0.45
assert _FIRST_LOSSY_PX > LOSSLESS_BELOW


def coarser(first: float) -> Iterator[float]:
    """Yield what is tried after ``first``, in pixels: the smallest that changes anything, then by :data:`STEP`."""
    tolerance = max(first * STEP, _FIRST_LOSSY_PX)
    while first < LARGEST_PX:
        yield min(tolerance, LARGEST_PX)
        if tolerance >= LARGEST_PX:
            return
        tolerance *= STEP


def fit(
    outlines: Outlines, options: TraceOptions, max_points: int | None, finish: Callable[[PolygonArrays], PolygonArrays]
) -> tuple[PolygonArrays, float]:
    """Simplify as little as the budget allows.

    Args:
        outlines: the mask's exact rings, traced once.
        options: how to simplify; its tolerance is the smallest tried.
        max_points: points that all polygons may have together; None sets no limit.
        finish: makes of polygons what will be sent, the points of which count.

    Returns:
        The polygons, as ``finish`` made them, and their tolerance in pixels.

    Raises:
        RowError: even the largest tolerance leaves too many points.
    """
    polygons = finish(outlines.polygons(options, PolygonArrays))
    if max_points is None or len(polygons.points) <= max_points:
        return polygons, options.tolerance
    for tolerance in coarser(options.tolerance):
        polygons = finish(outlines.polygons(replace(options, tolerance=tolerance), PolygonArrays))
        if len(polygons.points) <= max_points:
            return polygons, tolerance
    raise RowError(
        f"the mask's polygons have {len(polygons.points)} points at a tolerance of "
        f'{max(options.tolerance, LARGEST_PX):g} px, and "max_points_per_asset" is {max_points}: raise it, or leave '
        'small regions out with "min_area"',
        code=Code.TOO_MANY_POINTS,
    )
