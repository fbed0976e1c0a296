"""Numbers to regions: the union-find forest that the sweep grows, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_U4, U8, inner, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array, UInt32Array

    Int64Array = NDArray[np.int64]


@inner("void(uint32[::1], uint64, uint64)")
def join_numbers(parents: UInt32Array, i: int, j: int) -> None:
    """Make two numbers one region's; the smaller root wins, so roots come in scan order."""
    while parents[i] != i:
        parents[i] = parents[parents[i]]
        i = U8(parents[i])
    while parents[j] != j:
        parents[j] = parents[parents[j]]
        j = U8(parents[j])
    parents[max(i, j)] = min(i, j)


@inner(f"int64(int64, {RO_U4}, {RO_U4}, int32[::1], uint32[::1])")
def number_regions(
    n_labels: int, parents: UInt32Array, label_values: UInt32Array, regions: Int32Array, values: UInt32Array
) -> int:
    """Number the trees from 1, in scan order of their first runs.

    Args:
        n_labels, parents, label_values: the numbers; see :func:`prelabel.kernels.sweep.sweep`.
        regions: int32, numbers + 1, written: the region of each number; 0 stays 0.
        values: uint32, regions, written: their values.

    Returns:
        How many there are.
    """
    n_regions = 0
    regions[0] = 0
    for label in range(U8(1), U8(n_labels) + U8(1)):
        parent = U8(parents[label])
        values[n_regions] = label_values[label]
        n_regions += parent == label
        regions[label] = n_regions if parent == label else regions[parent]  # a parent always precedes its child
    return n_regions


@inner(f"void(int64, {RO_U4}, {RO_I4}, {RO_I4}, uint32[::1])")
def join_saddles(
    n_saddles: int, saddles: UInt32Array, labels: Int32Array, regions: Int32Array, following: UInt32Array
) -> None:
    """Where both diagonal pixels are of one region, let its two bends go on with each other's way out."""
    for k in range(U8(0), U8(n_saddles), U8(4)):
        if regions[labels[saddles[k + U8(2)]]] == regions[labels[saddles[k + U8(3)]]]:
            first, second = U8(2) * U8(saddles[k]), U8(2) * U8(saddles[k + U8(1)])
            following[first], following[second] = following[second], following[first]


@kernel(f"void(int64, {RO_U4}, {RO_I4}, {RO_I4}, int32[::1])")
def join_corners(
    n_saddles: int, saddles: UInt32Array, labels: Int32Array, regions: Int32Array, objects: Int32Array
) -> None:
    """Number the objects of regions that touch at corners, from 0, in scan order.

    Args:
        n_saddles, saddles, labels: see :func:`prelabel.kernels.sweep.sweep`.
        regions: int32, one per number: its region, from 1.
        objects: int32, one per region, written.
    """
    for region in range(len(objects)):
        objects[region] = region
    for k in range(0, n_saddles, 4):
        i, j = regions[labels[saddles[k + 2]]] - 1, regions[labels[saddles[k + 3]]] - 1
        while objects[i] != i:
            objects[i] = objects[objects[i]]
            i = objects[i]
        while objects[j] != j:
            objects[j] = objects[objects[j]]
            j = objects[j]
        objects[max(i, j)] = min(i, j)
    n_objects = np.int32(0)
    for region in range(len(objects)):
        parent = objects[region]
        if parent == region:
            objects[region] = n_objects
            n_objects += 1
        else:
            objects[region] = objects[parent]
