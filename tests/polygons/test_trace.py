"""Runs to polygons: counts, exactness, validity, trace_options, order."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st

import oracles
import prelabel.polygons.trace
import strategies
from polygons.tracing import CORNERS, NESTED, TABLE, trace_options, traced, traced_runs
from prelabel.errors import ConfigError, MaskError
from prelabel.kernels.pixel_runs import runs_from_array
from prelabel.model import TRANSPARENT
from prelabel.polygons.class_table import ClassTable, PixelCounts
from prelabel.polygons.trace import LOSSLESS_BELOW, TraceOptions, trace


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"tolerance": -0.1}, "tolerance is -0.1: give a finite number of pixels, 0 or more"),
        ({"tolerance": float("inf")}, "tolerance is inf: give a finite number of pixels, 0 or more"),
        ({"tolerance": float("nan")}, "tolerance is nan: give a finite number of pixels, 0 or more"),
        ({"simplification": "none"}, 'simplification is \'none\': give "shared" or "rings"'),
        ({"coordinates": "edges"}, 'coordinates is \'edges\': give "pixel_edges" or "pixel_centers"'),
        ({"connectivity": 6}, "connectivity is 6: give 4 or 8"),
        ({"tolerance": "x"}, "tolerance is 'x': give a finite number of pixels, 0 or more"),
        ({"tolerance": "1"}, "tolerance is '1': give a finite number"),
        ({"tolerance": None}, "tolerance is None: give a finite number"),
        ({"tolerance": True}, "tolerance is True: give a finite number"),
        ({"tolerance": [1.0]}, "tolerance is [1.0]: give a finite number"),
        ({"tolerance": 10**400}, "tolerance is 1000"),
        ({"min_area": -1}, "min_area is -1: give a whole number of pixels, 0 or more"),
        ({"min_area": 2.5}, "min_area is 2.5: give a whole number of pixels, 0 or more"),
        ({"min_area": True}, "min_area is True: give a whole number"),
        ({"min_area": "5"}, "min_area is '5': give a whole number"),
        ({"min_area": float("nan")}, "min_area is nan: give a whole number"),
        ({"connectivity": "4"}, "connectivity is '4': give 4 or 8"),
        ({"simplification": ["shared"]}, "simplification is ['shared']: give"),
    ],
)
def test_options_that_cannot_be(chosen: dict[str, Any], message: str) -> None:
    """The message names the option, what was given and what would be right; so do the fields."""
    with pytest.raises(ConfigError) as caught:
        TraceOptions(**chosen)

    ((name, value),) = chosen.items()
    assert str(caught.value).startswith(message)
    assert caught.value.field == name
    assert caught.value.value is value


def test_numbers_may_be_of_any_type() -> None:
    """They are ours afterwards: kernels are compiled for those."""
    given: dict[str, Any] = {"tolerance": np.float32(0.5), "min_area": np.uint8(7)}
    options = TraceOptions(**given)

    assert (options.tolerance, options.min_area) == (0.5, 7)
    assert type(TraceOptions(tolerance=1).tolerance) is float
    assert [type(each) for each in (options.tolerance, options.min_area)] == [float, int]


@pytest.mark.parametrize("tolerance", [0, 0.1, 1000])
def test_options_that_can_be(tolerance: float) -> None:
    """Zero and large tolerances are fine."""
    assert TraceOptions(tolerance).tolerance == tolerance


@given(
    st.one_of(strategies.masks(max_labels=6), strategies.images()),
    st.lists(st.sampled_from((0, 1, 2, 3, 4, 5, 6, 0x010101, 0xFF0000, 0x80)), unique=True, max_size=5),
    st.integers(0, 5),
    trace_options,
)
def test_counts_add_up(mask: np.ndarray, known: list[int], n_ignored: int, chosen: TraceOptions) -> None:
    """Every pixel is of one kind, as counted one by one, and the polygons' areas are the pixels of classes."""
    ignored, classes = known[:n_ignored], known[n_ignored:]
    values = oracles.packed(mask)

    table = ClassTable.of([(str(value), value) for value in classes], ignored)

    polygons = trace(runs_from_array(mask), table, chosen)

    counts = polygons.counts
    empty = np.isin(values, (0, TRANSPARENT)) & ~np.isin(values, known)
    assert counts.n_pixels == values.size
    assert counts.n_background == np.count_nonzero(empty)
    assert counts.n_ignored == np.count_nonzero(np.isin(values, ignored))
    assert counts.n_class + counts.n_small == np.count_nonzero(np.isin(values, classes))
    assert counts.n_class + counts.n_background + counts.n_ignored + counts.n_small + counts.n_unknown == values.size
    assert counts.unknown == {
        value: n
        for value, n in zip(*map(np.ndarray.tolist, np.unique(values[~empty], return_counts=True)), strict=True)
        if value not in known
    }
    assert polygons.areas.sum() == counts.n_class


