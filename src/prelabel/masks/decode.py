"""Encoded masks to runs: stage 4.

config(1) -> rows(2) -> ontology/answers(3) -> masks(4) -> polygons(5) -> items(6) -> batches(7) -> upload(8) ->
report(9)

What a pixel's value is (``kind``):

* ``"value"``: the grey value or the palette *index*, never the palette's colour. 1-bit images hold 0 (black) and 1
  (white), whichever way a TIFF or PBM file stores them. Greys of 2 and 4 bits are spread over 0 to 255, as every common
  PNG and TIFF reader does; PGM greys are as stored, whatever maximum the file declares. A colour image whose channels
  are equal in every pixel counts as grey.
* ``"rgb"``: the colour as packed 0xRRGGBB; palettes are looked up, greys are (g, g, g). Of 16-bit channels the high
  byte counts.

Pixels whose alpha is 0 are ``TRANSPARENT`` either way, be it by an alpha channel, a palette's alpha or a transparent
colour of PNG or GIF; partly transparent pixels are opaque. What has no exact reading is refused with a reason.
"""

from __future__ import annotations

import math
import re
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from prelabel.errors import MaskError
from prelabel.kernels.runs import runs_from_array, with_values
from prelabel.masks.npy import pixels_in_npy
from prelabel.masks.png import check_png, read_png
from prelabel.model import TRANSPARENT, Runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from prelabel.model import MaskValueKind, UInt32Array

    Pixels = NDArray[np.generic]

# Image.open would apply Pillow's process-wide pixel limit, which is not ours to change: so its readers are called here.
_READERS: dict[str, Callable[[BytesIO], ImageFile.ImageFile]] = {
    "PNG": PngImagePlugin.PngImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "JPEG": JpegImagePlugin.jpeg_factory,
    "GIF": GifImagePlugin.GifImageFile,
    "WebP": WebPImagePlugin.WebPImageFile,
    "PNM": PpmImagePlugin.PpmImageFile,
}
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    *((magic, "TIFF") for magic in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    *((magic, "GIF") for magic in (b"GIF87a", b"GIF89a")),
    *((b"P%d%c" % (digit, space), "PNM") for digit in range(1, 7) for space in b" \t\r\n"),
    (b"\x93NUMPY", "npy"),
    (b"BM", "BMP"),
)
_WIDE_GREY = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N"})
_PALETTE = frozenset({"P", "PA"})
_COLOUR = frozenset({"RGB", "RGBA"})
_READABLE = frozenset({"1", "L", "LA"}) | _WIDE_GREY | _PALETTE | _COLOUR
_ADDRESS = re.compile(" object at 0x[0-9A-Fa-f]+")  # would make messages differ from run to run
_ORIENTATION = 0x0112  # EXIF and TIFF tag
_BITS_PER_SAMPLE = 258  # TIFF tag
_BAND_PIXELS = 1 << 22  # pixels made an array at a time; beside Pillow's own image memory stays at a few bytes for each


@dataclass(frozen=True, slots=True)
class _Layout:
    """What the header says of the pixels: Pillow's mode, (height, width), bits per channel, a PGM's greatest value."""

    mode: str
    shape: tuple[int, int]
    bits: int = 8
    maximum: int = 255


