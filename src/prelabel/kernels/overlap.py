"""Pictures against pictures: where two of one size agree, value by value. For proofs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_U4, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array, Runs, UInt32Array


@kernel(f"int64(int64, {RO_I4}, {RO_I4}, {RO_U4}, {RO_I4}, {RO_I4}, {RO_U4}, int64[::1], int64[::1], int64[::1])")
def _compare(
    width: int,
    a_offsets: Int32Array,
    a_starts: Int32Array,
    a_values: UInt32Array,
    b_offsets: Int32Array,
    b_starts: Int32Array,
    b_values: UInt32Array,
    n_a: NDArray[np.int64],
    n_b: NDArray[np.int64],
    n_both: NDArray[np.int64],
) -> int:
    """Count pixels by value in a, in b, and in both. Returns the number of pixels that differ."""
    n_wrong = np.int64(0)
    for y in range(len(a_offsets) - 1):
        i, i_end, j, j_end = a_offsets[y], a_offsets[y + 1], b_offsets[y], b_offsets[y + 1]
        x = np.int64(0)
        while x < width:
            next_a = np.int64(a_starts[i + 1]) if i + 1 < i_end else width
            next_b = np.int64(b_starts[j + 1]) if j + 1 < j_end else width
            end = min(next_a, next_b)
            a, b = a_values[i], b_values[j]
            n_a[a] += end - x
            n_b[b] += end - x
            if a == b:
                n_both[a] += end - x
            else:
                n_wrong += end - x
            i += end == next_a
            j += end == next_b
            x = end
    return n_wrong


class Overlap(NamedTuple):
    """Two pictures on top of each other.

    Attributes:
        n_wrong: pixels that differ.
        n_first, n_second, n_both: int64, one per value: pixels that have it in the first, in the second, in both.
    """

    n_wrong: int
    n_first: NDArray[np.int64]
    n_second: NDArray[np.int64]
    n_both: NDArray[np.int64]


def overlap(first: Runs, second: Runs, n_values: int) -> Overlap:
    """Count where two pictures of one size agree; all values are below ``n_values``."""
    n_first, n_second, n_both = np.zeros((3, n_values), np.int64)
    n_wrong = _compare(
        first.width,
        first.row_offsets,
        first.starts,
        first.values,
        second.row_offsets,
        second.starts,
        second.values,
        n_first,
        n_second,
        n_both,
    )
    return Overlap(n_wrong, n_first, n_second, n_both)
