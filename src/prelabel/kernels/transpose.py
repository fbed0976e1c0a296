"""Runs by row to runs by column, which is how COCO counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_U4, kernel
from prelabel.model import Runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array, UInt32Array


@kernel(f"void(int64, {RO_I4}, {RO_I4}, {RO_U4}, boolean, int64[::1], int32[::1], uint32[::1])")
def _walk_changes(
    width: int,
    row_offsets: Int32Array,
    starts: Int32Array,
    values: UInt32Array,
    write: bool,
    cursors: NDArray[np.int64],
    out_starts: Int32Array,
    out_values: UInt32Array,
) -> None:
    """Go over every pixel that differs from the one above it: there a column's run starts.

    Args:
        width, row_offsets, starts, values: the runs.
        write: False only counts, True writes as well.
        cursors: int64, one per column, counted up: runs of it so far, or the place of its next run.
        out_starts, out_values: written: y of a run's first pixel, and its value.
    """
    for y in range(len(row_offsets) - 1):
        i, i_end = row_offsets[max(y - 1, 0)], row_offsets[max(y - 1, 0) + 1]
        j, j_end = row_offsets[y], row_offsets[y + 1]
        x = np.int64(0)
        while x < width:
            next_above = np.int64(starts[i + 1]) if i + 1 < i_end else width
            next_here = np.int64(starts[j + 1]) if j + 1 < j_end else width
            end = min(next_above, next_here)
            if y == 0 or values[i] != values[j]:
                for column in range(x, end):
                    if write:
                        out_starts[cursors[column]] = y
                        out_values[cursors[column]] = values[j]
                    cursors[column] += 1
            i += end == next_above
            j += end == next_here
            x = end


def transposed(runs: Runs, *, max_runs: int = 2**31 - 1) -> Runs:
    """Return the mask with rows and columns swapped; costs what its vertical changes cost, no pixels are made.

    Args:
        runs: the mask.
        max_runs: more are not made.

    Returns:
        Its transpose: row x of it is column x of the mask.

    Raises:
        OverflowError: it has more than ``max_runs``.
    """
    counts, nothing = np.zeros(runs.width, np.int64), np.empty(0, np.int32)
    _walk_changes(
        runs.width, runs.row_offsets, runs.starts, runs.values, False, counts, nothing, np.empty(0, np.uint32)
    )
    offsets = np.zeros(runs.width + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    if offsets[-1] > max_runs:
        raise OverflowError(f"there are more than {max_runs} runs")
    starts, values = np.empty(offsets[-1], np.int32), np.empty(offsets[-1], np.uint32)
    cursors = offsets[:-1].copy()
    _walk_changes(runs.width, runs.row_offsets, runs.starts, runs.values, True, cursors, starts, values)
    return Runs(runs.height, offsets.astype(np.int32), starts, values)
