"""Polygons of one ring each: which change, and what they become."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import oracles
import strategies
from prelabel.polygons.mask_to_polygons import mask_to_polygons
from prelabel.polygons.single_rings import count_holes, reordered, single_rings


@given(strategies.masks(), st.integers(0, 2**30), st.booleans())
def test_only_the_chosen_change(mask: np.ndarray, bits: int, keyhole: bool) -> None:
    """The others keep every ring; the chosen have one, of the exterior's area, or of the whole polygon's."""
    polygons = mask_to_polygons(mask)
    chosen = np.array([bool(bits >> (k % 30) & 1) for k in range(len(polygons))], bool)

    single = single_rings(polygons, chosen, keyhole=keyhole)

    assert len(single) == len(polygons)
    for was, now, is_chosen in zip(polygons, single, chosen.tolist(), strict=True):
        rings = [ring.tolist() for ring in (was.exterior, *was.holes)]
        if not is_chosen:
            assert [ring.tolist() for ring in (now.exterior, *now.holes)] == rings
            continue
        assert now.holes == ()
        kept = rings if keyhole else rings[:1]
        assert oracles.shoelace(now.exterior.tolist()) == sum(map(oracles.shoelace, kept))
    assert count_holes(polygons, chosen) == polygons.n_holes - single.n_holes
    assert count_holes(single, chosen) == 0
    if keyhole:
        np.testing.assert_array_equal(oracles.pixels_of(single.to_runs()), oracles.pixels_of(polygons.to_runs()))


@given(strategies.masks(), st.randoms(use_true_random=False))
def test_another_order(mask: np.ndarray, random: Any) -> None:
    """The same polygons, each with all that is its own."""
    polygons = mask_to_polygons(mask)
    order = list(range(len(polygons)))
    random.shuffle(order)

    other = reordered(polygons, np.array(order, np.intp))

    for place, index in enumerate(order):
        now, was = other[place], polygons[index]
        assert (now.class_name, now.object_index) == (was.class_name, was.object_index)
        assert other.areas[place] == polygons.areas[index]
        for ring, same in zip((now.exterior, *now.holes), (was.exterior, *was.holes), strict=True):
            np.testing.assert_array_equal(ring, same)


def test_nothing_to_change() -> None:
    """Without holes the very same polygons come back."""
    polygons = mask_to_polygons(np.ones((2, 2), np.uint8))

    assert single_rings(polygons, np.ones(1, bool), keyhole=True) is polygons
