"""TIFF files to runs: part of stage 4, see decode.py.

Most are read by Pillow. Three things it cannot do are done here: numbers that it has no type for (64 bits, floats of 16
bits), those that are packed into an odd number of bits (GDAL's ``NBITS``), and the validity mask that GDAL keeps beside
a picture, whose invalid pixels are ``TRANSPARENT``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from prelabel.masks.decoders.decode_errors import refusing
from prelabel.masks.decoders.pillow import Raster, open_raster, stored
from prelabel.masks.decoders.pixel_values import Layout, check_readable
from prelabel.masks.decoders.tiff_directory import (
    BITS,
    COMPRESSION,
    PHOTOMETRIC,
    PREDICTOR,
    SAMPLE_FORMAT,
    SAMPLES,
    TILE_WIDTH,
    WIDTH,
    check_tiff,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from prelabel.masks.decoders.pixel_values import Pixels, Stored
    from prelabel.masks.decoders.tiff_directory import Directory
    from prelabel.masks.limits import MaskLimits
    from prelabel.model import MaskValueKind

_TYPES = {(64, 1): "u8", (64, 2): "i8", (64, 3): "f8", (16, 3): "f2"}  # by bits and sample format
_PACKED = frozenset({3, 5, 6, 7, 9, 10, 11, 13, 14, 15})  # bits of unsigned numbers that no byte border separates
_GREYS = frozenset({0, 1})  # photometric: 0 or 1 is white
_DIFFERENCES, _FLOAT_DIFFERENCES = 2, 3
_PREDICTED = frozenset({5, 8, 32946, 34925, 50000})  # LZW, deflate, LZMA, Zstandard: others have no predictor
_BULK = 4  # times the memory of the picture: the file's bytes decoded, a copy of them, the numbers made of them


def read_tiff(encoded: bytes, kind: MaskValueKind, limits: MaskLimits, void: Sequence[float] = ()) -> Stored:
    """Decode a TIFF file.

    Args:
        encoded: the file, with a correct signature.
        kind: what the mask mapping speaks of.
        limits: how large a mask may be; checked before anything is allocated.
        void: numbers that mean nothing and count as transparent.

    Raises:
        MaskError: damaged, too large, several pages, rotated, or without an exact reading of this kind.
    """
    with refusing("the TIFF file is damaged, or of a rare kind"):
        picture, validity = check_tiff(encoded, limits)
    dtype = _dtype_of(picture)
    if dtype is None and _is_packed(picture):
        check_readable(_packed_layout(picture), kind)
        with refusing("the TIFF file cannot be decoded", picture.shape):
            encoded = _as_bytes(encoded, picture, picture.values[BITS], limits)
        raster = _open_packed(encoded, picture, limits)
    elif dtype is None:
        raster = open_raster(encoded, "TIFF", kind, limits)
    else:
        check_readable(Layout("I", picture.shape), kind)
        with refusing("the TIFF file cannot be decoded", picture.shape):
            encoded = _as_bytes(encoded, picture, 8 * dtype.itemsize, limits)
        raster = _open_wide(encoded, picture, dtype, limits)
    if validity is None:
        return stored(raster, limits, void)
    is_valid = open_raster(encoded, "TIFF", "value", limits, frame=validity).read_rows
    return stored(raster, limits, void, lambda top, bottom: is_valid(top, bottom) == 0)


def _dtype_of(picture: Directory) -> np.dtype[np.generic] | None:
    """Return the type of its numbers where Pillow has none."""
    values = picture.values
    name = _TYPES.get((values.get(BITS, 1), values.get(SAMPLE_FORMAT, 1)))
    return np.dtype(picture.order + name) if name and _is_grey(picture) else None


def _is_grey(picture: Directory) -> bool:
    """Whether it has one channel, of greys."""
    return picture.values.get(SAMPLES, 1) == 1 and picture.values.get(PHOTOMETRIC, 1) in _GREYS


def _is_packed(picture: Directory) -> bool:
    """Whether its numbers are unsigned and packed into an odd number of bits."""
    values = picture.values
    return _is_grey(picture) and values.get(BITS, 1) in _PACKED and values.get(SAMPLE_FORMAT, 1) == 1


def _columns_of(picture: Directory) -> tuple[int, int]:
    """Return the columns of a tile and of all tiles beside each other, the last one whole; without tiles the width."""
    width = picture.shape[1]
    tile_width = picture.values.get(TILE_WIDTH, 0) or width
    return tile_width, -(-width // tile_width) * tile_width


def _as_bytes(encoded: bytes, picture: Directory, bits: int, limits: MaskLimits) -> bytes:
    """Declare the picture to hold bytes, in as many columns as its numbers of so many bits take.

    So Pillow or libtiff undo the compression, and only the predictor is left, which works on each row of a tile alone.
    """
    tile_width, n_columns = _columns_of(picture)
    limits.check_size((picture.shape[0], n_columns), -(-bits // 8) * _BULK)
    tile_bytes = -(-tile_width * bits // 8)
    wide = {WIDTH: n_columns // tile_width * tile_bytes, TILE_WIDTH: tile_bytes}
    return picture.rewritten(encoded, {**wide, BITS: 8, SAMPLE_FORMAT: 1, PREDICTOR: 1})


def _open_wide(as_bytes: bytes, picture: Directory, dtype: np.dtype[np.generic], limits: MaskLimits) -> Raster:
    """Decode numbers out of the file that declares them to be bytes."""
    in_bytes = replace(limits, max_pixels=limits.max_pixels * dtype.itemsize)
    read_bytes = open_raster(as_bytes, "TIFF", "value", in_bytes).read_rows
    tile_width, n_columns = _columns_of(picture)
    is_predicted = picture.values.get(COMPRESSION, 1) in _PREDICTED
    predictor = picture.values.get(PREDICTOR, 1) if is_predicted else 1

    def read_rows(top: int, bottom: int) -> Pixels:
        lines = np.ascontiguousarray(read_bytes(top, bottom), np.uint8)
        numbers = _numbers(lines.reshape(bottom - top, -1, tile_width * dtype.itemsize), dtype, predictor)
        return numbers.reshape(bottom - top, n_columns)[:, : picture.shape[1]]

    return Raster("TIFF", Layout("I", picture.shape), read_rows)


def _packed_layout(picture: Directory) -> Layout:
    """Return what the header says of packed numbers."""
    bits = picture.values[BITS]
    return Layout("L" if bits < 8 else "I", picture.shape, bits)


def _open_packed(as_bytes: bytes, picture: Directory, limits: MaskLimits) -> Raster:
    """Decode numbers that are packed bit by bit, the first bit of a byte first; each row of a tile begins a byte."""
    layout = _packed_layout(picture)
    in_bytes = replace(limits, max_pixels=2 * limits.max_pixels)
    read_bytes = open_raster(as_bytes, "TIFF", "value", in_bytes).read_rows
    tile_width, n_columns = _columns_of(picture)
    room = 8 if layout.bits < 8 else 16

    def read_rows(top: int, bottom: int) -> Pixels:
        lines = np.ascontiguousarray(read_bytes(top, bottom), np.uint8)
        lines = lines.reshape(bottom - top, n_columns // tile_width, -1)
        bits = np.unpackbits(lines, axis=2, count=tile_width * layout.bits).reshape(-1, layout.bits)
        padded = np.packbits(np.pad(bits, ((0, 0), (room - layout.bits, 0))), axis=1)
        return padded.view(f">u{room // 8}").reshape(bottom - top, n_columns)[:, : picture.shape[1]]

    return Raster("TIFF", layout, read_rows)


def _numbers(lines: NDArray[np.uint8], dtype: np.dtype[np.generic], predictor: int) -> Pixels:
    """Undo the predictor (TIFF 6.0, section 14; Adobe's Technical Note 3 for floats).

    Args:
        lines: rows x tiles x bytes.
        dtype: type of the numbers, in the file's byte order.
        predictor: the tag's value.

    Returns:
        rows x tiles x numbers.
    """
    if predictor == _FLOAT_DIFFERENCES:  # bytes are sorted by their significance, the first byte of all numbers first
        sums = np.cumsum(lines, axis=2, dtype=np.uint8)
        planes = sums.reshape(*lines.shape[:2], dtype.itemsize, -1)
        return np.ascontiguousarray(planes.swapaxes(2, 3)).view(dtype.newbyteorder(">"))[..., 0]
    if predictor == _DIFFERENCES:
        unsigned = dtype.str[0] + f"u{dtype.itemsize}"
        sums = np.cumsum(lines.view(unsigned), axis=2, dtype=f"u{dtype.itemsize}")
        return sums.view(dtype.newbyteorder("="))
    return lines.view(dtype)