@given(strategies.masks(), trace_options)
def test_counts_add_up_without_a_table(mask: np.ndarray, chosen: TraceOptions) -> None:
    """Every value but 0 is a class, named by its number; nothing is ignored or unknown."""
    polygons = traced_runs(runs_from_array(mask), None, chosen)

    counts = polygons.counts
    assert counts.n_background == np.count_nonzero(mask == 0)
    assert counts.n_class + counts.n_small == np.count_nonzero(mask)
    assert (counts.n_pixels, counts.n_ignored, counts.n_unknown) == (mask.size, 0, 0)
    assert polygons.areas.sum() == counts.n_class
    assert {int(name) for name in polygons.class_names} <= set(mask.ravel().tolist()) - {0}


def test_transparent_is_no_class() -> None:
    """Without a table transparent pixels are background, whatever their colour."""
    image = np.array([[[5, 5, 5, 0], [0, 0, 7, 255], [0, 0, 0, 255]]], np.uint8)

    polygons = traced(image)

    assert polygons.class_names == ("7",)
    assert polygons.counts == PixelCounts(3, 1, 2)


@given(strategies.masks(), st.sampled_from(("shared", "rings")), st.sampled_from((0.0, 0.1, 0.44721)))
@example(NESTED, "shared", 0.1)
@example(NESTED, "rings", 0.1)
def test_exact_below_the_first_step(mask: np.ndarray, simplification: str, tolerance: float) -> None:
    """At the plugin's default tolerance the polygons are the mask, pixel by pixel, and the twin's rings."""
    polygons = traced(mask, tolerance=tolerance, simplification=simplification)

    names = np.array([0, *map(int, polygons.class_names)])
    np.testing.assert_array_equal(names[oracles.painted(polygons)], mask)
    found = []
    for polygon in polygons:
        exterior, *holes = (
            oracles.turned(oracles.without_straight(r.tolist())) for r in (polygon.exterior, *polygon.holes)
        )
        found.append((int(polygon.class_name), [exterior, *sorted(holes)]))
    assert found == oracles.polygons_of(oracles.packed(mask))
    assert polygons.n_restrained == polygons.n_padded == 0
    assert tolerance < LOSSLESS_BELOW


@given(strategies.masks(), st.sampled_from((0.0, 0.1, 0.4472)))
@example(NESTED, 0.1)
def test_pixel_centers_give_the_vendors_reader_the_mask(mask: np.ndarray, tolerance: float) -> None:
    """Painted in order, borders included, holes cleared, nothing is wrong."""
    polygons = traced(mask, tolerance=tolerance, coordinates="pixel_centers")

    image = np.zeros(mask.shape, np.uint8)
    for polygon in polygons:
        assert all(len(ring) >= 3 for ring in (polygon.exterior, *polygon.holes))
        cv2.fillPoly(image, [polygon.exterior], int(polygon.class_name))
        for hole in polygon.holes:
            cv2.fillPoly(image, [hole], 0)
    np.testing.assert_array_equal(image, mask)


@given(strategies.masks(), st.sampled_from((0.5, 1.0, 2.0, 5.0, 20.0)))
def test_pixel_centers_simplified(mask: np.ndarray, tolerance: float) -> None:
    """Each ring is what Douglas-Peucker makes of the exact one, and has three points at least."""
    exact = traced(mask, tolerance=0, coordinates="pixel_centers")
    polygons = traced(mask, tolerance=tolerance, coordinates="pixel_centers")

    assert polygons.ring_offsets[0] == 0
    assert (np.diff(polygons.ring_offsets) >= 3).all()
    assert polygons.polygon_offsets.tolist() == exact.polygon_offsets.tolist()
    for before, after in zip(exact, polygons, strict=True):
        for long, short in zip((before.exterior, *before.holes), (after.exterior, *after.holes), strict=True):
            line = shapely.LinearRing(short)
            assert shapely.distance(shapely.points(long), line).max() <= tolerance + 1e-9
            assert set(map(tuple, short.tolist())) <= set(map(tuple, long.tolist()))


@given(strategies.masks(), trace_options)
def test_offsets_orientation_and_validity(mask: np.ndarray, chosen: TraceOptions) -> None:
    """Whatever the options: offsets ascend from 0, arrays have their dtypes, pixel-edge polygons are valid."""
    polygons = traced_runs(runs_from_array(mask), None, chosen)

    assert polygons.shape == mask.shape
    assert {a.dtype for a in (polygons.points, polygons.ring_offsets, polygons.polygon_offsets)} == {np.dtype(np.int32)}
    assert polygons.class_indices.dtype == polygons.object_indices.dtype == np.int32
    assert polygons.areas.dtype == np.int64
    for offsets, end in (
        (polygons.ring_offsets, len(polygons.points)),
        (polygons.polygon_offsets, len(polygons.ring_offsets) - 1),
    ):
        assert (offsets[0], offsets[-1]) == (0, end)
        assert (np.diff(offsets) > 0).all()
    assert len(polygons) == len(polygons.polygon_offsets) - 1 == len(polygons.areas) == len(polygons.object_indices)
    if len(polygons.points):
        assert polygons.points.min() >= 0
        assert (polygons.points.max(axis=0) <= (mask.shape[1], mask.shape[0])).all()
    if chosen.coordinates == "pixel_edges":
        assert bool(shapely.is_valid(polygons.to_shapely()).all())
        for rings in oracles.rings_in(polygons):
            assert oracles.shoelace(rings[0]) > 0
            assert all(oracles.shoelace(hole) < 0 for hole in rings[1:])


