"""What pixels are worth to a mapping: part of stage 4, see decode.py, whose docstring has the rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from prelabel.errors import MaskError
from prelabel.kernels.run_values import with_values
from prelabel.model import TRANSPARENT, Runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import MaskValueKind, UInt32Array

    Pixels = NDArray[np.generic]

WIDE_GREY = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N", "F"})
PALETTE = frozenset({"P", "PA"})
COLOR = frozenset({"RGB", "RGBA"})
_READABLE = frozenset({"1", "L", "LA"}) | WIDE_GREY | PALETTE | COLOR


@dataclass(frozen=True, slots=True)
class Layout:
    """What a header says of the pixels.

    Attributes:
        mode: Pillow's name for them.
        shape: (height, width).
        bits: bits of a channel, as stored.
        maximum: the greatest value a PGM file declares.
        scale: what Pillow multiplied the stored greys by.
        is_signed: whether the stored integers have a sign.
    """

    mode: str
    shape: tuple[int, int]
    bits: int = 8
    maximum: int = 255
    scale: int = 1
    is_signed: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """A decoded mask before its values are given a meaning.

    Attributes:
        runs: greys as stored (2 and 4 bits spread over 0 to 255), indices, or packed 0xRRGGBB.
        layout: what the header says.
        key: what is transparent: alphas by index (palette), a grey or index, or a colour; None where nothing is.
        palette: bytes r, g, b of each index, empty where there is none.
    """

    runs: Runs
    layout: Layout
    key: Any = None
    palette: bytes = b""


def check_readable(layout: Layout, kind: MaskValueKind) -> None:
    """Refuse pixels that have no exact value of this kind.

    Raises:
        MaskError: they have not.
    """
    mode, shape = layout.mode, layout.shape
    if mode not in _READABLE:
        raise MaskError(
            f"pixels of type {mode} cannot be mask values; save 8- or 16-bit greys, a palette or RGB", shape=shape
        )
    if kind == "rgb" and mode in WIDE_GREY:
        raise MaskError(
            "the mask holds 16- or 32-bit grey values, but the mask_color_mapping has colours: "
            "give one value per class, as in [1], or save the mask as RGB",
            shape=shape,
        )
    if layout.bits > 8 and mode in COLOR | {"L", "LA"} and kind == "value":
        raise MaskError(
            f"16-bit {mode} pixels cannot be read exactly; save 16-bit grey without alpha, as PNG or TIFF", shape=shape
        )


def whole_numbers(pixels: Pixels) -> Pixels:
    """Return floats as the unsigned integers they stand for; integers as they are.

    Raises:
        MaskError: one is none: a fraction, negative, too large, or not a number.
    """
    if pixels.dtype.kind != "f":
        return pixels
    if not np.isfinite(pixels).all():
        raise MaskError("the mask holds floats that are no numbers (NaN or infinite): save it as integers")
    if float(pixels.min()) < 0:
        raise MaskError(f"a mask holds no negative values; got {pixels.min()}: map them to 0 or a class first")
    if float(pixels.max()) >= TRANSPARENT:
        raise MaskError(f"a mask holds integers below {TRANSPARENT}; got {pixels.max()}: renumber the labels")
    whole = pixels.astype(np.uint32)
    if not np.array_equal(whole, pixels):
        odd = pixels[whole != pixels][0]
        raise MaskError(
            f"the mask holds floats that are no whole numbers (such as {odd:g}), so it is a picture of scores, not of "
            "classes: save the class of each pixel as an integer"
        )
    return whole


def _is_keyed_out(values: UInt32Array, key: Any, layout: Layout) -> NDArray[np.bool_]:
    """Tell the values that PNG or GIF declare transparent: one colour, one index, or indices by a palette's alphas."""
    if isinstance(key, bytes):
        alphas = np.full(256, 255, np.uint8)
        alphas[: len(key)] = np.frombuffer(key, np.uint8)
        return np.asarray((alphas == 0)[values & 0xFF], bool)
    if isinstance(key, tuple):
        red, green, blue = (channel >> 8 if layout.bits > 8 else channel for channel in key)
        key = red << 16 | green << 8 | blue
    elif layout.mode == "1":
        key = int(key != 0)  # Pillow says 255
    elif layout.mode == "L" and layout.bits < 8:
        key *= 255 // (2**layout.bits - 1)  # Pillow spreads 2 and 4 bits over 0 to 255, but not the key
    return np.asarray(values == np.uint32(key), bool)


def _packed_palette(listed: bytes) -> UInt32Array:
    """Return uint32, 256: the palette's r, g, b as 0xRRGGBB, black beyond its end as in every viewer."""
    colors = np.zeros((256, 3), np.uint32)
    colors.reshape(-1)[: len(listed[:768])] = np.frombuffer(listed[:768], np.uint8)
    return colors @ np.array([1 << 16, 1 << 8, 1], np.uint32)


def in_kind(stored: Stored, kind: MaskValueKind) -> Runs:
    """Give a mask the values the mapping speaks of; a cost per run, not per pixel.

    Raises:
        MaskError: it has none of this kind.
    """
    runs, layout = stored.runs, stored.layout
    if layout.is_signed and layout.mode == "L" and int(runs.values.max()) > 127:
        raise MaskError("a mask holds no negative values: map them to 0 or a class first", shape=layout.shape)
    hidden: NDArray[np.bool_] = runs.values == TRANSPARENT
    if stored.key is not None:
        hidden |= _is_keyed_out(runs.values, stored.key, layout)
    values = _greys(runs.values, hidden, layout) if kind == "value" else _colors(runs.values, stored)
    if values is runs.values and not hidden.any():
        return runs
    return with_values(runs, np.where(hidden, np.uint32(TRANSPARENT), values))


def _greys(values: UInt32Array, hidden: NDArray[np.bool_], layout: Layout) -> UInt32Array:
    """Return grey values and indices as they are stored."""
    if layout.mode in COLOR:
        values = _grey_of_colors(values, hidden, layout.shape)
    if layout.maximum not in {255, 65535}:
        top = 255 if layout.bits == 8 else 65535
        values = ((values.astype(np.uint64) * layout.maximum + top // 2) // top).astype(np.uint32)
    return values // np.uint32(layout.scale) if layout.scale > 1 else values


def _colors(values: UInt32Array, stored: Stored) -> UInt32Array:
    """Return packed 0xRRGGBB."""
    mode = stored.layout.mode
    if mode in PALETTE:
        colors: UInt32Array = _packed_palette(stored.palette)[values & 0xFF]
        return colors
    if mode in COLOR:
        return values
    return values * np.uint32(0xFFFFFF if mode == "1" else 0x010101)


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
