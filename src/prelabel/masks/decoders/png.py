"""PNG files: their chunks, the fast road to runs, and what Pillow does not check. Part of stage 4, see decode.py.

Chunks are told apart once for both roads. The fast one takes files of the common kinds that are right in every respect;
whatever is unusual is left to Pillow, so what a mask means, and what is said of a broken one, does not depend on the
road.
"""

from __future__ import annotations

import re
import struct
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import deflate
import numpy as np

from prelabel.errors import MaskError
from prelabel.kernels.scanline_pixels import GREY, GREY_ALPHA, PACKED, RGB, RGBA, WORD
from prelabel.kernels.scanlines import LineFormat, runs_from_lines

if TYPE_CHECKING:
    from prelabel.masks.limits import MaskLimits
    from prelabel.model import Runs

    Chunks = list[tuple[bytes, memoryview]]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_N_HEAD = 33  # bytes of the signature and the first chunk
_END = b"\0\0\0\0IEND\xaeB`\x82"  # the last chunk
_N_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
# First column and row, and steps, of the seven passes of an interlaced file (PNG specification, section 8.2).
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_PIECE_BYTES = 1 << 20
_CHUNK_HEAD, _CHECKSUM = struct.Struct(">I4s"), struct.Struct(">I")
_MOST_CHUNKS = 10_000
_BYTES_PER_CHUNK = 64  # beyond that many: chunks of fewer bytes cost more time to tell apart than to read
_MOST_INFLATED = 1032  # bytes that one deflated byte can stand for: 258 for two bits
# Behind the stream, never read as part of it: libdeflate leaves its quick loop some 30 bytes before the end of what it
# is given, and in a mask that repeats itself those stand for up to 32 KB, which it would copy byte by byte.
_SLACK = bytes(64)

# Depth and colour type -> Pillow's name of the mode, how the pixels lie. Greys of 2 and 4 bits are spread over a byte.
_LAYOUTS = {
    (1, 0): ("1", LineFormat(PACKED, 1)),
    (2, 0): ("L", LineFormat(PACKED, 2, 85)),
    (4, 0): ("L", LineFormat(PACKED, 4, 17)),
    (8, 0): ("L", LineFormat(GREY, 8)),
    (16, 0): ("I;16", LineFormat(WORD, 16)),
    (8, 2): ("RGB", LineFormat(RGB, 24)),
    **{(bits, 3): ("P", LineFormat(PACKED, bits)) for bits in (1, 2, 4)},
    (8, 3): ("P", LineFormat(GREY, 8)),
    (8, 4): ("LA", LineFormat(GREY_ALPHA, 16)),
    (8, 6): ("RGBA", LineFormat(RGBA, 32)),
}
# Chunks that mean nothing to a mask, and the bytes that Pillow wants them to have.
_IDLE = {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"pHYs": 9, b"tIME": 0, b"bKGD": 0, b"sBIT": 0, b"hIST": 0, b"sPLT": 0}
_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
# Pillow keeps texts and its own notes under the same names, which begin with small letters: those texts are left to it.
_PLAIN_WORD = re.compile(rb"[A-Z][\w :.]*\0|date:")
_EXIF_WORDS = (b"Raw profile type ", b"XML:")


class _UnusualError(Exception):
    """The file is not for the fast road."""


def _ensure(is_usual: bool) -> None:  # noqa: FBT001 - a bare assertion reads best
    if not is_usual:
        raise _UnusualError


class PngFile(NamedTuple):
    """A PNG file whose chunks are whole, in order and of common kinds; its pixels have not been looked at.

    Attributes:
        width: columns.
        height: rows.
        depth: bits of a channel.
        mode: Pillow's name for the kind of pixels.
        lines: how the pixels lie.
        deflated: the contents of the IDAT chunks.
        palette: bytes r, g, b of each index, empty where there is none.
        key: what is transparent: alphas by index (palette), a grey, or a colour; None where nothing is.
        notes: a PNG file of one pixel with the chunks that may hold an EXIF orientation, empty without such chunks.
    """

    width: int
    height: int
    depth: int
    mode: str
    lines: LineFormat
    deflated: list[memoryview]
    palette: bytes = b""
    key: bytes | int | tuple[int, ...] | None = None
    notes: bytes = b""

    def runs(self, limits: MaskLimits) -> Runs | None:
        """Inflate the scanlines, into as many bytes as the header says and never more, and read their runs.

        Args:
            limits: how many runs there may be.

        Returns:
            The runs, values as in :func:`prelabel.kernels.scanlines.runs_from_lines`; None when the compressed pixels
            are damaged, fewer or more than the header says.

        Raises:
            MaskError: there are more runs than that.
        """
        deflated = b"".join([*self.deflated, _SLACK])
        n_bytes = self.height * (1 + self.lines.n_bytes(self.width))
        if n_bytes > _MOST_INFLATED * (len(deflated) - len(_SLACK)):
            return None
        try:
            lines = deflate.zlib_decompress(deflated, n_bytes)
        except deflate.DeflateError:
            return None
        if len(lines) < n_bytes:
            return None
        try:
            return runs_from_lines(
                np.frombuffer(lines, np.uint8), self.width, self.height, self.lines, max_runs=limits.max_runs
            )
        except OverflowError as error:
            raise limits.too_many_runs((self.height, self.width)) from error


