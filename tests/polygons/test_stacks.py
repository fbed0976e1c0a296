"""Stacks of binary masks: told from colours, a plane an object, overlaps kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as np_st

from polygons.tracing import trace_options
from prelabel.errors import MaskError
from prelabel.kernels.pixel_runs import runs_from_array, runs_to_array
from prelabel.polygons.class_table import class_table
from prelabel.polygons.single_rings import reordered
from prelabel.polygons.stacks import is_stack, stack_to_polygons
from prelabel.polygons.trace import TraceOptions, trace

if TYPE_CHECKING:
    from prelabel.polygons.polygons import Polygons

SQUARE = np.zeros((5, 7), bool)
SQUARE[1:4, 1:4] = True
STACK = np.stack([SQUARE, np.zeros_like(SQUARE), np.roll(SQUARE, 1, axis=1), SQUARE & ~np.roll(SQUARE, 1, axis=0)])

stacks = np_st.arrays(bool, st.tuples(st.integers(0, 4), st.integers(1, 8), st.integers(1, 8)))


def traced(stack: Any, colors: Any = None, **options: Any) -> Polygons:
    """Trace a stack."""
    return stack_to_polygons(stack, *class_table(colors), TraceOptions(**options))


@pytest.mark.parametrize(
    ("shape", "dtype", "expected"),
    [
        ((5, 8, 9), bool, True),
        ((2, 8, 3), bool, True),
        ((3, 8, 4), bool, True),
        ((5, 8, 9), np.uint8, True),
        ((2, 8, 2), np.int64, True),
        ((0, 8, 3), bool, True),
        ((5, 8, 1), bool, False),
        ((5, 8, 1), np.uint8, False),
        ((1, 8, 9), bool, True),
        ((5, 8, 3), np.uint8, False),
        ((5, 8, 4), np.int64, False),
        ((5, 8), bool, False),
        ((1, 5, 8, 9), bool, False),
    ],
)
def test_stacks_are_told_from_colours(shape: tuple[int, ...], dtype: Any, expected: bool) -> None:
    """Three axes, and no channel of its own nor, but for bools, three or four; or where the caller says so."""
    array = np.zeros(shape, dtype)

    assert is_stack(array, always=False) == expected
    assert is_stack(array, always=True) == (len(shape) == 3)


@pytest.mark.parametrize(
    ("shape", "dtype"), [((40, 50, 3), bool), ((40, 50, 4), bool), ((40, 50, 2), np.uint8), ((90, 80, 7), np.int64)]
)
def test_planes_that_may_come_last_are_refused(shape: tuple[int, ...], dtype: Any) -> None:
    """Taken as they stand they would be cut into rows, without a word."""
    array = np.zeros(shape, dtype)

    with pytest.raises(MaskError) as caught:
        is_stack(array, always=False)

    assert f"looks like height x width x {shape[2]}" in str(caught.value)
    assert "np.moveaxis(mask, -1, 0), or stacks=True" in str(caught.value)
    assert caught.value.shape == shape
    assert is_stack(array, always=True)
    assert is_stack(np.moveaxis(array, -1, 0), always=False)


@pytest.mark.parametrize("mask", [b"PNG", "mask.png", {"size": [2, 2], "counts": [4]}, [[[True]]], None])
def test_what_is_no_array_is_no_stack(mask: Any) -> None:
    """Files, paths and run lengths are masks; nested lists are left to numpy, as a mask."""
    assert not is_stack(mask, always=True)


@given(stacks, trace_options)
def test_each_plane_is_traced_by_itself(stack: np.ndarray, options: TraceOptions) -> None:
    """Its polygons are those of the plane alone, its number is their object, and counts are those of all planes."""
    polygons = stack_to_polygons(stack, None, None, options)

    assert polygons.shape == stack.shape[1:]
    assert polygons.may_overlap
    totals = {"n_pixels": 0, "n_class": 0, "n_background": 0, "n_small": 0}
    for number, plane in enumerate(stack):
        alone = trace(runs_from_array(plane), None, options)
        members = np.flatnonzero(polygons.object_indices == number)
        own = reordered(polygons, members)
        for name in ("points", "ring_offsets", "polygon_offsets", "areas"):
            assert getattr(own, name).tolist() == getattr(alone, name).tolist()
            assert getattr(polygons, name).dtype == getattr(alone, name).dtype
        totals = {name: total + getattr(alone.counts, name) for name, total in totals.items()}
    assert {name: getattr(polygons.counts, name) for name in totals} == totals
    assert polygons.class_names == (("1",) if len(polygons) else ())
    assert set(polygons.class_indices.tolist()) <= {0}
    assert (np.diff(polygons.object_indices) >= 0).all()


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.uint32, np.int64])
def test_dtypes_of_stacks(dtype: Any) -> None:
    """Bools, and all integers that are 0 or 1."""
    assert traced(STACK.astype(dtype)).points.tolist() == traced(STACK).points.tolist()


@pytest.mark.parametrize("segmentation", ["rle", "auto"])
def test_overlapping_objects_are_whole_in_coco(segmentation: Any) -> None:
    """Each object's run lengths are its plane, whatever lies over it; so are areas and boxes."""
    ring = SQUARE.copy()
    ring[2, 2] = False
    stack = np.stack([ring, SQUARE, ring])

    annotations = traced(stack).to_coco(segmentation=segmentation)

    assert [each["area"] for each in annotations] == [8, 9, 8]
    for plane, each in zip(stack, annotations, strict=True):
        assert each["bbox"] == [1, 1, 3, 3]
        if "counts" in each["segmentation"]:
            from prelabel.masks.decoders.coco_rle import from_coco_rle  # noqa: PLC0415 - as its users do

            np.testing.assert_array_equal(runs_to_array(from_coco_rle(each["segmentation"])), plane)