@given(strategies.masks(), st.sampled_from((0.5, 1.0, 5.0)))
def test_shared_borders_stay_flush(mask: np.ndarray, tolerance: float) -> None:
    """The whole road keeps the coverage."""
    shapes = traced(mask, tolerance=tolerance).to_shapely()

    assert bool(shapely.coverage_is_valid(shapes))


@pytest.mark.parametrize("simplification", ["shared", "rings"])
def test_tolerance_is_obeyed_from_the_first_step_on(simplification: str) -> None:
    """At sqrt(1/5) itself the S-shaped step goes, below it stays; larger tolerances leave fewer points."""
    stairs = np.tri(40, 80, 1, dtype=np.uint8)[:, ::-1].repeat(2, axis=1)

    n_points = [len(traced(stairs, tolerance=t, simplification=simplification).points) for t in (0.44, 0.75, 1, 30)]

    assert n_points == sorted(n_points, reverse=True)
    assert n_points[0] > 80 > n_points[2]


@given(strategies.masks(), st.sampled_from((4, 8)), st.sampled_from((0, 1, 2, 4, 9)))
@example(CORNERS, 8, 0)
@example(CORNERS, 8, 3)
@example(CORNERS[:, ::-1].copy(), 8, 0)
def test_objects_are_the_connected_pixels(mask: np.ndarray, connectivity: int, min_area: int) -> None:
    """Polygons share an object if their pixels connect; small objects are gone, with all their polygons."""
    objects = oracles.components(oracles.packed(mask), connectivity)
    small = np.bincount(objects.ravel()) < min_area
    kept = np.where(small[objects], 0, mask).astype(np.uint8)

    polygons = traced(mask, connectivity=connectivity, min_area=min_area)

    regions = oracles.components(oracles.packed(kept))
    numbers = oracles.components(oracles.packed(kept), connectivity)
    expected = [int(numbers[regions == label][0]) - 1 for label in range(1, int(regions.max()) + 1)]
    assert polygons.object_indices.tolist() == expected
    assert polygons.areas.tolist() == np.bincount(regions.ravel())[1:].tolist()
    assert polygons.counts.n_small == np.count_nonzero(mask) - np.count_nonzero(kept)
    np.testing.assert_array_equal(np.array([0, *map(int, polygons.class_names)])[oracles.painted(polygons)], kept)


def test_min_area_looks_at_whole_objects() -> None:
    """Two diagonal pixels are two objects of one pixel, or one of two."""
    mask = np.array([[1, 0], [0, 1]], np.uint8)

    apart, together = (traced(mask, connectivity=c, min_area=2) for c in (4, 8))

    assert (len(apart), apart.counts) == (0, PixelCounts(4, 0, 2, n_small=2))
    assert (len(together), together.counts) == (2, PixelCounts(4, 2, 2))
    assert together.object_indices.tolist() == [0, 0]


def test_min_area_may_be_larger_than_any_mask() -> None:
    """All is small then, however large the number is."""
    for min_area in (2**31, 10**400):
        polygons = trace(runs_from_array(np.ones((3, 4), np.uint8)), None, TraceOptions(min_area=min_area))

        assert (len(polygons), polygons.counts.n_small) == (0, 12)


def test_a_mask_of_background_has_no_polygons() -> None:
    """Nothing in, nothing out, in every mode; class names stay."""
    for coordinates in ("pixel_edges", "pixel_centers"):
        for tolerance in (0.1, 5.0):
            polygons = traced(np.zeros((3, 4), np.uint8), TABLE, coordinates=coordinates, tolerance=tolerance)
            assert (len(polygons), list(polygons), polygons.n_holes) == (0, [], 0)
            assert polygons.class_names == ("car", "tree")
            assert polygons.counts == PixelCounts(12, 0, 12)


def test_outermost_first() -> None:
    """What encloses comes before what it encloses."""
    rings = np.minimum(np.minimum(*np.mgrid[:9, :9]), np.minimum(*np.mgrid[8:-1:-1, 8:-1:-1])) + 1

    polygons = traced(rings.astype(np.uint8))

    assert [polygon.class_name for polygon in polygons] == ["1", "2", "3", "4", "5"]


def test_noise_beyond_all_bounds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory goes with the runs, so their number is bounded; what has no class does not count."""
    monkeypatch.setattr(prelabel.polygons.trace, "MAX_RUNS", 9)
    stripes = (np.arange(10) % 2 + 5).astype(np.uint8)[np.newaxis]

    with pytest.raises(MaskError, match="the mask has 10 runs of equal pixels, and 9 at most are traced"):
        traced(stripes)

    assert len(traced(stripes[:, 1:])) == 9
    assert len(traced(stripes, ClassTable.of([("stripe", 7)]))) == 0
