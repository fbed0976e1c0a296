"""Mappings that would fit a mask: what it holds, named as ``mask_color_mapping`` has it, and what that would map."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels.value_counts import count_unknown
from prelabel.spelling import short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prelabel.model import Runs, Tool

_MOST = 0.9  # the share of pixels that must be in tools' own colours
_CLASS_NUMBERS = 64  # more different numbers than these are a picture, not classes
_FEW = 8  # as many numbers may be any; more are classes only where they are counted up from 1
_VOID = 255  # what many data sets call "no class", beside numbers counted up
_SHOWN = 3


def numbers_hint(numbers: Runs, names: Sequence[str], noun: str = "number") -> str:
    """Ask whether a mask's numbers are those of classes, where they may be, and show how they would be named.

    Args:
        numbers: the mask, its values as a mapping of numbers sees them.
        names: the classes.
        noun: what the numbers are called.
    """
    pixels = _pixels_by_value(numbers)
    values = sorted(pixels)
    counted_up = [value for value in values if value != _VOID]
    is_counted_up = len(values) <= _FEW or counted_up[-1] <= _CLASS_NUMBERS
    if not values or len(values) > _CLASS_NUMBERS or not is_counted_up:
        return ""
    listed = ", ".join(map(str, values[:_FEW])) + (", ..." if len(values) > _FEW else "")
    nouns = {"palette index": "palette indices"}.get(noun, f"{noun}s")
    return (
        f"the mask holds the {noun if len(values) == 1 else nouns} {listed}: class numbers? name them in "
        f'"mask_color_mapping", as in {example(names, values, pixels)}'
    )


def colors_hint(colors: Runs, tools: Sequence[Tool]) -> str:
    """Say what mapping fits a mask in colour, where it should hold numbers; nothing where none does.

    Args:
        colors: the mask, its values as a mapping of colours sees them.
        tools: the mapping's tools.
    """
    pixels = _pixels_by_value(colors)
    owners: dict[int, str] = {}
    for red, green, blue, title in [(*tool.color, tool.title) for tool in tools if tool.color]:
        owners[red << 16 | green << 8 | blue] = title
    owned = {value: n for value, n in pixels.items() if value in owners}
    if owned and sum(owned.values()) >= _MOST * sum(pixels.values()):
        return f'"mask_color_mapping": "project_colors" would map {_shares(owned, owners, pixels)}'
    if not pixels or len(pixels) > len(tools):
        return ""
    mapping = example([tool.title for tool in tools], sorted(pixels), pixels, as_rgb=True)
    return f'name them in "mask_color_mapping", as in {mapping}'


def example(names: Sequence[str], values: Sequence[int], pixels: Mapping[int, int], *, as_rgb: bool = False) -> str:
    """Return a mapping of the first values to the first names as JSON, and what of the pixels it would map where."""
    owners = dict(zip(values, names[:_SHOWN], strict=False))
    mapping = {short(name, 80): list(value.to_bytes(3, "big")) if as_rgb else [value] for value, name in owners.items()}
    shown = {value: pixels[value] for value in owners}
    return f"{json.dumps(mapping, ensure_ascii=False)} (maps {_shares(shown, owners, pixels)})"


def _shares(shown: Mapping[int, int], owners: Mapping[int, str], pixels: Mapping[int, int]) -> str:
    """List what share of the pixels some values have, with the class that each is for."""
    n_all = sum(pixels.values())
    most = sorted(shown, key=lambda value: -shown[value])[:_SHOWN]
    return ", ".join(f"{shown[value] / n_all:.0%} to {short(owners[value], 80)!r}" for value in most)


def _pixels_by_value(runs: Runs) -> dict[int, int]:
    """Count a mask's pixels by value, most first, but for 0 and transparent ones."""
    values, pixels = count_unknown(runs, np.empty(0, np.uint32))
    return dict(zip(values.tolist(), pixels.tolist(), strict=True))