def decode_mask(encoded: bytes, kind: MaskValueKind, *, max_pixels: int = 500_000_000) -> Runs:
    """Decode a mask file; its type is found from the bytes.

    Args:
        encoded: a whole PNG, TIFF, BMP, JPEG, WebP, GIF, PBM/PGM/PPM or .npy file. Arrays are height x width of
            integers or bools, or height x width x 3 or 4 of uint8.
        kind: what the mask mapping speaks of: ``"value"`` (greys, palette indices) or ``"rgb"``.
        max_pixels: pixels a mask may have; checked from the header, before any is decoded.

    Returns:
        The mask; run values are greys, indices or packed 0xRRGGBB, ``TRANSPARENT`` where alpha is 0.

    Raises:
        MaskError: not a mask file, damaged, too large, several pages, rotated by EXIF, or without an exact reading of
            this kind. Whatever the libraries below raise for damaged files ends here.
    """
    name = _format_of(encoded)
    if name == "npy":
        return _decode_array(encoded, kind, max_pixels)
    if name == "PNG":
        read = _decode_png(encoded, kind, max_pixels)
        if read is not None:
            return read
    with _refusing(f"the {name} file is damaged, or of a rare kind"):
        image = _READERS[name](BytesIO(encoded))
    shape = (image.height, image.width)
    _check_size(shape, max_pixels)
    with _refusing(f"the {name} file cannot be decoded", shape), image:
        layout = _layout(image, encoded)
        _check_readable(layout, kind)
        if name == "PNG":
            check_png(encoded)
        _check_single_upright(image, shape)
        image.load()
        runs = _runs_in_bands(lambda top, bottom: _rows_of(image, top, bottom), shape)
        hidden = _hidden(runs, image.info.get("transparency"), layout)
        is_looked_up = layout.mode in _PALETTE and kind == "rgb"
        palette = _packed_palette(bytes(image.getpalette("RGB") or [])) if is_looked_up else None
    return _in_kind(runs, hidden, layout, kind, palette)


def _decode_png(encoded: bytes, kind: MaskValueKind, max_pixels: int) -> Runs | None:
    """Read a PNG file without making pixels; None where Pillow has to, which then also says what is wrong."""
    file = read_png(encoded)
    if file is None or file.width * file.height > max_pixels:
        return None
    layout = _Layout(file.mode, (file.height, file.width), file.depth)
    _check_readable(layout, kind)
    if file.notes:
        try:
            with _refusing("the PNG file's notes are damaged"), _READERS["PNG"](BytesIO(file.notes)) as image:
                _check_single_upright(image, layout.shape)
        except MaskError:
            return None
    with _refusing("the PNG file cannot be decoded", layout.shape):
        runs = file.runs()
    if runs is None:
        return None
    palette = _packed_palette(file.palette) if file.mode == "P" and kind == "rgb" else None
    return _in_kind(runs, _hidden(runs, file.key, layout), layout, kind, palette)


def _format_of(encoded: bytes) -> str:
    """Return the file's type by its first bytes: a key of ``_READERS``, or ``"npy"``."""
    if encoded[:4] == b"RIFF" and encoded[8:12] == b"WEBP":
        return "WebP"
    for magic, name in _SIGNATURES:
        if encoded.startswith(magic):
            return name
    found = f"begins with {encoded[:12]!r}" if encoded else "is empty"
    raise MaskError(f"the file {found}, so it is no PNG, TIFF, BMP, JPEG, WebP, GIF, PBM/PGM/PPM or .npy mask")


@contextmanager
def _refusing(what: str, shape: tuple[int, ...] | None = None) -> Iterator[None]:
    """Turn every error of a decoder into a :class:`MaskError`.

    Pillow and numpy promise no set of exceptions for hostile bytes (struct.error, IndexError, zlib.error and more), so
    all of them are taken.
    """
    try:
        yield
    except MaskError as error:
        error.shape = error.shape or shape
        raise
    except MemoryError as error:
        raise MaskError(f"{what}: there is not enough memory for it", shape=shape) from error
    except (OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError) as error:
        reason = _ADDRESS.sub("", str(error))[:200]
        raise MaskError(f"{what}: {reason}; export it again", shape=shape) from error
    except Exception as error:
        raise MaskError(f"{what}: {type(error).__name__} in it; export it again", shape=shape) from error


def _check_size(shape: tuple[int, ...], max_pixels: int) -> None:
    n_pixels = math.prod(shape[:2])
    if n_pixels > max_pixels:
        raise MaskError(
            f"the mask has {shape[1]} x {shape[0]} = {n_pixels} pixels and at most {max_pixels} are allowed: "
            "split it, or raise the limit",
            shape=shape,
        )


