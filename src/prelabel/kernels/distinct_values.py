"""Distinct values in ascending order: finding a value's place, and those of regions, where there are few."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_U4, U8, inner

if TYPE_CHECKING:
    from prelabel.model import Int32Array, UInt32Array

MOST_INSERTED, MAX_INSERTED = 64, 4096
"""Distinct values, and values in all, up to which insertion is quicker than sorting."""

N_RANKED = 1 << 16
"""Values below may be marked, which takes room for each of them."""

N_MARKED = 256
"""Values below are small; others are if there are not many more of them than of what is to be ranked."""


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


@inner(f"int64({RO_U4}, uint32[::1], int32[::1], int32[::1])")
def rank_values(values: UInt32Array, distinct: UInt32Array, ranks: Int32Array, marks: Int32Array) -> int:
    """List the distinct values in ascending order: small ones by marking them, others by insertion, if they are few.

    Args:
        values: uint32, any.
        distinct: uint32, as long as ``marks``, written.
        ranks: int32, one per value, written: its place among the distinct ones.
        marks: int32 scratch, one for each value that is small, of any content.

    Returns:
        How many there are; -1 where they are neither small nor few, and ranks are of no use.
    """
    largest = np.uint32(0)
    for k in range(U8(len(values))):
        largest = max(largest, values[k])
    if U8(largest) < min(U8(len(marks)), U8(N_MARKED) + U8(8 * len(values))):
        return _mark_values(values, U8(largest) + U8(1), distinct, ranks, marks)
    return _insert_values(values, distinct, ranks) if len(values) <= MAX_INSERTED else -1


@inner(f"int64({RO_U4}, uint64, uint32[::1], int32[::1], int32[::1])")
def _mark_values(values: UInt32Array, end: int, distinct: UInt32Array, ranks: Int32Array, marks: Int32Array) -> int:
    """List distinct values that are less than ``end``; see :func:`rank_values`."""
    n_distinct, one = U8(0), U8(1)
    for value in range(end):
        marks[value] = 0
    for k in range(U8(len(values))):
        marks[U8(values[k])] = 1
    for value in range(end):
        is_there = U8(marks[value])
        distinct[n_distinct], marks[value] = value, n_distinct
        n_distinct += is_there & one
    for k in range(U8(len(values))):
        ranks[k] = marks[U8(values[k])]
    return np.int64(n_distinct)


@inner(f"int64({RO_U4}, uint32[::1], int32[::1])")
def _insert_values(values: UInt32Array, distinct: UInt32Array, ranks: Int32Array) -> int:
    """List distinct values in ascending order by insertion, as many as a mask has classes; see :func:`rank_values`."""
    n_distinct, one = U8(0), U8(1)
    for k in range(U8(len(values))):
        value = values[k]
        first = place_of(distinct, n_distinct, value)
        if first == n_distinct or distinct[first] != value:
            if n_distinct == U8(MOST_INSERTED):
                return -1
            for place in range(n_distinct, first, -1):
                distinct[U8(place)] = distinct[U8(place) - one]
            distinct[first] = value
            n_distinct += one
    for k in range(U8(len(values))):
        ranks[k] = place_of(distinct, n_distinct, values[k])
    return np.int64(n_distinct)
