"""What pixels are worth to a mapping: part of stage 4, see decode.py, whose docstring has the rules."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from prelabel.errors import MaskError
from prelabel.kernels.pixel_runs import as_written, negative_values
from prelabel.kernels.run_values import with_values
from prelabel.model import TRANSPARENT, Runs
from prelabel.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from prelabel.model import MaskValueKind, UInt32Array

    Pixels = NDArray[np.generic]

WIDE_GREY = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N", "F"})
PALETTE = frozenset({"P", "PA"})
COLOR = frozenset({"RGB", "RGBA"})
_SPREAD = {1: 255, 2: 85, 4: 17}  # by bits: what readers multiply a stored grey by, to make it one of 0 to 255
_READABLE = frozenset({"1", "L", "LA"}) | WIDE_GREY | PALETTE | COLOR


class Layout(Record, frozen=True):
    """What a header says of the pixels.

    Attributes:
        mode: Pillow's name for them.
        shape: (height, width).
        bits: bits of a channel, as stored.
        maximum: the greatest value a PGM file declares.
        scale: what the decoder multiplied the stored greys by.
        is_signed: whether the stored integers have a sign.
    """

    mode: str
    shape: tuple[int, int]
    bits: int = 8
    maximum: int = 255
    scale: int = 1
    is_signed: bool = False


class Stored(Record, frozen=True):
    """A decoded mask before its values are given a meaning.

    Attributes:
        runs: greys (times ``layout.scale``), indices, or packed 0xRRGGBB.
        layout: what the header says.
        key: what is transparent: alphas by index (palette), a grey or index, or a colour; None where nothing is.
        palette: bytes r, g, b of each index, empty where there is none.
    """

    runs: Runs
    layout: Layout
    key: Any = None
    palette: bytes = b""


class OtherKind(MaskError):
    """A mask holds single values where the mapping has colours, or the other way round.

    Args:
        held: what it holds, as the beginning of a sentence.
        kind: what the mapping speaks of.
        shape: (height, width) in pixels.
    """

    def __init__(self, held: str, kind: MaskValueKind, shape: tuple[int, ...]) -> None:
        self._parts = (held, kind)
        super().__init__(self.said_of("the mask_color_mapping"), shape=shape)

    def said_of(self, mapping: str) -> str:
        """Return the message, with the mapping called as it is where it is read."""
        held, kind = self._parts
        if kind == "rgb":
            wanted = "colours: give one value per class, as in [1], or save the mask as RGB"
        else:
            wanted = (
                "one value per class: give colours, as in [244, 67, 54], or save the mask as greys or with a palette"
            )
        return f"{held}, but {mapping} has {wanted}"


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
        raise OtherKind("the mask holds 16- or 32-bit grey values", kind, shape)
    if layout.bits > 8 and mode in COLOR | {"L", "LA"} and kind == "value":
        raise MaskError(
            f"16-bit {mode} pixels cannot be read exactly; save 16-bit grey without alpha, as PNG or TIFF", shape=shape
        )


def scale_of(mode: str, bits: int) -> int:
    """Return what readers of PNG and TIFF multiply greys by: those of 2 and 4 bits are spread over 0 to 255."""
    return _SPREAD.get(bits, 1) if mode == "L" else 1


def whole_numbers(pixels: Pixels, hidden: Pixels | None = None) -> Pixels:
    """Return numbers as the unsigned integers of at most 32 bits that they stand for.

    Args:
        pixels: height x width of numbers, or colours, which are left as they are.
        hidden: height x width of bool: pixels that are transparent, whatever they hold.

    Raises:
        MaskError: one is none: a fraction, negative, too large, or not a number.
    """
    if hidden is not None and hidden.any():
        return _without(pixels, hidden)
    is_small = pixels.dtype.kind not in "iuf" or (pixels.dtype.kind != "f" and pixels.dtype.itemsize <= 4)
    return pixels if is_small or pixels.ndim != 2 or not pixels.size else _unsigned(pixels)


def hide_void(pixels: Pixels, void: Sequence[float], hidden: Pixels | None = None) -> Pixels | None:
    """Return which pixels are transparent: those hidden, and numbers that mean nothing (-1, NaN).

    Args:
        pixels: height x width of numbers, or colours, among which none means nothing.
        void: the numbers that mean nothing.
        hidden: height x width of bool: what is transparent already.
    """
    if not void or pixels.ndim != 2:
        return hidden
    for number in void:
        if math.isnan(number):
            is_void = np.isnan(pixels) if pixels.dtype.kind == "f" else None
        else:
            stored = _as_stored(number, pixels.dtype)
            is_void = None if stored is None else pixels == stored
        if is_void is not None:
            hidden = is_void if hidden is None else np.logical_or(hidden, is_void)
    return hidden


def _as_stored(number: float, dtype: np.dtype[Any]) -> np.generic | None:
    """Return a number as pixels of a type hold it, None where they cannot: then it is not looked for."""
    if dtype.kind in "iu":
        fits = np.iinfo(dtype).min <= number <= np.iinfo(dtype).max
        return dtype.type(int(number)) if fits else None
    with np.errstate(over="ignore"):
        stored = np.float64(number).astype(dtype)
    return stored if dtype.kind == "f" and np.isfinite(stored) else None


def _without(pixels: Pixels, hidden: Pixels) -> Pixels:
    """Return the pixels, those hidden transparent: what is there may be negative, or no number at all."""
    if pixels.ndim == 3:
        alphas = pixels[..., 3] if pixels.shape[2] == 4 else np.uint8(255)
        return np.dstack([pixels[..., :3], np.where(hidden, np.uint8(0), alphas)])
    visible = np.where(hidden, np.zeros((), pixels.dtype), pixels)
    return np.where(hidden, np.uint32(TRANSPARENT), _unsigned(visible))


def _unsigned(numbers: Pixels) -> UInt32Array:
    """Return numbers as uint32; raises MaskError as above."""
    if numbers.dtype.kind == "f":
        _check_whole(numbers)
    if numbers.min() < 0:
        raise MaskError(negative_values(numbers))
    if numbers.dtype != np.uint32 and float(numbers.max()) >= TRANSPARENT:
        most = as_written(numbers.max().item())
        raise MaskError(
            f"a mask holds integers below {TRANSPARENT}; got {most}: renumber the labels; in an import, "
            f'"ignore_values": [{most}] makes background of it'
        )
    return numbers.astype(np.uint32)


def _check_whole(numbers: Pixels) -> None:
    """Refuse floats that are no whole numbers; raises MaskError as above."""
    if not np.isfinite(numbers).all():
        also = '; in an import, "ignore_values": ["nan"] makes background of NaN' if np.isnan(numbers).any() else ""
        raise MaskError(f"the mask holds floats that are no numbers (NaN or infinite): save it as integers{also}")
    is_odd = numbers != np.trunc(numbers)
    if is_odd.any():
        raise MaskError(
            f"the mask holds floats that are no whole numbers (such as {numbers[is_odd][0]:g}), so it is a picture of "
            "scores, not of classes: save the class of each pixel as an integer"
        )


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
    elif layout.mode == "L":
        key *= layout.scale  # Pillow spreads 2 and 4 bits over 0 to 255, but not the key
    return np.asarray(values == np.uint32(key), bool)


def _packed_palette(listed: bytes) -> UInt32Array:
    """Return uint32, 256: the palette's r, g, b as 0xRRGGBB, black beyond its end as in every viewer."""
    colors = np.zeros((256, 3), np.uint32)
    colors.reshape(-1)[: len(listed[:768])] = np.frombuffer(listed[:768], np.uint8)
    return colors @ np.array([1 << 16, 1 << 8, 1], np.uint32)


