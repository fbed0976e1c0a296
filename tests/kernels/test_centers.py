"""Pixel-centre rings against a walk along unit edges, and against the reader they are made for: cv2.fillPoly."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import cv2
import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

import oracles
import strategies
from prelabel.kernels.centers import move_to_pixels, pad_rings
from prelabel.kernels.pixel_runs import runs_from_array
from prelabel.kernels.traced_rings import trace_classes

SLOPES = np.array(
    [
        [0, 0, 0, 1, 0, 0, 0, 0],
        [0, 0, 1, 1, 1, 0, 0, 0],
        [0, 1, 1, 0, 1, 1, 1, 0],
        [1, 1, 0, 0, 0, 1, 1, 1],
        [0, 1, 1, 1, 0, 0, 1, 0],
        [0, 0, 0, 1, 1, 1, 1, 0],
    ],
    np.uint8,
)
ONE_HOLE = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], np.uint8)
LINE_HOLE = np.array([[1, 1, 1, 1, 1], [1, 0, 0, 0, 1], [1, 1, 1, 1, 1]], np.uint8)
CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)
BRANCHES = np.array([[1, 0, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 1, 0, 0]], np.uint8)


class Offsets(NamedTuple):
    """Where rings and polygons begin."""

    ring_offsets: np.ndarray
    polygon_offsets: np.ndarray


def exact_rings(mask: np.ndarray) -> tuple[np.ndarray, Offsets, np.ndarray]:
    """Return the mask's pixel-edge points, where its rings are, and each region's value."""
    traced = trace_classes(runs_from_array(mask))
    rings = traced.rings.without_straight()
    points, ring_offsets, _ = rings.polygons()
    return points, Offsets(ring_offsets, rings.polygon_offsets), traced.values.copy()


def split(points: np.ndarray, offsets: np.ndarray) -> list[np.ndarray]:
    """Return the rings one by one."""
    return [points[first:last] for first, last in itertools.pairwise(offsets)]


TRICKY = (SLOPES, ONE_HOLE, LINE_HOLE, CROSS, BRANCHES, 1 - SLOPES)
LINES = (np.ones((1, 1), np.uint8), np.ones((5, 1), np.uint8), np.ones((2, 2), np.uint8))
examples = strategies.examples(*((mask,) for mask in TRICKY + LINES))


def check_against_twin(points: np.ndarray, rings: Offsets) -> None:
    """Assert that, drawn step by step, each ring passes the twin's pixels in order, without straight middle points."""
    moved, offsets = move_to_pixels(points, rings.ring_offsets, rings.polygon_offsets)

    assert moved.dtype == offsets.dtype == np.int32
    exteriors = set(rings.polygon_offsets[:-1].tolist())
    for index, (edge_ring, ring) in enumerate(
        zip(split(points, rings.ring_offsets), split(moved, offsets), strict=True)
    ):
        twin = oracles.border_pixels([(x, y) for x, y in edge_ring.tolist()], hole=index not in exteriors)
        assert oracles.turned(oracles.steps_of(ring.tolist())) == oracles.turned(twin)
        if len(ring) > 2:
            before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
            assert (np.sign(before) != np.sign(after)).any(axis=1).all()


@examples
@given(strategies.masks())
def test_centre_rings_are_the_twin_s(mask: np.ndarray) -> None:
    """Pixel by pixel."""
    points, rings, _ = exact_rings(mask)

    check_against_twin(points, rings)


@given(strategies.masks(), st.integers(0, 40))
@example(SLOPES, 1)
@example(SLOPES, 5)
@example(SLOPES, 9)
def test_rings_may_begin_anywhere(mask: np.ndarray, turn: int) -> None:
    """In the middle of what becomes a straight piece, too."""
    points, rings, _ = exact_rings(mask)
    turned = [np.roll(ring, turn, axis=0) for ring in split(points, rings.ring_offsets)]

    check_against_twin(np.ascontiguousarray(np.concatenate([*turned, points[:0]])), rings)


@examples
@given(strategies.masks())
def test_the_vendors_reader_gets_the_mask_back(mask: np.ndarray) -> None:
    """Polygon by polygon: fill the exterior, borders included, clear the holes, go on."""
    points, rings, values = exact_rings(mask)
    moved, offsets = move_to_pixels(points, rings.ring_offsets, rings.polygon_offsets)
    padded, padded_offsets, n_padded = pad_rings(moved, offsets)

    image = np.zeros(mask.shape, np.uint8)
    drawn = split(padded, padded_offsets)
    for value, first, last in zip(
        values.tolist(), rings.polygon_offsets[:-1].tolist(), rings.polygon_offsets[1:].tolist(), strict=True
    ):
        cv2.fillPoly(image, [drawn[first]], value)
        for hole in drawn[first + 1 : last]:
            cv2.fillPoly(image, [hole], 0)

    np.testing.assert_array_equal(image, mask)
    assert n_padded == len(padded) - len(moved) == sum(max(0, 3 - len(ring)) for ring in split(moved, offsets))


@given(strategies.masks())
@example(np.ones((1, 1), np.uint8))
@example(np.ones((1, 2), np.uint8))
@example(np.zeros((1, 2), np.uint8))
def test_padding(mask: np.ndarray) -> None:
    """Rings come out as they were, the last point of short ones repeated; all have three points then."""
    points, rings, _ = exact_rings(mask)
    moved, offsets = move_to_pixels(points, rings.ring_offsets, rings.polygon_offsets)

    padded, padded_offsets, _ = pad_rings(moved, offsets)

    for ring, longer in zip(split(moved, offsets), split(padded, padded_offsets), strict=True):
        expected = ring.tolist()
        while len(expected) < 3:
            expected.append(expected[-1])
        assert longer.tolist() == expected


def test_one_pixel_and_one_line() -> None:
    """Their rings have one and two points, as there are no more."""
    points, rings, _ = exact_rings(np.array([[1, 0, 2, 2, 2]], np.uint8))

    moved, offsets = move_to_pixels(points, rings.ring_offsets, rings.polygon_offsets)

    assert [sorted(ring.tolist()) for ring in split(moved, offsets)] == [[[0, 0]], [[2, 0], [4, 0]]]
