"""Steps of tracing that only kernels call, for tests to call: each in a kernel of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_U4, kernel
from prelabel.kernels.pixel_runs import runs_from_array
from prelabel.kernels.regions import join_saddles, number_regions
from prelabel.kernels.sweep import sweep, tables
from prelabel.kernels.value_counts import count_runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array, UInt32Array


@kernel(
    f"int64(int64, int64, {RO_I4}, {RO_I4}, {RO_U4}, uint32[::1], int32[::1], uint32[::1], uint32[::1], int64[::1],"
    " uint8[::1], int32[::1], int64[::1], uint32[::1], int64[::1], uint32[::1], int64[::1])"
)
def _sweep(
    first_y: int,
    width: int,
    row_offsets: Int32Array,
    starts: Int32Array,
    values: UInt32Array,
    rows: UInt32Array,
    labels: Int32Array,
    parents: UInt32Array,
    label_values: UInt32Array,
    places: NDArray[np.int64],
    anchors: NDArray[np.uint8],
    vertex_rows: Int32Array,
    bends: NDArray[np.int64],
    following: UInt32Array,
    tops: NDArray[np.int64],
    saddles: UInt32Array,
    counts: NDArray[np.int64],
) -> int:
    """Call it from compiled code, the only place it can be called from."""
    return sweep(
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


class Sweep(NamedTuple):
    """What the sweep leaves, as far as it is filled; see :func:`prelabel.kernels.sweep.sweep`."""

    places: NDArray[np.int64]
    anchors: NDArray[np.uint8]
    vertex_rows: Int32Array
    bends: NDArray[np.int64]


def swept(mask: np.ndarray) -> Sweep:
    """Sweep a mask that is small enough for tables of a hundred thousand runs."""
    runs = runs_from_array(mask)
    rows, labels, parents, label_values, places, anchors, bends, tops, saddles, counts, *_ = tables(100_000)
    vertex_rows = np.empty(runs.height + 2, np.int32)
    arrays = rows, labels, parents, label_values, places, anchors, vertex_rows, bends, bends.view(np.uint32)
    y = _sweep(0, runs.width, runs.row_offsets, runs.starts, runs.values, *arrays, tops, saddles, counts)
    assert y == runs.height + 1
    n_vertices, n_bends = counts[:2].tolist()
    return Sweep(places[:n_vertices], anchors[:n_vertices], vertex_rows, bends[:n_bends])


@kernel(f"int64(int64, {RO_U4}, {RO_U4}, int32[::1], uint32[::1])")
def number(
    n_labels: int, parents: UInt32Array, label_values: UInt32Array, regions: Int32Array, values: UInt32Array
) -> int:
    """Likewise :func:`number_regions`."""
    return number_regions(n_labels, parents, label_values, regions, values)


@kernel(f"void(int64, {RO_U4}, {RO_I4}, {RO_I4}, uint32[::1])")
def join(n_saddles: int, saddles: UInt32Array, labels: Int32Array, regions: Int32Array, following: UInt32Array) -> None:
    """Likewise :func:`join_saddles`."""
    join_saddles(n_saddles, saddles, labels, regions, following)


@kernel(f"UniTuple(int64, 2)(int64, {RO_I4}, {RO_I4}, {RO_U4})")
def count(width: int, row_offsets: Int32Array, starts: Int32Array, values: UInt32Array) -> tuple[int, int]:
    """Likewise :func:`count_runs`."""
    return count_runs(width, row_offsets, starts, values)
