"""What PNG promises and Pillow does not check: part of stage 4, see decode.py."""

from __future__ import annotations

import struct
import zlib

from prelabel.errors import MaskError

_N_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
# First column and row, and steps, of the seven passes of an interlaced file (PNG specification, section 8.2).
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_PIECE_BYTES = 1 << 20


def check_png(encoded: bytes) -> None:
    """Refuse a PNG file whose checksums are wrong or whose pixels end early; Pillow would paint the rest black.

    Memory stays bounded: pixels are inflated piece by piece and only counted.

    Args:
        encoded: the file, with a correct signature.

    Raises:
        MaskError: a chunk is cut off or its checksum is wrong, or there are fewer pixels than the header says.
        struct.error, KeyError, zlib.error: damage of other kinds, for the caller to map.
    """
    view = memoryview(encoded)
    missing = _n_inflated(encoded)
    inflater = zlib.decompressobj()
    at, kind = 8, b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", encoded, at)
        end = at + 8 + length
        if end + 4 > len(encoded):
            raise MaskError(f"the PNG file is cut off within its {_name(kind)} chunk; export it again")
        if zlib.crc32(view[at + 4 : end]) != int.from_bytes(view[end : end + 4]):
            raise MaskError(f"the PNG file is damaged: its {_name(kind)} chunk has a wrong checksum; export it again")
        if kind == b"IDAT":
            missing -= _inflate(inflater, view[at + 8 : end], missing)
        at = end + 4
    if missing > 0:
        raise MaskError("the PNG file holds fewer pixels than its header says; export it again")


def _name(kind: bytes) -> str:
    return kind.decode("ascii", "backslashreplace")


def _inflate(inflater: zlib._Decompress, deflated: memoryview, n_wanted: int) -> int:
    """Return how many bytes come out of one chunk, looking no further than ``n_wanted``."""
    n_inflated = 0
    rest: bytes | memoryview = deflated
    while rest and n_inflated < n_wanted and not inflater.eof:
        n_inflated += len(inflater.decompress(rest, _PIECE_BYTES))
        rest = inflater.unconsumed_tail
    return n_inflated


def _n_inflated(encoded: bytes) -> int:
    """Return the bytes of all scanlines, filter bytes included, by the header."""
    width, height, depth, colour_type, _, _, interlaced = struct.unpack_from(">IIBBBBB", encoded, 16)
    pixel_bits = depth * _N_CHANNELS[colour_type]
    total = 0
    for left, top, step_x, step_y in _PASSES if interlaced else ((0, 0, 1, 1),):
        columns, rows = -(-(width - left) // step_x), -(-(height - top) // step_y)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * pixel_bits + 7) // 8)
    return total