def _layout(image: ImageFile.ImageFile, encoded: bytes) -> _Layout:
    """Read from the header what Pillow changes in silence: it spreads PGM values and shortens 16-bit colours."""
    bits, maximum = 8, 255
    if isinstance(image, PngImagePlugin.PngImageFile):
        bits = encoded[24]
    elif isinstance(image, TiffImagePlugin.TiffImageFile):
        bits = int(max(image.tag_v2.get(_BITS_PER_SAMPLE, (1,))))
    elif isinstance(image, PpmImagePlugin.PpmImageFile) and isinstance(image.tile[0].args, tuple):
        maximum = int(image.tile[0].args[1])
        bits = 16 if maximum > 255 else 8
    return _Layout(image.mode, (image.height, image.width), bits, maximum)


def _check_readable(layout: _Layout, kind: MaskValueKind) -> None:
    """Refuse pixels that have no exact value of this kind."""
    mode, shape = layout.mode, layout.shape
    if mode not in _READABLE:
        raise MaskError(
            f"pixels of type {mode} cannot be mask values; save 8- or 16-bit greys, a palette or RGB", shape=shape
        )
    if kind == "rgb" and mode in _WIDE_GREY:
        raise MaskError(
            "the mask holds 16- or 32-bit grey values, but the mask_color_mapping has colours: "
            "give one value per class, as in [1], or save the mask as RGB",
            shape=shape,
        )
    if layout.bits > 8 and mode in _COLOUR and kind == "value":
        raise MaskError(f"16-bit {mode} pixels cannot be read exactly; save 16-bit grey without alpha", shape=shape)


def _check_single_upright(image: ImageFile.ImageFile, shape: tuple[int, ...]) -> None:
    """Refuse several pages, and an orientation tag: readers differ in whether they obey it."""
    if getattr(image, "is_animated", False):
        raise MaskError("the file holds several pages or frames, a mask is one: save each as its own file", shape=shape)
    orientation = image.getexif().get(_ORIENTATION, 1)
    if orientation != 1:
        raise MaskError(
            f"the file asks to be shown rotated or mirrored (EXIF orientation {orientation}); "
            "save it upright, without that tag",
            shape=shape,
        )


def _rows_of(image: ImageFile.ImageFile, top: int, bottom: int) -> Pixels:
    """Return rows ``top`` to ``bottom`` of a loaded image as an array that the run kernels read."""
    all_rows = bottom - top == image.height
    pixels: Pixels = np.asarray(image if all_rows else image.crop((0, top, image.width, bottom)))
    if image.mode == "1":
        return np.not_equal(pixels.view(np.uint8), 0)  # Pillow makes bools whose bytes are 255
    if image.mode in {"LA", "PA"}:
        return np.where(pixels[..., 1] == 0, np.uint32(TRANSPARENT), pixels[..., 0].astype(np.uint32))
    return pixels


