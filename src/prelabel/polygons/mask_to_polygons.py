"""Stages 4 and 5 for one mask: from an array, encoded bytes or a file to polygons. The library's front door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from prelabel.errors import ConfigError
from prelabel.polygons.class_table import ClassTable
from prelabel.polygons.trace import TraceOptions, trace

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from prelabel.model import MaskValueKind
    from prelabel.polygons.polygons import Polygons
    from prelabel.polygons.trace import Coordinates, Simplification
from prelabel.masks.load import runs_of

_WHOLE = (int, np.integer)


def mask_to_polygons(  # noqa: PLR0913 - each is a choice of the caller's, by keyword
    mask: NDArray[np.generic] | bytes | str | os.PathLike[str] | Mapping[str, Any],
    *,
    colors: Mapping[str, Sequence[int]] | None = None,
    tolerance: float = 0.1,
    simplification: Simplification = "shared",
    coordinates: Coordinates = "pixel_edges",
    connectivity: Literal[4, 8] = 4,
    min_area: int = 0,
) -> Polygons:
    """Turn a mask into polygons: exact at the default tolerance, valid at every one, holes kept.

    Args:
        mask: height x width of integers (labels, grey values), bools or whole floats, height x width x 3 or 4 of uint8
            (RGB, RGBA), or an image file's bytes, or its path, or COCO run lengths, ``{"size": [height, width],
            "counts": ...}``, whose object has the value 1. What a numpy masked array leaves out is background.
        colors: class name -> ``[value]`` for grey values and palette indices, or ``[r, g, b]``. None makes every value
            but 0, as it is stored, a class of its own. A file's greys of 1, 2 or 4 bits count as spread over 0 to 255
            where a value here is one that only spreading gives.
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
        MaskError: the mask cannot be read, or is no mask.
    """
    options = TraceOptions(float(tolerance), simplification, coordinates, connectivity, min_area)
    kind, table = class_table(colors)
    return trace(runs_of(mask, kind, None if table is None else table.keys), table, options)


def class_table(colors: Mapping[str, Sequence[int]] | None) -> tuple[MaskValueKind | None, ClassTable | None]:
    """Return what the colours say of the pixels (None: take them as they are) and the table."""
    if colors is None:
        return None, None
    if not colors:
        raise ConfigError("colors is empty: name at least one class, or give None", field="colors", value={})
    sizes = {_length(color) for color in colors.values()}
    if sizes - {1, 3} or len(sizes) > 1:
        raise ConfigError(
            "colors must all be [value] or all be [r, g, b]: give every class the same kind", field="colors"
        )
    most = 2**32 - 4 if sizes == {1} else 255
    classes = [(name, _packed(name, color, most)) for name, color in colors.items()]
    return "value" if sizes == {1} else "rgb", ClassTable.of(classes)


def _length(color: Any) -> int:
    try:
        return len(color)
    except TypeError:
        return 0


def _packed(name: str, color: Sequence[int], most: int) -> int:
    """Return a class's value: its grey, or its colour as 0xRRGGBB."""
    value = 0
    for part in color:
        if not isinstance(part, _WHOLE) or isinstance(part, bool) or not 0 <= part <= most:
            raise ConfigError(f"colors[{name!r}] is {list(color)}: give whole numbers from 0 to {most}", field="colors")
        value = value << 8 | int(part)
    return value
