"""Small files that ask for much: memory, time, or a size that they do not have."""

from __future__ import annotations

import struct
import time
import zipfile
import zlib
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, TiffImagePlugin

from masks.corpus import GREYS, npy, saved
from prelabel.errors import MaskError
from prelabel.masks.decoders.decode import decode_mask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

WIDE = 22_000
"""Pixels: a square of so many sides is just within the limit on pixels."""
HUGE = 60_000


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return one PNG chunk with its right length and checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, deflated: bytes, *others: bytes, layout: tuple[int, int, int] = (8, 0, 0)) -> bytes:
    """Return a PNG file: depth, colour type and interlacing are the layout's."""
    header = struct.pack(">IIBBBBB", width, height, layout[0], layout[1], 0, 0, layout[2])
    chunks = [chunk(b"IHDR", header), *others, chunk(b"IDAT", deflated), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@cache
def zeros(n_bytes: int) -> bytes:
    """Return so many zeros (whole megabytes), deflated."""
    deflater = zlib.compressobj(1)
    pieces = [deflater.compress(bytes(1 << 20)) for _ in range(n_bytes >> 20)]
    return b"".join([*pieces, deflater.flush()])


def stripes(side: int) -> bytes:
    """Return a square PNG in which every pixel is a run of its own, a byte of file for a thousand of them."""
    row = b"\0" + (b"\0\1" * ((side + 1) // 2))[:side]
    deflater = zlib.compressobj(1)
    return png(side, side, b"".join([*(deflater.compress(row) for _ in range(side)), deflater.flush()]))


def tiff(tags: Mapping[int, object]) -> bytes:
    """Return a TIFF file of one directory with these tags over those of a grey picture of 10 x 10 pixels."""
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    usual = {256: 10, 257: 10, 258: 8, 259: 5, 262: 1, 273: 8, 277: 1, 278: 10, 279: 100}
    directory.update({**usual, **tags})
    file = BytesIO(b"II*\0\x08\0\0\0")
    file.seek(8)
    directory.save(file)
    return file.getvalue()


def greedy_directory() -> bytes:
    """Return a TIFF whose 60,000 tags all name the same megabyte."""
    entries = b"".join(struct.pack("<HHII", 1000 + i % 64_000, 7, 1 << 20, 0) for i in range(60_000))
    usual = [(256, 10), (257, 10), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, 10), (279, 100)]
    first = b"".join(struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in usual)
    count = struct.pack("<H", len(usual) + 60_000)
    return b"II*\0\x08\0\0\0" + count + first + entries + bytes(4) + bytes(1 << 20)


def long_entry() -> bytes:
    """Return a TIFF that lists five million strips, all of them the same."""
    n_strips = 5_000_000
    places = struct.pack("<I", 8) * n_strips
    encoded = bytearray(tiff({273: 0, 278: 1}))
    at = encoded.index(struct.pack("<HH", 273, 4))
    struct.pack_into("<II", encoded, at + 4, n_strips, len(encoded))
    return bytes(encoded) + places


def circle() -> bytes:
    """Return a TIFF whose directory names itself as the next one."""
    encoded = bytearray(saved(Image.fromarray(GREYS), "TIFF"))
    (first,) = struct.unpack_from("<I", encoded, 4)
    (n_entries,) = struct.unpack_from("<H", encoded, first)
    struct.pack_into("<I", encoded, first + 2 + 12 * n_entries, first)
    return bytes(encoded)


def webp(kind: bytes, body: bytes) -> bytes:
    """Return a WebP file of one chunk."""
    chunks = kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


def codestream(side: int, tile: int, n_components: int = 1) -> bytes:
    """Return the beginning of a JPEG 2000 codestream."""
    sizes = struct.pack(">HIIIIIIIIH", 0, side, side, 0, 0, tile, tile, 0, 0, n_components)
    body = sizes + b"\x07\x01\x01" * n_components
    quantised = b"\xff\x52\0\x0c\0\0\0\1\0\5\4\4\0\1" + b"\xff\x5c\0\x13\x40" + bytes(16)
    tile_part = b"\xff\x90\0\x0a\0\0\0\0\0\x0e\0\1\xff\x93\xff\xd9"
    return b"\xff\x4f\xff\x51" + struct.pack(">H", 2 + len(body)) + body + quantised + tile_part


def many_scans() -> bytes:
    """Return a progressive JPEG of 9 megapixels whose last, empty scan comes five thousand times."""
    encoded = saved(Image.new("L", (3000, 3000)), "JPEG", progressive=True)
    at = encoded.rindex(b"\xff\xda")
    return encoded[:-2] + encoded[at:-2] * 5_000 + b"\xff\xd9"


def huge_jpeg() -> bytes:
    """Return a JPEG whose header says 65,500 x 65,500."""
    encoded = bytearray(saved(Image.new("L", (16, 16)), "JPEG"))
    struct.pack_into(">HH", encoded, encoded.index(b"\xff\xc0") + 5, 65_500, 65_500)
    return bytes(encoded)


def zip_that_lies() -> bytes:
    """Return a .npz whose array is declared small, in both of its headers, and inflates to a gigabyte."""
    content = npy(GREYS)
    packed = zlib.compressobj(1, wbits=-15)
    body = packed.compress(content) + b"".join(packed.compress(bytes(1 << 20)) for _ in range(1024)) + packed.flush()
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("mask.npy", body)
    encoded = bytearray(file.getvalue())
    for magic, at in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        place = encoded.index(magic)
        struct.pack_into("<H", encoded, place + at, zipfile.ZIP_DEFLATED)
        struct.pack_into("<I", encoded, place + at + 6, zlib.crc32(content))
        struct.pack_into("<I", encoded, place + at + 14, len(content))
    return bytes(encoded)


def zip_of(n_bytes: int) -> bytes:
    """Return a .npz whose array is declared to have, and has, so many bytes: a header and zeros."""
    file = BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("mask.npy", "w", force_zip64=True) as member,
    ):
        member.write(npy(np.zeros((10, 10), np.uint8))[:128])
        for _ in range(n_bytes >> 20):
            member.write(bytes(1 << 20))
    return file.getvalue()


def zip_of_many() -> bytes:
    """Return a zip archive of two hundred thousand members."""
    file = BytesIO()
    entry = struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0) + b"a.npy"
    file.write(b"PK\3\4" + bytes(26))
    file.write(entry * 200_000)
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 65_535, 65_535, len(entry) * 200_000, 30, 0)
    return file.getvalue() + end


