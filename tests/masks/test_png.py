"""The checks Pillow leaves out, on files made chunk by chunk."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from prelabel.errors import MaskError
from prelabel.masks.png import check_png

if TYPE_CHECKING:
    from pathlib import Path


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return one PNG chunk with its right length and checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(
    width: int, height: int, scanlines: bytes, *, depth: int = 8, colour_type: int = 0, interlaced: int = 0
) -> bytes:
    """Return a PNG file around these scanlines, however many there are."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, interlaced)
    chunks = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(scanlines)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@given(st.integers(1, 20), st.integers(1, 20), st.sampled_from(["1", "L", "P", "RGB", "RGBA", "LA", "I;16"]))
def test_what_pillow_writes_is_accepted(width: int, height: int, mode: str) -> None:
    """Right files of every kind pass, so the expected number of bytes is not too high."""
    file = BytesIO()
    Image.new(mode, (width, height)).save(file, "PNG")
    check_png(file.getvalue())


@given(st.integers(1, 20), st.integers(1, 20), st.sampled_from([1, 2, 4, 8, 16]))
def test_one_missing_byte_is_noticed(width: int, height: int, depth: int) -> None:
    """Nor is the expected number too low: the last byte counts."""
    n_bytes = height * (1 + (width * depth + 7) // 8)
    check_png(png(width, height, bytes(n_bytes), depth=depth))
    with pytest.raises(MaskError, match="holds fewer pixels than its header says"):
        check_png(png(width, height, bytes(n_bytes - 1), depth=depth))


@pytest.mark.masks
def test_interlaced_files_count_their_passes(pngsuite: Path) -> None:
    """PngSuite's interlaced images of 1 x 1 to 40 x 40 pass, and fail when a byte of pixels is gone."""
    names = sorted(path.name for path in pngsuite.glob("s*i3p0?.png"))
    assert len(names) == 18
    for name in names:
        encoded = (pngsuite / name).read_bytes()
        check_png(encoded)
        at = encoded.index(b"IDAT")
        (length,) = struct.unpack_from(">I", encoded, at - 4)
        scanlines = zlib.decompress(encoded[at + 4 : at + 4 + length])
        short = encoded[: at - 4] + chunk(b"IDAT", zlib.compress(scanlines[:-1])) + chunk(b"IEND", b"")
        with pytest.raises(MaskError, match="fewer pixels"):
            check_png(short)


def test_pixels_may_come_in_many_chunks() -> None:
    """Writers split the compressed pixels anywhere."""
    whole = png(50, 50, bytes(np.random.default_rng(1).integers(0, 256, 50 * 51, np.uint8)))
    at = whole.index(b"IDAT")
    (length,) = struct.unpack_from(">I", whole, at - 4)
    deflated = whole[at + 4 : at + 4 + length]
    pieces = b"".join(chunk(b"IDAT", deflated[i : i + 7]) for i in range(0, length, 7))
    check_png(whole[: at - 4] + pieces + chunk(b"IEND", b""))


@pytest.mark.parametrize("kind", [b"IHDR", b"IDAT", b"IEND"])
def test_a_wrong_checksum_names_its_chunk(kind: bytes) -> None:
    """Each chunk's checksum is checked, the pixels' too."""
    encoded = bytearray(png(3, 3, bytes(12)))
    at = encoded.index(kind)
    (length,) = struct.unpack_from(">I", encoded, at - 4)
    encoded[at + 4 + length] ^= 1
    with pytest.raises(MaskError, match=f"its {kind.decode()} chunk has a wrong checksum"):
        check_png(bytes(encoded))


def test_a_cut_off_file_names_the_chunk() -> None:
    """A download that stopped within the pixels."""
    encoded = png(30, 30, bytes(np.random.default_rng(2).integers(0, 256, 30 * 31, np.uint8)))
    with pytest.raises(MaskError, match="cut off within its IDAT chunk"):
        check_png(encoded[: len(encoded) // 2])
