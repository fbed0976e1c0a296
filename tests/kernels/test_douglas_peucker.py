"""Chains simplified, against a twin that looks at every node before it takes a chord."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import oracles
import strategies
from prelabel.kernels._jit import RO_I4, RO_XY, kernel
from prelabel.kernels.chains import CHAIN
from prelabel.kernels.douglas_peucker import reduce_chain
from ring_checks import TOLERANCES, trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from prelabel.model import Int32Array

NOTHING = np.empty((0, 2), np.int32), np.empty(0, np.int32)
points = st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15)), min_size=2, max_size=25)


@kernel(
    f"UniTuple(int64, 2)({CHAIN}, uint8[::1], int64, int64, boolean, {RO_XY}, {RO_I4}, float64, uint8[::1], int32[::1],"
    " int32[::1])"
)
def reduce(
    chain: NDArray[np.int64],
    kept: NDArray[np.uint8],
    first: int,
    last: int,
    must_bend: bool,
    xy: Int32Array,
    vertex_rows: Int32Array,
    tolerance: float,
    standing: NDArray[np.uint8],
    positions: Int32Array,
    stack: Int32Array,
) -> tuple[int, int]:
    """Call it from compiled code, the only place it can be called from."""
    return reduce_chain(chain, kept, first, last, must_bend, xy, vertex_rows, tolerance, standing, positions, stack)


def unhindered(nodes: Sequence[int], places: list[oracles.Point], tolerance: float, must_bend: bool) -> list[int]:
    """Reduce a chain with nothing in its way; returns the positions that stay."""
    chain = np.array([nodes, *zip(*places, strict=True)], np.int64)
    n = len(nodes)
    kept, scratch = np.ones(n, np.uint8), np.empty(n, np.int32)

    _, n_gone = reduce(chain, kept, 0, n - 1, must_bend, *NOTHING, tolerance, np.empty(0, np.uint8), scratch, scratch)

    assert n_gone == n - kept.sum()
    return np.flatnonzero(kept).tolist()


@given(points, st.sampled_from(TOLERANCES), st.booleans())
def test_an_open_chain_is_the_twin_s(places: list[oracles.Point], tolerance: float, must_bend: bool) -> None:
    """With nothing in its way it is what the textbook makes of it, at least one bend if it must have one."""
    kept = unhindered(range(len(places)), places, tolerance, must_bend)

    assert [places[k] for k in kept] == oracles.douglas_peucker(places, tolerance, must_bend=must_bend)


@given(points.filter(lambda ring: len(ring) > 2), st.sampled_from(TOLERANCES))
def test_a_ring_is_the_twin_s(ring: list[oracles.Point], tolerance: float) -> None:
    """Its two ends are one node: it is cut at the node farthest from there, and three corners stay."""
    kept = unhindered([*range(len(ring)), 0], [*ring, ring[0]], tolerance, must_bend=False)

    assert [ring[k] for k in kept[:-1]] == oracles.douglas_peucker_ring(ring, tolerance)
    assert len(kept) > 3


class SlowReducer:
    """Reduces a piece of chain node by node.

    Args:
        places: where each node is.
        standing: the nodes that stand; those that go are taken out.
        tolerance: pixels.
    """

    def __init__(self, places: list[oracles.Point], standing: set[int], tolerance: float) -> None:
        self.places = places
        self.standing = standing
        self.tolerance = tolerance
        self.n_refused = 0

    def reduced(self, nodes: list[int], *, must_bend: bool = False) -> list[int]:
        """Return the nodes of an open piece that stay."""
        if len(nodes) < 3:
            return nodes
        piece = [self.places[node] for node in nodes]
        split, most = oracles.farthest(piece)
        if most <= Fraction(self.tolerance) ** 2:
            others = self.standing - set(nodes)
            if not must_bend and not any(oracles.lies_between(self.places[node], piece) for node in others):
                self.standing -= set(nodes[1:-1])
                return [nodes[0], nodes[-1]]
            self.n_refused += 1
        return self.reduced(nodes[: split + 1])[:-1] + self.reduced(nodes[split:])

    def ring(self, ring: list[int]) -> list[int]:
        """Return the nodes of a ring that stay, the first one at both ends."""
        closed = [*ring, ring[0]]
        split, _ = oracles.farthest([self.places[node] for node in closed])
        there = self.reduced(closed[: split + 1], must_bend=split == len(ring) - 1)
        return there[:-1] + self.reduced(closed[split:], must_bend=len(there) == 2)


@settings(max_examples=300)  # few of any pieces have something in their way
@given(strategies.masks(max_side=10), st.sampled_from(TOLERANCES), st.booleans(), st.booleans(), st.data())
def test_what_stands_in_the_way(
    mask: np.ndarray, tolerance: float, is_ring: bool, must_bend: bool, data: st.DataObject
) -> None:
    """Any piece of any ring among all others, and whole rings: the same nodes go, as many chords are refused."""
    rings = trace(mask)
    assume(len(rings.nodes))
    number = data.draw(st.integers(0, len(rings.ring_offsets) - 2))
    ring = rings.nodes[rings.ring_offsets[number] : rings.ring_offsets[number + 1]]
    nodes: list[int] = np.roll(ring, data.draw(st.integers(0, len(ring) - 1))).tolist()
    first, last, n = 0, len(nodes), len(rings.xy)
    if not is_ring:
        first = data.draw(st.integers(0, len(nodes) - 2))
        last = data.draw(st.integers(first + 1, len(nodes) - 1))
    closed = [*nodes, nodes[0]]
    chain = np.ascontiguousarray(np.vstack([closed, rings.xy[closed].T]), np.int64)
    kept, standing, stack = np.ones(len(closed), np.uint8), np.ones(n, np.uint8), np.empty(len(closed), np.int32)
    positions = np.full(n, data.draw(st.integers(-(2**31), 2**31 - 1) | st.integers(0, 20)), np.int32)  # of any content
    twin = SlowReducer([(x, y) for x, y in rings.xy.tolist()], set(range(n)), tolerance)

    n_refused, n_gone = reduce(
        chain, kept, first, last, must_bend and not is_ring, rings.xy, rings.vertex_rows, tolerance, standing,
        positions, stack,
    )  # fmt: skip

    stay = twin.ring(nodes) if is_ring else twin.reduced(nodes[first : last + 1], must_bend=must_bend)
    assert [closed[k] for k in range(first, last + 1) if kept[k]] == stay
    assert kept[:first].all()
    assert kept[last:].all()
    assert set(np.flatnonzero(standing).tolist()) == twin.standing
    assert (n_refused, n_gone) == (twin.n_refused, last + 1 - first - len(stay))
