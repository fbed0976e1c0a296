"""Arcs from anchor to anchor, and chords that would lie on another border, against lists and sets."""

from __future__ import annotations

from itertools import pairwise, permutations
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import strategies
from prelabel.kernels._jit import RO_I4, RO_U1, RO_XY, kernel
from prelabel.kernels.arcs import EDGES, PLACE, RING, is_edge, is_noted, is_on_frame, list_arcs, note_edge
from ring_checks import TRICKY, trace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.kernels.rings import Rings
    from prelabel.model import Int32Array

tricky_masks = strategies.examples(*((mask,) for mask in TRICKY))


@kernel("uint64(int32[::1], int32[:, ::1], uint64, uint64, uint64)")
def note(heads: Int32Array, notes: Int32Array, n_notes: int, a: int, b: int) -> int:
    """Call it from compiled code, the only place it can be called from."""
    return note_edge(heads, notes, n_notes, a, b)


@kernel("boolean(int32[::1], int32[:, ::1], uint64, uint64)")
def ask_noted(heads: Int32Array, notes: Int32Array, a: int, b: int) -> bool:
    """Likewise."""
    return is_noted(heads, notes, a, b)


@kernel(f"boolean({RO_XY}, uint64, uint64)")
def ask_frame(xy: Int32Array, a: int, b: int) -> bool:
    """Likewise."""
    return is_on_frame(xy, a, b)


@kernel(f"boolean({RO_U1}, {RO_XY}, {RO_I4}, uint64, uint64)")
def ask_edge(anchors: NDArray[np.uint8], xy: Int32Array, vertex_rows: Int32Array, a: int, b: int) -> bool:
    """Likewise."""
    return is_edge(anchors, xy, vertex_rows, a, b)


@kernel(f"uint64({RO_U1}, {RO_I4}, {RO_I4}, int32[:, ::1])")
def list_them(anchors: NDArray[np.uint8], nodes: Int32Array, ring_offsets: Int32Array, arcs: Int32Array) -> int:
    """Likewise."""
    return list_arcs(anchors, nodes, ring_offsets, arcs)


def arcs_of(rings: Rings) -> list[list[int]]:
    """Return each arc's nodes, both ends included, slowly."""
    arcs = []
    for first, last in pairwise(rings.ring_offsets.tolist()):
        ring = rings.nodes[first:last].tolist()
        places = [place for place, node in enumerate(ring) if rings.anchors[node]] or [0]
        around = [*places, places[0] + len(ring)]
        arcs += [[(2 * ring + ring[:1])[k] for k in range(place, end + 1)] for place, end in pairwise(around)]
    return arcs


@given(
    st.lists(st.sampled_from([0, 0, 6, 15]), min_size=9, max_size=9),
    st.lists(st.lists(st.integers(0, 8), min_size=1, max_size=9), max_size=4),
)
def test_rings_are_cut_at_anchors(flags: list[int], rings: list[list[int]]) -> None:
    """An arc begins at each anchor of a ring, or at the first node of a ring without one; single edges are left out."""
    nodes: NDArray[np.int32] = np.array([node for ring in rings for node in ring], np.int32)
    ring_offsets = np.cumsum([0, *map(len, rings)]).astype(np.int32)
    arcs = np.full((len(nodes) + 1, 3), -1, np.int32)

    n_arcs = int(list_them(np.array(flags, np.uint8), nodes, ring_offsets, arcs))

    expected = []
    for index, (first, ring) in enumerate(zip(ring_offsets.tolist(), rings, strict=False)):
        begins = [place for place, node in enumerate(ring) if flags[node]] or [0]
        lengths = [end - begin for begin, end in pairwise([*begins, begins[0] + len(ring)])]
        expected += [(first + begin, n, index) for begin, n in zip(begins, lengths, strict=True) if n > 1]
    assert [tuple(arc) for arc in arcs[:n_arcs][:, [PLACE, EDGES, RING]].tolist()] == expected


@tricky_masks
@given(strategies.full_masks())
def test_two_regions_share_each_arc(mask: np.ndarray) -> None:
    """Where no background is, every arc is there once more in the other direction, but on the frame."""
    rings = trace(mask + (mask == 0))
    listed = np.empty((len(rings.nodes) + 1, 3), np.int32)

    n_listed = int(list_them(rings.anchors, rings.nodes, rings.ring_offsets, listed))

    arcs = arcs_of(rings)
    assert listed[:n_listed, EDGES].tolist() == [len(arc) - 1 for arc in arcs if len(arc) > 2]
    there = {frozenset(pairwise(arc)) for arc in arcs}
    back = {frozenset(pairwise(arc[::-1])) for arc in arcs}
    for arc in there - back:
        ends = rings.xy[[node for edge in arc for node in edge]]
        sides = [(ends == 0).all(axis=0), (ends == rings.xy[-1]).all(axis=0)]
        assert np.any(sides), "an arc of one region only does not lie on the frame"


@tricky_masks
@given(strategies.masks(max_side=7))
def test_chords_that_would_lie_on_an_edge_or_the_frame(mask: np.ndarray) -> None:
    """Two anchors are the ends of an edge just where an arc is a single edge; edges of the frame count either way."""
    rings = trace(mask)
    anchors = np.flatnonzero(rings.anchors).tolist()
    edges = {frozenset(arc) for arc in arcs_of(rings) if len(arc) == 2}

    for a, b in permutations(anchors[:12], 2):
        on_frame = any(
            rings.xy[a, axis] == rings.xy[b, axis] == side for axis in (0, 1) for side in (0, mask.shape[1 - axis])
        )
        assert ask_frame(rings.xy, a, b) == on_frame
        found = ask_edge(rings.anchors, rings.xy, rings.vertex_rows, a, b)
        assert found == ({a, b} in edges) or on_frame


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=20))
def test_arcs_that_have_become_edges_are_known_from_both_ends(noted: list[tuple[int, int]]) -> None:
    """Between the two ends of an arc that was noted, from either of them; nowhere else."""
    heads, notes, n_notes = np.full(9, -1, np.int32), np.empty((2 * len(noted), 2), np.int32), 0

    for a, b in noted:
        n_notes = note(heads, notes, n_notes, a, b)

    ends = [{a, b} for a, b in noted]
    assert n_notes == 2 * len(noted)
    for a, b in permutations(range(9), 2):
        assert ask_noted(heads, notes, a, b) == ({a, b} in ends)
