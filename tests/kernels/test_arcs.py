"""Arcs from anchor to anchor, and chords that would lie on another border, against lists and sets."""

from __future__ import annotations

from itertools import pairwise, permutations
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import strategies
from prelabel.kernels._jit import RO_I4, RO_U1, RO_XY, kernel
from prelabel.kernels.arcs import are_twins, lay_out_arcs, list_arcs, note_straight, rank_anchors
from ring_checks import TRICKY, trace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.kernels.rings import Rings
    from prelabel.model import Int32Array

tricky_masks = strategies.examples(*((mask,) for mask in TRICKY))


@kernel(f"void({RO_XY}, int32[::1], {RO_I4}, uint64, uint64, uint64, uint64)")
def note(xy: Int32Array, straight: Int32Array, ranks: Int32Array, a: int, after_a: int, before_b: int, b: int) -> None:
    """Call it from compiled code, the only place it can be called from."""
    note_straight(xy, straight, ranks, a, after_a, before_b, b)


@kernel(f"boolean({RO_XY}, int32[::1], uint64, uint64, uint64)")
def ask(xy: Int32Array, straight: Int32Array, rank: int, a: int, b: int) -> bool:
    """Likewise."""
    return are_twins(xy, straight, rank, a, b)


@kernel(f"int64({RO_U1}, int32[::1])")
def rank(anchors: NDArray[np.uint8], ranks: Int32Array) -> int:
    """Likewise."""
    return rank_anchors(anchors, ranks)


@kernel(f"void({RO_U1}, {RO_I4}, {RO_I4}, int32[::1], int32[::1])")
def list_them(
    anchors: NDArray[np.uint8], nodes: Int32Array, ring_offsets: Int32Array, arcs: Int32Array, arc_offsets: Int32Array
) -> None:
    """Likewise."""
    list_arcs(anchors, nodes, ring_offsets, arcs, arc_offsets)


def arcs_of(rings: Rings) -> list[list[int]]:
    """Return each arc's nodes, both ends included, slowly."""
    arcs = []
    for first, last in pairwise(rings.ring_offsets.tolist()):
        ring = rings.nodes[first:last].tolist()
        places = [place for place, node in enumerate(ring) if rings.anchors[node]] or [0]
        around = [*places, places[0] + len(ring)]
        arcs += [[(2 * ring + ring[:1])[k] for k in range(place, end + 1)] for place, end in pairwise(around)]
    return arcs


@given(st.lists(st.booleans(), max_size=40))
def test_anchors_are_numbered(flags: list[bool]) -> None:
    """From 0 in the order of nodes, with no number left out."""
    anchors, ranks = np.array(flags, np.uint8), np.empty(len(flags), np.int32)

    assert rank(anchors, ranks) == sum(flags)
    assert ranks[anchors == 1].tolist() == list(range(sum(flags)))


@given(
    st.lists(st.booleans(), min_size=9, max_size=9),
    st.lists(st.lists(st.integers(0, 8), min_size=1, max_size=9), max_size=4),
)
def test_rings_are_cut_at_anchors(flags: list[bool], rings: list[list[int]]) -> None:
    """An arc begins at each anchor of a ring, and at the first node of a ring without one."""
    nodes: NDArray[np.int32] = np.array([node for ring in rings for node in ring], np.int32)
    ring_offsets = np.cumsum([0, *map(len, rings)]).astype(np.int32)
    arcs, arc_offsets = np.full(len(nodes) + 1, -1, np.int32), np.full(len(rings) + 1, -1, np.int32)

    list_them(np.array(flags, np.uint8), nodes, ring_offsets, arcs, arc_offsets)

    begins = [
        [first + place for place, node in enumerate(ring) if flags[node]] or [first]
        for first, ring in zip(ring_offsets.tolist(), rings, strict=False)
    ]
    assert arc_offsets.tolist() == np.cumsum([0, *map(len, begins)]).tolist()
    assert arcs[: arc_offsets[-1]].tolist() == [place for ring in begins for place in ring]


@tricky_masks
@given(strategies.full_masks())
def test_two_regions_share_each_arc(mask: np.ndarray) -> None:
    """Where no background is, every arc is there once more in the other direction, but on the frame."""
    rings = trace(mask + (mask == 0))
    arcs, offsets = np.empty(len(rings.nodes) + 1, np.int32), np.empty(len(rings.ring_offsets), np.int32)

    list_them(rings.anchors, rings.nodes, rings.ring_offsets, arcs, offsets)

    assert offsets[-1] == len(arcs_of(rings))
    there = {frozenset(pairwise(arc)) for arc in arcs_of(rings)}
    back = {frozenset(pairwise(arc[::-1])) for arc in arcs_of(rings)}
    for arc in there - back:
        ends = rings.xy[[node for edge in arc for node in edge]]
        sides = [(ends == 0).all(axis=0), (ends == rings.xy[-1]).all(axis=0)]
        assert np.any(sides), "an arc of one region only does not lie on the frame"


@given(strategies.masks(max_side=7), st.data())
def test_chords_that_would_lie_on_another_border(mask: np.ndarray, data: st.DataObject) -> None:
    """Between the two ends of an arc that was noted, from either of them, and along the frame; nowhere else."""
    rings = trace(mask)
    anchors, ranks = np.flatnonzero(rings.anchors).tolist(), np.empty(len(rings.anchors), np.int32)
    straight = np.full(4 * rank(rings.anchors, ranks), -1, np.int32)
    arcs = [arc for arc in arcs_of(rings) if rings.anchors[arc[0]]]
    noted = [arc for arc in arcs if data.draw(st.booleans())]
    for arc in noted:
        note(rings.xy, straight, ranks, arc[0], arc[1], arc[-2], arc[-1])
    ends = [{arc[0], arc[-1]} for arc in noted]

    for a, b in permutations(anchors[:12], 2):
        on_frame = any(
            rings.xy[a, axis] == rings.xy[b, axis] == side for axis in (0, 1) for side in (0, mask.shape[1 - axis])
        )
        assert ask(rings.xy, straight, int(ranks[a]), a, b) == (on_frame or {a, b} in ends)


@tricky_masks
@given(strategies.masks())
def test_all_is_laid_out_in_one_call(mask: np.ndarray) -> None:
    """Ranks and arcs are those of the single steps; scratch is filled as far as it is used, and no further."""
    rings = trace(mask)
    n_vertices, n_nodes = len(rings.anchors), len(rings.nodes)
    ranks, expected_ranks = np.empty((2, n_vertices), np.int32)
    arcs, offsets, expected_arcs, expected_offsets = np.full((4, n_nodes + 1), 7, np.int32)
    straight, (standing, done) = np.full(4 * n_vertices + 1, 7, np.int32), np.full((2, n_vertices + 1), 7, np.uint8)
    n_anchors = rank(rings.anchors, expected_ranks)
    list_them(rings.anchors, rings.nodes, rings.ring_offsets, expected_arcs, expected_offsets)

    lay_out_arcs(rings.anchors, rings.nodes, rings.ring_offsets, ranks, arcs, offsets, straight, standing, done)

    assert ranks.tolist() == expected_ranks.tolist()
    assert arcs.tolist() == expected_arcs.tolist()
    assert offsets.tolist() == expected_offsets.tolist()
    assert straight.tolist() == [-1] * 4 * n_anchors + [7] * (4 * (n_vertices - n_anchors) + 1)
    assert standing.tolist() == [1] * n_vertices + [7]
    assert done.tolist() == [0] * n_vertices + [7]