def in_kind(stored: Stored, kind: MaskValueKind, mapped: Iterable[int] | None = None) -> Runs:
    """Give a mask the values the mapping speaks of; a cost per run, not per pixel.

    Args:
        stored: the mask.
        kind: what the mapping speaks of.
        mapped: the values that the mapping names, None where there is none.

    Raises:
        MaskError: it has none of this kind.
    """
    runs, layout = stored.runs, stored.layout
    if stored.key is None and _is_plain(layout, kind, mapped):
        return runs
    hidden: NDArray[np.bool_] = runs.values == TRANSPARENT
    if stored.key is not None:
        hidden |= _is_keyed_out(runs.values, stored.key, layout)
    values = _greys(runs.values, hidden, layout, mapped) if kind == "value" else _colors(runs.values, stored)
    if values is runs.values and not hidden.any():
        return runs
    return with_values(runs, np.where(hidden, np.uint32(TRANSPARENT), values))


def _is_plain(layout: Layout, kind: MaskValueKind, mapped: Iterable[int] | None) -> bool:
    """Whether all values are what the mapping speaks of as they are: indices, greys that fill bytes, or colours."""
    if kind == "rgb":
        return layout.mode in COLOR
    if layout.mode in COLOR or layout.scale > 1 or layout.maximum != 255:
        return False
    return layout.mode in PALETTE or (layout.bits >= 8 and layout.mode != "1") or mapped is None


def _greys(values: UInt32Array, hidden: NDArray[np.bool_], layout: Layout, mapped: Iterable[int] | None) -> UInt32Array:
    """Return grey values and indices as they are stored; greys of 1, 2 and 4 bits as they are meant."""
    if layout.mode in COLOR:
        values = _grey_of_colors(values, hidden, layout.shape)
    if layout.maximum not in {255, 65535}:
        top = 255 if layout.bits == 8 else 65535
        values = ((values.astype(np.uint64) * layout.maximum + top // 2) // top).astype(np.uint32)
    if layout.scale > 1:
        values = values // np.uint32(layout.scale)
    top = 1 if layout.mode == "1" else 2**layout.bits - 1
    if layout.mode in {"1", "L"} and top < 255 and _names_spread(mapped, top):
        return _spread(values, top)
    return values


def _spread(values: UInt32Array, top: int) -> UInt32Array:
    """Return greys from 0 to ``top`` spread over 0 to 255."""
    return (values * np.uint32(255) + np.uint32(top // 2)) // np.uint32(top)


def _names_spread(mapped: Iterable[int] | None, top: int) -> bool:
    """Whether a mapping names a grey that only spreading gives: of 2 bits, 85, 170 or 255."""
    return mapped is not None and any(value in _only_spread(top) for value in map(int, mapped))


@cache
def _only_spread(top: int) -> frozenset[int]:
    """The spread greys that are none of those stored, 0 to ``top``."""
    spread = _spread(np.arange(top + 1, dtype=np.uint32), top).tolist()
    return frozenset(value for value in spread if value > top)


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
        raise OtherKind(f"the mask is in colour (it holds [{red}, {green}, {blue}])", "value", shape)
    return greys
