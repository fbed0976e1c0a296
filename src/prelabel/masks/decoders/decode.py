"""Encoded masks to runs: stage 4.

config(1) -> rows(2) -> ontology/answers(3) -> masks(4) -> polygons(5) -> items(6) -> batches(7) -> upload(8) ->
report(9)

What a pixel's value is (``kind``):

* ``"value"``: the grey value or the palette *index*, never the palette's colour. Greys are the numbers stored: a TIFF
  whose white is 0 is not turned round, a PGM not stretched to its maximum. Floats count as the whole numbers they are.
  1-bit images hold 0 (black) and 1 (white), whichever way a TIFF or PBM file stores them. Greys of 1, 2 and 4 bits have
  a second reading, spread over 0 to 255, as common readers show them and as they were before a lossless optimiser
  packed them: it holds where the mapping names a value that only it gives (255; 85, 170; 17, 34, ...). A colour image
  whose channels are equal in every pixel counts as grey.
* ``"rgb"``: the colour as packed 0xRRGGBB; palettes are looked up, greys are (g, g, g). Of 16-bit channels the high
  byte counts.

Pixels whose alpha is 0 are ``TRANSPARENT`` either way, be it by an alpha channel, a palette's alpha or a transparent
colour of PNG or GIF; partly transparent pixels are opaque. What has no exact reading is refused with a reason.

A file goes through `signatures` (its format, by its bytes), then `png` (the fast road) or, by way of `other_files`, one
of `tiff`, `pillow` and `npy`, to `pixel_values` (the rules above). `limits` are checked before anything is allocated.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from prelabel.errors import MaskError
from prelabel.masks.decoders.decode_errors import refusing
from prelabel.masks.decoders.pixel_values import Layout, OtherKind, Stored, check_readable, in_kind, scale_of
from prelabel.masks.decoders.png import read_png, read_usual, split_chunks
from prelabel.masks.decoders.signatures import format_of
from prelabel.masks.limits import MaskLimits

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prelabel.masks.decoders.png import PngFile
    from prelabel.model import MaskValueKind, Runs


def decode_mask(
    encoded: bytes,
    kind: MaskValueKind,
    limits: MaskLimits = MaskLimits(),  # noqa: B008 - frozen
    mapped: Iterable[int] | None = None,
    void: Sequence[float] = (),
) -> Runs:
    """Decode a mask file; its type is found from the bytes.

    Args:
        encoded: a whole file of one of :data:`prelabel.masks.decoders.signatures.SIGNATURES`. Arrays are height x
            width of integers, bools or floats without fractions, or height x width x 3 or 4 of uint8.
        kind: what the mask mapping speaks of: ``"value"`` (greys, palette indices) or ``"rgb"``.
        limits: how large a mask may be; checked from headers, before anything is decoded.
        mapped: the values that the mapping names: they tell how greys of fewer than 8 bits are meant. None, where
            there is no mapping, takes them as stored.
        void: numbers that mean nothing where a file has them, such as -1 or NaN: ``TRANSPARENT``.

    Returns:
        The mask; run values are greys, indices or packed 0xRRGGBB, ``TRANSPARENT`` where alpha is 0.

    Raises:
        MaskError: not a mask file, damaged, too large, several pages, rotated by EXIF, or without an exact reading of
            this kind. Whatever the libraries below raise for damaged files ends here.
    """
    limits.check_file(len(encoded))
    return in_kind(_stored(encoded, kind, limits, void), kind, mapped)


def decode_as_stored(encoded: bytes, limits: MaskLimits = MaskLimits()) -> Runs:  # noqa: B008 - frozen
    """Decode a mask file without a mapping: indices and grey values, which say more than colours, or else colours.

    Args:
        encoded: as for :func:`decode_mask`.
        limits: likewise.

    Returns:
        What :func:`decode_mask` returns for ``"value"``; where that cannot be, for ``"rgb"``. It is decoded once.

    Raises:
        MaskError: as there, of ``"rgb"``, unless it holds no colours.
    """
    limits.check_file(len(encoded))
    try:
        decoded = _stored(encoded, "value", limits, ())
    except MaskError as error:
        try:
            return decode_mask(encoded, "rgb", limits)
        except OtherKind:
            raise error from None
    try:
        return in_kind(decoded, "value")
    except MaskError:
        check_readable(decoded.layout, "rgb")
        return in_kind(decoded, "rgb")


def _stored(encoded: bytes, kind: MaskValueKind, limits: MaskLimits, void: Sequence[float]) -> Stored:
    name = format_of(encoded)
    if name == "PNG":
        read = _read_png(read_usual(encoded) or read_png(split_chunks(encoded)), kind, limits)
        if read is not None:
            return read
    from prelabel.masks.decoders.other_files import read_other  # noqa: PLC0415 - loads Pillow; most masks need it not

    return read_other(encoded, name, kind, limits, void)


def _read_png(file: PngFile | None, kind: MaskValueKind, limits: MaskLimits) -> Stored | None:
    """Read a PNG file without making pixels; None where Pillow has to, which then also says what is wrong."""
    if file is None:
        return None
    layout = _png_layout(file.mode, file.height, file.width, file.depth)
    limits.check_size(layout.shape, -(-file.lines.bits // 8))
    check_readable(layout, kind)
    if file.notes:
        from prelabel.masks.decoders.pillow import read_notes  # noqa: PLC0415 - as above

        try:
            read_notes(file.notes, layout.shape)
        except MaskError:
            return None
    with refusing("the PNG file cannot be decoded", layout.shape):
        runs = file.runs(limits)
    return None if runs is None else Stored(runs, layout, file.key, file.palette)


@lru_cache
def _png_layout(mode: str, height: int, width: int, depth: int) -> Layout:
    return Layout(mode, (height, width), depth, scale=scale_of(mode, depth))
