"""The polygons of a mask with all that users do with them; each method's work is in a module of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from prelabel.polygons.arrays import PolygonArrays
from prelabel.polygons.formats.ango import to_ango
from prelabel.polygons.formats.geojson import to_geojson

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from prelabel.model import PolygonHoles, Runs, SegmentationMode, ToolKind
    from prelabel.polygons.formats.coco import CocoSegmentation
    from prelabel.polygons.verify import Verification


@dataclass(frozen=True, slots=True)
class Polygons(PolygonArrays):
    """The polygons of one mask, outermost first: arrays with offsets, see :class:`PolygonArrays`, and conversions.

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
        return to_geojson(self)

    def to_coco(
        self, *, segmentation: CocoSegmentation = "auto", image_id: int = 1, first_id: int = 1
    ) -> list[dict[str, Any]]:
        """Return COCO annotations, one per object; see :func:`prelabel.polygons.formats.coco.to_coco`."""
        from prelabel.polygons.formats.coco import to_coco  # noqa: PLC0415 - kernels that few need

        return to_coco(self, segmentation=segmentation, image_id=image_id, first_id=first_id)

    def to_arrow(self) -> pa.Table:
        """Return a GeoArrow table; see :func:`prelabel.polygons.formats.geoarrow.to_arrow`."""
        from prelabel.polygons.formats.geoarrow import to_arrow  # noqa: PLC0415 - kernels that few need

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
        return to_ango(self, tool, mode=mode, holes=holes, schema_ids=schema_ids)

    def verify(
        self,
        mask: Runs | NDArray[np.generic] | bytes | str | os.PathLike[str] | Mapping[str, Any],
        colors: Mapping[str, Sequence[int]] | None = None,
    ) -> Verification:
        """Rasterise again and compare with the mask; see :func:`prelabel.polygons.verify.verify`."""
        from prelabel.polygons.verify import verify  # noqa: PLC0415 - kernels that few need

        return verify(self, mask, colors)
