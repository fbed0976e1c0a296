"""Chains: the stretch of a ring that is being simplified, copied out of it with its coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_XY, U8, inner
from prelabel.kernels.scratch import scratch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array

    Int64Array = NDArray[np.int64]

# The rows of a chain: the vertex of each of its positions, and where that is.
NODE, X, Y = 0, 1, 2
CHAIN = "int64[:, ::1]"

_SHORT = 4096  # nodes: memory for as many is kept


@inner(f"uint64({CHAIN}, uint8[::1], {RO_XY}, {RO_I4}, uint64, uint64, uint64, uint64)", inline=True)
def load_chain(
    chain: Int64Array,
    chain_kept: NDArray[np.uint8],
    xy: Int32Array,
    nodes: Int32Array,
    first: int,
    end: int,
    at: int,
    n: int,
) -> int:
    """Copy a stretch of a ring to positions 0 to ``n``, all kept. Returns the place in ``nodes`` behind it.

    Args:
        chain: int64, 3 x more than ``n``, written.
        chain_kept: uint8, one per position, written: 1.
        xy, nodes: the vertices, and those of all rings.
        first, end: the ring's places in ``nodes``.
        at: the place to begin with; the ring goes on at ``first`` when it ends.
        n: edges of the stretch.
    """
    for k in range(n + U8(1)):
        node = U8(nodes[at])
        chain[NODE, k], chain[X, k], chain[Y, k] = node, xy[node, 0], xy[node, 1]
        chain_kept[k] = 1
        at = at + U8(1) if at + U8(1) < end else first
    return at


def room_for_longest(ring_offsets: Int32Array) -> tuple[Int64Array, NDArray[np.uint8], Int32Array]:
    """Return a chain, what of it is kept, and a stack that the longest ring fits in; good until the next call."""
    if ring_offsets[-1] <= _SHORT:  # as all rings together do: looking for the longest would cost more
        return scratch.together("chain", _SHORT, _room)
    return _room(int(np.diff(ring_offsets).max()))


def _room(n_nodes: int) -> tuple[Int64Array, NDArray[np.uint8], Int32Array]:
    """Make room for a ring of so many nodes."""
    n = n_nodes + 1
    return np.empty((3, n), np.int64), np.empty(n, np.uint8), np.empty(n, np.int32)