def split_chunks(encoded: bytes) -> Chunks:
    """Return the kind and body of each chunk up to IEND, where they lie; checksums are right.

    Args:
        encoded: the file, with a correct signature.

    Raises:
        MaskError: a chunk is cut off, its checksum is wrong, or there are countless small ones.
    """
    view, n_bytes = memoryview(encoded), len(encoded)
    chunks: Chunks = []
    at, kind = len(_SIGNATURE), b""
    while kind != b"IEND":
        if len(chunks) > _MOST_CHUNKS + at // _BYTES_PER_CHUNK:
            raise MaskError(f"the PNG file has more than {len(chunks)} chunks in {at} bytes; export it again")
        if at + 8 > n_bytes:
            raise MaskError("the PNG file is cut off between two chunks; export it again")
        length, kind = _CHUNK_HEAD.unpack_from(encoded, at)
        end = at + 8 + length
        if end + 4 > n_bytes:
            raise MaskError(f"the PNG file is cut off within its {_name(kind)} chunk; export it again")
        if (deflate.crc32(view[at + 4 : end]),) != _CHECKSUM.unpack_from(encoded, end):
            raise MaskError(f"the PNG file is damaged: its {_name(kind)} chunk has a wrong checksum; export it again")
        chunks.append((kind, view[at + 8 : end]))
        at = end + 4
    return chunks


def _name(kind: bytes) -> str:
    return kind.decode("ascii", "backslashreplace")


def read_png(chunks: Chunks) -> PngFile | None:
    """Read what the chunks say.

    Args:
        chunks: as :func:`split_chunks` returns them.

    Returns:
        The file, its pixels still compressed; None when it is of a kind that is left to Pillow, which also says what is
        wrong: interlaced, animated, colours of 16 bits, chunks that are unknown or in an unusual place.
    """
    try:
        return _read_chunks(chunks)
    except _UnusualError:
        return None


def read_usual(encoded: bytes) -> PngFile | None:
    """Read a file that is a header, one IDAT chunk and the end, as small masks are.

    Args:
        encoded: the file, with a correct signature.

    Returns:
        What :func:`read_png` makes of it; None where it is another, or damaged, and all is to be looked at.
    """
    head = _usual_head(encoded[:_N_HEAD])
    end = _N_HEAD + 8 + int.from_bytes(encoded[_N_HEAD : _N_HEAD + 4])
    if head is None or encoded[_N_HEAD + 4 : _N_HEAD + 8] != b"IDAT" or encoded[end + 4 :] != _END:
        return None
    view = memoryview(encoded)
    if deflate.crc32(view[_N_HEAD + 4 : end]) != int.from_bytes(view[end : end + 4]):
        return None
    return PngFile(*head, [view[_N_HEAD + 8 : end]])


@lru_cache  # masks of one source have one header
def _usual_head(head: bytes) -> tuple[int, int, int, str, LineFormat] | None:
    """Return what :func:`_read_header` does of a file's first bytes; None where they are unusual, or need a palette."""
    body = head[len(_SIGNATURE) + 8 : -4]
    if len(body) != 13 or head[len(_SIGNATURE) :] != _chunk(b"IHDR", body):
        return None
    try:
        header = _read_header(body)
    except _UnusualError:
        return None
    return None if header[3] == "P" else header


def _read_chunks(chunks: Chunks) -> PngFile:
    kinds = [kind for kind, _ in chunks]
    n_parts = kinds.count(b"IDAT")
    _ensure(kinds[0] == b"IHDR" and len(chunks[0][1]) == 13 and n_parts > 0)
    width, height, depth, mode, lines = _read_header(bytes(chunks[0][1]))
    first = kinds.index(b"IDAT")
    before, parts, after = chunks[1:first], chunks[first : first + n_parts], chunks[first + n_parts : -1]
    palette, alphas = _single(b"PLTE", before), _single(b"tRNS", before)
    _ensure(mode != "P" or (palette is not None and 0 < len(palette) <= 768 and len(palette) % 3 == 0))
    return PngFile(
        width,
        height,
        depth,
        mode,
        lines,
        [body for _, body in parts],
        bytes(palette) if mode == "P" and palette is not None else b"",
        None if alphas is None else _key(alphas, mode),
        _notes(before, after) if before or after else b"",
    )


