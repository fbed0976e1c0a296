"""Polygons as plain arrays: what tracing gives, and what formats, proofs and single rings take."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from prelabel.model import Coordinates, Int32Array, Runs, UInt32Array
    from prelabel.polygons.class_table import PixelCounts


@dataclass(frozen=True, slots=True)
class Polygon:
    """One polygon of :class:`Polygons`: int32 rings of (x, y), open, the exterior apart from the holes."""

    class_name: str
    object_index: int
    exterior: Int32Array
    holes: tuple[Int32Array, ...]


@dataclass(frozen=True, slots=True)
class PolygonArrays:
    """The polygons of one mask as plain arrays with offsets (GeoArrow's layout), outermost first.

    Attributes:
        shape: (height, width) of the mask, pixels.
        class_names: the classes; where they had no names, the mask's values in decimal, a colour's 0xRRGGBB too.
        points: int32, points x 2: (x, y), pixels.
        ring_offsets: int32, rings + 1, into ``points``; rings are open.
        polygon_offsets: int32, polygons + 1, into the rings; a polygon's first ring is its exterior.
        class_indices: int32, one per polygon, into ``class_names``.
        object_indices: int32, one per polygon, ascending by first appearance: polygons of one object share it.
        areas: int64, one per polygon: pixels of the mask it stands for.
        counts: where every pixel went.
        n_restrained: arcs (``"shared"``) or rings simplified less than the tolerance allows, so that nothing crosses.
        n_padded: points repeated so that rings of one pixel or one line have three (``"pixel_centers"``).
        coordinates: where the rings run; see :mod:`prelabel.model`.
        may_overlap: whether objects may lie over each other, as the planes of a stack do; ``counts`` are of all planes.
    """

    shape: tuple[int, int]
    class_names: tuple[str, ...]
    points: Int32Array
    ring_offsets: Int32Array
    polygon_offsets: Int32Array
    class_indices: Int32Array
    object_indices: Int32Array
    areas: NDArray[np.int64]
    counts: PixelCounts
    n_restrained: int = 0
    n_padded: int = 0
    coordinates: Coordinates = "pixel_edges"
    may_overlap: bool = False

    def __len__(self) -> int:
        return len(self.class_indices)

    def __iter__(self) -> Iterator[Polygon]:
        for index in range(len(self)):
            yield self[index]

    def __getitem__(self, index: int) -> Polygon:
        if not -len(self) <= index < len(self):
            raise IndexError(f"polygon {index} of {len(self)}")
        index %= len(self)
        rings = range(self.polygon_offsets[index], self.polygon_offsets[index + 1])
        exterior, *holes = (self.points[self.ring_offsets[r] : self.ring_offsets[r + 1]] for r in rings)
        name = self.class_names[self.class_indices[index]]
        return Polygon(name, int(self.object_indices[index]), exterior, tuple(holes))

    @property
    def n_holes(self) -> int:
        """Holes of all polygons."""
        return len(self.ring_offsets) - 1 - len(self)

    @property
    def bounds(self) -> Int32Array:
        """int32, polygons x 4: least x, least y, greatest x, greatest y of each polygon's points."""
        if not len(self):
            return np.empty((0, 4), np.int32)
        firsts = self.ring_offsets[self.polygon_offsets[:-1]]
        return np.hstack([np.minimum.reduceat(self.points, firsts), np.maximum.reduceat(self.points, firsts)])

    def closed_rings(self) -> tuple[Int32Array, Int32Array]:
        """Return points (int32, x 2) and ring offsets with each ring's first point repeated at its end."""
        firsts = self.points[self.ring_offsets[:-1]]
        closed: Int32Array = np.insert(self.points, self.ring_offsets[1:], firsts, axis=0)
        return closed, (self.ring_offsets + np.arange(len(self.ring_offsets))).astype(np.int32)

    def to_runs(self, values: UInt32Array | None = None) -> Runs:
        """Rasterise, as a reader of these coordinates does: by pixel centres, or as ``cv2.fillPoly`` with borders.

        Args:
            values: uint32, one per polygon; None takes class indices + 1. Later polygons cover earlier ones.

        Returns:
            The picture; 0 where no polygon is.
        """
        from prelabel.kernels.fill import fill_polygons  # noqa: PLC0415 - kernels that only a proof needs

        if values is None:
            values = (self.class_indices + 1).astype(np.uint32)
        borders = self.coordinates == "pixel_centers"
        return fill_polygons(self.points, self.ring_offsets, self.polygon_offsets, values, self.shape, borders=borders)

    def to_json(self, *, zones: bool) -> list[bytes]:
        """Return each polygon as Ango's JSON.

        Args:
            zones: True for a segmentation zone (region and holes), False for the exterior alone.

        Returns:
            One JSON text per polygon.
        """
        from prelabel.kernels.digits import polygons_to_json  # noqa: PLC0415 - kernels that only imports need

        text, offsets = polygons_to_json(self.points, self.ring_offsets, self.polygon_offsets, zones=zones)
        return [text[first:last] for first, last in pairwise(offsets)]
