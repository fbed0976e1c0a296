"""What kind of file it is, by its bytes and never by its name: part of stage 4, see decode.py."""

from __future__ import annotations

from prelabel.errors import MaskError

SIGNATURES: dict[str, tuple[bytes, ...]] = {
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0"),
    "JPEG": (b"\xff\xd8\xff",),
    "GIF": (b"GIF87a", b"GIF89a"),
    "BMP": (b"BM",),
    "PNM": tuple(b"P%c%c" % (kind, space) for kind in b"123456f" for space in b" \t\r\n"),
    "npy": (b"\x93NUMPY",),
    "npz": (b"PK\x03\x04", b"PK\x05\x06"),
    "JPEG 2000": (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),
    "PSD": (b"8BPS",),
    "PCX": tuple(b"\n%c\1" % version for version in (0, 2, 3, 5)),
    "SGI": (b"\x01\xda\0\1", b"\x01\xda\1\1"),  # of 8 bits a channel: Pillow shortens 16 to that
    "Sun raster": (b"\x59\xa6\x6a\x95",),
    "QOI": (b"qoif",),
    "MSP": (b"DanM", b"LinS"),
    "XPM": (b"/* XPM */",),
    "XBM": (b"#define ",),
}
"""Formats and how their files may begin. WebP and TGA, told by more than that, are read too."""

_ELSE = "save the mask as PNG, TIFF or .npy"
_MANY = f"it may hold any number of pictures; {_ELSE}"
_UNPACK = "unpack it and name the mask in it"

# What is named instead of a mask now and then, and what to do: where its signature stands, the signatures, the reason.
_REFUSED: tuple[tuple[int, tuple[bytes, ...], str, str], ...] = (
    (0, (b"%PDF", b"%!PS"), "a PDF or PostScript document", f"it holds pages, not pixels; {_ELSE}"),
    (0, (b"<svg",), "SVG", f"it holds a drawing, not pixels; {_ELSE}"),
    (0, (b"<?xml",), "XML", f"it holds a drawing or a server's error, not pixels; {_ELSE}"),
    (0, (b"<!DOCTYPE", b"<!doctype", b"<html"), "a web page", "a login or an error, likely; see it in a browser"),
    (0, (b"version https://git-lfs",), "a pointer of Git LFS", "the mask itself was not fetched; run git lfs pull"),
    (0, (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!"), "a packed archive", _UNPACK),
    (0, (b"\x89HDF",), "HDF5", _MANY),
    (0, (b"MATLAB 5",), "a MATLAB file", _MANY),
    (0, (b"SIMPLE  =",), "a FITS file", f"its cards may give its numbers another meaning; {_ELSE}"),
    (0, (b"MM\0+",), "a big-endian BigTIFF", f"Pillow cannot read those; {_ELSE}"),
    (4, (b"ftypavif", b"ftypmif1", b"ftyphei"), "AVIF or HEIF", f"the size in its header may be wrong; {_ELSE}"),
    (128, (b"DICM",), "DICOM", f"it holds a scan and its patient's record; {_ELSE}"),
    (344, (b"n+1\0", b"ni1\0"), "NIfTI", f"it holds a volume of slices; {_ELSE}"),
)
_TGA_DEPTHS = {1: (8,), 2: (16, 24, 32), 3: (1, 8, 16), 9: (8,), 10: (16, 24, 32), 11: (8, 16)}  # by kind of pixels


def format_of(encoded: bytes) -> str:
    """Return the file's format, one of :data:`SIGNATURES`, WebP or TGA.

    Args:
        encoded: the file, or its first bytes.

    Raises:
        MaskError: none that is read here; says how it begins, or what it is and why that is no mask.
    """
    if encoded.startswith(SIGNATURES["PNG"]):  # nearly all masks
        return "PNG"
    if encoded[:4] == b"RIFF" and encoded[8:12] == b"WEBP":
        return "WebP"
    name = next((name for name, magics in SIGNATURES.items() if encoded.startswith(magics)), None)
    if name is not None:
        return name
    if _is_targa(encoded):
        return "TGA"
    raise _refusal(encoded)


def _is_targa(encoded: bytes) -> bool:
    """Tell the one format that begins with no signature, only with numbers that make sense together."""
    if len(encoded) < 18:
        return False
    has_palette, kind, depth = encoded[1], encoded[2], encoded[16]
    is_palette_told = has_palette == (kind in {1, 9}) and (has_palette or not any(encoded[3:8]))
    return bool(is_palette_told) and depth in _TGA_DEPTHS.get(kind, ())


def _refusal(encoded: bytes) -> MaskError:
    """Return why a file is none of ours."""
    for at, magics, what, why in _REFUSED:
        if encoded.startswith(magics, at):
            return MaskError(f"the file is {what}, no mask: {why}")
    found = f"begins with {encoded[:12]!r}" if encoded else "is empty"
    return MaskError(
        f"the file {found}, so it is no PNG, TIFF, BMP, JPEG, WebP, GIF, PBM/PGM/PPM, .npy or .npz mask: save it as "
        "one of these"
    )
