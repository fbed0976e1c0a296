"""Groups of polygons against a dict of lists."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from prelabel.kernels.object_groups import group_polygons


def twin(classes: list[int], owners: list[int], has_one_ring: list[bool], *, by_class: bool) -> list[list[int]]:
    """The polygons of each object, in the order of the objects' first ones."""
    groups: dict[tuple[str, int], list[int]] = {}
    for polygon, (of_class, owner) in enumerate(zip(classes, owners, strict=True)):
        shared = ("class", of_class) if by_class else ("owner", owner)
        groups.setdefault(("alone", polygon) if has_one_ring[of_class] else shared, []).append(polygon)
    return list(groups.values())


@given(st.lists(st.integers(0, 9), max_size=40), st.lists(st.booleans(), min_size=10, max_size=10), st.booleans())
@example([], [True] * 10, False)
@example([3, 1, 3, 0, 1], [False] * 10, True)
@example([3, 1, 3, 0, 1], [False] * 10, False)
def test_groups(owners: list[int], has_one_ring: list[bool], by_class: bool) -> None:
    """By class, by owner, and each alone where the class's tool has one ring."""
    classes = [owner // 3 for owner in owners]  # the polygons of one owner are of one class

    order, offsets = group_polygons(
        np.array(classes, np.int32), np.array(owners, np.int32), np.array(has_one_ring, np.uint8), by_class=by_class
    )

    groups = [order[first:last].tolist() for first, last in pairwise(offsets.tolist())]
    assert groups == twin(classes, owners, has_one_ring, by_class=by_class)
    assert order.dtype == offsets.dtype == np.int32
