"""What TIFF files ask for, looked at before Pillow gives it: part of stage 4, see tiff.py.

Pillow and libtiff make what a directory names: a list entry for each strip, a buffer for the largest tile. Here the
directories are gone over without making anything. They also tell which pictures are pages, and which belong to the
first one: the smaller copies (overviews) that maps come with, and the validity mask that GDAL writes.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prelabel.errors import MaskError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prelabel.masks.limits import MaskLimits

SUBFILE_TYPE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES = 254, 256, 257, 258, 259, 262, 277
PREDICTOR, TILE_WIDTH, TILE_HEIGHT, SAMPLE_FORMAT = 317, 322, 323, 339
_LOOKED_AT = [
    SUBFILE_TYPE,
    WIDTH,
    HEIGHT,
    BITS,
    COMPRESSION,
    PHOTOMETRIC,
    SAMPLES,
    PREDICTOR,
    TILE_WIDTH,
    TILE_HEIGHT,
    SAMPLE_FORMAT,
]
_CODES = {1: "B", 3: "H", 4: "I", 16: "Q"}  # of whole numbers, by type
_SIZES = np.array([0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8], np.float64)  # bytes of a value, by type
_OPAQUE = [1, 2, 6, 7]  # types whose values Pillow leaves as bytes
_MOST_VALUES = 1 << 18  # numbers in one entry: places of strips or tiles, or a palette of 65,536 colours
_MOST_DIRECTORIES = 1_000
_IS_OVERVIEW, _IS_VALIDITY = 1, 4  # bits of the subfile type


class Directory(NamedTuple):
    """What a directory says.

    Attributes:
        values: the first values of the tags looked at.
        places: tag and place of each entry of those tags.
        order: ``<`` or ``>``.
        following: where the next directory lies, 0 for nowhere.
    """

    values: dict[int, int]
    places: list[tuple[int, int]]
    order: str
    following: int

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of its picture in pixels."""
        return self.values.get(HEIGHT, 0), self.values.get(WIDTH, 0)

    def rewritten(self, encoded: bytes, values: Mapping[int, int]) -> bytes:
        """Return the file with other values in those entries that there are."""
        copy = bytearray(encoded)
        code, kind = ("HHQQ", 16) if _is_big(encoded) else ("HHII", 4)
        for tag, place in self.places:
            if tag in values:
                struct.pack_into(self.order + code, copy, place, tag, kind, 1, values[tag])
        return bytes(copy)


class Pages(NamedTuple):
    """A file's picture, and the number of the directory that tells which of its pixels are valid; None without one."""

    picture: Directory
    validity: int | None


def check_tiff(encoded: bytes, limits: MaskLimits) -> Pages:
    """Refuse a TIFF file of several pages, or one that asks for more than a mask may take.

    Args:
        encoded: the file, with a correct signature.
        limits: how large a mask may be.

    Raises:
        MaskError: several pages, directories in a circle or of more than there is, too many strips or tiles, a
            picture or tiles too large, or none at all.
        struct.error: damage, for the caller to map, like whatever else is raised.
    """
    picture, validity = None, None
    for number, directory in enumerate(_directories(encoded)):
        subfile_type = directory.values.get(SUBFILE_TYPE, 0)
        if picture is None:
            picture = directory
            _check_picture(directory, limits)
        elif subfile_type & _IS_VALIDITY and not subfile_type & _IS_OVERVIEW and validity is None:
            validity = number
            _check_picture(directory, limits)
            _check_validity(directory, picture)
        elif not subfile_type & _IS_OVERVIEW:
            raise MaskError(
                "the file holds several pages or frames, a mask is one: save each as its own file",
                shape=directory.shape,
            )
    if picture is None:
        raise MaskError("the TIFF file holds no picture; export it again")
    return Pages(picture, validity)


def _directories(encoded: bytes) -> Iterator[Directory]:
    """Yield the directories in their order."""
    order, is_big = ("<" if encoded[:2] == b"II" else ">"), _is_big(encoded)
    (place,) = struct.unpack_from(f"{order}{'Q' if is_big else 'I'}", encoded, 8 if is_big else 4)
    seen: set[int] = set()
    while place:
        if place in seen or len(seen) == _MOST_DIRECTORIES:
            raise MaskError("the TIFF file's directories go in a circle, or are too many; export it again")
        seen.add(place)
        directory = _read_directory(encoded, place, order, is_big=is_big)
        yield directory
        place = directory.following


def _is_big(encoded: bytes) -> bool:
    """Tell a BigTIFF, whose places have 8 bytes."""
    return 43 in encoded[2:4]


def _read_directory(encoded: bytes, place: int, order: str, *, is_big: bool) -> Directory:
    count, wide = ("Q", "Q") if is_big else ("H", "I")
    (n_entries,) = struct.unpack_from(order + count, encoded, place)
    begin = place + struct.calcsize(order + count)
    form = np.dtype([(name, f"{order}u2") for name in ("tag", "type")] + [("count", f"{order}u{8 if is_big else 4}")])
    stride = form.itemsize + struct.calcsize(order + wide)  # the value itself, or its place, comes last
    (following,) = struct.unpack_from(order + wide, encoded, begin + n_entries * stride)
    entries = np.ndarray(n_entries, form, encoded, begin, (stride,))
    is_long = (entries["count"] > _MOST_VALUES) & ~np.isin(entries["type"], _OPAQUE)
    if is_long.any():
        tag, _, n_values = entries[is_long][0].tolist()
        raise MaskError(
            f"the TIFF file's tag {tag} has {n_values} values and at most {_MOST_VALUES} are read: save it with larger "
            "strips or tiles"
        )
    known = entries["type"] < len(_SIZES)
    if (entries["count"][known] * _SIZES[entries["type"][known]]).sum() > len(encoded) + n_entries * stride:
        raise MaskError("the TIFF file's directory names more bytes than there are; export it again")
    values: dict[int, int] = {}
    places: list[tuple[int, int]] = []
    for index in np.flatnonzero(np.isin(entries["tag"], _LOOKED_AT)).tolist():
        tag, kind, n_values = entries[index].tolist()
        places.append((tag, begin + index * stride))
        if kind in _CODES and n_values and tag not in values:
            at = begin + index * stride + form.itemsize
            if n_values * struct.calcsize(_CODES[kind]) > stride - form.itemsize:
                (at,) = struct.unpack_from(order + wide, encoded, at)
            (values[tag],) = struct.unpack_from(order + _CODES[kind], encoded, at)
    return Directory(values, places, order, following)


def _check_picture(directory: Directory, limits: MaskLimits) -> None:
    """Check the picture's size, and the buffer that its tiles ask for."""
    if min(directory.shape) < 1:
        raise MaskError("the TIFF file's picture has no rows or no columns; export it again", shape=directory.shape)
    bits = max(1, directory.values.get(BITS, 1)) * max(1, directory.values.get(SAMPLES, 1))
    limits.check_size(directory.shape, math.ceil(bits / 8))
    tile = directory.values.get(TILE_HEIGHT, 0), directory.values.get(TILE_WIDTH, 0)
    limits.check_size(tile, math.ceil(bits / 8))


def _check_validity(directory: Directory, picture: Directory) -> None:
    if directory.shape != picture.shape:
        raise MaskError(
            f"the TIFF file's validity mask has {directory.shape[1]} x {directory.shape[0]} pixels and its picture "
            f"{picture.shape[1]} x {picture.shape[0]}: save it without that mask",
            shape=picture.shape,
        )
