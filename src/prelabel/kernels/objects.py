"""Polygons to a list of import objects as JSON, each with a hash of what is sent: one buffer for a whole mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_I8, RO_U1, RO_U4, RO_XY, kernel, read_only
from prelabel.kernels.blake2b import BLOCK_BYTES, IV, N_STATE, WORD_ORDER, hash_piece
from prelabel.kernels.polygon_text import (
    BETWEEN_POINTS,
    DIGITS,
    N_DIGITS,
    ZONE_HEAD,
    ZONE_HOLES,
    ZONE_TAIL,
    room_for,
    write_polygon,
    write_word,
)
from prelabel.kernels.scratch import scratch
from prelabel.records import Record

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array

DIGEST_BYTES = 12
ID_LENGTH = 23
BEFORE_ID = b'{"objectId":"'
POLYGON_KEY = np.frombuffer(b',"polygon":', np.uint8)
ZONES_KEY = np.frombuffer(b',"segmentation":{"zones":[', np.uint8)


class ObjectTables(Record, frozen=True, eq=False):
    """What the objects of each class have in common.

    Attributes:
        has_one_ring: (n,) uint8, one per class: whether its objects hold one ring without holes.
        heads: uint8: how the objects of each class begin, their geometry excluded, one class behind the other.
        head_offsets: (n + 1,) int32, into ``heads``.
        seeds: uint8: what is hashed before an object's geometry, likewise; shorter than the head.
        seed_offsets: (n + 1,) int32, into ``seeds``.
    """

    has_one_ring: NDArray[np.uint8]
    heads: NDArray[np.uint8]
    head_offsets: Int32Array
    seeds: NDArray[np.uint8]
    seed_offsets: Int32Array


@kernel(
    f"int64({RO_XY}, {RO_I4}, {RO_I4}, {RO_I4}, {RO_I4}, {RO_I4}, {RO_U1}, {RO_U1}, {RO_I4}, {RO_U1}, {RO_I4},"
    f" {RO_U1}, {RO_U1}, {RO_U1}, {RO_U1}, {RO_U1}, uint8[::1], int64[::1], uint8[:, ::1], uint64[::1],"
    f" {RO_U4}, {RO_U1}, uint32, {RO_I8}, {read_only('uint64')})"
)
def _write_objects(
    points: Int32Array,
    ring_offsets: Int32Array,
    polygon_offsets: Int32Array,
    class_indices: Int32Array,
    order: Int32Array,
    object_offsets: Int32Array,
    has_one_ring: NDArray[np.uint8],
    heads: NDArray[np.uint8],
    head_offsets: Int32Array,
    seeds: NDArray[np.uint8],
    seed_offsets: Int32Array,
    polygon_key: NDArray[np.uint8],
    zones_key: NDArray[np.uint8],
    zone_head: NDArray[np.uint8],
    zone_holes: NDArray[np.uint8],
    zone_tail: NDArray[np.uint8],
    text: NDArray[np.uint8],
    object_starts: NDArray[np.int64],
    digests: NDArray[np.uint8],
    state: NDArray[np.uint64],
    digits: NDArray[np.uint32],
    n_digits: NDArray[np.uint8],
    between: int,
    word_order: NDArray[np.int64],
    iv: NDArray[np.uint64],
) -> int:
    """Write the list of objects. Returns the length of it.

    Args:
        points, ring_offsets, polygon_offsets, class_indices: the polygons.
        order, object_offsets: from :func:`prelabel.kernels.object_groups.group_polygons`.
        has_one_ring, heads, head_offsets, seeds, seed_offsets: see :class:`ObjectTables`.
        polygon_key, zones_key, zone_head, zone_holes, zone_tail: the words of geometries.
        text: uint8, large enough, with room for a block of the hash behind it, written.
        object_starts: int64, objects, written: where in ``text`` each object begins.
        digests: uint8, objects x the digests' length, written: of the class's seed and the object's geometry.
        state: working memory of the hash.
        digits, n_digits, between, word_order, iv: the tables of numbers and of the hash.
    """
    text[0] = 91
    at = np.int64(1)
    for k in range(len(object_offsets) - 1):
        if k:
            text[at] = 44
            at += 1
        start, of_class = at, class_indices[order[object_offsets[k]]]
        head, seed = head_offsets[of_class], seed_offsets[of_class]
        n_head, n_seed = head_offsets[of_class + 1] - head, seed_offsets[of_class + 1] - seed
        zones = not has_one_ring[of_class]
        # The seed stands before the geometry until both are hashed; then the head takes its place.
        at = write_word(text, start + n_head - n_seed, seeds, seed, n_seed)
        key = zones_key if zones else polygon_key
        at = write_word(text, at, key, 0, len(key))
        for m in range(object_offsets[k], object_offsets[k + 1]):
            if m > object_offsets[k]:
                text[at] = 44
                at += 1
            at = write_polygon(
                text, at, points, ring_offsets, polygon_offsets[order[m]], polygon_offsets[order[m] + 1],
                zones, zone_head, zone_holes, zone_tail, digits, n_digits, between,
            )  # fmt: skip
        if zones:
            at = write_word(text, at, zone_tail, 0, len(zone_tail))
        hash_piece(text, start + n_head - n_seed, at, digests[k], state, word_order, iv)
        write_word(text, start, heads, head, n_head)
        object_starts[k] = start
        text[at] = 125
        at += 1
    text[at] = 93
    return at + 1


def objects_to_json(
    points: Int32Array,
    ring_offsets: Int32Array,
    polygon_offsets: Int32Array,
    class_indices: Int32Array,
    groups: tuple[Int32Array, Int32Array],
    tables: ObjectTables,
) -> tuple[bytes, NDArray[np.int64], NDArray[np.uint8]]:
    """Write polygons as a JSON list of objects, ids left blank.

    Args:
        points, ring_offsets, polygon_offsets: as :func:`prelabel.kernels.digits.polygons_to_json` takes them.
        class_indices: int32, one per polygon.
        groups: from :func:`prelabel.kernels.object_groups.group_polygons`.
        tables: of the classes.

    Returns:
        The list; int64, one per object, where in it the object begins; uint8, objects x 12, the digest of each object's
        seed and geometry.
    """
    order, object_offsets = groups
    n_objects, longest_head = len(object_offsets) - 1, int(np.diff(tables.head_offsets).max(initial=0))
    words = longest_head + len(ZONES_KEY) + len(ZONE_TAIL) + 2
    room = room_for(points, ring_offsets, polygon_offsets) + len(order) + n_objects * words + 2 + BLOCK_BYTES
    text = scratch.take("text", room, np.uint8)
    starts, digests = np.empty(n_objects, np.int64), np.empty((n_objects, DIGEST_BYTES), np.uint8)
    state = scratch.take("hash state", N_STATE, np.uint64)
    with np.errstate(over="ignore"):  # the hash counts modulo 2**64, which only matters to numpy without the JIT
        length = _write_objects(
            points,
            ring_offsets,
            polygon_offsets,
            class_indices,
            order,
            object_offsets,
            tables.has_one_ring,
            tables.heads,
            tables.head_offsets,
            tables.seeds,
            tables.seed_offsets,
            POLYGON_KEY,
            ZONES_KEY,
            ZONE_HEAD,
            ZONE_HOLES,
            ZONE_TAIL,
            text,
            starts,
            digests,
            state,
            DIGITS,
            N_DIGITS,
            BETWEEN_POINTS[0],
            WORD_ORDER,
            IV,
        )
    return text[:length].tobytes(), starts, digests


@kernel(f"void(uint8[::1], {RO_I8}, {read_only('uint8', 2)}, {RO_U1}, int64)")
def fill_ids(
    text: NDArray[np.uint8],
    id_offsets: NDArray[np.int64],
    digests: NDArray[np.uint8],
    salt: NDArray[np.uint8],
    n_letters: int,
) -> None:
    """Write the first hexadecimal digits of each digest, after an exclusive or with a salt.

    Args:
        text: uint8, written.
        id_offsets: int64, one per digest: where in ``text`` they go.
        digests: uint8, digests x their length.
        salt: uint8, as long as a digest.
        n_letters: how many digits; two are a byte.
    """
    for k in range(len(id_offsets)):
        for letter in range(n_letters):
            byte = digests[k, letter >> 1] ^ salt[letter >> 1]
            nibble = byte & 15 if letter & 1 else byte >> 4
            text[id_offsets[k] + letter] = nibble + (48 if nibble < 10 else 87)
