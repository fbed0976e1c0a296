"""Stage 5, polygons as tools hold them: of one ring each, holes filled or cut open; and in another order."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array
    from prelabel.polygons.arrays import PolygonArrays


def single_rings(polygons: PolygonArrays, chosen: NDArray[np.bool_], *, keyhole: bool) -> PolygonArrays:
    """Give polygons one ring each.

    Args:
        polygons: valid ones.
        chosen: bool, one per polygon: those that change, if they have holes.
        keyhole: True joins each hole to the exterior by a bridge of no width, which keeps area and pixels as they
            are; needs ``"pixel_edges"``. False fills the holes.

    Returns:
        The polygons; those not chosen as they were.
    """
    n_rings = np.diff(polygons.polygon_offsets)
    changing = chosen & (n_rings > 1)
    if not changing.any():
        return polygons
    kept = ~np.repeat(changing, n_rings)
    kept[polygons.polygon_offsets[:-1]] = True
    lengths = np.diff(polygons.ring_offsets)
    if keyhole:
        points, lengths = _with_open_holes(polygons, np.flatnonzero(changing), lengths)
    else:
        points = polygons.points[np.repeat(kept, lengths)]
    return dataclasses.replace(
        polygons,
        points=points,
        ring_offsets=_offsets(lengths[kept]),
        polygon_offsets=_offsets(np.where(changing, 1, n_rings)),
    )


def _with_open_holes(
    polygons: PolygonArrays, changing: NDArray[np.intp], lengths: Int32Array
) -> tuple[Int32Array, Int32Array]:
    """Return all points, the changing polygons' as one ring, and the rings' lengths, right for those that stay."""
    from prelabel.kernels.keyhole import open_holes  # noqa: PLC0415 - kernels that few imports need

    pieces, done, lengths = [], 0, lengths.copy()
    for first, last in zip(polygons.polygon_offsets[changing], polygons.polygon_offsets[changing + 1], strict=True):
        offsets = polygons.ring_offsets[first : last + 1]
        begin, end = offsets[0], offsets[-1]
        ring = open_holes(polygons.points[begin:end], offsets - begin)
        pieces += [polygons.points[done:begin], ring]
        lengths[first] = len(ring)
        done = end
    return np.concatenate([*pieces, polygons.points[done:]]), lengths


def reordered(polygons: PolygonArrays, order: NDArray[np.intp]) -> PolygonArrays:
    """Return the polygons in another order (indices into them)."""
    n_rings = np.diff(polygons.polygon_offsets)[order]
    rings = _ranges(polygons.polygon_offsets[order], n_rings)
    lengths = np.diff(polygons.ring_offsets)[rings]
    return dataclasses.replace(
        polygons,
        points=polygons.points[_ranges(polygons.ring_offsets[rings], lengths)],
        ring_offsets=_offsets(lengths),
        polygon_offsets=_offsets(n_rings),
        class_indices=polygons.class_indices[order],
        object_indices=polygons.object_indices[order],
        areas=polygons.areas[order],
    )


def _ranges(begins: NDArray[np.integer], lengths: NDArray[np.integer]) -> NDArray[np.intp]:
    """Return begin, begin + 1, ... of each range, one behind the other."""
    ends = np.cumsum(lengths)
    return np.repeat(begins - (ends - lengths), lengths) + np.arange(lengths.sum())


def _offsets(lengths: NDArray[np.integer]) -> Int32Array:
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def count_holes(polygons: PolygonArrays, chosen: NDArray[np.bool_]) -> int:
    """Count the holes of the chosen polygons (bool, one per polygon)."""
    return int((np.diff(polygons.polygon_offsets) - 1)[chosen].sum())
