"""Stages 4 and 5 for one mask: from an array, encoded bytes or a file to polygons. The library's front door."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from prelabel.errors import ConfigError, MaskError
from prelabel.kernels.runs import runs_from_array
from prelabel.masks.decode import decode_mask
from prelabel.polygons import ClassTable, Polygons, TraceOptions, trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from prelabel.model import MaskValueKind, Runs
    from prelabel.polygons import Coordinates, Simplification

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
        mask: height x width of integers (labels, grey values) or bools, height x width x 3 or 4 of uint8 (RGB, RGBA),
            or an image file's bytes, or its path, or COCO run lengths, ``{"size": [height, width], "counts": ...}``,
            whose object has the value 1.
        colors: class name -> ``[value]`` for grey values and palette indices, or ``[r, g, b]``. None makes every value
            but 0 a class of its own.
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
    return trace(runs_of(mask, kind), table, options)


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


def runs_of(mask: Any, kind: MaskValueKind | None) -> Runs:
    """Return a mask's runs, whatever it is given as; ``kind`` says what its pixels must hold, None takes any.

    Raises:
        MaskError: it cannot be read, or is no mask of this kind.
    """
    if isinstance(mask, Mapping):
        if kind == "rgb":
            raise MaskError("a COCO mask holds single values, but colors are [r, g, b]: give colors as [1]")
        from prelabel.masks.coco_rle import from_coco_rle  # noqa: PLC0415 - kernels that only these masks need

        return from_coco_rle(mask)
    if isinstance(mask, bytes | bytearray | memoryview):
        return _decoded(bytes(mask), kind)
    if isinstance(mask, str | os.PathLike):
        path = Path(mask)
        try:
            encoded = path.read_bytes()
        except (OSError, ValueError) as error:  # ValueError: characters no path can hold
            reason = getattr(error, "strerror", None) or str(error)
            raise MaskError(f"cannot read the mask: {reason}: check the path", reference=str(mask)) from error
        return _decoded(encoded, kind)
    try:
        array = np.asarray(mask)
        runs = runs_from_array(array)
    except ValueError as error:
        raise MaskError(str(error), shape=getattr(mask, "shape", None)) from error
    if kind is not None and (array.ndim == 3) != (kind == "rgb"):
        held, wanted = ("colours", "[value]") if array.ndim == 3 else ("single values", "[r, g, b]")
        raise MaskError(f"the mask holds {held}, but colors are {wanted}: give both the same kind", shape=array.shape)
    return runs


def _decoded(encoded: bytes, kind: MaskValueKind | None) -> Runs:
    if kind is not None:
        return decode_mask(encoded, kind)
    try:  # without classes, indices and grey values say more than colours; a colour image has only colours
        return decode_mask(encoded, "value")
    except MaskError:
        return decode_mask(encoded, "rgb")
