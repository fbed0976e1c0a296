"""Rings against unit edges linked one by one, against GDAL's polygons, and by what must hold of any rings."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio.features
import shapely
from hypothesis import given

import oracles
import strategies
from conftest import JIT_OFF
from prelabel.kernels.pixel_runs import runs_from_array
from prelabel.kernels.sweep_row import EAST, NORTH, SOUTH, WEST
from prelabel.kernels.traced_rings import trace_classes

if TYPE_CHECKING:
    from prelabel.kernels.rings import Rings

DONUT = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], np.uint8)
TOUCHING_HOLE = np.array([[1, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 1], [1, 1, 1, 1]], np.uint8)
HOLE_AT_CORNER = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 1]], np.uint8)
WEAVE = np.array([[1, 2, 1], [2, 1, 2], [1, 2, 1]], np.uint8)
ISLANDS = np.pad(np.pad(DONUT * 2, 1), 1, constant_values=1)
JUNCTION = np.array([[1, 1, 1], [2, 2, 3], [2, 2, 3]], np.uint8)
TRICKY = (DONUT, TOUCHING_HOLE, HOLE_AT_CORNER, WEAVE, ISLANDS, JUNCTION)


def rings_of(mask: np.ndarray) -> tuple[np.ndarray, Rings]:
    """Return each region's value, and the rings; they are good until the next mask is traced."""
    traced = trace_classes(runs_from_array(mask))
    return traced.values.copy(), traced.rings


def trace(mask: np.ndarray, *, keep_straight: bool = False) -> tuple[np.ndarray, list[list[oracles.Ring]]]:
    """Return each region's value and its rings, and check offsets and dtypes on the way."""
    values, rings = rings_of(mask)
    if not keep_straight:
        rings = rings.without_straight()
    points, ring_offsets, areas = rings.polygons()
    assert points.dtype == ring_offsets.dtype == rings.polygon_offsets.dtype == rings.nodes.dtype == np.int32
    assert points.shape == (len(rings.nodes), 2)
    assert areas.dtype == np.int64
    assert areas.shape == values.shape
    for offsets, end, smallest in (
        (ring_offsets, len(points), 4),
        (rings.polygon_offsets, len(ring_offsets) - 1, 1),
    ):
        assert offsets[0] == 0
        assert offsets[-1] == end
        assert (np.diff(offsets) >= smallest).all()
    assert len(rings.polygon_offsets) == len(values) + 1
    lists = [[(x, y) for x, y in points[first:last].tolist()] for first, last in pairwise(ring_offsets)]
    return values, [lists[first:last] for first, last in pairwise(rings.polygon_offsets)]


examples = strategies.examples(
    *((mask,) for mask in TRICKY),
    (np.zeros((2, 3), np.uint8),),
    (np.ones((1, 1), np.uint8),),
    (np.ones((1, 9), np.uint8),),
)


@examples
@given(strategies.masks())
def test_what_holds_of_any_rings(mask: np.ndarray) -> None:
    """Edges alternate between level and upright, exteriors come first and are positive, signed areas are the pixels."""
    values, polygons = trace(mask)

    labels = oracles.components(oracles.packed(mask))
    assert len(polygons) == labels.max()
    for label, (value, rings) in enumerate(zip(values.tolist(), polygons, strict=True), 1):
        assert {value} == set(mask[labels == label].tolist())
        areas = [oracles.shoelace(ring) for ring in rings]
        assert areas[0] > 0
        assert all(area < 0 for area in areas[1:])
        assert sum(areas) == 2 * np.count_nonzero(labels == label)
        for ring in rings:
            steps = np.diff(np.array([*ring, ring[0]]), axis=0)
            assert ((steps == 0).sum(axis=1) == 1).all()
            assert ((steps[:, 0] == 0) != (np.roll(steps[:, 0], 1) == 0)).all()
            assert len(set(ring)) == len(ring), "a ring meets itself"


@examples
@given(strategies.masks())
def test_rings_are_the_twin_s(mask: np.ndarray) -> None:
    """The same rings, region by region in scan order, wherever each begins."""
    values, polygons = trace(mask)

    found = [
        (value, [oracles.turned(rings[0]), *sorted(oracles.turned(ring) for ring in rings[1:])])
        for value, rings in zip(values.tolist(), polygons, strict=True)
    ]

    assert found == oracles.polygons_of(oracles.packed(mask))


@examples
@given(strategies.masks())
def test_rings_fill_to_their_region(mask: np.ndarray) -> None:
    """Filling by pixel centres gives each region back, pixel by pixel."""
    _, polygons = trace(mask)

    labels = oracles.components(oracles.packed(mask))
    for label, rings in enumerate(polygons, 1):
        np.testing.assert_array_equal(oracles.filled(rings, mask.shape), labels == label)


