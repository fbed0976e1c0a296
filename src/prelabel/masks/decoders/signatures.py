"""What kind of file it is, by its bytes and never by its name: part of stage 4, see decode.py."""

from __future__ import annotations

import struct
from typing import Literal, get_args

from prelabel.errors import MaskError

Format = Literal[
    "PNG",
    "TIFF",
    "JPEG",
    "WebP",
    "GIF",
    "BMP",
    "DIB",
    "PNM",
    "JPEG 2000",
    "TGA",
    "PSD",
    "PCX",
    "SGI",
    "Sun raster",
    "QOI",
    "MSP",
    "XBM",
    "XPM",
    "npy",
    "npz",
]
FORMATS: tuple[str, ...] = get_args(Format)

_SIGNATURES: tuple[tuple[bytes, Format], ...] = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    *((magic, "TIFF") for magic in (b"II*\0", b"MM\0*", b"II+\0")),
    *((magic, "GIF") for magic in (b"GIF87a", b"GIF89a")),
    *((b"P%c%c" % (kind, space), "PNM") for kind in b"123456f" for space in b" \t\r\n"),
    (b"\x93NUMPY", "npy"),
    (b"PK\x03\x04", "npz"),
    (b"PK\x05\x06", "npz"),
    (b"BM", "BMP"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"8BPS", "PSD"),
    (b"\x59\xa6\x6a\x95", "Sun raster"),
    (b"\x01\xda", "SGI"),
    (b"qoif", "QOI"),
    (b"DanM", "MSP"),
    (b"LinS", "MSP"),
    (b"/* XPM */", "XPM"),
    (b"#define ", "XBM"),
)

_ELSE = "save the mask as PNG, TIFF or .npy"
_PICTURES, _DRAWING = f"it holds several pictures; {_ELSE}", f"it holds a drawing, not pixels; {_ELSE}"
_LOSSY, _UNPACK = f"textures are packed with loss; {_ELSE}", "unpack it and name the mask in it"
_PAGE = "a login or an error page, most likely; look at it in a browser"

# What is known and yet not read, with the reason. Of Pillow's other readers, some have no signature (IMT, PCD, SPIDER),
# some need an outside program or package (EPS, WMF, FPX, MIC) or are stubs (BUFR, GRIB, HDF5, MPEG), and some hold a
# second file whose size their header does not tell (BLP, IPTC), are animations (FLI) or on their way out (IM).
_REFUSED: tuple[tuple[bytes, str, str], ...] = (
    (b"MM\0+", "a big-endian BigTIFF", f"Pillow cannot read those; {_ELSE}"),
    (b"%PDF", "a PDF document", f"it holds pages, not pixels; {_ELSE}"),
    (b"%!PS", "PostScript", _DRAWING),
    (b"\xc5\xd0\xd3\xc6", "PostScript", _DRAWING),
    (b"\xd7\xcd\xc6\x9a", "a Windows metafile", _DRAWING),
    (b"<svg", "SVG", _DRAWING),
    (b"<?xml", "XML", f"it holds no pixels; {_ELSE}"),
    (b"<!DOCTYPE", "a web page", _PAGE),
    (b"<!doctype", "a web page", _PAGE),
    (b"<html", "a web page", _PAGE),
    (b"version https://git-lfs", "a pointer of Git LFS", "the mask itself was not fetched; run git lfs pull"),
    (b"\0\0\x01\0", "an icon", _PICTURES),
    (b"\0\0\x02\0", "a cursor", _PICTURES),
    (b"icns", "an icon", _PICTURES),
    (b"\xb1\x68\xde\x3a", "a DCX file", _PICTURES),
    (b"SIMPLE  =", "a FITS file", f"its values depend on cards (BZERO, BSCALE) that Pillow passes over; {_ELSE}"),
    (b"\x89HDF", "HDF5", f"it holds any number of arrays; {_ELSE}"),
    (b"DDS ", "a DDS texture", _LOSSY),
    (b"BLP", "a BLP texture", _LOSSY),
    (b"FTEX", "an FTEX texture", _LOSSY),
    (b"\x80\xe8\0\0", "a Pixar picture", f"Pillow guesses its layout; {_ELSE}"),
    (b"\0\0\0\0\0\0\0\x04", "a McIdas area", f"it holds the bands of a satellite; {_ELSE}"),
    (b"P7 332", "an XV thumbnail", "it holds a preview; name the picture itself"),
    (b"GRIB", "GRIB", f"it holds weather fields; {_ELSE}"),
    (b"BUFR", "BUFR", f"it holds weather reports; {_ELSE}"),
    (b"\x1f\x8b", "a gzip archive", _UNPACK),
    (b"BZh", "a bzip2 archive", _UNPACK),
    (b"\xfd7zXZ", "an xz archive", _UNPACK),
    (b"7z\xbc\xaf", "a 7z archive", _UNPACK),
    (b"Rar!", "a RAR archive", _UNPACK),
)
_AVIF_BRANDS = (b"avif", b"avis", b"mif1", b"msf1", b"heic", b"heix", b"heif")
_DIB_HEADERS = (12, 40, 52, 56, 64, 108, 124)
_TGA_DEPTHS = {1: (8,), 2: (16, 24, 32), 3: (1, 8, 16), 9: (8,), 10: (16, 24, 32), 11: (8, 16)}  # by kind of pixels


def format_of(encoded: bytes) -> Format:
    """Return the file's format.

    Args:
        encoded: the file, or its first bytes.

    Raises:
        MaskError: none that is read here; says how it begins, or what it is and why that is no mask.
    """
    if encoded[:4] == b"RIFF" and encoded[8:12] == b"WEBP":
        return "WebP"
    for magic, name in _SIGNATURES:
        if encoded.startswith(magic):
            return name
    found = _by_header(encoded)
    if found is not None:
        return found
    raise _refusal(encoded)


def _by_header(encoded: bytes) -> Format | None:
    """Tell the formats that begin with no signature, only with numbers that make sense together."""
    if len(encoded) < 18:
        return None
    header, short_planes, planes = struct.unpack_from("<I4xHxxH", encoded)
    if header in _DIB_HEADERS and (short_planes if header == 12 else planes) == 1:
        return "DIB"
    if encoded[0] == 10 and encoded[1] in {0, 2, 3, 5} and encoded[2] == 1 and encoded[3] in {1, 8}:
        return "PCX"
    has_palette, kind, depth = encoded[1], encoded[2], encoded[16]
    is_palette_told = has_palette == (kind in {1, 9}) and (has_palette or not any(encoded[3:8]))
    return "TGA" if is_palette_told and depth in _TGA_DEPTHS.get(kind, ()) else None


def _refusal(encoded: bytes) -> MaskError:
    """Return why a file is none of ours."""
    if encoded[4:8] == b"ftyp" and encoded[8:12] in _AVIF_BRANDS:
        what, why = "AVIF or HEIF", f"the size in its header need not be that of the picture in it; {_ELSE}"
    elif encoded[128:132] == b"DICM":
        what, why = "DICOM", f"it holds a scan and its patient's record; {_ELSE}"
    else:
        what, why = next(((what, why) for magic, what, why in _REFUSED if encoded.startswith(magic)), ("", ""))
    if what:
        return MaskError(f"the file is {what}, no mask: {why}")
    found = f"begins with {encoded[:12]!r}" if encoded else "is empty"
    return MaskError(
        f"the file {found}, so it is no PNG, TIFF, BMP, JPEG, WebP, GIF, PBM/PGM/PPM, .npy or .npz mask: save it as "
        "one of these"
    )
