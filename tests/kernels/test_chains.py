"""Stretches copied out of rings, against lists turned round."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prelabel.kernels._jit import RO_I4, RO_XY, kernel
from prelabel.kernels.chains import CHAIN, load_chain, room_for_longest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array


@kernel(f"uint64({CHAIN}, uint8[::1], {RO_XY}, {RO_I4}, uint64, uint64, uint64, uint64)")
def load(
    chain: NDArray[np.int64],
    kept: NDArray[np.uint8],
    xy: Int32Array,
    nodes: Int32Array,
    first: int,
    end: int,
    at: int,
    n: int,
) -> int:
    """Call it from compiled code, the only place it can be called from."""
    return load_chain(chain, kept, xy, nodes, first, end, at, n)


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=8), min_size=1, max_size=4), st.data())
def test_a_stretch_of_a_ring(rings: list[list[int]], data: st.DataObject) -> None:
    """Its nodes and where they are, across the ring's end too; all kept, and nothing behind it is written."""
    xy = np.array([(100 + node, 7 * node) for node in range(10)], np.int32)
    offsets = np.cumsum([0, *map(len, rings)])
    number = data.draw(st.integers(0, len(rings) - 1))
    ring, first = rings[number], int(offsets[number])
    start, n = data.draw(st.integers(0, len(ring) - 1)), data.draw(st.integers(0, len(ring)))
    chain, kept = np.full((3, 10), -1, np.int64), np.full(10, 9, np.uint8)
    nodes = np.array([node for each in rings for node in each], np.int32)

    behind = load(chain, kept, xy, nodes, first, first + len(ring), first + start, n)

    stretch = (3 * ring)[start : start + n + 1]
    assert chain[:, : n + 1].tolist() == [stretch, [100 + node for node in stretch], [7 * node for node in stretch]]
    assert kept.tolist() == [1] * (n + 1) + [9] * (9 - n)
    assert (chain[:, n + 1 :] == -1).all()
    assert behind == first + (start + n + 1) % len(ring)


@given(st.lists(st.integers(1, 30) | st.integers(1, 100_000), max_size=5))
def test_room_for_the_longest(lengths: list[int]) -> None:
    """One position more than the longest ring has nodes; without any ring there is room all the same."""
    chain, kept, stack = room_for_longest(np.cumsum([0, *lengths]).astype(np.int32))

    room = len(stack)
    assert room > max(lengths, default=0)
    assert [each.shape for each in (chain, kept)] == [(3, room), (room,)]
    assert [str(each.dtype) for each in (chain, kept, stack)] == ["int64", "uint8", "int32"]