@examples
@given(strategies.masks())
def test_rings_are_gdal_s(mask: np.ndarray) -> None:
    """GDAL's polygons are the same point sets; GDAL rasterises ours to the mask; all of ours are valid."""
    values, polygons = trace(mask)
    ours = [shapely.Polygon(rings[0], rings[1:]) for rings in polygons]

    theirs = [
        (int(value), shapely.make_valid(shapely.geometry.shape(polygon)))
        for polygon, value in rasterio.features.shapes(mask, mask != 0, connectivity=4)
    ]

    assert bool(np.all(shapely.is_valid(ours)))
    assert len(ours) == len(theirs)
    key = lambda pair: (pair[0], *pair[1].representative_point().coords[0])  # noqa: E731 - sorts twice
    for (value, polygon), (their_value, their_polygon) in zip(
        sorted(zip(values.tolist(), map(shapely.normalize, ours), strict=True), key=key),
        sorted(((value, shapely.normalize(polygon)) for value, polygon in theirs), key=key),
        strict=True,
    ):
        assert value == their_value
        assert polygon.equals(their_polygon)
    if ours:
        again = rasterio.features.rasterize(zip(ours, values.tolist(), strict=True), mask.shape, dtype=np.uint8)
        np.testing.assert_array_equal(again, mask)


@examples
@given(strategies.full_masks())
def test_junctions_stay_for_shared_borders(mask: np.ndarray) -> None:
    """With straight anchors kept the polygons are a coverage: neighbours have the same vertices along their border."""
    _, kept = trace(mask, keep_straight=True)
    _, plain = trace(mask)

    assert [[oracles.without_straight(ring) for ring in rings] for rings in kept] == [
        [oracles.without_straight(ring) for ring in rings] for rings in plain
    ]
    assert bool(shapely.coverage_is_valid([shapely.Polygon(rings[0], rings[1:]) for rings in kept]))


@examples
@given(strategies.masks())
def test_vertices_are_where_borders_turn_or_meet(mask: np.ndarray) -> None:
    """In scan order, with each row's place; anchors, and the mask's corners, say which borders meet there."""
    _, rings = rings_of(mask)
    framed = np.pad(oracles.components(oracles.packed(mask)), 1, constant_values=-1)

    north, south = framed[:-1, :-1] != framed[:-1, 1:], framed[1:, :-1] != framed[1:, 1:]
    west, east = framed[:-1, :-1] != framed[1:, :-1], framed[:-1, 1:] != framed[1:, 1:]
    anchored = np.stack([north, south, west, east]).sum(axis=0) > 2
    anchored[[0, 0, -1, -1], [0, -1, 0, -1]] = True
    leaving = north * NORTH + south * SOUTH + west * WEST + east * EAST
    expected = np.argwhere((west | east) & (north | south))

    assert rings.xy.tolist() == expected[:, ::-1].tolist()
    assert rings.anchors.tolist() == (anchored * leaving)[rings.xy[:, 1], rings.xy[:, 0]].tolist()
    assert len(rings.vertex_rows) == mask.shape[0] + 2
    assert np.repeat(np.arange(mask.shape[0] + 1), np.diff(rings.vertex_rows)).tolist() == rings.xy[:, 1].tolist()


@examples
@given(strategies.masks())
def test_rings_pass_every_vertex_on_their_way(mask: np.ndarray) -> None:
    """So that both sides of a border have the same ones."""
    _, rings = rings_of(mask)
    vertices = set(map(tuple, rings.xy.tolist()))

    points, offsets, _ = rings.polygons()
    for first, last in pairwise(offsets):
        ring = [(x, y) for x, y in points[first:last].tolist()]
        assert [point for point in oracles.steps_of(ring) if point in vertices] == ring


def test_more_bends_than_first_foreseen() -> None:
    """Where no border goes on into the next row, the room grows in the middle of the sweep, and nothing is lost."""
    rows, columns = np.mgrid[:40, :16]
    mask = ((columns + rows % 2) // 2 % 2 + 1).astype(np.uint8)

    with ThreadPoolExecutor(1) as fresh:  # a thread of its own has no memory left from other masks
        _, polygons = fresh.submit(trace, mask).result()

    found = [[oracles.turned(rings[0]), *sorted(oracles.turned(ring) for ring in rings[1:])] for rings in polygons]
    assert found == [rings for _, rings in oracles.polygons_of(oracles.packed(mask))]


@pytest.mark.skipif(JIT_OFF, reason="half a million pixels take minutes without the JIT")
@pytest.mark.parametrize("density", [0.1, 0.5, 0.9])
def test_large_noise(density: float) -> None:
    """GDAL rasterises the polygons of large noise to the mask, and areas and validity hold."""
    mask = (np.random.default_rng(11).random((500, 700)) < density).astype(np.uint8)

    values, polygons = trace(mask)

    shapes = np.array([shapely.Polygon(rings[0], rings[1:]) for rings in polygons])
    assert bool(shapely.is_valid(shapes).all())
    assert shapely.area(shapes).sum() == np.count_nonzero(mask)
    again = rasterio.features.rasterize(zip(shapes, values.tolist(), strict=True), mask.shape, dtype=np.uint8)
    np.testing.assert_array_equal(again, mask)
