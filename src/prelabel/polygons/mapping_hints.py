"""Mappings that would fit a mask: what it holds, named as ``mask_color_mapping`` has it, and what that would map."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels.value_counts import count_unknown
from prelabel.polygons.near_colors import KnownColors
from prelabel.spelling import short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from prelabel.model import Runs, Tool, UInt32Array

_MOST = 0.9  # the share of pixels that must be in tools' own colours
_CLASS_NUMBERS = 64  # more different numbers than these are a picture, not classes
_FEW = 8  # as many numbers may be any; more are classes only where they are counted up from 1
_VOID = 255  # what many data sets call "no class", beside numbers counted up
_TOLERANCES = (0, 8, 32)  # of project colours in lossy masks
_SHOWN = 3


def numbers_hint(numbers: Runs, names: Sequence[str], noun: str = "number") -> str:
    """Ask whether a mask's numbers are those of classes, where they may be, and show how they would be named.

    Args:
        numbers: the mask, its values as a mapping of numbers sees them.
        names: the classes.
        noun: what the numbers are called.
    """
    pixels = _as_counts(numbers)
    values = sorted(pixels)
    others = [value for value in values if value != _VOID]
    is_counted_up = bool(others) and others[-1] <= _CLASS_NUMBERS
    if not values or len(values) > _CLASS_NUMBERS or not (is_counted_up or len(values) <= _FEW):
        return ""
    listed = ", ".join(map(str, values[:_FEW])) + (", ..." if len(values) > _FEW else "")
    nouns = {"palette index": "palette indices"}.get(noun, f"{noun}s")
    has_void = is_counted_up and len(others) < len(values)
    also = f'; {_VOID} is rather no class: name it in "ignore_values": [{_VOID}]' if has_void else ""
    return (
        f"the mask holds the {noun if len(values) == 1 else nouns} {listed}: class numbers? name them in "
        f'"mask_color_mapping", as in {example(names, others if has_void else values, pixels)}{also}'
    )


def colors_hint(colors: Runs, tools: Sequence[Tool]) -> str:
    """Say what mapping fits a mask in colour, where it should hold numbers; nothing where none does.

    Args:
        colors: the mask, its values as a mapping of colours sees them.
        tools: the mapping's tools.
    """
    pixels = _as_counts(colors)
    if not pixels:
        return ""
    if fitting := _own_colors(colors, tools):
        return fitting
    if len(pixels) > len(tools):
        return ""
    mapping = example([tool.title for tool in tools], sorted(pixels), pixels, as_rgb=True)
    return f'name them in "mask_color_mapping", as in {mapping}'


def _own_colors(colors: Runs, tools: Sequence[Tool]) -> str:
    """Say that "project_colors" fits, as it is or with a tolerance; nothing where it does not."""
    owners = {red << 16 | green << 8 | blue: title for title, (red, green, blue) in _colored(tools)}
    known = KnownColors.of([(title, value) for value, title in owners.items()], [], "rgb")
    values, pixels = pixels_by_value(colors)
    indices, distances = known.nearest(values)
    for tolerance in (each for each in _TOLERANCES if each < known.reach):
        near = distances <= tolerance
        of_classes = near & known.are_named[indices]
        if of_classes.any() and pixels[near].sum() >= _MOST * pixels.sum():
            sums = np.bincount(indices[of_classes], pixels[of_classes], len(known.values)).astype(np.int64)
            shown = {value: n for value, n in zip(known.values.tolist(), sums.tolist(), strict=True) if n}
            also = f' with "color_tolerance": {tolerance}' if tolerance else ""
            return (
                f'"mask_color_mapping": "project_colors"{also} would map {_shares(shown, owners, sum(sums.tolist()))}'
            )
    return ""


def _colored(tools: Sequence[Tool]) -> list[tuple[str, tuple[int, int, int]]]:
    """The tools' titles and colours, where they have one."""
    return [(tool.title, tool.color) for tool in tools if tool.color]


def example(names: Sequence[str], values: Sequence[int], pixels: Mapping[int, int], *, as_rgb: bool = False) -> str:
    """Return a mapping of the first values to the first names as JSON, and what of the pixels it would map where."""
    owners = dict(zip(values, names[:_SHOWN], strict=False))
    mapping = {short(name, 80): list(value.to_bytes(3, "big")) if as_rgb else [value] for value, name in owners.items()}
    shown = {value: pixels[value] for value in owners}
    return f"{json.dumps(mapping, ensure_ascii=False)} (maps {_shares(shown, owners, sum(pixels.values()))})"


def _shares(shown: Mapping[int, int], owners: Mapping[int, str], n_pixels: int) -> str:
    """List what share of the pixels some values have, with the class that each is for."""
    most = sorted(shown, key=lambda value: -shown[value])[:_SHOWN]
    return ", ".join(f"{shown[value] / n_pixels:.0%} to {short(owners[value], 80)!r}" for value in most)


def pixels_by_value(runs: Runs) -> tuple[UInt32Array, NDArray[np.int64]]:
    """Return a mask's values, most frequent first, and the pixels of each; not 0 and transparent ones."""
    return count_unknown(runs, np.empty(0, np.uint32))


def _as_counts(runs: Runs) -> dict[int, int]:
    """Count a mask's pixels by value."""
    values, pixels = pixels_by_value(runs)
    return dict(zip(values.tolist(), pixels.tolist(), strict=True))
