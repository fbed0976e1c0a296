"""Small right files of every format with the pixels they hold: truth for tests, and what the fuzzer damages."""

from __future__ import annotations

import struct
import zipfile
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import tifffile
from PIL import Image

from prelabel.model import TRANSPARENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from prelabel.model import MaskValueKind, Runs

RNG = np.random.default_rng(4)
GREYS: NDArray[np.uint8] = RNG.integers(0, 4, (9, 13), np.uint8) * 60
WORDS: NDArray[np.uint16] = RNG.integers(0, 3, (9, 13)).astype(np.uint16) * 30_000 + 7
LONGS: NDArray[np.uint32] = RNG.integers(0, 3, (9, 13)).astype(np.uint32) * 2_000_000_000 + 7
BITS: NDArray[np.bool_] = RNG.integers(0, 2, (9, 13)).astype(bool)
COLORS: NDArray[np.uint8] = RNG.integers(0, 4, (9, 13, 3), np.uint8) * 60
SMALL: NDArray[np.uint8] = RNG.integers(0, 4, (9, 13), np.uint8)


class Sample(NamedTuple):
    """A file; its pixels as run values of this kind, None where it is lossy."""

    encoded: bytes
    kind: MaskValueKind
    pixels: NDArray[np.generic] | None


def saved(image: Image.Image, file_format: str, **options: Any) -> bytes:
    """Return the image as a file of this format."""
    file = BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def tiff(array: NDArray[np.generic], **options: Any) -> bytes:
    """Return the array as a TIFF file that Pillow had no hand in."""
    file = BytesIO()
    tifffile.imwrite(file, array, **{"photometric": "minisblack", "metadata": None, **options})
    return file.getvalue()


def partly_valid(array: NDArray[np.generic], valid: NDArray[np.bool_]) -> bytes:
    """Return the array as a TIFF file with a validity mask, as GDAL writes it."""
    file = BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(array, photometric="minisblack", compression="zlib", metadata=None)
        writer.write(valid, photometric="mask", subfiletype=4, compression="zlib", metadata=None)
    return file.getvalue()


def npy(array: NDArray[np.generic]) -> bytes:
    """Return the array as a .npy file."""
    file = BytesIO()
    np.save(file, array)
    return file.getvalue()


