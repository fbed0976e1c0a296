"""The search for nodes between a piece of chain and its chord, against a look at every node."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import oracles
import strategies
from prelabel.kernels._jit import RO_I4, RO_XY, kernel
from prelabel.kernels.chains import CHAIN
from prelabel.kernels.clearance import is_clear
from ring_checks import ISLAND_IN_BAY, trace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array


@kernel(f"boolean({CHAIN}, uint64, uint64, {RO_XY}, {RO_I4}, float64, uint8[::1], int32[::1])")
def ask(
    chain: NDArray[np.int64],
    first: int,
    last: int,
    xy: Int32Array,
    vertex_rows: Int32Array,
    tolerance: float,
    standing: NDArray[np.uint8],
    positions: Int32Array,
) -> bool:
    """Call it from compiled code, the only place it can be called from."""
    return is_clear(chain, first, last, xy, vertex_rows, tolerance, standing, positions)


@settings(max_examples=300)  # few of any pieces have something in their way
@given(strategies.masks(), st.sampled_from((1.0, 1.5, 4.0)), st.data())
def test_nodes_in_the_way_are_found(mask: np.ndarray, room: float, data: st.DataObject) -> None:
    """Of any piece of any ring: whether another node that stands is between it and its chord, or on the chord."""
    rings = trace(mask)
    assume(len(rings.nodes))
    number = data.draw(st.integers(0, len(rings.ring_offsets) - 2))
    ring = rings.nodes[rings.ring_offsets[number] : rings.ring_offsets[number + 1]]
    ring = np.roll(ring, data.draw(st.integers(0, len(ring) - 1)))
    chain = np.ascontiguousarray(np.vstack([ring, rings.xy[ring].T]), np.int64)
    first = data.draw(st.integers(0, len(ring) - 3))
    last = data.draw(st.integers(first + 2, len(ring) - 1))
    n = len(rings.xy)
    standing = np.frombuffer(data.draw(st.just(b"\1" * n) | st.binary(min_size=n, max_size=n)), np.uint8) & np.uint8(1)
    positions = np.full(n, data.draw(st.integers(-(2**31), 2**31 - 1) | st.integers(0, 20)), np.int32)  # of any content
    positions[ring] = range(len(ring))
    piece = chain[1:, first : last + 1].T.tolist()
    tolerance = room * math.sqrt(oracles.farthest(piece)[1])

    clear = ask(chain, first, last, rings.xy, rings.vertex_rows, tolerance, standing, positions)

    others = set(np.flatnonzero(standing).tolist()) - set(ring[first : last + 1].tolist())
    assert clear == (not any(oracles.lies_between(rings.xy[node].tolist(), piece) for node in others))


@pytest.mark.parametrize(("gone", "clear"), [([], False), ([4], False), ([4, 5], True)])
def test_what_is_gone_is_not_in_the_way(gone: list[int], clear: bool) -> None:
    """Two corners of an island lie on the chord over a bay: as long as one of them stands, there is no room."""
    rings = trace(ISLAND_IN_BAY)
    places = [tuple(place) for place in rings.xy.tolist()]
    ring = [places.index(place) for place in [(0, 3), (1, 3), (1, 2), (8, 2), (8, 3), (9, 3)]]
    chain = np.ascontiguousarray(np.vstack([ring, rings.xy[ring].T]), np.int64)
    standing = np.array([place not in {(x, 3) for x in gone} for place in places], np.uint8)
    positions = np.array([ring.index(node) if node in ring else 0 for node in range(len(places))], np.int32)

    assert ask(chain, 0, 5, rings.xy, rings.vertex_rows, 1.0, standing, positions) == clear
