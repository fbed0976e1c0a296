"""Values to classes, by a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_U4, U8, kernel
from prelabel.kernels.distinct_values import place_of
from prelabel.kernels.scratch import scratch
from prelabel.model import TRANSPARENT, Runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array, UInt32Array

IGNORED, UNKNOWN = 0xFFFFFFFE, 0xFFFFFFFD
"""What a table of classes says of values that are left out on purpose; and what is said of those it does not have."""

N_RECENT = 256


@kernel(
    f"int64(int64, {RO_I4}, {RO_I4}, {RO_U4}, {RO_U4}, {RO_U4}, uint32[::1], int32[::1], int32[::1], uint32[::1],"
    " int64[::1])"
)
def _classify(
    width: int,
    row_offsets: Int32Array,
    starts: Int32Array,
    values: UInt32Array,
    keys: UInt32Array,
    targets: UInt32Array,
    recent: UInt32Array,
    out_offsets: Int32Array,
    out_starts: Int32Array,
    out_values: UInt32Array,
    n_pixels: NDArray[np.int64],
) -> int:
    """Translate the runs' values, join neighbours that become equal, and count the pixels of each kind.

    A direct-mapped table of recent answers comes before the binary search: masks hold few values, over and over.

    Args:
        width, row_offsets, starts, values: the runs.
        keys, targets: uint32: what each value that is a key becomes, keys ascending.
        recent: uint32 scratch, 2 x N_RECENT: recent values and their answers.
        out_offsets, out_starts, out_values: the new runs, written.
        n_pixels: int64, 4, written: pixels of a class, ignored, unknown, background.

    Returns:
        The number of runs written.
    """
    for slot in range(N_RECENT):  # with values that belong elsewhere
        recent[slot] = 1 if slot == 0 else 0
    answers, n_keys = U8(N_RECENT), U8(len(keys))
    n_out, one = U8(0), U8(1)
    n_class = n_ignored = n_unknown = np.int64(0)
    for y in range(len(row_offsets) - 1):
        out_offsets[y] = n_out
        begin, end = U8(row_offsets[y]), U8(row_offsets[y + 1])
        last = np.uint32(UNKNOWN)
        for i in range(begin, end):
            value = values[i]
            slot = U8((value ^ (value >> np.uint32(8)) ^ (value >> np.uint32(16))) & np.uint32(N_RECENT - 1))
            if recent[slot] != value:
                k = place_of(keys, n_keys, value)
                is_known = k < n_keys and keys[k] == value
                is_background = value == 0 or value == np.uint32(TRANSPARENT)
                recent[answers + slot] = targets[k] if is_known else np.uint32(0 if is_background else UNKNOWN)
                recent[slot] = value
            target = recent[answers + slot]
            length = np.int64(starts[i + one] if i + one < end else width) - np.int64(starts[i])
            n_ignored += length * (target == np.uint32(IGNORED))
            n_unknown += length * (target == np.uint32(UNKNOWN))
            target = target if target < np.uint32(UNKNOWN) else np.uint32(0)
            n_class += length * (target != 0)
            out_starts[n_out], out_values[n_out] = starts[i], target
            n_out += U8(target != last)
            last = target
    out_offsets[len(row_offsets) - 1] = n_out
    n_pixels[0], n_pixels[1], n_pixels[2] = n_class, n_ignored, n_unknown
    n_pixels[3] = np.int64(width) * (len(row_offsets) - 1) - n_class - n_ignored - n_unknown
    return np.int64(n_out)


def classify_runs(runs: Runs, keys: UInt32Array, targets: UInt32Array) -> tuple[Runs, tuple[int, int, int, int]]:
    """Turn values into classes.

    Args:
        runs: the mask.
        keys: uint32, ascending, no repeats: the values that are known.
        targets: uint32, one per key: its class from 1, or ``IGNORED``.

    Returns:
        The mask with classes, 0 where there is none, and how many pixels have a class, are ignored, have a value that
        is no key, and are background: 0 or transparent, and no key.
    """
    out_offsets = np.empty(len(runs.row_offsets), np.int32)
    out_starts, out_values = np.empty(len(runs.starts) + 1, np.int32), np.empty(len(runs.starts) + 1, np.uint32)
    n_pixels = np.empty(4, np.int64)
    n_runs = _classify(
        runs.width,
        runs.row_offsets,
        runs.starts,
        runs.values,
        keys,
        targets,
        scratch.at_least("recent", 2 * N_RECENT, np.uint32),
        out_offsets,
        out_starts,
        out_values,
        n_pixels,
    )
    n_class, n_ignored, n_unknown, n_background = n_pixels.tolist()
    classes = Runs(runs.width, out_offsets, out_starts[:n_runs], out_values[:n_runs])
    return classes, (n_class, n_ignored, n_unknown, n_background)
