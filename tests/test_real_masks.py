"""Every real mask beside the repository: decoded, traced, rasterised again; not one pixel may be wrong.

Whatever a mask's values are, every region of it has to come back from its polygon.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import rasterio.features
import shapely
from PIL import Image

from conftest import JIT_OFF, SHARED
from polygons.tracing import traced_runs
from prelabel.errors import MaskError
from prelabel.kernels.pixel_runs import runs_to_array
from prelabel.kernels.run_values import run_lengths
from prelabel.masks.decoders.decode import decode_mask
from prelabel.model import TRANSPARENT, Runs
from prelabel.polygons.class_table import ClassTable
from prelabel.polygons.mask_to_polygons import mask_to_polygons
from prelabel.polygons.near_colors import KnownColors, snap
from prelabel.polygons.trace import TraceOptions

if TYPE_CHECKING:
    from pathlib import Path

    from prelabel.polygons.polygons import Polygons


pytestmark = pytest.mark.masks

NO_MASKS = {".csv", ".json", ".md"}
FOLDER = SHARED / "masks"
FILES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.*") if path.suffix not in NO_MASKS) or ["-"]
HUGE = 20_000_000
"""Pixels above which only shapes, areas and counts are compared: a picture per check would take too long."""
SLOW_WITHOUT_JIT = 170_000
COVERAGE_WORK = 20_000_000
"""Polygons times points up to which GEOS checks a coverage: it takes time in proportion where one polygon holds all."""
GDAL_POLYGONS = 3_000
"""More polygons than this are not given to rasterio one by one."""


def decoded(path: Path) -> Runs:
    """Decode a file as values, or as colours where it has no others."""
    if JIT_OFF:
        with Image.open(path) as image:
            if image.width * image.height > SLOW_WITHOUT_JIT:
                pytest.skip("so many pixels take too long without the JIT")
    encoded = path.read_bytes()
    try:
        return decode_mask(encoded, "value")
    except MaskError:  # in colour
        return decode_mask(encoded, "rgb")


def values_of(polygons: Polygons) -> np.ndarray:
    """Return each polygon's mask value."""
    return np.array([int(name) for name in polygons.class_names], np.int64)[polygons.class_indices]


def shoelaces(polygons: Polygons) -> np.ndarray:
    """Return each ring's shoelace sum."""
    points = polygons.points.astype(np.int64)
    following = np.arange(1, len(points) + 1)
    following[polygons.ring_offsets[1:] - 1] = polygons.ring_offsets[:-1]
    x, y = points.T
    return np.add.reduceat(x * y[following] - x[following] * y, polygons.ring_offsets[:-1])


def swept(polygons: Polygons, values: np.ndarray) -> np.ndarray:
    """Rasterise pixel-edge polygons: a row gains a polygon's value where an edge goes up, and loses it at one down."""
    height, width = polygons.shape
    steps = np.zeros((height + 1, width + 1), np.int64)
    following = np.arange(1, len(polygons.points) + 1)
    following[polygons.ring_offsets[1:] - 1] = polygons.ring_offsets[:-1]
    owners = np.repeat(values, np.diff(polygons.ring_offsets[polygons.polygon_offsets]))
    (x, y), (next_x, next_y) = polygons.points.T, polygons.points[following].T
    upright = x == next_x
    assert ((y == next_y) != upright).all()
    sign = np.sign(y - next_y)[upright] * owners[upright]
    np.add.at(steps, (np.minimum(y, next_y)[upright], x[upright]), sign)
    np.subtract.at(steps, (np.maximum(y, next_y)[upright], x[upright]), sign)
    return steps.cumsum(axis=0).cumsum(axis=1)[:height, :width]


def opaque(runs: Runs) -> np.ndarray:
    """Return the mask's pixels, transparent ones as 0."""
    pixels = runs_to_array(runs).astype(np.int64)
    pixels[pixels == TRANSPARENT] = 0
    return pixels


