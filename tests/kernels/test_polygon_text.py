"""The room that JSON needs, against the JSON itself; what is written there is tested with the kernels that write it."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

import oracles
from prelabel.kernels.polygon_text import DIGITS, N_DIGITS, N_TABLED, room_for

ring = st.lists(st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 99)), min_size=1, max_size=4)


@given(st.lists(st.lists(ring, min_size=1, max_size=3), max_size=4))
@example([])
@example([[[(2**31 - 1, 2**31 - 1)]]] * 3)
def test_there_is_room(polygons: list[list[oracles.Ring]]) -> None:
    """For zones, which take more than rings, whatever the numbers."""
    rings = [ring for rings in polygons for ring in rings]
    points = np.array([point for ring in rings for point in ring], np.int32).reshape(-1, 2)
    ring_offsets, polygon_offsets = (np.cumsum([0, *map(len, parts)]).astype(np.int32) for parts in (rings, polygons))

    room = room_for(points, ring_offsets, polygon_offsets)

    assert sum(len(oracles.to_json(rings, zones=True)) for rings in polygons) <= room


def test_tabled_digits() -> None:
    """Each number's digits, left-justified, and how many they are."""
    texts = [text.tobytes()[:n].decode() for text, n in zip(DIGITS, N_DIGITS.tolist(), strict=True)]
    assert texts == [str(number) for number in range(N_TABLED)]