@lru_cache
def _read_header(header: bytes) -> tuple[int, int, int, str, LineFormat]:
    """Return width, height and depth, Pillow's name for the kind of pixels, and how they lie."""
    width, height, depth, colour_type, *methods = struct.unpack(">IIBBBBB", header)
    _ensure((depth, colour_type) in _LAYOUTS and not any(methods))
    mode, lines = _LAYOUTS[depth, colour_type]
    _ensure(0 < width * height < 1 << 31 and lines.n_bytes(width) < 1 << 31)
    return width, height, depth, mode, lines


def _single(kind: bytes, chunks: Chunks) -> memoryview | None:
    bodies = [body for other, body in chunks if other == kind]
    _ensure(len(bodies) < 2)
    return bodies[0] if bodies else None


def _key(body: memoryview, mode: str) -> bytes | int | tuple[int, ...]:
    """Read a tRNS chunk: a palette's alphas, a grey or a colour."""
    if mode == "P":
        _ensure(len(body) <= 256)
        return bytes(body)
    if mode == "RGB":
        _ensure(len(body) >= 6)
        color = struct.unpack_from(">3H", body)
        _ensure(max(color) <= 255)
        return color
    _ensure(mode in {"1", "L", "I;16"} and len(body) >= 2)
    return int.from_bytes(body[:2])


def _notes(before: Chunks, after: Chunks) -> bytes:
    """Return a PNG file of one pixel with the chunks that Pillow should see; empty where there is none.

    They are wrapped as they are, before and after the pixel, so that Pillow finds in them what it would have found.
    """
    told_before = b"".join(_chunk(kind, body) for kind, body in before if _is_told(kind, body))
    told_after = b"".join(_chunk(kind, body) for kind, body in after if _is_told(kind, body, b"IDAT"))
    if not told_before and not told_after:
        return b""
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    pixel = _chunk(b"IDAT", zlib.compress(b"\0\0"))
    return b"".join([_SIGNATURE, header, told_before, pixel, told_after, _chunk(b"IEND", b"")])


def _chunk(kind: bytes, body: bytes | memoryview) -> bytes:
    return b"".join([struct.pack(">I", len(body)), kind, body, struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))])


def _is_told(kind: bytes, body: memoryview, seen: bytes = b"") -> bool:
    """Tell whether Pillow should see a chunk: one that may hold an orientation or that Pillow may refuse."""
    if kind in _IDLE:
        _ensure(len(body) >= _IDLE[kind])
        return False
    if kind in {b"PLTE", b"tRNS"}:
        _ensure(not seen)  # they come before the pixels
        return False
    if kind in _TEXTS:
        _ensure(_PLAIN_WORD.match(body) is not None)
        return kind != b"tEXt" or bytes(body[:17]).startswith(_EXIF_WORDS)
    _ensure(kind in {b"eXIf", b"iCCP"})
    return True


def check_pixels(chunks: Chunks) -> None:
    """Refuse a PNG file whose pixels end early; Pillow would paint the rest black.

    Memory stays bounded: pixels are inflated piece by piece and only counted.

    Args:
        chunks: as :func:`split_chunks` returns them.

    Raises:
        MaskError: there are fewer pixels than the header says.
        struct.error, KeyError, zlib.error: damage of other kinds, for the caller to map.
    """
    missing = _n_inflated(chunks[0][1])
    inflater = zlib.decompressobj()
    for kind, body in chunks:
        if kind == b"IDAT":
            missing -= _inflate(inflater, body, missing)
    if missing > 0:
        raise MaskError("the PNG file holds fewer pixels than its header says; export it again")


def _inflate(inflater: zlib._Decompress, deflated: memoryview, n_wanted: int) -> int:
    """Return how many bytes come out of one chunk, looking no further than ``n_wanted``."""
    n_inflated = 0
    rest: bytes | memoryview = deflated
    while rest and n_inflated < n_wanted and not inflater.eof:
        n_inflated += len(inflater.decompress(rest, _PIECE_BYTES))
        rest = inflater.unconsumed_tail
    return n_inflated


def _n_inflated(header: memoryview) -> int:
    """Return the bytes of all scanlines, filter bytes included, by the header."""
    width, height, depth, colour_type, _, _, interlaced = struct.unpack_from(">IIBBBBB", header)
    pixel_bits = depth * _N_CHANNELS[colour_type]
    total = 0
    for left, top, step_x, step_y in _PASSES if interlaced else ((0, 0, 1, 1),):
        columns, rows = -(-(width - left) // step_x), -(-(height - top) // step_y)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * pixel_bits + 7) // 8)
    return total