def _runs_in_bands(read_rows: Callable[[int, int], Pixels], shape: tuple[int, int]) -> Runs:
    """Encode some rows at a time, so that no second full frame is ever made."""
    height, width = shape
    step = max(1, _BAND_PIXELS // width)
    bands = [runs_from_array(read_rows(top, min(top + step, height))) for top in range(0, height, step)]
    if len(bands) == 1:
        return bands[0]
    firsts = np.cumsum([0, *(len(band.starts) for band in bands)]).astype(np.int32)
    return Runs(
        width,
        np.concatenate([*(b.row_offsets[:-1] + n for b, n in zip(bands, firsts[:-1], strict=True)), firsts[-1:]]),
        np.concatenate([band.starts for band in bands]),
        np.concatenate([band.values for band in bands]),
    )


def _hidden(runs: Runs, key: Any, layout: _Layout) -> NDArray[np.bool_]:
    """Tell which runs are transparent: by their alpha already, or by what PNG or GIF declare so."""
    hidden: NDArray[np.bool_] = runs.values == TRANSPARENT
    if key is not None:
        hidden |= np.isin(runs.values, _keyed_out(key, layout), kind="table")
    return hidden


def _keyed_out(key: Any, layout: _Layout) -> UInt32Array:
    """Return the values PNG or GIF declare transparent: one colour, one index, or indices by a palette's alphas."""
    if isinstance(key, bytes):
        return np.flatnonzero(np.frombuffer(key, np.uint8) == 0).astype(np.uint32)
    if isinstance(key, tuple):
        red, green, blue = (channel >> 8 if layout.bits > 8 else channel for channel in key)
        key = red << 16 | green << 8 | blue
    elif layout.mode == "1":
        key = int(key != 0)  # Pillow says 255
    elif layout.mode == "L" and layout.bits < 8:
        key *= 255 // (2**layout.bits - 1)  # Pillow spreads 2 and 4 bits over 0 to 255, but not the key
    return np.array([key], np.uint32)


def _packed_palette(listed: bytes) -> UInt32Array:
    """Return uint32, 256: the palette's r, g, b as 0xRRGGBB, black beyond its end as in every viewer."""
    colors = np.zeros((256, 3), np.uint32)
    colors.reshape(-1)[: len(listed[:768])] = np.frombuffer(listed[:768], np.uint8)
    return colors @ np.array([1 << 16, 1 << 8, 1], np.uint32)


def _in_kind(
    runs: Runs, hidden: NDArray[np.bool_], layout: _Layout, kind: MaskValueKind, palette: UInt32Array | None = None
) -> Runs:
    """Give the runs the values the mapping speaks of; a cost per run, not per pixel."""
    values = runs.values
    if kind == "value":
        if layout.mode in _COLOUR:
            values = _grey_of_colors(values, hidden, layout.shape)
        if layout.maximum not in {255, 65535}:
            top = 255 if layout.bits == 8 else 65535
            values = ((values.astype(np.uint64) * layout.maximum + top // 2) // top).astype(np.uint32)
    elif palette is not None:
        values = palette[values & 0xFF]
    elif layout.mode not in _COLOUR:
        values = values * np.uint32(0xFFFFFF if layout.mode == "1" else 0x010101)
    if values is runs.values and not hidden.any():
        return runs
    return with_values(runs, np.where(hidden, np.uint32(TRANSPARENT), values))


def _grey_of_colors(values: UInt32Array, hidden: NDArray[np.bool_], shape: tuple[int, ...]) -> UInt32Array:
    """Return the one channel of colours that are all grey."""
    greys = values & np.uint32(0xFF)
    colored = np.flatnonzero((values != greys * np.uint32(0x010101)) & ~hidden)
    if len(colored):
        red, green, blue = int(values[colored[0]]).to_bytes(3, "big")
        raise MaskError(
            f"the mask is in colour (it holds [{red}, {green}, {blue}]), but the mask_color_mapping has one value per "
            "class: give colours, as in [244, 67, 54], or save the mask as greys or with a palette",
            shape=shape,
        )
    return greys


def _decode_array(encoded: bytes, kind: MaskValueKind, max_pixels: int) -> Runs:
    """Decode a .npy file."""
    with _refusing("the .npy file is damaged, or of a rare kind"):
        array = pixels_in_npy(encoded)
    shape = (array.shape[0], array.shape[1])
    _check_size(shape, max_pixels)
    if array.ndim == 3:
        mode = "RGB" if array.shape[2] == 3 else "RGBA"
    else:
        mode = {"b1": "1", "u1": "L"}.get(array.dtype.str[1:], "I")
    layout = _Layout(mode, shape)
    _check_readable(layout, kind)
    with _refusing("the .npy file cannot be decoded", shape):
        runs = _runs_in_bands(lambda top, bottom: array[top:bottom], shape)
    return _in_kind(runs, runs.values == TRANSPARENT, layout, kind)
