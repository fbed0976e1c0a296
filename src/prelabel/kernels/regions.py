"""Runs to regions: connected components of equal value, background left out (design.md section 4).

Union-find over the runs of adjacent rows, as in L. Lacassagne and A. B. Zavidovique, "Light speed labeling for RISC
architectures" (2009), with path halving; the smaller root wins, so roots come in scan order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prelabel.kernels._jit import kernel, read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array, Runs, UInt32Array

RO_I4 = read_only("int32")
RO_U4 = read_only("uint32")


@kernel("int32(int32[::1], int32)")
def _root(parents: Int32Array, i: int) -> int:
    while parents[i] != i:
        parents[i] = parents[parents[i]]
        i = parents[i]
    return i


@kernel("void(int32[::1], int64, int64)")
def _join(parents: Int32Array, i: int, j: int) -> None:
    first, second = _root(parents, np.int32(i)), _root(parents, np.int32(j))
    parents[max(first, second)] = min(first, second)


@kernel(f"void(int64, {RO_I4}, {RO_I4}, {RO_U4}, boolean, int32[::1])")
def _link_rows(
    width: int, row_offsets: Int32Array, starts: Int32Array, values: UInt32Array, corners: bool, parents: Int32Array
) -> None:
    """Join every run with the runs of equal value above it.

    Args:
        width: pixels in a row.
        row_offsets, starts, values: the runs; value 0 is background and joins nothing.
        corners: whether runs that only meet at a corner are joined as well (8-connected).
        parents: int32, one per run, written: the union-find forest.
    """
    for i in range(len(starts)):
        parents[i] = i
    for y in range(1, len(row_offsets) - 1):
        above, above_end = np.int64(row_offsets[y - 1]), np.int64(row_offsets[y])
        below, below_end = np.int64(row_offsets[y]), np.int64(row_offsets[y + 1])
        # The two runs looked at always share a column: both rows are covered from end to end.
        while above < above_end and below < below_end:
            if values[above] == values[below] != 0:
                _join(parents, above, below)
            end_above = starts[above + 1] if above + 1 < above_end else width
            end_below = starts[below + 1] if below + 1 < below_end else width
            if corners and end_above == end_below and above + 1 < above_end and below + 1 < below_end:
                if values[above] == values[below + 1] != 0:
                    _join(parents, above, below + 1)
                if values[above + 1] == values[below] != 0:
                    _join(parents, above + 1, below)
            above += end_above <= end_below
            below += end_below <= end_above


@kernel(f"int64({RO_U4}, int32[::1], int32[::1])")
def _number_regions(values: UInt32Array, parents: Int32Array, labels: Int32Array) -> int:
    """Number the trees in scan order, from 1; background runs get 0. Returns how many there are."""
    n_regions = 0
    for i in range(len(values)):
        if values[i] == 0:
            labels[i] = 0
        elif parents[i] == i:
            n_regions += 1
            labels[i] = n_regions
        else:  # a parent always precedes its child, so its label is final
            labels[i] = labels[parents[i]]
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
        end = row_offsets[y + 1]
        for i in range(row_offsets[y], end):
            label = labels[i]
            region_values[label] = values[i]
            region_areas[label] += (starts[i + 1] if i + 1 < end else width) - starts[i]


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
    parents, labels = np.empty(n_runs, np.int32), np.empty(n_runs, np.int32)
    _link_rows(runs.width, runs.row_offsets, runs.starts, runs.values, connectivity == 8, parents)
    n_regions = _number_regions(runs.values, parents, labels)
    values, areas = np.zeros(n_regions + 1, np.uint32), np.zeros(n_regions + 1, np.int64)
    _measure(runs.width, runs.row_offsets, runs.starts, runs.values, labels, values, areas)
    return Regions(labels, values, areas)
