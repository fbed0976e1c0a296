"""Which format a file has, by its bytes; what is said of those that are none of ours."""

from __future__ import annotations

import struct

import pytest
from PIL import Image

from masks.corpus import GREYS, SAMPLES, saved
from prelabel.errors import MaskError
from prelabel.masks.decoders.signatures import SIGNATURES, format_of


@pytest.mark.parametrize("name", SAMPLES)
def test_every_format_is_known_by_its_bytes(name: str) -> None:
    """Of every sample; its first bytes are enough."""
    assert name.startswith(format_of(SAMPLES[name].encoded))
    assert format_of(SAMPLES[name].encoded[:132]) == format_of(SAMPLES[name].encoded)


def test_there_is_a_sample_of_every_format() -> None:
    """Otherwise the tests that go over the samples would leave one out."""
    assert {format_of(sample.encoded) for sample in SAMPLES.values()} == {*SIGNATURES, "WebP", "TGA"}


@pytest.mark.parametrize(
    ("encoded", "part"),
    [
        (b"", "the file is empty"),
        (b"P", "the file begins with b'P'"),
        (b"P7\nWIDTH 1", r"begins with b'P7\\nWIDTH 1'"),
        (b"# Real masks", "so it is no PNG, TIFF, .* mask: save it as one of these"),
        (b"RIFF\x10\0\0\0WAVEfmt ", "so it is no PNG"),
        (b'{"size": [2, 2], "counts": [4]}', "so it is no PNG"),
        (b"version https://git-lfs.github.com/spec/v1", "pointer of Git LFS, no mask: .* run git lfs pull"),
        (b"<!DOCTYPE html>", "a web page, no mask: a login or an error"),
        (b"<html><body>", "a web page"),
        (b"<?xml version='1.0'?><Error>", "XML, no mask: it holds a drawing or a server's error"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "a PDF or PostScript document"),
        (b"%PDF-1.7", "a PDF or PostScript document, no mask: it holds pages"),
        (b"<svg xmlns", "SVG, no mask: it holds a drawing"),
        (b"\x1f\x8b\x08\0", "a packed archive, no mask: unpack it"),
        (b"7z\xbc\xaf\x27\x1c", "a packed archive"),
        (b"SIMPLE  =                    T", "a FITS file, no mask: its cards"),
        (b"\x89HDF\r\n\x1a\n", "HDF5, no mask: it may hold any number of pictures"),
        (b"MATLAB 5.0 MAT-file, Platform", "a MATLAB file"),
        (b"MM\0+\0\x08\0\0", "a big-endian BigTIFF, no mask: Pillow cannot read those"),
        (b"\0\0\0\x1cftypavif", "AVIF or HEIF, no mask: the size in its header"),
        (b"\0\0\0\x1cftypheic", "AVIF or HEIF"),
        (bytes(128) + b"DICM", "DICOM, no mask: it holds a scan"),
        (b"\x5c\1\0\0" + bytes(340) + b"n+1\0", "NIfTI, no mask: it holds a volume"),
        (b"\0\0\x01\0\x01\0\x10\x10" + bytes(14), r"begins with b'\\x00\\x00\\x01"),
        (b"\0\0\x02\0\x01\0\x10\x10\0\0\0\0\0\0\0\0\x18\0", "begins with"),
        (struct.pack("<IIIHH", 40, 4, 4, 1, 24) + bytes(24), "begins with"),
    ],
)
def test_other_files_are_told_what_they_are(encoded: bytes, part: str) -> None:
    """A web page, an archive, a pointer of Git LFS, formats that hold no single exact picture."""
    with pytest.raises(MaskError, match=part):
        format_of(encoded)


@pytest.mark.parametrize(
    ("file_format", "part"),
    [("PDF", ", no mask: "), ("EPS", ", no mask: "), ("AVIF", ", no mask: ")]
    + [(name, "begins with") for name in ("ICO", "ICNS", "DDS", "DIB", "BLP")],
)
def test_what_pillow_writes_and_we_refuse(file_format: str, part: str) -> None:
    """Real files of these formats, not just what they begin with: none is taken for another."""
    with pytest.raises(MaskError, match=part):
        format_of(
            saved(Image.fromarray(GREYS).resize((16, 16)).convert("P" if file_format == "BLP" else "RGB"), file_format)
        )


@pytest.mark.parametrize("n_zeros", [18, 200, 4000])
def test_zeros_are_nothing(n_zeros: int) -> None:
    """An empty block of a disk looks like several formats that have no signature, and must not be taken for one."""
    with pytest.raises(MaskError, match="begins with"):
        format_of(bytes(n_zeros))
