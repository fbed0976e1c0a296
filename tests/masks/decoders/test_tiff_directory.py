"""TIFF directories before Pillow sees them: pages and overviews, sizes, entries that ask for too much."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Literal

import numpy as np
import pytest
import tifffile
from PIL import Image

from masks.bombs import circle, tiff
from masks.corpus import GREYS, SAMPLES, saved
from prelabel.errors import MaskError
from prelabel.masks.decoders.decode import decode_mask
from prelabel.masks.decoders.tiff_directory import check_tiff
from prelabel.masks.limits import MaskLimits

TIFFS = {name: sample.encoded for name, sample in SAMPLES.items() if name.startswith("TIFF")}


def stacked(*subfile_types: int, byteorder: Literal["<", ">"] = "<", bigtiff: bool = False) -> bytes:
    """Return a TIFF of pages with these subfile types, 0 for a page and 1 for an overview, each smaller."""
    file = BytesIO()
    with tifffile.TiffWriter(file, byteorder=byteorder, bigtiff=bigtiff) as writer:
        for index, subfile_type in enumerate(subfile_types):
            array = np.full((16 >> index, 16 >> index), index + 1, np.uint8)
            writer.write(array, subfiletype=subfile_type, photometric="minisblack", metadata=None)
    return file.getvalue()


@pytest.mark.parametrize("name", TIFFS)
def test_right_files_pass(name: str) -> None:
    """Every kind of sample, at the limits that it just keeps to."""
    side = 16 if "tiles" in name else 13
    check_tiff(TIFFS[name], MaskLimits(max_pixels=side * (16 if "tiles" in name else 9)))
    with pytest.raises(MaskError, match="pixels and at most 116 are allowed"):
        check_tiff(TIFFS[name], MaskLimits(max_pixels=9 * 13 - 1))


@pytest.mark.parametrize(("byteorder", "bigtiff"), [("<", False), (">", False), ("<", True)])
def test_pages_are_told_from_overviews(byteorder: Literal["<", ">"], bigtiff: bool) -> None:
    """Two pages are one too many; a map with its smaller copies is one picture, and the large one is read."""
    with pytest.raises(MaskError, match="several pages or frames") as caught:
        check_tiff(stacked(0, 0, byteorder=byteorder, bigtiff=bigtiff), MaskLimits())
    assert caught.value.shape == (8, 8)
    runs = decode_mask(stacked(0, 1, 1, byteorder=byteorder, bigtiff=bigtiff), "value")
    assert (runs.height, runs.width, set(runs.values.tolist())) == (16, 16, {1})


def test_a_thumbnail_before_the_picture_is_refused() -> None:
    """The first picture is the one that would be read."""
    with pytest.raises(MaskError, match="several pages or frames"):
        check_tiff(stacked(1, 0), MaskLimits())


def test_a_tile_may_not_be_larger_than_a_mask() -> None:
    """Libtiff makes a buffer of a whole tile, however small the picture."""
    encoded = tiff({322: 1000, 323: 1000, 324: 8, 325: 100})
    check_tiff(encoded, MaskLimits(max_pixels=1_000_000))
    with pytest.raises(MaskError, match="1000 x 1000 = 1000000 pixels"):
        check_tiff(encoded, MaskLimits(max_pixels=999_999))


@pytest.mark.parametrize("sides", [{256: 0}, {257: 0}, {256: 0, 258: 64, 339: 3}])
def test_a_picture_has_pixels(sides: dict[int, object]) -> None:
    """Nothing is divided by a width of 0."""
    with pytest.raises(MaskError, match="no rows or no columns"):
        check_tiff(tiff(sides), MaskLimits())


def test_bits_and_samples_count() -> None:
    """Three samples of 16 bits are six bytes a pixel."""
    encoded = tiff({258: (16, 16, 16), 277: 3, 262: 2})
    check_tiff(encoded, MaskLimits(max_bytes=600))
    with pytest.raises(MaskError, match="take 600 bytes"):
        check_tiff(encoded, MaskLimits(max_bytes=599))


def test_a_file_holds_a_picture() -> None:
    """The first directory may be nowhere."""
    with pytest.raises(MaskError, match="holds no picture"):
        check_tiff(b"II*\0" + bytes(20), MaskLimits())


def test_a_circle_of_directories_ends() -> None:
    """A directory that names itself as the next."""
    with pytest.raises(MaskError, match="go in a circle"):
        check_tiff(circle(), MaskLimits())


@pytest.mark.parametrize("tag", [273, 279, 320])
def test_long_tables_are_refused_before_they_are_read(tag: int) -> None:
    """The number of values is enough: those named here are not even in the file."""
    encoded = bytearray(tiff({tag: (1, 2, 3)}))
    at = next(at for at in range(8, len(encoded)) if encoded[at : at + 2] == struct.pack("<H", tag))
    struct.pack_into("<I", encoded, at + 4, 1 << 20)
    with pytest.raises(MaskError, match=rf"tag {tag} has 1048576 values and at most 262144 are read"):
        check_tiff(bytes(encoded), MaskLimits())


def test_a_directory_names_no_more_bytes_than_there_are() -> None:
    """Two notes of the whole file are one too many, though each is there."""
    notes = {270: "x" * 500, 305: "y" * 500}
    encoded = bytearray(tiff(notes))
    check_tiff(bytes(encoded), MaskLimits())
    for tag in notes:
        at = encoded.index(struct.pack("<HH", tag, 2))
        struct.pack_into("<II", encoded, at + 4, len(encoded) - 8, 8)
    with pytest.raises(MaskError, match="names more bytes than there are"):
        check_tiff(bytes(encoded), MaskLimits())


def test_the_first_of_repeated_tags_counts() -> None:
    """As it does for Pillow, so that no second one hides a size."""
    encoded = bytearray(tiff({256: 10, 255: 7}))
    at = encoded.index(struct.pack("<H", 255))
    struct.pack_into("<HHII", encoded, at, 256, 4, 1, 30_000)
    with pytest.raises(MaskError, match="30000 x 10"):
        check_tiff(bytes(encoded), MaskLimits(max_pixels=1000))


@pytest.mark.parametrize("n_bytes", [4, 8, 9, 20, 100])
def test_cut_directories_raise(n_bytes: int) -> None:
    """For the caller to map."""
    encoded = saved(Image.fromarray(GREYS), "TIFF")
    with pytest.raises(struct.error):
        check_tiff(encoded[:n_bytes], MaskLimits())
