"""Between stages 4 and 5, colours without a class: what they resemble, and what ``color_tolerance`` makes of them.

Lossy and anti-aliased masks hold colours that nobody meant. How far two colours are apart is the largest difference of
a channel; for grey values and palette indices it is their difference. A colour resembles the nearest of

1. the background, black or 0, unless a class has that value,
2. the classes, in the mapping's order,
3. the classes that the config ignores, and values that it says mean nothing;

of several at one distance the one whose channels differ less in sum, then the first in this order. So what is nearly
black stays background, and what is nearly an ignored class stays ignored. Everything here costs by distinct colour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from msgspec import field

from prelabel.codes import Code
from prelabel.kernels.run_values import run_lengths, with_values
from prelabel.model import TRANSPARENT, Note
from prelabel.records import Record
from prelabel.spelling import counted, short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from prelabel.model import MaskValueKind, Runs, UInt32Array
    from prelabel.polygons.class_table import PixelCounts

BACKGROUND = "the background"

_SHOWN = 5
_COMPARED = 1 << 20  # differences made at a time


class KnownColors(Record, frozen=True):
    """The values that mean something, in the order in which they win.

    Attributes:
        names: what each is called in messages.
        values: uint32, one each: grey values, indices or packed 0xRRGGBB.
        is_rgb: whether they are colours.
        left_out: the project's colours of tools that the mapping leaves out, with what those are called.
    """

    names: tuple[str, ...]
    values: UInt32Array
    is_rgb: bool
    left_out: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        classes: Sequence[tuple[str, int]],
        ignored: Sequence[tuple[str, int]],
        kind: MaskValueKind,
        void: Sequence[int] = (),
        left_out: Sequence[tuple[str, int]] = (),
    ) -> Self:
        """Take (name, mask value) pairs of the classes, and of those that are ignored; and values that mean nothing.

        Those that are left out come last, and are known by their very values only.
        """
        entries = [(f"{name!r}", value) for name, value in classes]
        entries += [(f"{name!r}, which is ignored", value) for name, value in ignored]
        named = {value for _, value in entries} | {0}
        void_names = (f"{color_name(value, as_rgb=kind == 'rgb')}, which is ignored" for value in void)
        entries += [entry for entry in zip(void_names, void, strict=True) if entry[1] not in named]
        if all(value for _, value in entries):
            entries.insert(0, (BACKGROUND, 0))
        values = np.array([value for _, value in entries], np.uint32)
        others = {value: name for name, value in reversed(left_out)}
        return cls(tuple(name for name, _ in entries), values, kind == "rgb", others)

    @property
    def are_named(self) -> NDArray[np.bool_]:
        """Which of the values the config or the project names: all but the background."""
        return np.array([name != BACKGROUND for name in self.names])

    @property
    def reach(self) -> float:
        """Half the distance between the two that are nearest to each other: a larger tolerance would mix them up."""
        channels = self._channels(self.values)
        apart = np.abs(channels[:, None] - channels).max(axis=2)
        np.fill_diagonal(apart, 1 << 32)
        return float(apart.min()) / 2

    def nearest(self, values: UInt32Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Find what values resemble.

        Args:
            values: uint32, not transparent.

        Returns:
            int64, one per value: index of the known one, and how far it is.
        """
        known = self._channels(self.values)
        indices, distances = np.empty(len(values), np.int64), np.empty(len(values), np.int64)
        step = max(1, _COMPARED // known.size)
        for first in range(0, len(values), step):
            part = slice(first, first + step)
            differences = np.abs(self._channels(values[part])[:, None] - known)
            largest = differences.max(axis=2)
            ranks = largest * 1024 + (differences.sum(axis=2) if self.is_rgb else 0)
            indices[part] = ranks.argmin(axis=1)
            distances[part] = largest[np.arange(len(largest)), indices[part]]
        return indices, distances

    def _channels(self, values: UInt32Array) -> NDArray[np.int64]:
        """Return int64, values x channels."""
        wide = values.astype(np.int64)[:, None]
        return (wide >> np.array([16, 8, 0])) & 255 if self.is_rgb else wide


class Snapped(Record, frozen=True):
    """A mask whose near colours have become known ones.

    Attributes:
        runs: the mask.
        n_pixels: pixels that changed.
        n_colors: how many colours they had.
    """

    runs: Runs
    n_pixels: int = 0
    n_colors: int = 0

    @property
    def note(self) -> Note | None:
        """What there is to say of it, or nothing."""
        if not self.n_pixels:
            return None
        pixels, colors = counted(self.n_pixels, "pixel"), counted(self.n_colors, "near colour")
        return Note(Code.NEAR_COLORS, f"{pixels} mapped from {colors}")


def snap(runs: Runs, known: KnownColors, tolerance: int) -> Snapped:
    """Give colours without a class the known one they resemble, where it is at most ``tolerance`` away."""
    values, inverse = np.unique(runs.values, return_inverse=True)
    others = np.setdiff1d(values, np.append(known.values, [0, TRANSPARENT]), assume_unique=False).astype(np.uint32)
    indices, distances = known.nearest(others)
    is_near = distances <= tolerance
    if not is_near.any():
        return Snapped(runs)
    targets = values.copy()
    targets[np.searchsorted(values, others[is_near])] = known.values[indices[is_near]]
    snapped = targets[inverse]
    n_pixels = int(run_lengths(runs)[snapped != runs.values].sum(dtype=np.int64))
    return Snapped(with_values(runs, snapped), n_pixels, int(is_near.sum()))


def unknown_colors(counts: PixelCounts, known: KnownColors) -> str:
    """Describe the values without a class, the most frequent by name, with what they resemble."""
    shown = list(counts.unknown.items())[:_SHOWN]
    indices, distances = known.nearest(np.array([value for value, _ in shown], np.uint32))
    listed = ", ".join(
        f"{color_name(value, as_rgb=known.is_rgb)} {n_pixels / counts.n_pixels:.2%} "
        f"({_left_out(value, known) or f'{distance} from {known.names[index]}'})"
        for (value, n_pixels), index, distance in zip(shown, indices.tolist(), distances.tolist(), strict=True)
    )
    more = len(counts.unknown) - len(shown)
    listed += f" and {more} more" if more else ""
    return f"{counts.n_unknown / counts.n_pixels:.2%} of the mask's pixels have no class: {listed}"


def _left_out(value: int, known: KnownColors) -> str:
    """Say whose colour a value is that the mapping leaves out; empty where it is nobody's."""
    name = known.left_out.get(value)
    return f"the project's colour of {short(name, 80)!r}, which the mapping leaves out" if name is not None else ""


def color_name(value: int, *, as_rgb: bool) -> str:
    """Write a value as a mapping does: [1], or [244, 67, 54]."""
    return f"[{value >> 16}, {value >> 8 & 255}, {value & 255}]" if as_rgb else f"[{value}]"
