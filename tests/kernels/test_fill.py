"""Polygons to runs against exact arithmetic, rasterio and cv2.fillPoly."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import rasterio.features
import shapely
from hypothesis import example, given
from hypothesis import strategies as st

import oracles
import strategies
from prelabel.kernels.fill import fill_polygons
from prelabel.polygons.mask_to_polygons import mask_to_polygons

TOLERANCES = st.sampled_from((0.0, 0.5, 1.0, 3.0))
SIMPLIFICATIONS = st.sampled_from(("shared", "rings"))
MAX_SIDE = 14


def painted(rings: list[np.ndarray], shape: tuple[int, int], *, borders: bool) -> np.ndarray:
    """Fill the rings of one polygon with the kernel, as 0 and 1."""
    offsets = np.cumsum([0, *map(len, rings)]).astype(np.int32)
    runs = fill_polygons(
        np.concatenate(rings).astype(np.int32),
        offsets,
        np.array([0, len(rings)], np.int32),
        np.ones(1, np.uint32),
        shape,
        borders=borders,
    )
    return oracles.pixels_of(runs)


def exactly_filled(ring: list[tuple[int, int]], shape: tuple[int, int]) -> np.ndarray:
    """Fill a ring by pixel centres in fractions; a centre on an edge is on the edge's right."""
    image = np.zeros(shape, np.int64)
    for y, x in np.ndindex(shape):
        row, column = Fraction(2 * y + 1, 2), Fraction(2 * x + 1, 2)
        for (ax, ay), (bx, by) in zip(ring, [*ring[1:], ring[0]], strict=True):
            if (ay < row) != (by < row) and ax + (row - ay) * (bx - ax) / (by - ay) <= column:
                image[y, x] ^= 1
    return image


@st.composite
def rings(draw: st.DrawFn, reach: int = MAX_SIDE) -> list[tuple[int, int]]:
    """Any closed line of lattice points, crossing itself or not."""
    return draw(st.lists(st.tuples(st.integers(0, reach), st.integers(0, reach)), min_size=1, max_size=7))


@given(rings())
@example([(0, 0), (4, 4), (0, 4)])
@example([(0, 3), (3, 0), (6, 3), (3, 6)])
def test_centres_by_exact_arithmetic(ring: list[tuple[int, int]]) -> None:
    """Any slope, centres on edges included."""
    shape = (MAX_SIDE, MAX_SIDE)

    image = painted([np.array(ring)], shape, borders=False)

    np.testing.assert_array_equal(image, exactly_filled(ring, shape))


@given(rings(MAX_SIDE - 1))
@example([(0, 8), (1, 6), (0, 7)])
@example([(2, 2)])
@example([(0, 5), (9, 5)])
def test_borders_as_opencv_paints_them(ring: list[tuple[int, int]]) -> None:
    """The pixels of cv2.fillPoly, whatever the ring."""
    shape = (MAX_SIDE, MAX_SIDE)
    theirs = np.zeros(shape, np.uint8)
    cv2.fillPoly(theirs, [np.array(ring, np.int32)], 1)

    np.testing.assert_array_equal(painted([np.array(ring)], shape, borders=True), theirs)


def test_borders_of_large_rings() -> None:
    """Long edges at many slopes, where rounding tells."""
    draw = np.random.default_rng(7)
    for _ in range(10):
        ring = draw.integers(0, 150, (12, 2)).astype(np.int32)
        theirs = np.zeros((150, 150), np.uint8)
        cv2.fillPoly(theirs, [ring], 1)
        np.testing.assert_array_equal(painted([ring], (150, 150), borders=True), theirs)


@given(strategies.masks(), TOLERANCES, SIMPLIFICATIONS)
def test_polygons_as_the_vendors_reader_paints_them(mask: np.ndarray, tolerance: float, simplification: str) -> None:
    """Exterior, holes cleared, the next one: at every tolerance what cv2 makes of it; without loss the mask itself."""
    polygons = mask_to_polygons(
        mask,
        tolerance=tolerance,
        simplification=simplification,  # type: ignore[arg-type]
        coordinates="pixel_centers",
    )
    theirs = np.zeros(mask.shape, np.uint8)
    for polygon in polygons:
        cv2.fillPoly(theirs, [polygon.exterior], int(polygon.class_name))
        for hole in polygon.holes:
            cv2.fillPoly(theirs, [hole], 0)

    values = np.array([int(polygon.class_name) for polygon in polygons], np.uint32)
    ours = oracles.pixels_of(polygons.to_runs(values))

    np.testing.assert_array_equal(ours, theirs)
    if tolerance == 0:
        np.testing.assert_array_equal(ours, mask)


@given(strategies.masks())
def test_exact_polygons_by_two_readers(mask: np.ndarray) -> None:
    """At tolerance 0 the kernel and rasterio both give the mask back."""
    polygons = mask_to_polygons(mask, tolerance=0)
    values = [int(polygon.class_name) for polygon in polygons]

    np.testing.assert_array_equal(oracles.pixels_of(polygons.to_runs(np.array(values, np.uint32))), mask)
    if values:
        shapes = zip(polygons.to_shapely(), values, strict=True)
        np.testing.assert_array_equal(rasterio.features.rasterize(shapes, mask.shape), mask)


@given(strategies.masks(), TOLERANCES)
def test_neighbours_share_no_pixel(mask: np.ndarray, tolerance: float) -> None:
    """Simplified together, polygons cover each pixel at most once, also where an edge runs through its centre."""
    polygons = mask_to_polygons(mask, tolerance=tolerance)

    claims = sum(painted([polygon.exterior, *polygon.holes], polygons.shape, borders=False) for polygon in polygons)

    assert np.max(claims, initial=0) <= 1
    drawn = oracles.pixels_of(polygons.to_runs())
    np.testing.assert_array_equal(drawn > 0, claims + np.zeros(mask.shape, np.int64) > 0)


def test_later_polygons_cover_earlier_ones() -> None:
    """In the order they come."""
    square = np.array([[0, 0], [4, 0], [4, 4], [0, 4]])
    points = np.concatenate([square, square[:, :] + [2, 0]]).astype(np.int32)
    offsets, owners = np.array([0, 4, 8], np.int32), np.array([0, 1, 2], np.int32)

    runs = fill_polygons(points, offsets, owners, np.array([7, 5], np.uint32), (1, 7), borders=False)

    assert oracles.pixels_of(runs).tolist() == [[7, 7, 5, 5, 5, 5, 0]]
    assert shapely.Polygon(square).area == 16


def test_no_polygons() -> None:
    """An empty picture."""
    nothing = np.zeros(1, np.int32)

    runs = fill_polygons(np.empty((0, 2), np.int32), nothing, nothing, np.empty(0, np.uint32), (2, 3), borders=True)

    assert oracles.pixels_of(runs).tolist() == [[0, 0, 0], [0, 0, 0]]
