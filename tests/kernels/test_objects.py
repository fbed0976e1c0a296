"""Lists of objects against the json module, hashlib, and bytes.hex."""

from __future__ import annotations

import hashlib
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

import oracles
from prelabel.kernels.objects import BEFORE_ID, DIGEST_BYTES, ID_LENGTH, ObjectTables, fill_ids, objects_to_json

if TYPE_CHECKING:
    from collections.abc import Sequence, Sized
    from random import Random

coordinate = st.one_of(st.integers(0, 3000), st.sampled_from((0, 9, 10, 9999, 10000, 2**31 - 1)))
ring = st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=30)
polygon_lists = st.lists(st.lists(ring, min_size=1, max_size=3), max_size=6)

HEADS = [b'{"objectId":"...","title":"' + title + b'"' for title in (b"", "Straße".encode() * 9, b"car")]
SEEDS = [b"", bytes(range(40)), b"c"]
HAS_ONE_RING = [False, True, False]


def offsets_of(parts: Sequence[Sized]) -> np.ndarray:
    """Where each part begins, and where all end."""
    return np.array([0, *accumulate(map(len, parts))], np.int32)


TABLES = ObjectTables(
    np.array(HAS_ONE_RING, np.uint8),
    np.frombuffer(b"".join(HEADS), np.uint8),
    offsets_of(HEADS),
    np.frombuffer(b"".join(SEEDS), np.uint8),
    offsets_of(SEEDS),
)


def twin(
    polygons: list[list[oracles.Ring]], groups: list[list[int]], classes: list[int]
) -> tuple[list[bytes], list[bytes]]:
    """Each object's text and digest."""
    texts, digests = [], []
    for members in groups:
        of_class = classes[members[0]]
        zones = [oracles.to_json(polygons[index], zones=not HAS_ONE_RING[of_class]) for index in members]
        if HAS_ONE_RING[of_class]:
            geometry = b',"polygon":' + zones[0]
        else:
            geometry = b',"segmentation":{"zones":[' + b",".join(zones) + b"]}"
        texts.append(HEADS[of_class] + geometry + b"}")
        digests.append(hashlib.blake2b(SEEDS[of_class] + geometry, digest_size=DIGEST_BYTES).digest())
    return texts, digests


@given(polygon_lists, st.integers(0, 2), st.booleans(), st.randoms(use_true_random=False))
@example([], 0, False, None)
@example([[[(2**31 - 1, 2**31 - 1)] * 30] * 3] * 6, 0, True, None)
@example([[[(2**31 - 1, 2**31 - 1)]]] * 40, 1, False, None)
def test_objects(polygons: list[list[oracles.Ring]], of_class: int, in_one: bool, random: Random | None) -> None:
    """Byte by byte, whichever polygons an object has; other classes lie between."""
    rings = [ring for rings in polygons for ring in rings]
    points = np.array([point for ring in rings for point in ring], np.int32).reshape(-1, 2)
    classes = [(of_class + (0 if in_one else index)) % 3 for index in range(len(polygons))]
    indices = list(range(len(polygons)))
    if random is not None:
        random.shuffle(indices)
    groups = [indices] if in_one and indices and not HAS_ONE_RING[of_class] else [[index] for index in indices]

    text, starts, digests = objects_to_json(
        points,
        offsets_of(rings),
        offsets_of(polygons),
        np.array(classes, np.int32),
        (np.array(indices, np.int32), offsets_of(groups)),
        TABLES,
    )

    texts, expected = twin(polygons, groups, classes)
    assert text == b"[" + b",".join(texts) + b"]"
    assert [text[start : start + len(each)] for start, each in zip(starts.tolist(), texts, strict=True)] == texts
    assert [digest.tobytes() for digest in digests] == expected


@given(st.lists(st.binary(min_size=DIGEST_BYTES, max_size=DIGEST_BYTES), max_size=5), st.integers(0, 24))
def test_ids_are_the_digits_of_digest_and_salt(digests: list[bytes], n_letters: int) -> None:
    """In hexadecimal, as many as asked for; nothing else is touched."""
    salt = hashlib.blake2b(b"row", digest_size=DIGEST_BYTES).digest()
    text = bytearray(b"." * 30 * len(digests))
    offsets = np.arange(len(digests), dtype=np.int64) * 30 + 3
    rows = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, DIGEST_BYTES)

    fill_ids(np.frombuffer(text, np.uint8), offsets, rows, np.frombuffer(salt, np.uint8), n_letters)

    ids = [bytes(a ^ b for a, b in zip(digest, salt, strict=True)).hex()[:n_letters] for digest in digests]
    assert text.decode() == "".join(("..." + each).ljust(30, ".") for each in ids)


def test_a_blank_id_has_room() -> None:
    """The first digits of a digest make an id of the Hub's length."""
    assert ID_LENGTH == 23 <= 2 * DIGEST_BYTES
    assert BEFORE_ID == b'{"objectId":"'
