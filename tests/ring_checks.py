"""What must hold of any rings, exact or simplified; and masks that are hard on them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import shapely

import strategies
from prelabel.kernels.pixel_runs import runs_from_array
from prelabel.kernels.rings import ALL, Rings
from prelabel.kernels.traced_rings import trace_classes

TOLERANCES = (0.1, 0.4472, 0.4473, 0.5, 0.75, 1.0, 2.0, 5.0, 20.0)
SPECKLED = np.pad(np.eye(5, dtype=np.uint8), 2)
WAVE = np.array([[1, 1, 1, 1, 1, 1, 1, 1], [1, 0, 1, 0, 1, 0, 1, 0], [0, 0, 0, 0, 0, 0, 0, 0]], np.uint8)
COMBS = np.array([[1, 1, 1, 1, 1, 1, 1], [1, 2, 1, 2, 1, 2, 1], [2, 2, 2, 2, 2, 2, 2]], np.uint8)
ISLAND_IN_BAY = np.array(
    [
        [1, 1, 1, 1, 1, 1, 1, 1, 1],
        [1, 1, 1, 1, 1, 1, 1, 1, 1],
        [1, 0, 0, 0, 0, 0, 0, 0, 1],
        [0, 0, 0, 0, 2, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 0],
    ],
    np.uint8,
)
TOUCHING_HOLES = np.array(
    [
        [1, 1, 1, 1, 1, 1],
        [1, 0, 1, 1, 1, 1],
        [1, 1, 0, 1, 0, 1],
        [1, 0, 1, 0, 1, 1],
        [1, 1, 1, 1, 1, 0],
    ],
    np.uint8,
)
PLUS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)
STAIRS = np.tri(12, 12, dtype=np.uint8)
STEP = np.array([[1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 1, 1]], np.uint8)
TRICKY = (
    SPECKLED,
    WAVE,
    COMBS,
    ISLAND_IN_BAY,
    TOUCHING_HOLES,
    PLUS,
    STAIRS,
    STAIRS + 1,
    STEP,
    np.ones((1, 1), np.uint8),
)


def trace(mask: np.ndarray) -> Rings:
    """Trace a mask exactly; the rings are good until the next mask is traced."""
    return trace_classes(runs_from_array(mask)).rings


def split(points: np.ndarray, offsets: np.ndarray) -> list[np.ndarray]:
    """Return rings one by one."""
    return [points[first:last] for first, last in pairwise(offsets)]


def lists_of(rings: Rings, kept: np.ndarray = ALL) -> list[np.ndarray]:
    """Return the rings' points, ring by ring, grouped by polygon."""
    return split(*rings.polygons(kept)[:2])


def polygons(rings: Rings, kept: np.ndarray = ALL) -> np.ndarray:
    """Return shapely polygons."""
    lists = lists_of(rings, kept)
    pairs = pairwise(rings.polygon_offsets.tolist())
    return np.array([shapely.Polygon(lists[first], lists[first + 1 : last]) for first, last in pairs], object)


def check_rings(exact: list[np.ndarray], reduced: list[np.ndarray], tolerance: float) -> None:
    """Assert that every ring is still there, made of its own vertices in their order, and nowhere further away."""
    assert len(exact) == len(reduced)
    for before, after in zip(exact, reduced, strict=True):
        points = [tuple(point) for point in before.tolist()]
        places = [points.index(tuple(point)) for point in after.tolist()]
        first = places.index(min(places))
        assert len(places) >= 3
        assert places[first:] + places[:first] == sorted(set(places))
        line = shapely.LinearRing(after)
        assert shapely.distance(shapely.points(before), line).max() <= tolerance + 1e-9


def check_valid(shapes: np.ndarray) -> None:
    """Assert that polygons are valid and have an area; valid says that holes are inside and no ring crosses any."""
    assert bool(shapely.is_valid(shapes).all()), shapely.is_valid_reason(shapes[~shapely.is_valid(shapes)])
    assert bool((shapely.area(shapes) > 0).all())
    assert bool((shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON).all())


tricky_examples = strategies.examples(*((mask, tolerance) for mask in TRICKY for tolerance in (0.75, 20.0)))

LARGE_MASKS = ("noise", "blocks", "labels")


def large_mask(kind: str) -> np.ndarray:
    """Return a mask with tens of thousands of borders."""
    generator = np.random.default_rng(5)
    mask: np.ndarray = {
        "noise": generator.integers(0, 2, (150, 200)),
        "blocks": np.kron(generator.integers(0, 4, (60, 80)), np.ones((4, 3))),
        "labels": generator.integers(1, 6, (120, 150)),
    }[kind].astype(np.uint8)
    return mask
