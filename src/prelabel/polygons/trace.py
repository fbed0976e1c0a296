"""Stage 5: runs to polygons. Checks, allocates, calls the kernels, and keeps count of every pixel."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, get_args

import numpy as np
from msgspec.structs import force_setattr, replace

from prelabel.errors import ConfigError, MaskError
from prelabel.kernels.rings import ALL, Rings
from prelabel.kernels.run_values import run_lengths, with_values
from prelabel.kernels.traced_rings import trace_classes, trace_values
from prelabel.masks.whole_number import whole_number
from prelabel.model import TRANSPARENT, Connectivity, Coordinates, Runs, Simplification
from prelabel.polygons.arrays import PolygonArrays
from prelabel.polygons.class_table import ClassTable, PixelCounts
from prelabel.records import Record

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.kernels.traced_rings import TracedRings
    from prelabel.model import Int32Array, UInt32Array

LOSSLESS_BELOW = 0.2**0.5
"""Pixels: 1 / sqrt(5). Below it no corner of a pixel-edge ring can go: the S-shaped step deviates by just that much."""

MAX_RUNS = 1 << 26
"""Runs that a mask may have: tracing takes some 60 bytes of memory for each."""

_SIMPLIFICATIONS = get_args(Simplification)
_COORDINATES = get_args(Coordinates)
_CONNECTIVITIES = get_args(Connectivity)

_USUAL = (float, int)
_LARGEST = sys.float_info.max
_TRUTHS = (bool, np.bool_)
_NUMBERS = {
    "tolerance": "a finite number of pixels, 0 or more",
    "min_area": "a whole number of pixels, 0 or more",
}

_Arrays = TypeVar("_Arrays", bound=PolygonArrays)


class TraceOptions(Record, frozen=True):
    """How masks become polygons; the config keys of the same names.

    Attributes:
        tolerance: pixels, finite, not negative.
        simplification: ``"shared"`` simplifies borders between neighbours once, ``"rings"`` each polygon alone.
        coordinates: ``"pixel_edges"`` or ``"pixel_centers"``; see :mod:`prelabel.model`.
        connectivity: 4 or 8; with 8, regions that meet only at corners are one object of several polygons.
        min_area: pixels; smaller objects are left out.
    """

    tolerance: float = 0.1
    simplification: Simplification = "shared"
    coordinates: Coordinates = "pixel_edges"
    connectivity: Connectivity = 4
    min_area: int = 0

    def __post_init__(self) -> None:
        # Of a small mask a description of what is allowed would take a good part of the time, so only faults have one.
        if type(self.tolerance) not in _USUAL:
            self._take("tolerance", _as_float(self.tolerance))
        if not 0 <= self.tolerance <= _LARGEST:
            raise self._refusal("tolerance", _NUMBERS["tolerance"])
        if type(self.tolerance) is int:
            force_setattr(self, "tolerance", float(self.tolerance))
        if type(self.min_area) is not int:
            self._take("min_area", whole_number(self.min_area))
        if self.min_area < 0:
            raise self._refusal("min_area", _NUMBERS["min_area"])
        if self.simplification not in _SIMPLIFICATIONS:
            raise self._bad_choice("simplification", _SIMPLIFICATIONS)
        if self.coordinates not in _COORDINATES:
            raise self._bad_choice("coordinates", _COORDINATES)
        if self.connectivity not in _CONNECTIVITIES:
            raise self._bad_choice("connectivity", _CONNECTIVITIES)

    def _take(self, name: str, number: float | None) -> None:
        """Replace an option by the number that it is; refuse it where it is none."""
        if number is None:
            raise self._refusal(name, _NUMBERS[name])
        force_setattr(self, name, number)

    def _bad_choice(self, name: str, allowed: tuple[Any, ...]) -> ConfigError:
        return self._refusal(name, " or ".join(map(json.dumps, allowed)))

    def _refusal(self, name: str, wanted: str) -> ConfigError:
        value = getattr(self, name)
        return ConfigError(f"{name} is {value!r}: give {wanted}", field=name, value=value)


def _as_float(value: Any) -> float | None:
    """Return a number of any type as a float, None where it is none: a text, a truth value, too large."""
    if isinstance(value, _TRUTHS) or not hasattr(value, "__float__"):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


class Outlines(NamedTuple):
    """A mask's exact rings, to be simplified as often as wanted.

    Part of them is in the thread's scratch memory: done with before the same thread traces the next mask.

    Attributes:
        rings: the exact rings, one polygon per region.
        shape, class_names, class_indices, object_indices, counts: as in :class:`PolygonArrays`.
    """

    rings: Rings
    shape: tuple[int, int]
    class_names: tuple[str, ...]
    class_indices: Int32Array
    object_indices: Int32Array
    counts: PixelCounts

    def polygons(self, options: TraceOptions, record: type[_Arrays]) -> _Arrays:
        """Simplify: tolerance, simplification and coordinates of the options count, the others have had their turn.

        Args:
            options: how to trace.
            record: what to make; making one and copying it into another would be felt on small masks.
        """
        n_restrained = n_padded = 0
        if options.coordinates == "pixel_centers":
            points, ring_offsets, areas, n_padded = self._center_rings(options.tolerance)
        else:
            rings, kept = self.rings, ALL
            if options.simplification == "rings":
                rings = rings.without_straight()
            if options.tolerance >= LOSSLESS_BELOW:
                kept, n_restrained = _simplified(rings, options)
            points, ring_offsets, areas = rings.polygons(kept)
        return record(
            shape=self.shape,
            class_names=self.class_names,
            points=points,
            ring_offsets=ring_offsets,
            polygon_offsets=self.rings.polygon_offsets,
            class_indices=self.class_indices,
            object_indices=self.object_indices,
            areas=areas,
            counts=self.counts,
            n_restrained=n_restrained,
            n_padded=n_padded,
            coordinates=options.coordinates,
        )

    def _center_rings(self, tolerance: float) -> tuple[Int32Array, Int32Array, NDArray[np.int64], int]:
        """Return points, ring offsets, areas, and how many points were repeated."""
        from prelabel.kernels.centers import move_to_pixels, pad_rings  # noqa: PLC0415 - kernels that few masks need

        points, ring_offsets, areas = self.rings.without_straight().polygons()
        points, ring_offsets = move_to_pixels(points, ring_offsets, self.rings.polygon_offsets)
        if tolerance >= LOSSLESS_BELOW:
            from prelabel.kernels.simplify_loose import simplify_loose  # noqa: PLC0415 - kernels that exact rings do without

            points, ring_offsets = simplify_loose(points, ring_offsets, tolerance)
        points, ring_offsets, n_padded = pad_rings(points, ring_offsets)
        return points, ring_offsets, areas, n_padded


def _simplified(rings: Rings, options: TraceOptions) -> tuple[NDArray[np.uint8], int]:
    """Return uint8, one per node: whether it stays; and how many arcs or rings were restrained."""
    if options.simplification == "shared":
        from prelabel.kernels.simplify_shared import simplify_shared  # noqa: PLC0415 - as above

        return simplify_shared(rings, options.tolerance)
    from prelabel.kernels.simplify_rings import simplify_rings  # noqa: PLC0415 - as above

    return simplify_rings(rings, options.tolerance)


def trace(runs: Runs, table: ClassTable | None, options: TraceOptions) -> PolygonArrays:
    """Trace a mask.

    Args:
        runs: the mask.
        table: what its values mean; None makes every value but 0 and transparent a class of its own, named by its
            number.
        options: how to trace.

    Returns:
        The polygons, in the order in which a scan by rows first meets their regions: what encloses comes before
        what it encloses.
    """
    return outline(runs, table, options).polygons(options, PolygonArrays)


def outline(runs: Runs, table: ClassTable | None, options: TraceOptions) -> Outlines:
    """Trace a mask's rings and leave them exact; ``connectivity`` and ``min_area`` of the options count.

    Raises:
        MaskError: it has more than ``MAX_RUNS`` runs.
    """
    classes, counts = (runs, None) if table is None else table.classify(runs)
    if len(classes.starts) > MAX_RUNS:
        raise MaskError(
            f"the mask has {len(classes.starts)} runs of equal pixels, and {MAX_RUNS} at most are traced: it looks "
            "like noise or a photograph; save it without loss, or split it",
            shape=(runs.height, runs.width),
        )
    if counts is None:
        classes, traced, counts = _every_value(runs)
    else:
        traced = trace_classes(classes)
    objects = _objects(traced, options.connectivity)
    if options.min_area > 1 and (small := _in_small_objects(classes, traced, objects, options.min_area)).any():
        n_small = int(run_lengths(classes)[small].sum(dtype=np.int64))
        counts = replace(counts, n_class=counts.n_class - n_small, n_small=n_small)
        left = with_values(classes, np.where(small, np.uint32(0), classes.values))
        traced = trace_classes(left) if table is not None else _every_value(left)[1]
        objects = _objects(traced, options.connectivity)
    if table is None:
        distinct, indices = _distinct(traced)
        names = tuple(map(str, distinct.tolist()))
    else:
        names, indices = table.names, (traced.values - np.uint32(1)).view(np.int32)
    return Outlines(traced.rings, (runs.height, runs.width), names, indices, objects, counts)


def _every_value(runs: Runs) -> tuple[Runs, TracedRings, PixelCounts]:
    """Make every value but 0 and transparent a class, and trace them."""
    traced = trace_values(runs)
    if traced is None:
        runs = with_values(runs, np.where(runs.values == TRANSPARENT, np.uint32(0), runs.values))
        traced = trace_values(runs)
        assert traced is not None, "nothing is transparent any more"
    n_pixels = runs.width * runs.height
    return runs, traced, PixelCounts(n_pixels, n_pixels - traced.n_zero, traced.n_zero)


def _distinct(traced: TracedRings) -> tuple[UInt32Array, Int32Array]:
    """Return the distinct values, ascending, and int32, the index of each region's among them."""
    if traced.distinct is not None:
        return traced.distinct, traced.ranks
    distinct, indices = np.unique(traced.values, return_inverse=True)
    return distinct, indices.astype(np.int32)


def _objects(traced: TracedRings, connectivity: int) -> Int32Array:
    """Return int32, one per region: the object it belongs to, from 0."""
    return traced.objects() if connectivity == 8 else np.arange(len(traced.values), dtype=np.int32)


def _in_small_objects(classes: Runs, traced: TracedRings, objects: Int32Array, min_area: int) -> NDArray[np.bool_]:
    """Return bool, one per run: whether it is in an object of fewer than ``min_area`` pixels."""
    object_of_region = np.append(np.int32(0), objects + 1)  # 0 is the background
    owners = object_of_region[traced.run_regions(len(classes.starts))]
    # No mask has 2**31 pixels, and an int may be too large for a float.
    is_small = np.bincount(owners, weights=run_lengths(classes)) < min(min_area, 2**31)
    is_small[0] = False
    return is_small[owners]
