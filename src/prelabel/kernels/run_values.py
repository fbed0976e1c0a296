"""Runs with other values, and their lengths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_U4, kernel
from prelabel.model import Runs

if TYPE_CHECKING:
    from prelabel.model import Int32Array, UInt32Array


@kernel(f"int64(int64, {RO_I4}, {RO_I4}, {RO_U4}, int32[::1], int32[::1], uint32[::1])")
def _merge_equal(
    height: int,
    row_offsets: Int32Array,
    starts: Int32Array,
    values: UInt32Array,
    out_offsets: Int32Array,
    out_starts: Int32Array,
    out_values: UInt32Array,
) -> int:
    """Copy runs, joining neighbours of one row that have the same value. Returns the number written."""
    n_out = 0
    for y in range(height):
        out_offsets[y] = n_out
        for i in range(row_offsets[y], row_offsets[y + 1]):
            if i == row_offsets[y] or values[i] != out_values[n_out - 1]:
                out_starts[n_out] = starts[i]
                out_values[n_out] = values[i]
                n_out += 1
    out_offsets[height] = n_out
    return np.int64(n_out)


def with_values(runs: Runs, values: UInt32Array) -> Runs:
    """Return the runs with other values, neighbours of equal value joined.

    Args:
        runs: the mask.
        values: uint32, one per run.

    Returns:
        New runs; the given arrays are not changed.
    """
    out_offsets = np.empty_like(runs.row_offsets)
    out_starts, out_values = np.empty_like(runs.starts), np.empty_like(values)
    n_runs = _merge_equal(runs.height, runs.row_offsets, runs.starts, values, out_offsets, out_starts, out_values)
    return Runs(runs.width, out_offsets, out_starts[:n_runs], out_values[:n_runs])


@kernel(f"void(int64, {RO_I4}, {RO_I4}, int32[::1])")
def _run_lengths(width: int, row_offsets: Int32Array, starts: Int32Array, lengths: Int32Array) -> None:
    """Write each run's number of pixels."""
    for y in range(len(row_offsets) - 1):
        end = row_offsets[y + 1]
        for i in range(row_offsets[y], end):
            lengths[i] = (starts[i + 1] if i + 1 < end else width) - starts[i]


def run_lengths(runs: Runs) -> Int32Array:
    """Return int32, one per run: its number of pixels."""
    lengths = np.empty(len(runs.starts), np.int32)
    _run_lengths(runs.width, runs.row_offsets, runs.starts, lengths)
    return lengths
