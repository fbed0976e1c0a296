"""Pictures that Pillow reads to runs: part of stage 4, see decode.py.

``Image.open`` would apply Pillow's pixel limit, which is one for the whole process and not ours to change: so its
readers are called here, each after what its file asks for has been checked.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageFile, TiffImagePlugin

from prelabel.errors import MaskError
from prelabel.masks.decoders.decode_errors import refusing
from prelabel.masks.decoders.library_noise import quieten_libtiff
from prelabel.masks.decoders.pixel_values import Layout, Stored, check_readable, hide_void, scale_of, whole_numbers
from prelabel.masks.decoders.png import check_pixels, split_chunks
from prelabel.masks.decoders.row_bands import runs_in_bands
from prelabel.masks.decoders.tiff_directory import BITS, PHOTOMETRIC, SAMPLE_FORMAT
from prelabel.model import TRANSPARENT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prelabel.masks.decoders.pixel_values import Pixels
    from prelabel.masks.limits import MaskLimits
    from prelabel.model import MaskValueKind

    RowReader = Callable[[int, int], Pixels]

_ORIENTATION = 0x0112  # a tag of EXIF and TIFF
_UNSIGNED, _SIGNED = 1, 2
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _VALIDITY = 0, 1, 4
_VERSION_OF_PSD = 1057  # the resource that tells whether there is a picture of all layers
_NATIVE = {"I;16BS": "I;16NS", "I;32BS": "I;32NS", "F;32BF": "F;32NF"}

quieten_libtiff()


class TiffFile(TiffImagePlugin.TiffImageFile):
    """Pillow's TIFF reader, mended: what it does not do right, or not as masks mean it, is done here."""

    is_signed = False

    def _setup(self) -> None:
        bits = self.tag_v2.get(BITS, (1,))
        sample_format = self.tag_v2.get(SAMPLE_FORMAT, (_UNSIGNED,))[0]
        self.is_signed = sample_format == _SIGNED
        if sample_format == _UNSIGNED and bits == (32,):
            self.tag_v2[SAMPLE_FORMAT] = _SIGNED  # big-endian files it knows as signed only; the bits are the same
        photometric = self.tag_v2.get(PHOTOMETRIC, _WHITE_IS_ZERO)
        if photometric == _VALIDITY or (photometric == _WHITE_IS_ZERO and bits != (1,)):
            # It would turn numbers of up to 8 bits round, as for show, and leave those of 16 bits as they are.
            self.tag_v2[PHOTOMETRIC] = _BLACK_IS_ZERO
        super()._setup()
        if self.use_load_libtiff:
            # libtiff gives samples in the machine's byte order, which Pillow heeds for unsigned 16 bits only.
            tile = self.tile[0]
            rawmode, *others = tile.args if isinstance(tile.args, tuple) else (tile.args,)
            self.tile = [tile._replace(args=(_NATIVE.get(str(rawmode), rawmode), *others))]

    def load_prepare(self) -> None:
        """Make the picture, so that Pillow does not first compare it with its own limit."""
        self.im = Image.new(self.mode, self.size).im
        super().load_prepare()


# Pillow's own name of each format: one of its modules and a class are called so.
_READERS = {
    "PNG": "Png",
    "JPEG": "Jpeg",
    "WebP": "WebP",
    "GIF": "Gif",
    "BMP": "Bmp",
    "PNM": "Ppm",
    "JPEG 2000": "Jpeg2K",
    "TGA": "Tga",
    "PSD": "Psd",
    "PCX": "Pcx",
    "SGI": "Sgi",
    "Sun raster": "Sun",
    "QOI": "Qoi",
    "MSP": "Msp",
    "XBM": "Xbm",
    "XPM": "Xpm",
}
# How many times the memory of the finished picture a decoder holds at once, the picture included.
_BULK = {"JPEG": 3, "WebP": 4, "JPEG 2000": 6}
_USUAL_BULK = 2
_PIXEL_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
_SLOW_PIXELS = 1 << 24  # for decoders written in Python, which take a second for a million of them
_MOST_SCANS = 100  # of a JPEG: each goes over the whole picture, however short it is; encoders make about ten
_MOST_NOTES = 64  # EXIF segments of a JPEG: Pillow joins them one by one


@dataclass(frozen=True, slots=True)
class Raster:
    """A decoded picture.

    Attributes:
        name: its format.
        layout: what the header says of the pixels.
        read_rows: returns rows ``top`` to ``bottom`` as they are stored.
        key: what is transparent, see :class:`prelabel.masks.decoders.pixel_values.Stored`.
        palette: bytes r, g, b of each index, empty where there is none.
    """

    name: str
    layout: Layout
    read_rows: RowReader
    key: Any = None
    palette: bytes = b""


