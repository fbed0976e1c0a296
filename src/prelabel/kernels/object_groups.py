"""Which polygons are one import object, and in what order: the groups of a mask's polygons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_U1, kernel
from prelabel.kernels.scratch import scratch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array


@kernel(f"int64({RO_I4}, {RO_I4}, {RO_U1}, boolean, int32[::1], int32[::1], int32[::1], int32[::1])")
def _group(
    class_indices: Int32Array,
    owners: Int32Array,
    has_one_ring: NDArray[np.uint8],
    by_class: bool,
    slots: Int32Array,
    numbers: Int32Array,
    offsets: Int32Array,
    order: Int32Array,
) -> int:
    """Put polygons in the order of their objects, which is that of the objects' first polygons.

    Args:
        class_indices: int32, one per polygon.
        owners: int32, one per polygon: polygons of one class that share it are one object.
        has_one_ring: uint8, one per class: each of its polygons is an object.
        by_class: the other polygons are an object by class, whoever owns them.
        slots: int32, classes or owners; working memory.
        numbers: int32, polygons; working memory.
        offsets: int32, polygons + 1, written: the polygons of object k are ``order[offsets[k]:offsets[k + 1]]``.
        order: int32, polygons, written.

    Returns:
        The number of objects.
    """
    n_objects = np.int32(0)
    slots[:] = -1
    offsets[:] = 0
    for polygon in range(len(class_indices)):
        of_class = class_indices[polygon]
        key = of_class if by_class else owners[polygon]
        if has_one_ring[of_class] or slots[key] < 0:
            number = n_objects
            n_objects += 1
            if not has_one_ring[of_class]:
                slots[key] = number
        else:
            number = slots[key]
        numbers[polygon] = number
        offsets[number + 1] += 1
    for k in range(n_objects):
        offsets[k + 1] += offsets[k]
    # Each object's offset walks to its end while its polygons are put down, and back by one object afterwards.
    for polygon in range(len(class_indices)):
        order[offsets[numbers[polygon]]] = polygon
        offsets[numbers[polygon]] += 1
    for k in range(n_objects, 0, -1):
        offsets[k] = offsets[k - 1]
    offsets[0] = 0
    return n_objects


def group_polygons(
    class_indices: Int32Array, owners: Int32Array, has_one_ring: NDArray[np.uint8], *, by_class: bool
) -> tuple[Int32Array, Int32Array]:
    """Group polygons into objects; the arguments are those of the kernel above.

    Returns:
        int32, the polygons in the order of their objects, and int32, objects + 1, where each begins; both in scratch
        memory, good until the thread groups others.
    """
    n = len(class_indices)
    n_slots = len(has_one_ring) if by_class else int(owners.max(initial=-1)) + 1
    order, offsets = scratch.take("object order", n, np.int32), scratch.take("object offsets", n + 1, np.int32)
    slots, numbers = scratch.take("object slots", n_slots, np.int32), scratch.take("object numbers", n, np.int32)
    n_objects = _group(class_indices, owners, has_one_ring, by_class, slots, numbers, offsets, order)
    return order, offsets[: n_objects + 1]
