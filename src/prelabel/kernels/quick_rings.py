"""Runs to rings in one call: what :mod:`sweep` and :mod:`ring_walk` do step by step, for masks whose steps are short.

Of a small mask the calls of kernels, and what Python does between them, take longer than the kernels' work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_U4, kernel
from prelabel.kernels.distinct_values import rank_values
from prelabel.kernels.regions import join_saddles, number_regions
from prelabel.kernels.ring_walk import follow
from prelabel.kernels.rings import Rings
from prelabel.kernels.scratch import scratch
from prelabel.kernels.sweep import sweep
from prelabel.kernels.sweep import tables as sweep_tables
from prelabel.kernels.value_counts import count_runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array, Runs, UInt32Array

    Int64Array = NDArray[np.int64]

MAX_RUNS = 1 << 14
"""Runs of a mask, and pixels of its rows; beyond it steps are long."""

N_VALUES = 64
"""Distinct values that are ranked."""


@kernel(
    f"int64(int64, {RO_I4}, {RO_I4}, {RO_U4}, uint32[::1], int32[::1], uint32[::1], uint32[::1], int64[::1],"
    " uint8[::1], int32[::1], int64[::1], uint32[::1], int64[::1], uint32[::1], int64[::1], int32[::1], uint32[::1],"
    " int32[::1], int32[::1], int32[::1], int32[::1], int32[::1], uint32[::1], int32[::1], int64[::1])"
)
def _trace(
    width: int,
    row_offsets: Int32Array,
    starts: Int32Array,
    values: UInt32Array,
    rows: UInt32Array,
    labels: Int32Array,
    parents: UInt32Array,
    label_values: UInt32Array,
    places: Int64Array,
    anchors: NDArray[np.uint8],
    vertex_rows: Int32Array,
    bends: Int64Array,
    following: UInt32Array,
    tops: Int64Array,
    saddles: UInt32Array,
    counts: Int64Array,
    regions: Int32Array,
    region_values: UInt32Array,
    nodes: Int32Array,
    ring_offsets: Int32Array,
    ring_regions: Int32Array,
    polygon_offsets: Int32Array,
    order: Int32Array,
    distinct: UInt32Array,
    ranks: Int32Array,
    totals: Int64Array,
) -> int:
    """Trace the rings of all regions.

    Args:
        width, row_offsets, starts, values: the runs; 0 is background.
        rows, labels, parents, label_values, places, anchors, vertex_rows, bends, following, tops, saddles, counts: see
            :func:`prelabel.kernels.sweep.sweep`.
        regions, region_values: see :func:`prelabel.kernels.regions.number_regions`.
        nodes, ring_offsets, ring_regions, polygon_offsets, order: see :func:`prelabel.kernels.ring_walk.follow`.
        distinct, ranks: see :func:`prelabel.kernels.distinct_values.rank_values`.
        totals: int64, 6, written: vertices, nodes, rings, regions, distinct values (-1 for too many), and pixels of
            value 0.

    Returns:
        1; or 0 where the way is step by step: some pixels are transparent, or there is too little room for the corners.
    """
    n_zero, n_transparent = count_runs(width, row_offsets, starts, values)
    height = len(row_offsets) - 1
    if n_transparent > 0:
        return 0
    if (
        sweep(
            0,
            width,
            row_offsets,
            starts,
            values,
            rows,
            labels,
            parents,
            label_values,
            places,
            anchors,
            vertex_rows,
            bends,
            following,
            tops,
            saddles,
            counts,
        )
        <= height
    ):
        return 0
    n_regions = number_regions(counts[4], parents, label_values, regions, region_values)
    join_saddles(counts[3], saddles, labels, regions, bends)
    n_rings = follow(
        counts[2],
        tops,
        labels,
        regions,
        bends,
        nodes,
        ring_offsets,
        ring_regions,
        polygon_offsets[: n_regions + 1],
        order,
    )
    totals[0], totals[1], totals[2], totals[3] = counts[0], counts[1] - 1, n_rings, n_regions
    totals[4] = rank_values(region_values[:n_regions], distinct, ranks)
    totals[5] = n_zero
    return 1


class QuickRings(NamedTuple):
    """A small mask's rings, and what its regions hold; all but ``polygon_offsets`` and ``ranks`` is scratch.

    Attributes:
        rings: the exact rings, of one polygon per region.
        values: uint32, one per region.
        distinct: uint32, the distinct values, ascending; None where they are too many to be ranked here.
        ranks: int32, one per region: its value's place in ``distinct``; of no use without.
        n_zero: pixels of value 0; none is transparent.
    """

    rings: Rings
    values: UInt32Array
    distinct: UInt32Array | None
    ranks: Int32Array
    n_zero: int


def quick_rings(runs: Runs) -> QuickRings | None:
    """Trace the rings of a mask's regions.

    Args:
        runs: the mask; value 0 is background.

    Returns:
        The rings; None where the mask is not small, has transparent pixels or more corners than runs let expect.
    """
    size = max(len(runs.starts), runs.width)
    if size > MAX_RUNS:
        return None
    tables = scratch.together("quick rings", size, _tables)
    vertex_rows = np.empty(runs.height + 2, np.int32)
    arrays = (*tables[:6], vertex_rows, *tables[6:])
    if not _trace(runs.width, runs.row_offsets, runs.starts, runs.values, *arrays):
        return None
    n_vertices, n_nodes, n_rings, n_regions, n_distinct, n_zero = tables[-1].tolist()
    places, anchors, region_values = tables[4], tables[5], tables[12]
    nodes, ring_offsets, _, polygon_offsets, order, distinct, ranks, _ = tables[13:]
    rings = Rings(
        places[:n_vertices],
        vertex_rows,
        anchors[:n_vertices],
        nodes[:n_nodes],
        ring_offsets[: n_rings + 1],
        order[:n_rings],
        polygon_offsets[: n_regions + 1].copy(),
    )
    known = distinct[:n_distinct] if n_distinct >= 0 else None
    return QuickRings(rings, region_values[:n_regions], known, ranks[:n_regions].copy(), n_zero)


def _tables(size: int) -> tuple[NDArray[Any], ...]:
    """Make the arrays that :func:`_trace` writes, but ``vertex_rows``, in the order of its parameters."""
    sweeping = sweep_tables(4 * size + 256)  # more corners than most masks have, and still little memory
    bends = sweeping[6]
    n_nodes = len(bends)
    most = n_nodes // 4 + 1
    return (
        *sweeping[:7],
        bends.view(np.uint32),
        *sweeping[7:],
        np.empty(n_nodes, np.int32),
        np.empty(most + 1, np.int32),
        np.empty(most, np.int32),
        np.empty(size + 3, np.int32),
        np.empty(most, np.int32),
        np.empty(N_VALUES, np.uint32),
        np.empty(size + 2, np.int32),
        np.empty(6, np.int64),
    )
