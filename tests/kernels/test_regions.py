"""The union-find forest, and the regions and objects that it comes to, against sets that are merged one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kernels import inner_steps
from prelabel.kernels._jit import kernel
from prelabel.kernels.regions import join_corners, join_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prelabel.model import UInt32Array

N = 12


@kernel("void(uint32[::1], uint64, uint64)")
def join(parents: UInt32Array, i: int, j: int) -> None:
    """Call it from compiled code, the only place it can be called from."""
    join_numbers(parents, i, j)


def merged(things: Iterable[int], pairs: list[tuple[int, int]]) -> list[set[int]]:
    """Merge the sets of each pair; the sets come in the order of their first members."""
    sets = [{thing} for thing in things]
    for one, other in pairs:
        touched = [group for group in sets if group & {one, other}]
        sets = [group for group in sets if group not in touched] + [set().union(*touched)]
    return sorted(sets, key=min)


def pairs_of(first: int, last: int) -> st.SearchStrategy[list[tuple[int, int]]]:
    """Pairs of numbers."""
    return st.lists(st.tuples(st.integers(first, last), st.integers(first, last)), max_size=2 * N)


@given(pairs_of(1, N))
def test_regions_are_the_merged_sets(pairs: list[tuple[int, int]]) -> None:
    """Numbered from 1, in the order of their first numbers, with the first one's value; 0 stays 0."""
    parents = np.arange(N + 1, dtype=np.uint32)
    for one, other in pairs:
        join(parents, one, other)
    regions, values = np.full(N + 1, 99, np.int32), np.zeros(N, np.uint32)

    n_regions = inner_steps.number(N, parents, np.arange(100, 101 + N, dtype=np.uint32), regions, values)

    sets = merged(range(1, N + 1), pairs)
    assert n_regions == len(sets)
    assert [{*np.flatnonzero(regions == 1 + place).tolist()} for place in range(n_regions)] == sets
    assert values[:n_regions].tolist() == [100 + min(group) for group in sets]
    assert regions[0] == 0


# Of run i the number is i, as if each had its own; numbers 1 to N are regions 1 + (number - 1) // 2.
LABELS = np.arange(N + 1, dtype=np.int32)
REGIONS = np.array([0, *(1 + number // 2 for number in range(N))], np.int32)


@given(pairs_of(1, N))
def test_objects_are_regions_that_touch(pairs: list[tuple[int, int]]) -> None:
    """Numbered from 0, in scan order; a region that touches itself changes nothing."""
    saddles = np.array([[0, 0, one, other] for one, other in pairs], np.uint32).ravel()
    objects = np.full(N // 2, 99, np.int32)

    join_corners(len(saddles), saddles, LABELS, REGIONS, objects)

    sets = merged(range(N // 2), [(REGIONS[one] - 1, REGIONS[other] - 1) for one, other in pairs])
    found = [{*np.flatnonzero(objects == place).tolist()} for place in range(len(sets))]
    assert found == sets


@given(pairs_of(1, N), st.permutations(range(4 * N)), st.integers(0, N))
def test_bends_of_one_region_go_on_with_each_other_s(
    pairs: list[tuple[int, int]], bends: list[int], n_used: int
) -> None:
    """Across a corner where both pixels are of one region the ways out change places; vertices and all others stay."""
    drawn = [(bends[2 * k], bends[2 * k + 1], *pair) for k, pair in enumerate(pairs)]
    saddles = np.array(drawn, np.uint32).ravel()
    linked = np.array([(1000 + bend) << 32 | bend for bend in range(4 * N)], np.int64)
    n_used = min(n_used, len(drawn))

    inner_steps.join(4 * n_used, saddles, LABELS, REGIONS, linked.view(np.uint32))

    expected = list(range(4 * N))
    for first, second, one, other in drawn[:n_used]:
        if REGIONS[one] == REGIONS[other]:
            expected[first], expected[second] = second, first
    assert (linked & 0xFFFFFFFF).tolist() == expected
    assert (linked >> 32).tolist() == list(range(1000, 1000 + 4 * N))