def many_pages() -> bytes:
    """Return a TIFF of a hundred thousand directories, each an overview of the one before."""
    entry = struct.pack("<HHII", 254, 4, 1, 1)
    first = tiff({})
    (place,) = struct.unpack_from("<I", first, 4)
    (n_entries,) = struct.unpack_from("<H", first, place)
    encoded = bytearray(first)
    struct.pack_into("<I", encoded, place + 2 + 12 * n_entries, len(encoded))
    pages = (struct.pack("<H", 1) + entry + struct.pack("<I", len(first) + 18 * (i + 1)) for i in range(100_000))
    return bytes(encoded) + b"".join(pages)


def huge_validity(tile: int) -> bytes:
    """Return a TIFF of 10 x 10 pixels with a validity mask: of 20,000 x 20,000, or in tiles of so many."""
    side = 20_000 if tile == 10 else 10
    first = bytearray(tiff({}))
    (place,) = struct.unpack_from("<I", first, 4)
    (n_entries,) = struct.unpack_from("<H", first, place)
    struct.pack_into("<I", first, place + 2 + 12 * n_entries, len(first))
    tags = ((254, 4), (256, side), (257, side), (258, 1), (259, 8), (262, 4), (277, 1), (322, tile), (323, tile))
    listed = [*tags, (324, 8), (325, 100)]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in listed)
    return bytes(first) + struct.pack("<H", len(listed)) + entries + bytes(4) + bytes(200)


