"""What to do about values without a class: a hint is given only after trying on this very mask what it would do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels.class_runs import IGNORED
from prelabel.kernels.sweep import sweep_runs
from prelabel.polygons.near_colors import snap
from prelabel.spelling import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prelabel.model import Runs
    from prelabel.polygons.class_table import ClassTable, PixelCounts
    from prelabel.polygons.near_colors import KnownColors

_TOLERANCES = (1, 2, 4, 8, 16, 32, 64)  # one beyond mixes up more than it mends
_MOST = 0.9  # the share of pixels that a hint must help
_CLASS_NUMBERS = 64  # more different greys than these are a picture, not classes
_SHOWN = 3


def color_hint(runs: Runs, counts: PixelCounts, known: KnownColors, table: ClassTable) -> str:
    """Return what would give a mask's unknown values a class, or nothing where nothing was found to help.

    Args:
        runs: the mask, values as decoded.
        counts: where its pixels went; some are unknown.
        known: the values that mean something.
        table: the classes.
    """
    if known.is_rgb:
        return _class_numbers(counts, table.names) or _swapped(counts, known) or _tolerance(runs, counts, known, table)
    return _own_values(counts, table.names) or _tolerance(runs, counts, known, table)


def _example(names: Sequence[str], values: Sequence[int]) -> str:
    return json.dumps({name: [value] for name, value in zip(names[:_SHOWN], values, strict=False)}, ensure_ascii=False)


def _class_numbers(counts: PixelCounts, names: Sequence[str]) -> str:
    """Greys 1, 2, 3 ... under colours: the mask of a tool that writes class numbers."""
    greys = {value & 255: n for value, n in counts.unknown.items() if value == (value & 255) * 0x010101}
    if len(greys) > _CLASS_NUMBERS or sum(greys.values()) < _MOST * counts.n_unknown:
        return ""
    values = sorted(greys)
    listed = ", ".join(map(str, values[:8])) + (", ..." if len(values) > 8 else "")
    return (
        f"the mask holds the {'grey' if len(values) == 1 else 'greys'} {listed}: class numbers? name them in "
        f'"mask_color_mapping", as in {_example(names, values)}'
    )


def _swapped(counts: PixelCounts, known: KnownColors) -> str:
    """Colours of classes with red and blue swapped, as OpenCV keeps them."""
    classes = set(known.values.tolist()) - {0}
    swapped = {value: (value & 255) << 16 | value & 0xFF00 | value >> 16 for value in counts.unknown}
    n_right = sum(n for value, n in counts.unknown.items() if swapped[value] in classes)
    if n_right < _MOST * counts.n_unknown:
        return ""
    return (
        "red and blue look swapped: save the mask as RGB, not BGR, or swap the first and the last number of each colour"
    )


def _own_values(counts: PixelCounts, names: Sequence[str]) -> str:
    """As many values as classes, and no pixel of any class: the mapping names others."""
    values = sorted(counts.unknown)
    if counts.n_mapped or len(values) > len(names):
        return ""
    listed, example = ", ".join(map(str, values)), _example(names, values)
    if len(values) == 1:
        return f'the mask holds only {listed}: if that is a class, write its value in "mask_color_mapping": {example}'
    return f'the mask holds {listed}: if those are classes, write their values in "mask_color_mapping": {example}'


def _tolerance(runs: Runs, counts: PixelCounts, known: KnownColors, table: ClassTable) -> str:
    """The tolerance that maps most of the pixels into the fewest objects, and what it would map them to."""
    values = np.fromiter(counts.unknown, np.uint32, len(counts.unknown))
    pixels = np.fromiter(counts.unknown.values(), np.int64, len(values))
    indices, distances = known.nearest(values)
    is_class = np.isin(known.values, table.keys[table.targets != IGNORED])
    trials = []
    for tolerance in _TOLERANCES:
        near = distances <= tolerance
        shares = np.bincount(indices[near], pixels[near], len(known.values)) / counts.n_unknown
        if tolerance >= known.reach or shares.sum() < _MOST or not shares[is_class].any():
            continue
        n_objects = len(sweep_runs(table.classify(snap(runs, known, tolerance).runs)[0]).values)
        trials.append((n_objects, tolerance, shares))
    if not trials:
        return ""
    n_objects, tolerance, shares = min(trials, key=lambda trial: trial[:2])
    order = [index for index in np.argsort(-shares).tolist() if shares[index] > 0][:_SHOWN]
    listed = ", ".join(f"{shares[index]:.0%} of them to {known.names[index]}" for index in order)
    return (
        f'a lossy or smoothed mask? "color_tolerance": {tolerance} would map {listed}, and give '
        f"{counted(n_objects, 'object')}"
    )
