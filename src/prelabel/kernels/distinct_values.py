"""Distinct values in ascending order: finding a value's place, and those of regions, where there are few."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_U4, U8, inner

if TYPE_CHECKING:
    from prelabel.model import Int32Array, UInt32Array


@inner(f"uint64({RO_U4}, uint64, uint32)")
def place_of(distinct: UInt32Array, n: int, value: int) -> int:
    """Return the place of the first of ``n`` ascending values that is not less than this one; ``n`` if none is."""
    first, end, one = U8(0), n, U8(1)
    while first < end:
        middle = (first + end) >> one
        if distinct[middle] < value:
            first = middle + one
        else:
            end = middle
    return first


@inner(f"int64({RO_U4}, uint32[::1], int32[::1])")
def rank_values(values: UInt32Array, distinct: UInt32Array, ranks: Int32Array) -> int:
    """List the distinct values in ascending order, by insertion: for as few as a mask has classes.

    Args:
        values: uint32, any.
        distinct: uint32, as many as there may be, written.
        ranks: int32, one per value, written: its place among the distinct ones.

    Returns:
        How many there are; -1 where they are more than there is room for, and ranks are of no use.
    """
    n_distinct, one = U8(0), U8(1)
    for k in range(U8(len(values))):
        value = values[k]
        first = place_of(distinct, n_distinct, value)
        if first == n_distinct or distinct[first] != value:
            if n_distinct == U8(len(distinct)):
                return -1
            for place in range(n_distinct, first, -1):
                distinct[U8(place)] = distinct[U8(place) - one]
            distinct[first] = value
            n_distinct += one
    for k in range(U8(len(values))):
        ranks[k] = place_of(distinct, n_distinct, values[k])
    return np.int64(n_distinct)
