"""What TIFF files ask for, looked at before Pillow gives it: part of stage 4, see decode.py.

Pillow and libtiff make what a directory names: a list entry for each strip, a buffer for the largest tile. Here the
directories are gone over without making anything. They also tell which pictures are pages, and which are the smaller
copies (overviews) that maps come with.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prelabel.errors import MaskError

if TYPE_CHECKING:
    from prelabel.masks.limits import MaskLimits

_SUBFILE_TYPE, _WIDTH, _HEIGHT, _BITS, _SAMPLES, _TILE_WIDTH, _TILE_HEIGHT = 254, 256, 257, 258, 277, 322, 323
_LOOKED_AT = [_SUBFILE_TYPE, _WIDTH, _HEIGHT, _BITS, _SAMPLES, _TILE_WIDTH, _TILE_HEIGHT]
_CODES = {1: "B", 3: "H", 4: "I", 16: "Q"}  # of whole numbers, by type
_SIZES = np.array([0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8], np.float64)  # bytes of a value, by type
_OPAQUE = [1, 2, 6, 7]  # types whose values Pillow leaves as bytes
_MOST_VALUES = 1 << 18  # numbers in one entry: places of strips or tiles, or a palette of 65,536 colours
_MOST_DIRECTORIES = 1_000
_IS_OVERVIEW = 1


class _Directory(NamedTuple):
    """The first values of the tags looked at, and where the next directory lies (0: nowhere)."""

    values: dict[int, int]
    following: int

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of its picture in pixels."""
        return self.values.get(_HEIGHT, 0), self.values.get(_WIDTH, 0)


def check_tiff(encoded: bytes, limits: MaskLimits) -> None:
    """Refuse a TIFF file of several pages, or one that asks for more than a mask may take.

    Args:
        encoded: the file, with a correct signature.
        limits: how large a mask may be.

    Raises:
        MaskError: several pages, directories in a circle or of more than there is, too many strips or tiles, a
            picture or tiles too large.
        struct.error: damage, for the caller to map, like whatever else is raised.
    """
    order, is_big = ("<" if encoded[:2] == b"II" else ">"), 43 in encoded[2:4]
    (place,) = struct.unpack_from(f"{order}{'Q' if is_big else 'I'}", encoded, 8 if is_big else 4)
    seen: set[int] = set()
    while place:
        if place in seen or len(seen) == _MOST_DIRECTORIES:
            raise MaskError("the TIFF file's directories go in a circle, or are too many; export it again")
        directory = _read_directory(encoded, place, order, is_big=is_big)
        if not seen:
            _check_picture(directory, limits)
        elif not directory.values.get(_SUBFILE_TYPE, 0) & _IS_OVERVIEW:
            raise MaskError(
                "the file holds several pages or frames, a mask is one: save each as its own file",
                shape=directory.shape,
            )
        seen.add(place)
        place = directory.following


def _read_directory(encoded: bytes, place: int, order: str, *, is_big: bool) -> _Directory:
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
    for index in np.flatnonzero(np.isin(entries["tag"], _LOOKED_AT)).tolist():
        tag, kind, n_values = entries[index].tolist()
        if kind in _CODES and n_values and tag not in values:
            at = begin + index * stride + form.itemsize
            if n_values * struct.calcsize(_CODES[kind]) > stride - form.itemsize:
                (at,) = struct.unpack_from(order + wide, encoded, at)
            (values[tag],) = struct.unpack_from(order + _CODES[kind], encoded, at)
    return _Directory(values, following)


def _check_picture(directory: _Directory, limits: MaskLimits) -> None:
    """Check the picture's size, and the buffer that its tiles ask for."""
    bits = max(1, directory.values.get(_BITS, 1)) * max(1, directory.values.get(_SAMPLES, 1))
    limits.check_size(directory.shape, math.ceil(bits / 8))
    tile = directory.values.get(_TILE_HEIGHT, 0), directory.values.get(_TILE_WIDTH, 0)
    limits.check_size(tile, math.ceil(bits / 8))
