"""Runs to the exact rings of their regions, in one call: of a small mask, calls take longer than the work in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_U4, kernel
from prelabel.kernels.distinct_values import N_RANKED, rank_values
from prelabel.kernels.regions import join_corners, join_saddles, number_regions
from prelabel.kernels.ring_walk import follow
from prelabel.kernels.ring_walk import tables as ring_tables
from prelabel.kernels.rings import Rings
from prelabel.kernels.scratch import doubled, scratch
from prelabel.kernels.sweep import sweep
from prelabel.kernels.sweep import tables as sweep_tables
from prelabel.kernels.value_counts import count_runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array, Runs, UInt32Array

    Int64Array = NDArray[np.int64]

_TRANSPARENT = -1


@kernel(
    f"int64(int64, boolean, int64, {RO_I4}, {RO_I4}, {RO_U4}, uint32[::1], int32[::1], uint32[::1], uint32[::1],"
    " int64[::1], uint8[::1], int32[::1], int64[::1], uint32[::1], int64[::1], uint32[::1], int64[::1], int32[::1],"
    " uint32[::1], int32[::1], int32[::1], int32[::1], int32[::1], int32[::1], uint32[::1], int32[::1], int32[::1],"
    " int64[::1])"
)
def _trace(
    first_y: int,
    are_classes: bool,
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
    order: Int32Array,
    polygon_offsets: Int32Array,
    distinct: UInt32Array,
    ranks: Int32Array,
    marks: Int32Array,
    totals: Int64Array,
) -> int:
    """Trace the rings of all regions, from the row boundary ``first_y`` on, as long as there is room.

    Args:
        are_classes: whether the values are known to be classes, or 0: then nothing is counted or ranked.
        first_y, width, row_offsets, starts, values, rows, labels, parents, label_values, places, anchors, vertex_rows,
            bends, following, tops, saddles, counts: see :func:`prelabel.kernels.sweep.sweep`.
        regions, region_values: see :func:`prelabel.kernels.regions.number_regions`.
        nodes, ring_offsets, ring_regions, order, polygon_offsets: see :func:`prelabel.kernels.ring_walk.follow`.
        distinct, ranks, marks: see :func:`prelabel.kernels.distinct_values.rank_values`.
        totals: int64, 4, written: rings, regions, distinct values (-1 if not ranked), and pixels of value 0.

    Returns:
        The row boundary to go on with: height + 1 when done, less when there is no room for one more row; -1 where
        pixels are transparent.
    """
    height = len(row_offsets) - 1
    if first_y == 0 and not are_classes:
        totals[3], n_transparent = count_runs(width, row_offsets, starts, values)
        if n_transparent > 0:
            return _TRANSPARENT
    y = sweep(
        first_y,
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
    if y <= height:
        return y
    n_regions = number_regions(counts[4], parents, label_values, regions, region_values)
    join_saddles(counts[3], saddles, labels, regions, following)
    totals[0] = follow(
        counts[2],
        tops,
        labels,
        regions,
        bends,
        following,
        nodes,
        ring_offsets,
        ring_regions,
        polygon_offsets[: n_regions + 1],
        order,
    )
    totals[1] = n_regions
    totals[2] = -1
    if not are_classes:
        totals[2] = rank_values(region_values[:n_regions], distinct, ranks, marks)
    return y


class TracedRings(NamedTuple):
    """A mask's regions and their exact rings. All but ``rings.polygon_offsets`` and ``ranks`` is scratch memory.

    Attributes:
        rings: the rings, of one polygon per region, with a vertex at every anchor.
        values: uint32, one per region: its runs' value.
        distinct: uint32, the distinct values, ascending; None where they are classes, or neither small nor few.
        ranks: int32, one per region: its value's place in ``distinct``; of no use without.
        n_zero: pixels of value 0, where they are counted.
        labels: int32: the number of run i at place i + 1, 0 for background.
        regions: int32: the region of each number, from 1 in scan order, 0 for background.
        saddles: uint32, four each: corners at which pixels of equal value touch; see :func:`sweep`.
    """

    rings: Rings
    values: UInt32Array
    distinct: UInt32Array | None
    ranks: Int32Array
    n_zero: int
    labels: Int32Array
    regions: Int32Array
    saddles: UInt32Array

    def run_regions(self, n_runs: int) -> Int32Array:
        """Return int32, one per run: its region, from 1 in scan order, 0 for background."""
        return self.regions[self.labels[1 : n_runs + 1]]

    def objects(self) -> Int32Array:
        """Return int32, one per region: the 8-connected object it belongs to, from 0 in scan order."""
        objects = np.empty(len(self.values), np.int32)
        join_corners(len(self.saddles), self.saddles, self.labels, self.regions, objects)
        return objects


def trace_classes(runs: Runs) -> TracedRings:
    """Trace the rings of a mask's regions.

    Args:
        runs: the mask, none of it ``TRANSPARENT``; value 0 is background.
    """
    traced = _traced(runs, are_classes=True)
    assert traced is not None, "classes are not transparent"
    return traced


def trace_values(runs: Runs) -> TracedRings | None:
    """Trace the rings of a mask's regions; count its background, and rank its values if they are few.

    Returns:
        None where some pixels are transparent: they are to be made background first.
    """
    return _traced(runs, are_classes=False)


def _traced(runs: Runs, *, are_classes: bool) -> TracedRings | None:
    width, height = runs.width, runs.height
    size = max(len(runs.starts), width)
    swept = scratch.together("sweep", size, sweep_tables)
    polygon_offsets, distinct, ranks, marks, totals = scratch.together("traced", size, _tables)
    vertex_rows, y = np.empty(height + 2, np.int32), 0
    while True:
        rows, labels, parents, label_values, places, anchors, bends, tops, saddles, counts, regions, values = swept
        nodes, ring_offsets, ring_regions, order = scratch.together("rings", len(bends), ring_tables)
        y = _trace(
            y,
            are_classes,
            width,
            runs.row_offsets,
            runs.starts,
            runs.values,
            rows,
            labels,
            parents,
            label_values,
            places,
            anchors,
            vertex_rows,
            bends,
            bends.view(np.uint32),
            tops,
            saddles,
            counts,
            regions,
            values,
            nodes,
            ring_offsets,
            ring_regions,
            order,
            polygon_offsets,
            distinct,
            ranks,
            marks,
            totals,
        )
        if y == _TRANSPARENT:
            return None
        n_vertices, n_bends, _, n_saddles, _, _ = counts.tolist()
        if y > height:
            break
        grown = (doubled(*pair) for pair in zip(swept[4:9], (n_vertices, n_vertices, *counts[1:4]), strict=True))
        swept = (*swept[:4], *grown, *swept[9:])
        scratch.keep_together("sweep", size, swept)
    n_rings, n_regions, n_distinct, n_zero = totals.tolist()
    rings = Rings(
        places[:n_vertices],
        vertex_rows,
        anchors[:n_vertices],
        nodes[: n_bends - 1],
        ring_offsets[: n_rings + 1],
        order[:n_rings],
        polygon_offsets[: n_regions + 1].copy(),
    )
    known = None if are_classes or n_distinct < 0 else distinct[:n_distinct]
    ranks = ranks if known is None else ranks[:n_regions].copy()
    return TracedRings(rings, values[:n_regions], known, ranks, n_zero, labels, regions, saddles[:n_saddles])


def _tables(size: int) -> tuple[Int32Array, UInt32Array, Int32Array, Int32Array, Int64Array]:
    """Make room for the polygons' offsets, distinct values, the regions' places among them, marks, and totals."""
    distinct, marks = np.empty(N_RANKED, np.uint32), np.empty(N_RANKED, np.int32)
    return np.empty(size + 3, np.int32), distinct, np.empty(size + 2, np.int32), marks, np.empty(4, np.int64)
