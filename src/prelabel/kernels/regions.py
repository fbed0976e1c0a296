"""Runs to regions: connected components of equal value, background left out (design.md section 4).

Union-find over the runs of adjacent rows, as in L. Lacassagne and A. B. Zavidovique, "Light speed labeling for RISC
architectures" (2009), with path halving; the smaller root wins, so roots come in scan order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prelabel.kernels._jit import kernel, read_only
from prelabel.kernels.scratch import scratch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array, Runs, UInt32Array

RO_I4 = read_only("int32")
RO_U4 = read_only("uint32")


# Indices are unsigned in here: numba then leaves out the test for negative ones.
U8 = np.uint64


@kernel("uint32(uint32[::1], uint32)")
def _root(parents: UInt32Array, i: int) -> int:
    while parents[i] != i:
        parents[i] = parents[parents[i]]
        i = parents[i]
    return i


@kernel("void(uint32[::1], uint64, uint64)")
def _join(parents: UInt32Array, i: int, j: int) -> None:
    first, second = _root(parents, parents[i]), _root(parents, parents[j])
    parents[max(first, second)] = min(first, second)


@kernel(f"void(int64, {RO_I4}, {RO_I4}, {RO_U4}, boolean, uint32[::1])")
def _link_rows(
    width: int, row_offsets: Int32Array, starts: Int32Array, values: UInt32Array, corners: bool, parents: UInt32Array
) -> None:
    """Join every run with the runs of equal value above it.

    Args:
        width: pixels in a row.
        row_offsets, starts, values: the runs; value 0 is background and joins nothing.
        corners: whether runs that only meet at a corner are joined as well (8-connected).
        parents: uint32, one per run, written: the union-find forest.
    """
    one = U8(1)
    for i in range(len(starts)):
        parents[i] = i
    for y in range(1, len(row_offsets) - 1):
        above, above_last = U8(row_offsets[y - 1]), U8(row_offsets[y]) - one
        below, below_last = U8(row_offsets[y]), U8(row_offsets[y + 1]) - one
        # The two runs looked at always share a column: both rows are covered from end to end.
        while True:
            if values[above] == values[below] != 0:
                _join(parents, above, below)
            if above == above_last and below == below_last:
                break
            end_above = starts[above + one] if above < above_last else np.int32(width)
            end_below = starts[below + one] if below < below_last else np.int32(width)
            if corners and end_above == end_below:
                if values[above] == values[below + one] != 0:
                    _join(parents, above, below + one)
                if values[above + one] == values[below] != 0:
                    _join(parents, above + one, below)
            above += U8(end_above <= end_below)
            below += U8(end_below <= end_above)


@kernel(f"int64({RO_U4}, uint32[::1], int32[::1])")
def _number_regions(values: UInt32Array, parents: UInt32Array, labels: Int32Array) -> int:
    """Number the trees in scan order, from 1; background runs get 0. Returns how many there are."""
    n_regions = 0
    for i in range(U8(len(values))):
        is_new = (values[i] != 0) & (parents[i] == i)
        n_regions += is_new
        # A parent always precedes its child, so its label is final; background runs are their own parents.
        labels[i] = n_regions if is_new else (labels[parents[i]] if values[i] != 0 else 0)
    return n_regions


@kernel(f"void(int64, {RO_I4}, {RO_I4}, {RO_U4}, {RO_I4}, uint32[::1], int64[::1])")
def _measure(
    width: int,
    row_offsets: Int32Array,
    starts: Int32Array,
    values: UInt32Array,
    labels: Int32Array,
    region_values: UInt32Array,
    region_areas: NDArray[np.int64],
) -> None:
    """Write each region's value and add up its pixels; entry 0 is the background."""
    for y in range(len(row_offsets) - 1):
        begin, last = U8(row_offsets[y]), U8(row_offsets[y + 1]) - U8(1)
        for i in range(begin, last):
            label = U8(labels[i])
            region_values[label] = values[i]
            region_areas[label] += starts[i + U8(1)] - starts[i]
        label = U8(labels[last])
        region_values[label] = values[last]
        region_areas[label] += width - starts[last]
    region_values[0] = 0


class Regions(NamedTuple):
    """Connected components of a mask.

    Attributes:
        labels: int32, one per run: the region it belongs to, 0 for background; regions are numbered in scan order.
        values: uint32, one per region, entry 0 for the background: the run value all its pixels have.
        areas: int64, likewise: pixels.
    """

    labels: Int32Array
    values: UInt32Array
    areas: NDArray[np.int64]


def label_regions(runs: Runs, connectivity: int = 4) -> Regions:
    """Find the connected regions of equal value; value 0 is background.

    Args:
        runs: the mask.
        connectivity: 4 or 8.

    Returns:
        The regions, numbered from 1 in the order in which a scan by rows first meets them.
    """
    n_runs = len(runs.starts)
    parents, labels = scratch.take("parents", n_runs, np.uint32), np.empty(n_runs, np.int32)
    _link_rows(runs.width, runs.row_offsets, runs.starts, runs.values, connectivity == 8, parents)
    n_regions = _number_regions(runs.values, parents, labels)
    values, areas = np.zeros(n_regions + 1, np.uint32), np.zeros(n_regions + 1, np.int64)
    _measure(runs.width, runs.row_offsets, runs.starts, runs.values, labels, values, areas)
    return Regions(labels, values, areas)