@pytest.mark.parametrize("name", FILES)
def test_pixel_edges(shared_masks: Path, name: str) -> None:
    """At the default tolerance: exact, valid, areas and holes right, nothing lost."""
    runs = decoded(shared_masks / name)

    polygons = traced_runs(runs, None, TraceOptions())

    sums = shoelaces(polygons)
    is_exterior = np.zeros(len(sums), bool)
    is_exterior[polygons.polygon_offsets[:-1]] = True
    assert ((sums > 0) == is_exterior).all()
    assert (np.add.reduceat(sums, polygons.polygon_offsets[:-1]) == 2 * polygons.areas).all()
    lengths, is_class = run_lengths(runs).astype(np.int64), (runs.values != 0) & (runs.values != TRANSPARENT)
    assert polygons.shape == (runs.height, runs.width)
    assert polygons.areas.sum() == polygons.counts.n_class == lengths[is_class].sum()
    assert polygons.counts.n_background == lengths[~is_class].sum()
    if runs.width * runs.height > HUGE:
        return
    pixels, values = opaque(runs), values_of(polygons)
    np.testing.assert_array_equal(swept(polygons, values), pixels)
    shapes = polygons.to_shapely()
    assert bool(shapely.is_valid(shapes).all())
    assert (shapely.area(shapes) == polygons.areas).all()
    if len(polygons) <= GDAL_POLYGONS:
        again = rasterio.features.rasterize(zip(shapes, values.tolist(), strict=True), polygons.shape, dtype=np.int64)
        np.testing.assert_array_equal(again, pixels)


@pytest.mark.parametrize("name", FILES)
def test_pixel_centers(shared_masks: Path, name: str) -> None:
    """At the default tolerance the vendor's reader gets every pixel: exteriors filled, holes cleared, in order."""
    runs = decoded(shared_masks / name)

    polygons = traced_runs(runs, None, TraceOptions(coordinates="pixel_centers"))

    assert (np.diff(polygons.ring_offsets) >= 3).all()
    if runs.width * runs.height > HUGE:
        assert polygons.points.min() >= 0
        assert (polygons.points.max(axis=0) < (runs.width, runs.height)).all()
        return
    image = np.zeros(polygons.shape, np.int32)
    rings = np.split(polygons.points, polygons.ring_offsets[1:-1])
    offsets = polygons.polygon_offsets.tolist()
    for first, last, value in zip(offsets[:-1], offsets[1:], values_of(polygons).tolist(), strict=True):
        cv2.fillPoly(image, [rings[first]], value)
        for hole in rings[first + 1 : last]:
            cv2.fillPoly(image, [hole], 0)
    np.testing.assert_array_equal(image, opaque(runs))


@pytest.mark.parametrize("tolerance", [1.0, 5.0])
@pytest.mark.parametrize("name", [name for name in FILES if "reencoded" not in name])
def test_shared_simplification(shared_masks: Path, name: str, tolerance: float) -> None:
    """Simplified: every polygon still there and valid, neighbours still flush."""
    runs = decoded(shared_masks / name)
    if runs.width * runs.height > HUGE or len(runs.starts) > 300_000:
        pytest.skip("checking this many polygons would take too long")

    polygons = traced_runs(runs, None, TraceOptions(tolerance))

    shapes = polygons.to_shapely()
    assert bool(shapely.is_valid(shapes).all())
    assert bool((shapely.area(shapes) > 0).all())
    following = np.arange(1, len(polygons.points) + 1)
    following[polygons.ring_offsets[1:] - 1] = polygons.ring_offsets[:-1]
    edges = np.hstack([polygons.points, polygons.points[following]])
    assert len(np.unique(edges, axis=0)) == len(edges), "two polygons are on the same side of one edge"
    if len(polygons) * len(polygons.points) <= COVERAGE_WORK:
        assert bool(shapely.coverage_is_valid(shapes))