def test_classes_of_stacks() -> None:
    """A name for 1; where 1 has none, its pixels are unknown, of all planes together."""
    named, unnamed = traced(STACK, {"cell": [1]}), traced(STACK, {"cell": [7]})

    assert named.class_names == unnamed.class_names == ("cell",)
    assert named.counts.n_class == STACK.sum()
    assert dict(unnamed.counts.unknown) == {1: STACK.sum()}
    assert len(unnamed) == 0


def test_masked_pixels_are_background() -> None:
    """As in a mask."""
    hidden = np.ma.masked_array(STACK, mask=np.roll(STACK, 1, axis=2))

    assert traced(hidden).points.tolist() == traced(STACK & ~np.roll(STACK, 1, axis=2)).points.tolist()


def test_a_stack_of_no_planes() -> None:
    """Nothing was found in the picture: no polygons, and its size."""
    polygons = traced(np.zeros((0, 4, 5), bool))

    assert (len(polygons), polygons.shape, polygons.counts.n_pixels) == (0, (4, 5), 0)
    assert polygons.to_coco() == []


@pytest.mark.parametrize(
    ("stack", "colors", "part"),
    [
        (np.full((2, 3, 5), 255, np.uint8), None, "holds bools, or 0 and 1; got numbers from 255 to 255: compare it"),
        (np.full((2, 3, 5), 7), None, "threshold first, or give each mask by itself"),
        (np.full((1, 3, 5), 7), None, "threshold first, or give mask[0] if it is one mask of classes"),
        (np.full((2, 3, 5), -1), None, "got numbers from -1 to -1"),
        (np.zeros((2, 3, 5)), None, "got float64"),
        (np.zeros((2, 0, 5), bool), None, "at least one pixel; got a stack of shape (2, 0, 5)"),
        (STACK, {"cell": [0, 0, 1]}, "colors are [r, g, b]: give colors as [1]"),
    ],
)
def test_stacks_that_cannot_be(stack: np.ndarray, colors: Any, part: str) -> None:
    """The message says what it holds and what would be right."""
    with pytest.raises(MaskError) as caught:
        traced(stack, colors)

    assert part in str(caught.value)
    assert caught.value.shape == stack.shape