def open_raster(encoded: bytes, name: str, kind: MaskValueKind, limits: MaskLimits, *, frame: int = 0) -> Raster:
    """Decode a picture.

    Args:
        encoded: the file. What TIFF asks for has been checked.
        name: its format, one that Pillow reads.
        kind: what the mask mapping speaks of.
        limits: how large a mask may be; checked before anything is allocated.
        frame: which of the file's pictures, in a TIFF.

    Raises:
        MaskError: damaged, too large, several pages, rotated, or without an exact reading of this kind.
    """
    with refusing(f"the {name} file is damaged, or of a rare kind"):
        if name in _CHECKS:
            _CHECKS[name](encoded, limits)
        image = _opened(encoded, name)
        if frame:
            image.seek(frame)
    shape = (image.height, image.width)
    limits.check_size(shape, _PIXEL_BYTES.get(image.mode, 4) * _BULK.get(name, _USUAL_BULK))
    with refusing(f"the {name} file cannot be decoded", shape), image:
        _check_speed(image, name)
        layout = _layout(image, name, encoded)
        check_readable(layout, kind)
        if name == "PNG":
            check_pixels(split_chunks(encoded))
        _check_single(image)
        _check_whole(image, name)
        _check_upright(image)
        image.load()
        palette = bytes(image.getpalette("RGB") or [])
        return Raster(name, layout, lambda top, bottom: _rows_of(image, layout, top, bottom), _key_of(image), palette)


def stored(
    raster: Raster, limits: MaskLimits, void: Sequence[float] = (), read_hidden: RowReader | None = None
) -> Stored:
    """Encode a picture.

    Args:
        raster: the picture.
        limits: how many runs there may be.
        void: numbers that mean nothing and count as transparent.
        read_hidden: returns which pixels of rows ``top`` to ``bottom`` are transparent, whatever they hold.

    Raises:
        MaskError: its numbers are no mask values, or it is noise.
    """

    def read_rows(top: int, bottom: int) -> Pixels:
        hidden = None if read_hidden is None else read_hidden(top, bottom)
        pixels = raster.read_rows(top, bottom)
        return whole_numbers(pixels, hide_void(pixels, void, hidden))

    with refusing(f"the {raster.name} file cannot be decoded", raster.layout.shape):
        runs = runs_in_bands(read_rows, raster.layout.shape, limits)
    return Stored(runs, raster.layout, raster.key, raster.palette)


def _opened(encoded: bytes, name: str) -> Any:
    """Read the header, by the reader of this format: a module of Pillow's that is loaded when it is first needed."""
    if name == "TIFF":
        return TiffFile(BytesIO(encoded))
    return getattr(import_module(f"PIL.{_READERS[name]}ImagePlugin"), f"{_READERS[name]}ImageFile")(BytesIO(encoded))


def read_notes(png: bytes, shape: tuple[int, int]) -> None:
    """Refuse a mask whose notes, in a PNG file of their own, ask for it to be shown rotated.

    Raises:
        MaskError: they do, or are damaged.
    """
    with refusing("the PNG file's notes are damaged", shape), _opened(png, "PNG") as image:
        _check_single(image)
        _check_upright(image)


def _check_upright(image: ImageFile.ImageFile) -> None:
    """Refuse an orientation tag: readers differ in whether they obey it.

    Raises:
        MaskError: there is one.
    """
    orientation = image.getexif().get(_ORIENTATION, 1)
    if orientation != 1:
        raise MaskError(
            f"the file asks to be shown rotated or mirrored (EXIF orientation {orientation}); "
            "save it upright, without that tag"
        )


def _check_single(image: ImageFile.ImageFile) -> None:
    """Refuse several pictures in one file. Pages of TIFF files were looked at before."""
    if "mp" in image.info or (getattr(image, "is_animated", False) and not isinstance(image, TiffFile)):
        raise MaskError("the file holds several pages or frames, a mask is one: save each as its own file")


def _check_whole(image: Any, name: str) -> None:
    """Refuse what Pillow would read wrongly without a word."""
    if name == "PSD":
        is_merged = [content[4:5] != b"\0" for kind, _, content in image.resources if kind == _VERSION_OF_PSD]
        if False in is_merged:
            raise MaskError("the PSD file holds its layers only: save it flattened, or with maximised compatibility")
    if any(tile.codec_name == "sun_rle" for tile in image.tile):
        raise MaskError("run-length coded Sun rasters cannot be read exactly: save the mask as PNG")


