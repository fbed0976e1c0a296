"""Stages 4 and 5 for one mask: from an array, encoded bytes or a file to polygons. The library's front door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prelabel.masks.load import runs_of
from prelabel.polygons.class_table import class_table
from prelabel.polygons.polygons import Polygons
from prelabel.polygons.trace import TraceOptions, outline

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from prelabel.model import Connectivity, Coordinates, Simplification


def mask_to_polygons(  # noqa: PLR0913 - each is a choice of the caller's, by keyword
    mask: NDArray[np.generic] | bytes | str | os.PathLike[str] | Mapping[str, Any],
    *,
    colors: Mapping[str, Sequence[int]] | None = None,
    tolerance: float = 0.1,
    simplification: Simplification = "shared",
    coordinates: Coordinates = "pixel_edges",
    connectivity: Connectivity = 4,
    min_area: int = 0,
) -> Polygons:
    """Turn a mask into polygons: exact at the default tolerance, valid at every one, holes kept.

    Args:
        mask: height x width of integers (labels, grey values), bools or whole floats, height x width x 3 or 4 of uint8
            (RGB, RGBA), or an image file's bytes, or its path, or COCO run lengths, ``{"size": [height, width],
            "counts": ...}``, whose object has the value 1. What a numpy masked array leaves out is background. A side
            of 1 that an array has for one channel, or for one image, is left out.
        colors: class name -> ``[value]`` for grey values and palette indices, or ``[r, g, b]``. None makes every value
            but 0, as it is stored, a class of its own, named by its number: ``"1"``. A colour's number is 0xRRGGBB,
            written in decimal: ``"16007990"`` is 0xF44336, [244, 67, 54]. A file's greys of 1, 2 or 4 bits count as
            spread over 0 to 255 where a value here is one that only spreading gives.
        tolerance: pixels; no point of a border ends up further than this from the result. Below 0.447 nothing is lost.
        simplification: ``"shared"`` simplifies the border between two neighbours once for both, ``"rings"`` each
            polygon alone.
        coordinates: ``"pixel_edges"`` or ``"pixel_centers"``; see :mod:`prelabel.model`.
        connectivity: 4 or 8; with 8, regions that meet only at corners are one object of several polygons.
        min_area: pixels; smaller objects are left out, and counted.

    Returns:
        The polygons, outermost first, and where every pixel went.

    Raises:
        ConfigError: an option or colour that cannot be.
        MaskError: the mask cannot be read, or is no mask; names the file where it is one.

    Example:
        >>> import numpy as np
        >>> mask = np.zeros((6, 8), np.uint8)
        >>> mask[1:5, 1:7] = 1
        >>> mask[2:4, 3:5] = 2
        >>> for polygon in mask_to_polygons(mask, colors={"road": [1], "car": [2]}):
        ...     print(polygon.class_name, polygon.exterior.tolist(), len(polygon.holes))
        road [[1, 1], [7, 1], [7, 5], [1, 5]] 1
        car [[3, 2], [5, 2], [5, 4], [3, 4]] 0
    """
    options = TraceOptions(tolerance, simplification, coordinates, connectivity, min_area)
    kind, table = class_table(colors)
    runs = runs_of(mask, kind, None if table is None else table.keys)
    return outline(runs, table, options).polygons(options, Polygons)