def gif_comment() -> bytes:
    """Return a GIF with ten megabytes of comment."""
    encoded = saved(Image.fromarray(GREYS), "GIF")
    at = encoded.index(b",\0\0\0\0")
    return encoded[:at] + b"!\xfe" + (b"\xff" + b"x" * 255) * 40_000 + b"\0" + encoded[at:]


Bomb = tuple["Callable[[], bytes]", str]
NONE = "^$"  # nothing is wrong with the mask, and it costs no more than any other
SIZE = "pixels and at most|bytes to decode|allowed on a side"

BOMBS: dict[str, Bomb] = {
    "PNG header": (lambda: png(HUGE, HUGE, zeros(1 << 20)), SIZE),
    "PNG width": (lambda: png(400_000_000, 1, zeros(1 << 20)), SIZE),
    "PNG pixels missing": (lambda: png(WIDE, WIDE, zeros(1 << 20)), "fewer pixels than its header says"),
    "PNG interlaced": (lambda: png(WIDE, WIDE, zeros(1 << 20), layout=(8, 0, 1)), "fewer pixels"),
    "PNG of four channels": (lambda: png(WIDE, WIDE, zeros(1 << 20), layout=(8, 6, 0)), SIZE),
    "PNG stripes": (lambda: stripes(9_000), "runs of equal pixels"),
    "PNG text": (lambda: png(3, 3, zeros(0), chunk(b"zTXt", b"Comment\0\0" + zeros(1 << 30))), "damaged"),
    "PNG texts": (
        lambda: png(3, 3, zeros(0), *[chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(1_000_000), 1))] * 500),
        "Too much memory",
    ),
    "PNG profile": (lambda: png(3, 3, zeros(0), chunk(b"iCCP", b"sRGB\0\0" + zeros(1 << 30))), "damaged|fewer"),
    "PNG of many chunks": (lambda: png(3, 3, zeros(0), chunk(b"IDAT", b"") * 1_000_000), "chunks in"),
    "TIFF header": (lambda: tiff({256: HUGE, 257: HUGE}), SIZE),
    "TIFF tile": (lambda: tiff({322: HUGE, 323: HUGE, 324: 8, 325: 100}), SIZE),
    "TIFF doubles": (lambda: tiff({256: WIDE, 257: WIDE, 258: 64, 339: 3}), SIZE),
    "TIFF wide tile": (
        lambda: tiff({256: 1, 257: 20_000, 258: 64, 322: WIDE, 323: 16, 324: 8, 325: 100, 339: 3}),
        SIZE,
    ),
    "TIFF wide strips": (lambda: tiff({256: 4_000, 257: 4_000, 258: 64, 278: 4_000, 339: 3}), "decode"),
    "TIFF validity": (lambda: huge_validity(10), "validity mask has"),
    "TIFF validity tile": (lambda: huge_validity(HUGE), SIZE),
    "TIFF strip": (lambda: tiff({278: 2**32 - 1, 279: 2**32 - 1}), "decode"),
    "TIFF strips": (long_entry, "values and at most"),
    "TIFF directory": (greedy_directory, "names more bytes"),
    "TIFF circle": (circle, "in a circle"),
    "TIFF overviews": (many_pages, "too many"),
    "GIF screen": (lambda: b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\1\0\1\0\0\2\2\x44\1\0;", SIZE),
    "WebP canvas": (lambda: webp(b"VP8X", bytes(4) + b"\xff\xff\xff" * 2), SIZE),
    "WebP lossless": (lambda: webp(b"VP8L", b"\x2f\xff\xff\xff\x0f" + bytes(20)), SIZE),
    "WebP lossy": (lambda: webp(b"VP8 ", b"\0\0\0\x9d\1\x2a\xff\x3f\xff\x3f" + bytes(20)), SIZE),
    "JPEG 2000 header": (lambda: codestream(HUGE, HUGE), SIZE),
    "JPEG 2000 within": (lambda: codestream(12_000, 12_000), "cannot be decoded"),
    "JPEG 2000 tile": (lambda: codestream(10, 2**31), "cannot be decoded"),
    "JPEG 2000 components": (lambda: codestream(5_000, 5_000, 16_384), "damaged"),
    "JPEG header": (huge_jpeg, SIZE),
    "JPEG scans": (many_scans, "scans"),
    "BMP header": (
        lambda: b"BM" + struct.pack("<IIIIiiHHIIIIII", 54, 0, 54, 40, 40_000, 40_000, 1, 8, 0, 0, 0, 0, 0, 0),
        SIZE,
    ),
    "BMP runs": (
        lambda: b"BM" + struct.pack("<IIIIiiHHIIIIII", 54, 0, 54, 40, WIDE, WIDE, 1, 8, 1, 0, 0, 0, 0, 0),
        "it is slow",
    ),
    "PNM header": (lambda: b"P5 50000 40000 255\n", SIZE),
    "PNM of 5": (lambda: b"P5 %d %d 5\n" % (WIDE, WIDE), "it is slow"),
    "TGA runs": (lambda: struct.pack("<BBB5xHHHHBB", 0, 0, 11, 0, 0, 65_535, 65_535, 8, 0), SIZE),
    "PCX header": (
        lambda: (b"\x0a\5\1\1" + struct.pack("<HHHH", 0, 0, 65_534, 65_534)).ljust(65, b"\0") + b"\1" + bytes(80),
        SIZE,
    ),
    "SGI header": (lambda: struct.pack(">HBBHHHH", 474, 1, 1, 2, 65_535, 65_535, 1) + bytes(500), SIZE),
    "PSD header": (lambda: b"8BPS" + struct.pack(">H6xHIIHH", 1, 1, HUGE, HUGE, 8, 1) + bytes(14), SIZE),
    "Sun raster header": (lambda: struct.pack(">8I", 0x59A66A95, HUGE, HUGE, 8, 0, 1, 0, 0), SIZE),
    "QOI header": (lambda: b"qoif" + struct.pack(">IIBB", HUGE, HUGE, 3, 0), SIZE),
    "QOI runs": (lambda: b"qoif" + struct.pack(">IIBB", 10_000, 10_000, 3, 0) + b"\xfd" * 100, "it is slow"),
    "XBM header": (lambda: b"#define m_width 60000\n#define m_height 60000\nstatic char m_bits[] = {\n0x00", SIZE),
    "XPM header": (lambda: b'/* XPM */\n"60000 60000 1 1",\n"a c #000000",\n"aaa",\n', SIZE),
    "GIF comment": (gif_comment, NONE),
    "npy header": (lambda: npy(GREYS).replace(b"(9, 13)", b"(90000, 90000)".ljust(14))[:200], "cut off|damaged"),
    "npz inflated": (lambda: zip_of(1100 << 20), "bytes and at most"),
    "npz that lies": (zip_that_lies, NONE),
    "npz of many": (zip_of_many, "members"),
}
"""Name -> the file, and a pattern of the reason."""


def defused(name: str, encoded: bytes) -> tuple[str, float, int]:
    """Return what is said of a bomb, the seconds it took and the bytes of memory, in a process that has a limit."""
    import resource  # noqa: PLC0415 - absent on Windows

    decode_mask(b"P2 2 1 255\n1 2\n", "value")
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    resource.setrlimit(resource.RLIMIT_AS, (used + (2 << 30), -1))
    started = time.perf_counter()
    try:
        decode_mask(encoded, "rgb" if "four" in name else "value")
        said = ""
    except MaskError as error:
        said = str(error)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
    return said, time.perf_counter() - started, grown
