"""Stage 5: runs to polygons. Checks, allocates, calls the kernels, and keeps count of every pixel."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from prelabel.model import Int32Array, Runs, ToolKind, UInt32Array
    from prelabel.polygons.class_table import PixelCounts
    from prelabel.polygons.formats.ango import PolygonHoles, SegmentationMode
    from prelabel.polygons.formats.coco import CocoSegmentation
    from prelabel.polygons.trace import Coordinates
    from prelabel.polygons.verify import Verification


@dataclass(frozen=True, slots=True)
class Polygon:
    """One polygon of :class:`Polygons`: int32 rings of (x, y), open, the exterior apart from the holes."""

    class_name: str
    object_index: int
    exterior: Int32Array
    holes: tuple[Int32Array, ...]


@dataclass(frozen=True, slots=True)
class Polygons:
    """The polygons of one mask, as a struct of arrays with offsets (GeoArrow's layout), outermost first.

    Attributes:
        shape: (height, width) of the mask, pixels.
        class_names: the classes.
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

    Example:
        >>> import numpy as np
        >>> import prelabel
        >>> mask = np.array([[7, 7, 7, 0, 0], [7, 0, 7, 0, 9], [7, 7, 7, 0, 0]], np.uint8)
        >>> polygons = prelabel.mask_to_polygons(mask)
        >>> [(polygon.class_name, polygon.exterior.tolist()) for polygon in polygons]
        [('7', [[0, 0], [3, 0], [3, 3], [0, 3]]), ('9', [[4, 1], [5, 1], [5, 2], [4, 2]])]
        >>> print(len(polygons), polygons.n_holes, polygons.areas, polygons.counts.n_background)
        2 1 [8 1] 6
        >>> [shape.wkt for shape in polygons.to_shapely()[1:]]
        ['POLYGON ((4 1, 5 1, 5 2, 4 2, 4 1))']
        >>> polygons.to_geojson()["features"][1]["properties"]
        {'class': '9', 'object': 1, 'area': 1}
        >>> [annotation["segmentation"] for annotation in polygons.to_coco()]
        [{'size': [3, 5], 'counts': '04105'}, [[4, 1, 5, 1, 5, 2, 4, 2]]]
        >>> polygons.to_arrow().column_names
        ['geometry', 'class', 'object', 'area']
        >>> polygons.to_ango(schema_ids={"7": "road", "9": "car"})[1]["segmentation"]
        {'zones': [{'region': [[4, 1], [5, 1], [5, 2], [4, 2]], 'holes': []}]}
        >>> print(polygons.verify(mask).n_wrong_pixels)
        0
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

    def to_shapely(self) -> NDArray[np.object_]:
        """Return an array of ``shapely.Polygon``, one per polygon."""
        import shapely  # noqa: PLC0415 - a heavy import that imports of labels do not need

        closed, offsets = self.closed_rings()
        indices = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        rings: Any = shapely.linearrings(closed.astype(np.float64), indices=indices)
        owners = np.repeat(np.arange(len(self)), np.diff(self.polygon_offsets))
        polygons: NDArray[np.object_] = np.asarray(shapely.polygons(rings, indices=owners), dtype=object)
        return polygons

    def to_geojson(self) -> dict[str, Any]:
        """Return a GeoJSON FeatureCollection; see :func:`prelabel.polygons.formats.geojson.to_geojson`."""
        from prelabel.polygons.formats.geojson import to_geojson  # noqa: PLC0415 - a later module, for convenience only

        return to_geojson(self)

    def to_coco(
        self, *, segmentation: CocoSegmentation = "auto", image_id: int = 1, first_id: int = 1
    ) -> list[dict[str, Any]]:
        """Return COCO annotations, one per object; see :func:`prelabel.polygons.formats.coco.to_coco`."""
        from prelabel.polygons.formats.coco import to_coco  # noqa: PLC0415 - as above

        return to_coco(self, segmentation=segmentation, image_id=image_id, first_id=first_id)

    def to_arrow(self) -> pa.Table:
        """Return a GeoArrow table; see :func:`prelabel.polygons.formats.geoarrow.to_arrow`."""
        from prelabel.polygons.formats.geoarrow import to_arrow  # noqa: PLC0415 - as above

        return to_arrow(self)

    def to_ango(
        self,
        tool: ToolKind = "segmentation",
        *,
        mode: SegmentationMode = "instance_segmentation",
        holes: PolygonHoles = "fill",
        schema_ids: Mapping[str, str] | None = None,
    ) -> list[dict[str, Any]]:
        """Return the objects of an Ango import item; see :func:`prelabel.polygons.formats.ango.to_ango`."""
        from prelabel.polygons.formats.ango import to_ango  # noqa: PLC0415 - as above

        return to_ango(self, tool, mode=mode, holes=holes, schema_ids=schema_ids)

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

    def verify(
        self,
        mask: Runs | NDArray[np.generic] | bytes | str | os.PathLike[str] | Mapping[str, Any],
        colors: Mapping[str, Sequence[int]] | None = None,
    ) -> Verification:
        """Rasterise again and compare with the mask; see :func:`prelabel.polygons.verify.verify`."""
        from prelabel.polygons.verify import verify  # noqa: PLC0415 - as above

        return verify(self, mask, colors)

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
