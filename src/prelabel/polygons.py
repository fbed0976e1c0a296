"""Stage 5: runs to polygons. Checks, allocates, calls the kernels, and keeps count of every pixel."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from prelabel.errors import ConfigError
from prelabel.kernels.centers import move_to_pixels, pad_rings
from prelabel.kernels.digits import polygons_to_json
from prelabel.kernels.regions import Regions, label_regions
from prelabel.kernels.rings import Rings, trace_rings
from prelabel.kernels.runs import look_up, run_lengths, with_values
from prelabel.kernels.simplify import simplify_rings, simplify_shared
from prelabel.model import TRANSPARENT, Runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from prelabel.model import Int32Array, UInt32Array

LOSSLESS_BELOW = 0.2**0.5
"""Pixels: 1 / sqrt(5). Below it no corner of a pixel-edge ring can go: the S-shaped step deviates by just that much."""

Coordinates = Literal["pixel_edges", "pixel_centers"]
Simplification = Literal["shared", "rings"]


@dataclass(frozen=True, slots=True)
class TraceOptions:
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
    connectivity: Literal[4, 8] = 4
    min_area: int = 0

    def __post_init__(self) -> None:
        checks: tuple[tuple[str, Any, bool, str], ...] = (
            ("tolerance", self.tolerance, 0 <= self.tolerance < float("inf"), "a finite number of pixels, 0 or more"),
            ("simplification", self.simplification, self.simplification in {"shared", "rings"}, '"shared" or "rings"'),
            (
                "coordinates",
                self.coordinates,
                self.coordinates in {"pixel_edges", "pixel_centers"},
                '"pixel_edges" or "pixel_centers"',
            ),
            ("connectivity", self.connectivity, self.connectivity in {4, 8}, "4 or 8"),
            ("min_area", self.min_area, self.min_area >= 0, "a number of pixels, 0 or more"),
        )
        for name, value, good, wanted in checks:
            if not good:
                raise ConfigError(f"{name} is {value!r}: give {wanted}", field=name, value=value)


@dataclass(frozen=True, slots=True)
class PixelCounts:
    """Where every pixel of a mask went; the numbers add up to ``n_pixels``.

    Attributes:
        n_pixels: height * width.
        n_class: pixels that are in polygons.
        n_background: value 0 (black) or transparent, without a class of its own.
        n_ignored: of classes that the config ignores.
        n_small: in objects below ``min_area``.
        unknown: values without a class -> pixels, most first.
    """

    n_pixels: int
    n_class: int
    n_background: int
    n_ignored: int = 0
    n_small: int = 0
    unknown: Mapping[int, int] = field(default_factory=dict)

    @property
    def n_unknown(self) -> int:
        """Pixels whose value has no class."""
        return sum(self.unknown.values())


@dataclass(frozen=True, slots=True)
class ClassTable:
    """What mask values mean.

    Attributes:
        names: class names, in order.
        keys: uint32, ascending: the mask values known.
        targets: uint32, one per key: class index + 1, or ``IGNORED``.
    """

    IGNORED = 0xFFFFFFFE
    UNKNOWN = 0xFFFFFFFD

    names: tuple[str, ...]
    keys: UInt32Array
    targets: UInt32Array

    @classmethod
    def of(cls, classes: Sequence[tuple[str, int]], ignored: Sequence[int] = ()) -> ClassTable:
        """Make a table of (name, mask value) pairs and of mask values that are ignored on purpose."""
        pairs = [(value, index + 1) for index, (_, value) in enumerate(classes)]
        pairs += [(value, cls.IGNORED) for value in ignored]
        pairs.sort()
        keys = np.array([value for value, _ in pairs], np.uint32)
        if len(np.unique(keys)) < len(keys):
            raise ConfigError("two classes have the same mask value: give each its own", field="colors")
        return cls(tuple(name for name, _ in classes), keys, np.array([target for _, target in pairs], np.uint32))

    def classify(self, runs: Runs) -> tuple[Runs, PixelCounts]:
        """Turn mask values into class index + 1, everything else into 0, and count the pixels of each kind."""
        targets = look_up(runs.values, self.keys, self.targets, self.UNKNOWN)
        background = (targets == self.UNKNOWN) & ((runs.values == 0) | (runs.values == TRANSPARENT))
        lengths = run_lengths(runs)
        unknown_runs = (targets == self.UNKNOWN) & ~background
        unknown: dict[int, int] = {}
        if unknown_runs.any():
            values, inverse = np.unique(runs.values[unknown_runs], return_inverse=True)
            pixels = np.bincount(inverse, weights=lengths[unknown_runs]).astype(np.int64)
            order = np.lexsort((values, -pixels))
            unknown = dict(zip(values[order].tolist(), pixels[order].tolist(), strict=True))
        n_ignored = int(lengths[targets == self.IGNORED].sum(dtype=np.int64))
        n_background = int(lengths[background].sum(dtype=np.int64))
        n_pixels = runs.width * runs.height
        n_class = n_pixels - n_background - n_ignored - sum(unknown.values())
        targets[targets >= self.UNKNOWN] = 0
        return with_values(runs, targets), PixelCounts(n_pixels, n_class, n_background, n_ignored, 0, unknown)


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

    def to_shapely(self) -> NDArray[np.object_]:
        """Return an array of ``shapely.Polygon``, one per polygon."""
        import shapely  # noqa: PLC0415 - a heavy import that imports of labels do not need

        lengths = np.diff(self.ring_offsets)
        # Shapely's rings are closed: repeat each first point behind its ring.
        closed = np.insert(self.points, self.ring_offsets[1:], self.points[self.ring_offsets[:-1]], axis=0)
        indices = np.repeat(np.arange(len(lengths)), lengths + 1)
        rings: Any = shapely.linearrings(closed.astype(np.float64), indices=indices)
        owners = np.repeat(np.arange(len(self)), np.diff(self.polygon_offsets))
        polygons: NDArray[np.object_] = np.asarray(shapely.polygons(rings, indices=owners), dtype=object)
        return polygons

    def to_json(self, *, zones: bool) -> list[bytes]:
        """Return each polygon as Ango's JSON.

        Args:
            zones: True for a segmentation zone (region and holes), False for the exterior alone.

        Returns:
            One JSON text per polygon.
        """
        text, offsets = polygons_to_json(self.points, self.ring_offsets, self.polygon_offsets, zones=zones)
        return [text[first:last] for first, last in pairwise(offsets)]


def trace(runs: Runs, table: ClassTable | None, options: TraceOptions) -> Polygons:
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
    if table is None:
        opaque = with_values(runs, np.where(runs.values == TRANSPARENT, 0, runs.values).astype(np.uint32))
        n_pixels = runs.width * runs.height
        n_class = int(run_lengths(opaque)[opaque.values != 0].sum(dtype=np.int64))
        classes, counts = opaque, PixelCounts(n_pixels, n_class, n_pixels - n_class)
    else:
        classes, counts = table.classify(runs)
    regions = label_regions(classes)
    objects = label_regions(classes, 8) if options.connectivity == 8 else regions
    if options.min_area > 1:
        classes, counts = _without_small(classes, objects, counts, options.min_area)
        regions = label_regions(classes)
        objects = label_regions(classes, 8) if options.connectivity == 8 else regions
    values = regions.values[1:]
    rings = trace_rings(classes, regions.labels, len(values))
    if table is None:
        distinct, indices = np.unique(values, return_inverse=True)
        names = tuple(str(value) for value in distinct.tolist())
    else:
        names, indices = table.names, values.astype(np.int64) - 1
    points, ring_offsets, n_restrained, n_padded = _finished(rings, options)
    return Polygons(
        shape=(runs.height, runs.width),
        class_names=names,
        points=points,
        ring_offsets=ring_offsets,
        polygon_offsets=rings.polygon_offsets,
        class_indices=indices.astype(np.int32),
        object_indices=_object_of_region(regions, objects),
        areas=regions.areas[1:],
        counts=counts,
        n_restrained=n_restrained,
        n_padded=n_padded,
    )


def _without_small(runs: Runs, objects: Regions, counts: PixelCounts, min_area: int) -> tuple[Runs, PixelCounts]:
    """Turn the pixels of objects below ``min_area`` into background."""
    small = objects.areas < min_area
    small[0] = False
    n_small = int(objects.areas[small].sum())
    values = np.where(small[objects.labels], 0, runs.values).astype(np.uint32)
    kept = PixelCounts(
        counts.n_pixels, counts.n_class - n_small, counts.n_background, counts.n_ignored, n_small, counts.unknown
    )
    return with_values(runs, values), kept


def _object_of_region(regions: Regions, objects: Regions) -> Int32Array:
    """Return int32, one per region: the object it belongs to, from 0."""
    owner = np.zeros(len(regions.values), np.int32)
    owner[regions.labels] = objects.labels
    return owner[1:] - np.int32(1)


def _finished(rings: Rings, options: TraceOptions) -> tuple[Int32Array, Int32Array, int, int]:
    """Return points, ring offsets, and how many arcs or rings were restrained and points repeated."""
    lossless = options.tolerance < LOSSLESS_BELOW
    if options.coordinates == "pixel_centers":
        return _center_rings(rings.without_straight(), options.tolerance)
    n_restrained = 0
    if options.simplification == "rings":
        rings = rings.without_straight()
        if not lossless:
            rings, n_restrained = simplify_rings(rings, options.tolerance)
    elif not lossless:
        rings, n_restrained = simplify_shared(rings, options.tolerance)
    return rings.points(), rings.ring_offsets, n_restrained, 0


def _center_rings(rings: Rings, tolerance: float) -> tuple[Int32Array, Int32Array, int, int]:
    points, ring_offsets = move_to_pixels(rings.points(), rings.ring_offsets, rings.polygon_offsets)
    if tolerance >= LOSSLESS_BELOW:
        # Nothing is in the way of rings through pixels: they run over each other by nature.
        loose = rings._replace(
            xy=points,
            vertex_rows=np.empty(0, np.int32),
            nodes=np.arange(len(points), dtype=np.int32),
            ring_offsets=ring_offsets,
        )
        reduced, _ = simplify_rings(loose, tolerance)
        points, ring_offsets = reduced.points(), reduced.ring_offsets
    points, ring_offsets, n_padded = pad_rings(points, ring_offsets)
    return points, ring_offsets, 0, n_padded
