"""Coordinates to JSON against the json module."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

import oracles
from prelabel.kernels.digits import polygons_to_json

coordinate = st.one_of(
    st.integers(0, 2**31 - 1), st.sampled_from((0, 9, 10, 99, 100, 999, 1000, 2**31 - 1)), st.integers(0, 3000)
)
ring = st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=6)
polygon_lists = st.lists(st.lists(ring, min_size=1, max_size=4), max_size=5)


@given(polygon_lists, st.booleans())
@example([], True)
@example([], False)
@example([[[(0, 0)]]], True)
@example([[[(0, 0)]]], False)
@example([[[(0, 0)], [(0, 0)], [(0, 0)]]], True)
@example([[[(0, 0)]], [[(2147483647, 2147483647)] * 3] * 3], True)
@example([[[(0, 0)]], [[(2147483647, 2147483647)] * 3] * 3], False)
@example([[[(9, 9)] * 3]] * 40, True)
def test_json_is_the_json_module_s(polygons: list[list[oracles.Ring]], zones: bool) -> None:
    """Byte by byte, as zones with their holes and as single rings, however few and long the numbers are."""
    rings = [ring for rings in polygons for ring in rings]
    points = np.array([point for ring in rings for point in ring], np.int32).reshape(-1, 2)
    ring_offsets = np.cumsum([0, *map(len, rings)]).astype(np.int32)
    polygon_offsets = np.cumsum([0, *map(len, polygons)]).astype(np.int32)

    text, offsets = polygons_to_json(points, ring_offsets, polygon_offsets, zones=zones)

    expected = [oracles.to_json(rings, zones=zones) for rings in polygons]
    assert text == b"".join(expected)
    assert [text[first:last] for first, last in itertools.pairwise(offsets)] == expected