def npz(arrays: Mapping[str, NDArray[Any]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return the arrays as a .npz file."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, array in arrays.items():
            archive.writestr(f"{name}.npy", npy(array))
    return file.getvalue()


def packed(colors: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return height x width of 0xRRGGBB."""
    return colors[..., :3].astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)


def palette_image(indices: NDArray[np.uint8], n_colors: int = 4) -> Image.Image:
    """Return an image of these indices; index i has the colour (i, 100 + i, 255 - i)."""
    image = Image.fromarray(indices, "L").convert("L")
    image.putpalette(b"".join(bytes([i, 100 + i, 255 - i]) for i in range(n_colors)))
    return image


def palette_bmp(indices: NDArray[np.uint8]) -> bytes:
    """Return a BMP of 8 bits whose rows are run-length encoded: pairs of count and index, then 0 0; at the end 0 1."""
    rows = [bytes(byte for value in row.tolist() for byte in (1, value)) + b"\0\0" for row in indices[::-1]]
    body = b"".join(rows) + b"\0\1"
    colors = b"".join(bytes([i, 2 * i % 256, 255 - i, 0]) for i in range(256))
    height, width = indices.shape
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(body), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 1024 + len(body), 0, 0, 54 + 1024) + header + colors + body


def photoshop(array: NDArray[np.uint8], *, packbits: bool) -> bytes:
    """Return a flat PSD file: greys or RGB of 8 bits."""
    height, width = array.shape[:2]
    planes = [array] if array.ndim == 2 else [array[..., i] for i in range(3)]
    header = b"8BPS" + struct.pack(">H6xHIIHH", 1, len(planes), height, width, 8, 1 if len(planes) == 1 else 3)
    if not packbits:
        return header + bytes(12) + b"\0\0" + b"".join(plane.tobytes() for plane in planes)
    rows = [bytes([width - 1]) + row.tobytes() for plane in planes for row in plane]
    lengths = b"".join(struct.pack(">H", len(row)) for row in rows)
    return header + bytes(12) + b"\0\1" + lengths + b"".join(rows)


def sun_raster(array: NDArray[np.uint8], *, run_length: bool = False) -> bytes:
    """Return a Sun raster file of greys; rows are filled up to whole words."""
    height, width = array.shape
    body = np.pad(array, ((0, 0), (0, width % 2))).tobytes()
    if run_length:  # 128 escapes: 128 0 is one 128, 128 n v is n + 1 times v
        body = b"".join(b"\x80\x00" if byte == 128 else bytes([byte]) for byte in body)
    return struct.pack(">8I", 0x59A66A95, width, height, 8, len(body), 2 if run_length else 1, 0, 0) + body


def silicon_graphics(array: NDArray[np.uint8]) -> bytes:
    """Return a run-length encoded SGI file of greys: a table of rows, which come from the bottom up."""
    height, width = array.shape
    rows = [bytes([0x80 | width]) + row.tobytes() + b"\0" for row in array[::-1]]
    firsts = [512 + 8 * height + i * len(rows[0]) for i in range(height)]
    header = struct.pack(">HBBHHHH", 474, 1, 1, 2, width, height, 1).ljust(512, b"\0")
    places = struct.pack(f">{height}I", *firsts) + struct.pack(f">{height}I", *(len(row) for row in rows))
    return header + places + b"".join(rows)


def mirrored_targa(array: NDArray[np.uint8]) -> bytes:
    """Return a TGA file of greys whose rows come from the top down and from right to left."""
    header = bytearray(saved(Image.fromarray(array[:, ::-1]), "TGA", orientation=1))
    header[17] |= 0x10
    return bytes(header)


def paint(array: NDArray[np.bool_]) -> bytes:
    """Return a run-length encoded file of Microsoft Paint 2: white is 1."""
    height, width = array.shape
    rows = [bytes([len(row)]) + row.tobytes() for row in np.packbits(array, axis=1)]
    words = [0x694C, 0x536E, width, height, 1, 1, 1, 1, width, height, 0, 0, 0, 0, 0, 0]
    checksum = 0
    for word in words:
        checksum ^= word
    words[12] = checksum
    lengths = struct.pack(f"<{height}H", *(len(row) for row in rows))
    return struct.pack("<16H", *words) + lengths + b"".join(rows)


def pixmap(array: NDArray[np.uint8]) -> bytes:
    """Return an XPM file of up to four colours; index i has the colour (i, 100 + i, 255 - i)."""
    height, width = array.shape
    keys = "abcd"
    colors = [f'"{key} c #{i:02x}{100 + i:02x}{255 - i:02x}",' for i, key in enumerate(keys)]
    rows = ['"' + "".join(keys[value] for value in row) + '",' for row in array.tolist()]
    lines = ["/* XPM */", "static char *mask[] = {", f'"{width} {height} 4 1",', *colors, *rows, "};"]
    return "\n".join(lines).encode() + b"\n"


def portable_float(array: NDArray[np.generic], order: str = "<") -> bytes:
    """Return a PFM file: rows from the bottom up."""
    height, width = array.shape
    scale = b"-1.0" if order == "<" else b"1.0"
    return b"Pf\n%d %d\n%b\n" % (width, height, scale) + array[::-1].astype(f"{order}f4").tobytes()


def check_runs(runs: Runs) -> None:
    """Assert what model.Runs promises."""
    assert [str(a.dtype) for a in (runs.row_offsets, runs.starts, runs.values)] == ["int32", "int32", "uint32"]
    assert runs.row_offsets[0] == 0
    assert runs.row_offsets[-1] == len(runs.starts) == len(runs.values)
    assert (np.diff(runs.row_offsets) > 0).all()
    firsts = runs.row_offsets[:-1]
    assert (runs.starts[firsts] == 0).all()
    inner = np.ones(len(runs.starts), bool)
    inner[firsts] = False
    at = np.flatnonzero(inner)
    assert (runs.starts[at] > runs.starts[at - 1]).all()
    assert (runs.starts < runs.width).all()
    assert (runs.values[at] != runs.values[at - 1]).all()


def samples() -> dict[str, Sample]:
    """Return the files by name; the first word is the format's name."""
    return {**_pngs(), **_tiffs(), **_lossy(), **_others(), **_by_hand(), **_arrays()}


def _pngs() -> dict[str, Sample]:
    color, grey, palette = Image.fromarray(COLORS), Image.fromarray(GREYS), palette_image(SMALL)
    return {
        "PNG colours": Sample(saved(color, "PNG"), "rgb", packed(COLORS)),
        "PNG greys": Sample(saved(grey, "PNG"), "value", GREYS),
        "PNG words": Sample(saved(Image.fromarray(WORDS), "PNG"), "value", WORDS),
        "PNG bits": Sample(saved(Image.fromarray(BITS), "PNG"), "value", BITS),
        "PNG alpha": Sample(saved(color.convert("RGBA"), "PNG"), "rgb", packed(COLORS)),
        "PNG palette": Sample(saved(palette, "PNG", bits=2), "value", SMALL),
    }


def _tiffs() -> dict[str, Sample]:
    color, grey = Image.fromarray(COLORS), Image.fromarray(GREYS)
    tile = {"tile": (16, 16)}
    return {
        "TIFF colours": Sample(saved(color, "TIFF"), "rgb", packed(COLORS)),
        "TIFF lzw": Sample(saved(grey, "TIFF", compression="tiff_lzw"), "value", GREYS),
        "TIFF packbits": Sample(saved(grey, "TIFF", compression="packbits"), "value", GREYS),
        "TIFF fax": Sample(saved(Image.fromarray(BITS), "TIFF", compression="group4"), "value", BITS),
        "TIFF palette": Sample(saved(palette_image(SMALL), "TIFF"), "value", SMALL),
        "TIFF big-endian words": Sample(tiff(WORDS, byteorder=">"), "value", WORDS),
        "TIFF deflated tiles": Sample(tiff(GREYS, compression="zlib", **tile), "value", GREYS),
        "TIFF plain tiles": Sample(tiff(WORDS, **tile), "value", WORDS),
        "TIFF big-endian deflated longs": Sample(tiff(LONGS, byteorder=">", compression="zlib"), "value", LONGS),
        "TIFF big": Sample(tiff(GREYS, bigtiff=True, compression="zlib", predictor=True), "value", GREYS),
        "TIFF planes": Sample(
            tiff(np.moveaxis(COLORS, 2, 0), photometric="rgb", planarconfig="separate"), "rgb", packed(COLORS)
        ),
        "TIFF doubles": Sample(tiff(GREYS.astype("f8"), compression="zlib", predictor=3), "value", GREYS),
        "TIFF wide tiles": Sample(tiff(GREYS.astype(">i8"), byteorder=">", compression="lzw", **tile), "value", GREYS),
        "TIFF white is zero": Sample(tiff(GREYS, photometric="miniswhite"), "value", GREYS),
        "TIFF validity": Sample(partly_valid(GREYS, BITS), "value", np.where(BITS, np.uint32(GREYS), TRANSPARENT)),
        "TIFF floats": Sample(tiff(GREYS.astype("f4"), byteorder=">", compression="zlib"), "value", GREYS),
    }


def _lossy() -> dict[str, Sample]:
    color, grey = Image.fromarray(COLORS), Image.fromarray(GREYS)
    return {
        "JPEG baseline": Sample(saved(color, "JPEG"), "rgb", None),
        "JPEG progressive": Sample(saved(grey, "JPEG", progressive=True), "value", None),
        "TIFF jpeg": Sample(saved(color, "TIFF", compression="jpeg"), "rgb", None),
        "WebP lossy": Sample(saved(color, "WEBP"), "rgb", None),
        "WebP lossy alpha": Sample(saved(color.convert("RGBA"), "WEBP", quality=50), "rgb", None),
        "JPEG 2000 lossy": Sample(saved(color, "JPEG2000", quality_layers=[5], irreversible=True), "rgb", None),
    }


def _others() -> dict[str, Sample]:
    color, grey, palette = Image.fromarray(COLORS), Image.fromarray(GREYS), palette_image(SMALL)
    alpha, bits, words = color.convert("RGBA"), Image.fromarray(BITS), Image.fromarray(WORDS)
    return {
        "WebP lossless": Sample(saved(color, "WEBP", lossless=True), "rgb", packed(COLORS)),
        "GIF palette": Sample(saved(palette, "GIF", optimize=False), "value", SMALL),
        "GIF interlaced": Sample(saved(palette, "GIF", optimize=False, interlace=1), "value", SMALL),
        "BMP colours": Sample(saved(color, "BMP"), "rgb", packed(COLORS)),
        "BMP palette": Sample(saved(palette, "BMP"), "value", SMALL),
        "BMP bits": Sample(saved(bits, "BMP"), "value", BITS),
        "PNM colours": Sample(saved(color, "PPM"), "rgb", packed(COLORS)),
        "PNM words": Sample(saved(words, "PPM"), "value", WORDS),
        "PNM bits": Sample(saved(bits, "PPM"), "value", BITS),
        "JPEG 2000 colours": Sample(saved(color, "JPEG2000"), "rgb", packed(COLORS)),
        "JPEG 2000 stream": Sample(saved(grey, "JPEG2000", no_jp2=True), "value", GREYS),
        "JPEG 2000 words": Sample(saved(words, "JPEG2000"), "value", WORDS),
        "TGA colours": Sample(saved(color, "TGA"), "rgb", packed(COLORS)),
        "TGA alpha runs": Sample(saved(alpha, "TGA", rle=True), "rgb", packed(COLORS)),
        "TGA palette": Sample(saved(palette, "TGA"), "value", SMALL),
        "TGA greys": Sample(saved(grey, "TGA", rle=True), "value", GREYS),
        "PCX colours": Sample(saved(color, "PCX"), "rgb", packed(COLORS)),
        "PCX palette": Sample(saved(palette, "PCX"), "value", SMALL),
        "PCX bits": Sample(saved(bits, "PCX"), "value", BITS),
        "SGI colours": Sample(saved(color, "SGI"), "rgb", packed(COLORS)),
        "SGI greys": Sample(saved(grey, "SGI"), "value", GREYS),
        "QOI colours": Sample(saved(color, "QOI"), "rgb", packed(COLORS)),
        "MSP bits": Sample(saved(bits, "MSP"), "value", BITS),
        "XBM bits": Sample(saved(bits, "XBM"), "value", BITS),
    }


def _by_hand() -> dict[str, Sample]:
    plain = b"P2 # by hand\n13 9 300\n" + b" ".join(b"%d" % value for value in GREYS.flat)
    few = b"P5 13 9 5\n" + SMALL.tobytes()
    return {
        "BMP runs": Sample(palette_bmp(SMALL), "value", SMALL),
        "PNM plain": Sample(plain, "value", GREYS),
        "PNM of 5": Sample(few, "value", SMALL),
        "PNM floats": Sample(portable_float(GREYS), "value", GREYS),
        "PNM big-endian floats": Sample(portable_float(GREYS, ">"), "value", GREYS),
        "PSD greys": Sample(photoshop(GREYS, packbits=False), "value", GREYS),
        "PSD colours": Sample(photoshop(COLORS, packbits=True), "rgb", packed(COLORS)),
        "Sun raster greys": Sample(sun_raster(GREYS), "value", GREYS),
        "SGI runs": Sample(silicon_graphics(GREYS), "value", GREYS),
        "TGA mirrored": Sample(mirrored_targa(GREYS), "value", GREYS),
        "MSP runs": Sample(paint(BITS), "value", BITS),
        "XPM palette": Sample(pixmap(SMALL), "value", SMALL),
    }


def _arrays() -> dict[str, Sample]:
    return {
        "npy greys": Sample(npy(GREYS), "value", GREYS),
        "npy floats": Sample(npy(GREYS.astype(np.float64)), "value", GREYS),
        "npy halves": Sample(npy(SMALL.astype(">f2")), "value", SMALL),
        "npy colours": Sample(npy(COLORS), "rgb", packed(COLORS)),
        "npz deflated": Sample(npz({"mask": GREYS}), "value", GREYS),
        "npz stored": Sample(npz({"arr_0": COLORS}, zipfile.ZIP_STORED), "rgb", packed(COLORS)),
    }


SAMPLES = samples()
