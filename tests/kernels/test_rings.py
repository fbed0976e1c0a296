"""What is read out of rings: points, areas, and rings without straight anchors."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import oracles
import strategies
from ring_checks import TRICKY, lists_of, trace

JUNCTION = np.array([[1, 1, 1], [2, 2, 3], [2, 2, 3]], np.uint8)
tricky_masks = strategies.examples(*((mask,) for mask in TRICKY))


def test_straight_anchor_is_kept_only_where_asked() -> None:
    """Region 1 runs straight over the place where regions 2 and 3 meet."""
    rings = trace(JUNCTION)

    kept, plain = lists_of(rings)[0], lists_of(rings.without_straight())[0]

    assert sorted(kept.tolist()) == [[0, 0], [0, 1], [2, 1], [3, 0], [3, 1]]
    assert sorted(plain.tolist()) == [[0, 0], [0, 1], [3, 0], [3, 1]]


@given(strategies.masks(), st.data())
def test_nodes_that_go(mask: np.ndarray, data: st.DataObject) -> None:
    """Nodes marked 0 are left out, ring by ring; areas are still those of all nodes."""
    rings = trace(mask)
    n = len(rings.nodes)
    kept = np.frombuffer(data.draw(st.binary(min_size=n, max_size=n)), np.uint8) & np.uint8(1)

    points, offsets, areas = rings.polygons(kept)
    _, _, all_areas = rings.polygons()

    starts = rings.ring_offsets.tolist()
    for ring, (first, last) in zip(rings.order.tolist(), pairwise(offsets), strict=True):
        places = range(starts[ring], starts[ring + 1])
        assert points[first:last].tolist() == [rings.xy[rings.nodes[k]].tolist() for k in places if kept[k]]
    assert areas.tolist() == all_areas.tolist()


@tricky_masks
@given(strategies.masks())
def test_areas_are_pixels(mask: np.ndarray) -> None:
    """By region, in scan order."""
    rings = trace(mask)

    labels = oracles.components(oracles.packed(mask))
    assert rings.polygons()[2].tolist() == np.bincount(labels.ravel())[1:].tolist()
