"""Pixels counted by value: background, and values that are no class's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_U4, U8, inner, kernel
from prelabel.kernels.distinct_values import place_of
from prelabel.model import TRANSPARENT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array, Runs, UInt32Array


@inner(f"UniTuple(int64, 2)(int64, {RO_I4}, {RO_I4}, {RO_U4})")
def count_runs(width: int, row_offsets: Int32Array, starts: Int32Array, values: UInt32Array) -> tuple[int, int]:
    """Count the pixels of value 0, and the transparent ones."""
    n_zero = n_transparent = np.int64(0)
    one = U8(1)
    for y in range(len(row_offsets) - 1):
        begin, end = U8(row_offsets[y]), U8(row_offsets[y + 1])
        for i in range(begin, end):
            length = np.int64(starts[i + one] if i + one < end else width) - np.int64(starts[i])
            n_zero += length * (values[i] == 0)
            n_transparent += length * (values[i] == np.uint32(TRANSPARENT))
    return n_zero, n_transparent


@kernel(f"int64(int64, {RO_I4}, {RO_I4}, {RO_U4}, {RO_U4}, uint32[::1], int64[::1])")
def _count_unknown(
    width: int,
    row_offsets: Int32Array,
    starts: Int32Array,
    values: UInt32Array,
    keys: UInt32Array,
    slot_values: UInt32Array,
    slot_pixels: NDArray[np.int64],
) -> int:
    """Add up the pixels of each value that is no key, 0 and transparent ones left out: a hash table, probed in line.

    Args:
        width, row_offsets, starts, values: the runs.
        keys: uint32, ascending.
        slot_values: uint32, a power of two of slots, written.
        slot_pixels: int64, likewise, zeros, written: 0 for an empty slot, -1 for a key's.

    Returns:
        The number of slots in use; one more than half of them when there is no room for all values.
    """
    mask, n_used, n_keys, one = U8(len(slot_values) - 1), 0, U8(len(keys)), U8(1)
    for y in range(len(row_offsets) - 1):
        begin, end = U8(row_offsets[y]), U8(row_offsets[y + 1])
        for i in range(begin, end):
            value = values[i]
            if value == 0 or value == np.uint32(TRANSPARENT):
                continue
            slot = ((U8(value) * U8(0x9E3779B1)) >> U8(15)) & mask
            while slot_pixels[slot] != 0 and slot_values[slot] != value:
                slot = (slot + one) & mask
            if slot_pixels[slot] == 0:
                n_used += 1
                if n_used > len(slot_values) >> 1:
                    return n_used
                k = place_of(keys, n_keys, value)
                slot_values[slot] = value
                slot_pixels[slot] = -1 if k < n_keys and keys[k] == value else 0
            if slot_pixels[slot] >= 0:
                slot_pixels[slot] += np.int64(starts[i + one] if i + one < end else width) - np.int64(starts[i])
    return n_used


def count_unknown(runs: Runs, keys: UInt32Array) -> tuple[UInt32Array, NDArray[np.int64]]:
    """Return the values that are no key, most pixels first, and how many pixels each has; not 0 and transparent.

    Args:
        runs: the mask.
        keys: uint32, ascending.
    """
    n_slots = 1 << 10
    while True:
        values, pixels = np.empty(n_slots, np.uint32), np.zeros(n_slots, np.int64)
        n_used = _count_unknown(runs.width, runs.row_offsets, runs.starts, runs.values, keys, values, pixels)
        if n_used <= n_slots >> 1:
            break
        n_slots <<= 3
    values, pixels = values[pixels > 0], pixels[pixels > 0]
    order = np.lexsort((values, -pixels))
    return values[order], pixels[order]