def test_panoptic_areas_are_the_published_ones(shared_masks: Path) -> None:
    """COCO's own id, area and bounding box of every segment; ids are R + 256 G + 65536 B."""
    if JIT_OFF:
        pytest.skip("two photographs' masks take too long without the JIT")
    truth = json.loads((shared_masks / "coco_panoptic_truth" / "panoptic_examples.json").read_text())

    assert truth["annotations"]
    for annotation in truth["annotations"]:
        segments = {segment["id"]: segment for segment in annotation["segments_info"]}
        colors = {str(n): [n & 255, n >> 8 & 255, n >> 16] for n in segments}
        polygons = mask_to_polygons(shared_masks / "coco_panoptic" / annotation["file_name"], colors=colors)
        areas, boxes = polygons.areas, shapely.bounds(polygons.to_shapely())
        assert not polygons.counts.unknown
        for index, name in enumerate(polygons.class_names):
            segment, mine = segments[int(name)], polygons.class_indices == index
            (left, top), (right, bottom) = boxes[mine, :2].min(axis=0), boxes[mine, 2:].max(axis=0)
            assert areas[mine].sum() == segment["area"]
            assert [left, top, right - left, bottom - top] == segment["bbox"]


def test_lossy_masks_show_in_the_counts(shared_masks: Path) -> None:
    """A JPEG's classes have become thousands of colours: what is left has its class, the rest is counted as unknown."""
    if JIT_OFF:
        pytest.skip("a noisy mask takes too long without the JIT")
    exact = decode_mask((shared_masks / "reencoded" / "coco_panoptic_lossless.webp").read_bytes(), "rgb")
    classes = [(str(value), value) for value in np.unique(exact.values).tolist() if value]
    lossy = decode_mask((shared_masks / "reencoded" / "coco_panoptic_q75_420.jpg").read_bytes(), "rgb")

    polygons = traced_runs(lossy, ClassTable.of(classes), TraceOptions())

    counts = polygons.counts
    assert len(counts.unknown) > 1_000
    assert counts.n_unknown + counts.n_class + counts.n_background == counts.n_pixels
    assert list(counts.unknown.values()) == sorted(counts.unknown.values(), reverse=True)


@pytest.mark.parametrize(
    ("name", "tolerance", "before", "after"),
    [
        ("coco_panoptic_q95_444.jpg", 16, 0.10, 0.99),
        ("coco_panoptic_q75_420.jpg", 16, 0.10, 0.90),
        ("coco_panoptic_q80.webp", 16, 0.10, 0.93),
        ("coco_panoptic.bmp", 16, 1.0, 1.0),
    ],
)
def test_near_colours_bring_lossy_masks_back(
    shared_masks: Path, name: str, tolerance: int, before: float, after: float
) -> None:
    """The share of pixels that have their class again: all but those at borders, which smoothing has mixed."""
    if JIT_OFF:
        pytest.skip("a noisy mask takes too long without the JIT")
    exact = decode_mask((shared_masks / "reencoded" / "coco_panoptic_lossless.webp").read_bytes(), "rgb")
    known = KnownColors.of([(str(value), value) for value in np.unique(exact.values).tolist() if value], [], "rgb")
    lossy = decode_mask((shared_masks / "reencoded" / name).read_bytes(), "rgb")

    mended = snap(lossy, known, tolerance).runs

    is_right = [(runs_to_array(runs) == runs_to_array(exact)).mean() for runs in (lossy, mended)]
    assert is_right[0] <= before
    assert is_right[1] >= after


@pytest.mark.parametrize("name", ["README.md", "coco_panoptic_truth/panoptic_examples.json"])
def test_files_that_are_no_masks(shared_masks: Path, name: str) -> None:
    """They end in one clear error."""
    with pytest.raises(MaskError, match=r"so it is no PNG, TIFF, .*, \.npy or \.npz mask"):
        mask_to_polygons(shared_masks / name)
