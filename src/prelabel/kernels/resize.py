"""Runs of a mask at another size, by nearest neighbour; no pixels are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_I8, RO_U4, kernel
from prelabel.model import Runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array, UInt32Array


@kernel(f"void({RO_I4}, {RO_I4}, {RO_U4}, int64, {RO_I4}, {RO_I8}, boolean, int32[::1], int32[::1], uint32[::1])")
def _sample_rows(
    row_offsets: Int32Array,
    starts: Int32Array,
    values: UInt32Array,
    width: int,
    first_columns: Int32Array,
    rows: NDArray[np.int64],
    write: bool,
    out_offsets: Int32Array,
    out_starts: Int32Array,
    out_values: UInt32Array,
) -> None:
    """Go over the sampled rows: a run goes on to where the next one is first sampled; runs nowhere sampled drop out.

    Args:
        row_offsets, starts, values: the runs.
        width: columns of the result.
        first_columns: int32, one per column of the mask: the first column of the result at it or right of it.
        rows: int64, one per row of the result: the row of the mask sampled there.
        write: False only counts runs, into ``out_offsets[y + 1]``; True writes them from ``out_offsets[y]`` on.
        out_offsets: int32, rows of the result + 1.
        out_starts, out_values: written.
    """
    for y in range(len(rows)):
        n = np.int64(0)
        last_value = np.uint32(0)
        place = np.int64(out_offsets[y])
        end = row_offsets[rows[y] + 1]
        for i in range(row_offsets[rows[y]], end):
            x = first_columns[starts[i]]
            next_x = first_columns[starts[i + 1]] if i + 1 < end else width
            if x < next_x and (n == 0 or values[i] != last_value):
                last_value = values[i]
                if write:
                    out_starts[place + n] = x
                    out_values[place + n] = last_value
                n += 1
        if not write:
            out_offsets[y + 1] = n


def resized(runs: Runs, shape: tuple[int, int], *, max_runs: int = 2**31 - 1) -> Runs:
    """Return a mask at another size: each pixel has the value under its centre.

    Pixel x of ``width`` samples column ``floor((x + 1/2) * runs.width / width)``, in whole numbers, and rows alike. So
    do Pillow's ``NEAREST`` and OpenCV's ``INTER_NEAREST_EXACT``, up to their rounding where a centre falls on an edge;
    OpenCV's ``INTER_NEAREST`` samples at the pixels' upper left corners.

    Args:
        runs: the mask.
        shape: (height, width) of the result, at least 1 each.
        max_runs: more are not made.

    Returns:
        The runs. The cost goes with the runs of all rows of the result.

    Raises:
        OverflowError: there are more than ``max_runs``.
    """
    height, width = shape
    rows = _sampled(runs.height, height)
    first_columns = np.searchsorted(_sampled(runs.width, width), np.arange(runs.width)).astype(np.int32)
    offsets, nothing = np.zeros(height + 1, np.int32), np.empty(0, np.int32)
    source = (runs.row_offsets, runs.starts, runs.values, width, first_columns, rows)
    _sample_rows(*source, False, offsets, nothing, np.empty(0, np.uint32))
    n_runs = int(offsets.sum(dtype=np.int64))
    if n_runs > max_runs:
        raise OverflowError(f"there are more than {max_runs} runs")
    np.cumsum(offsets, out=offsets)
    starts, values = np.empty(n_runs, np.int32), np.empty(n_runs, np.uint32)
    _sample_rows(*source, True, offsets, starts, values)
    return Runs(width, offsets, starts, values)


def _sampled(n_from: int, n_to: int) -> NDArray[np.int64]:
    """Return int64, one per place of the result: the place sampled there."""
    return (2 * np.arange(n_to, dtype=np.int64) + 1) * n_from // (2 * n_to)