def _check_speed(image: ImageFile.ImageFile, name: str) -> None:
    is_slow = any(tile.codec_name in Image.DECODERS for tile in image.tile)
    if is_slow and image.width * image.height > _SLOW_PIXELS:
        raise MaskError(
            f"{name} files of this kind are read up to {_SLOW_PIXELS} pixels, as it is slow, and the mask has "
            f"{image.width} x {image.height}: save it as PNG"
        )


def _check_jpeg(encoded: bytes, _: MaskLimits) -> None:
    if encoded.count(b"\xff\xda") > _MOST_SCANS or encoded.count(b"Exif\0\0") > _MOST_NOTES:
        raise MaskError(
            f"the JPEG file has more than {_MOST_SCANS} scans or {_MOST_NOTES} pieces of EXIF; export it again"
        )


def _check_webp(encoded: bytes, limits: MaskLimits) -> None:
    """Read the size from the header: Pillow makes the canvas before it tells it."""
    kind = encoded[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(encoded[at : at + 3], "little") + 1 for at in (24, 27))
    elif kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", encoded, 21)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", encoded, 26))
    limits.check_size((height, width), 4 * _BULK["WebP"])


def _check_jpeg2000(encoded: bytes, _: MaskLimits) -> None:
    """Look for the end of the codestream, which can be nowhere else: OpenJPEG reads what is there without a word."""
    if b"\xff\xd9" not in encoded:
        raise MaskError("the JPEG 2000 file is cut off; export it again")


_CHECKS = {"JPEG": _check_jpeg, "WebP": _check_webp, "JPEG 2000": _check_jpeg2000}


def _layout(image: Any, name: str, encoded: bytes) -> Layout:
    """Read from the header what Pillow changes in silence: it spreads PGM values and shortens 16-bit colours."""
    mode, shape = image.mode, (image.height, image.width)
    if name == "PNG":
        return Layout(mode, shape, encoded[24], scale=scale_of(mode, encoded[24]))
    if name == "TIFF":
        bits = int(max(image.tag_v2.get(BITS, (1,))))
        return Layout(mode, shape, bits, scale=scale_of(mode, bits), is_signed=image.is_signed)
    if name == "JPEG 2000":
        return _layout_of_jpeg2000(mode, shape, encoded)
    if name == "PNM" and isinstance(image.tile[0].args, tuple) and mode != "F":
        maximum = int(image.tile[0].args[1])
        return Layout(mode, shape, 16 if maximum > 255 else 8, maximum)
    return Layout(mode, shape)


def _layout_of_jpeg2000(mode: str, shape: tuple[int, int], encoded: bytes) -> Layout:
    """Read the bits of a channel from the codestream's header: Pillow fills them up to 8 or 16 on the right."""
    stored = encoded[encoded.index(b"\xff\x4f\xff\x51") + 42]
    bits, room = (stored & 0x7F) + 1, 16 if mode == "I;16" else 8
    if stored & 0x80 or bits > 16 or (bits < 8 and mode not in {"L", "LA"}):
        raise MaskError(f"JPEG 2000 pixels of {bits} bits with a sign, or so many, cannot be read exactly; save PNG")
    return Layout(mode, shape, bits, scale=1 << max(0, room - bits))


def _rows_of(image: ImageFile.ImageFile, layout: Layout, top: int, bottom: int) -> Pixels:
    """Return rows ``top`` to ``bottom`` of a loaded image as an array that the run kernels read."""
    all_rows = bottom - top == image.height
    pixels: Pixels = np.asarray(image if all_rows else image.crop((0, top, image.width, bottom)))
    if image.mode == "1":
        return np.not_equal(pixels.view(np.uint8), 0)  # Pillow makes bools whose bytes are 255
    if image.mode in {"LA", "PA"}:
        return np.where(pixels[..., 1] == 0, np.uint32(TRANSPARENT), pixels[..., 0].astype(np.uint32))
    if image.mode == "I" and not layout.is_signed:
        return pixels.view(np.uint32)
    if image.mode == "L" and layout.is_signed:
        return pixels.view(np.int8)  # Pillow reads -1 as 255
    return pixels


def _key_of(image: ImageFile.ImageFile) -> Any:
    """Return what the file declares transparent, see :class:`prelabel.masks.decoders.pixel_values.Stored`."""
    if image.palette is not None and image.mode == "P" and image.palette.mode == "RGBA":
        return bytes(image.getpalette("RGBA") or [])[3::4]
    key = image.info.get("transparency")
    if isinstance(key, str):
        raise MaskError("a text called transparency hides what is transparent; save the mask without it")
    return key
