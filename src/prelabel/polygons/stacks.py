"""Stacks of binary masks, as instance models return them: a plane per object, and planes may lie over each other."""

from __future__ import annotations

from collections import Counter
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from prelabel.errors import MaskError
from prelabel.masks.array_shapes import CHANNELS, may_have_planes_last
from prelabel.masks.given_array import as_array
from prelabel.masks.load import runs_of
from prelabel.polygons.arrays import PolygonArrays
from prelabel.polygons.class_table import PixelCounts
from prelabel.polygons.polygons import Polygons
from prelabel.polygons.trace import outline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from prelabel.model import Int32Array, MaskValueKind
    from prelabel.polygons.class_table import ClassTable
    from prelabel.polygons.trace import TraceOptions


def is_stack(mask: Any, *, always: bool) -> bool:
    """Tell a stack from a mask: an array of three axes, the last one neither one channel nor colours'.

    Args:
        mask: as :func:`prelabel.masks_to_polygons` takes it.
        always: every array of three axes is a stack.

    Raises:
        MaskError: its planes may as well come last, and ``always`` is False.
    """
    if getattr(mask, "ndim", 0) != 3 or not hasattr(mask, "__array__"):
        return False
    shape = tuple(mask.shape)
    if always or 0 in shape:
        return True
    if shape[2] == 1 or (shape[2] in CHANNELS and as_array(mask).dtype != np.bool_):
        return False
    if may_have_planes_last(shape):
        raise MaskError(
            f"an array of shape {shape} looks like height x width x {shape[2]}, and a stack of masks is planes x "
            "height x width: give np.moveaxis(mask, -1, 0), or stacks=True if it is one",
            shape=shape,
        )
    return True


def stack_to_polygons(
    stack: Any, kind: MaskValueKind | None, table: ClassTable | None, options: TraceOptions
) -> Polygons:
    """Trace each plane for itself.

    Args:
        stack: planes x height x width of bools, or of integers that are 0 or 1.
        kind: what the colours say of the pixels.
        table: what they say of the values, of which 1 may have a class; None makes it one.
        options: how to trace; ``min_area`` counts for the parts of a plane.

    Returns:
        The polygons, plane by plane; their object is the plane.

    Raises:
        MaskError: it holds other numbers, or nothing; or ``colors`` are no single values.
    """
    planes = as_array(stack)
    _check(planes, kind)
    keys = None if table is None else table.keys
    traced = [outline(runs_of(plane, kind, keys), table, options).polygons(options, PolygonArrays) for plane in planes]
    names = table.names if table is not None else ("1",) if any(map(len, traced)) else ()
    return _joined(traced, (planes.shape[1], planes.shape[2]), names, options)


def _check(planes: NDArray[Any], kind: MaskValueKind | None) -> None:
    shape, dtype = planes.shape, planes.dtype
    if 0 in shape[1:]:
        raise MaskError(f"a mask needs at least one pixel; got a stack of shape {shape}", shape=shape)
    if kind == "rgb":
        raise MaskError("a stack of masks holds 0 and 1, but colors are [r, g, b]: give colors as [1]", shape=shape)
    if dtype.kind not in "biu" or (dtype.kind != "b" and planes.size and not 0 <= planes.min() <= planes.max() <= 1):
        found = dtype if dtype.kind not in "biu" else f"numbers from {planes.min()} to {planes.max()}"
        alone = "mask[0] if it is one mask of classes" if len(planes) == 1 else "each mask by itself"
        raise MaskError(
            f"a stack of masks (planes x height x width) holds bools, or 0 and 1; got {found}: compare it with a "
            f"threshold first, or give {alone}",
            shape=shape,
        )


def _joined(
    traced: Sequence[PolygonArrays], shape: tuple[int, int], names: tuple[str, ...], options: TraceOptions
) -> Polygons:
    return Polygons(
        shape=shape,
        class_names=names,
        points=np.concatenate([np.empty((0, 2), np.int32), *(each.points for each in traced)]),
        ring_offsets=_joined_offsets([each.ring_offsets for each in traced]),
        polygon_offsets=_joined_offsets([each.polygon_offsets for each in traced]),
        class_indices=np.concatenate([np.empty(0, np.int32), *(each.class_indices for each in traced)]),
        object_indices=np.repeat(np.arange(len(traced), dtype=np.int32), [len(each) for each in traced]),
        areas=np.concatenate([np.empty(0, np.int64), *(each.areas for each in traced)]),
        counts=_added([each.counts for each in traced]),
        n_restrained=sum(each.n_restrained for each in traced),
        n_padded=sum(each.n_padded for each in traced),
        coordinates=options.coordinates,
        may_overlap=True,
    )


def _joined_offsets(offsets: Sequence[Int32Array]) -> Int32Array:
    """Return offsets into what the offsets are into, one behind the other."""
    begins = accumulate((int(each[-1]) for each in offsets), initial=0)
    moved = [each[1:] + np.int32(begin) for each, begin in zip(offsets, begins, strict=False)]
    return np.concatenate([np.zeros(1, np.int32), *moved])


def _added(counts: Sequence[PixelCounts]) -> PixelCounts:
    """Return the counts of all planes together."""
    unknown: Counter[int] = Counter()
    for each in counts:
        unknown.update(each.unknown)
    return PixelCounts(
        sum(each.n_pixels for each in counts),
        sum(each.n_class for each in counts),
        sum(each.n_background for each in counts),
        sum(each.n_ignored for each in counts),
        sum(each.n_small for each in counts),
        dict(unknown.most_common()),
    )
