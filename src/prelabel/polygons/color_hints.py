"""What to do about values without a class: a hint is given only after trying on this very mask what it would do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels.class_runs import IGNORED
from prelabel.kernels.run_values import with_values
from prelabel.kernels.traced_rings import trace_classes
from prelabel.polygons.class_table import ClassTable
from prelabel.polygons.mapping_hints import example, numbers_hint, pixels_by_value
from prelabel.polygons.near_colors import KnownColors, color_name, snap
from prelabel.records import Record
from prelabel.spelling import counted, first_few, short

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from prelabel.model import Runs
    from prelabel.polygons.class_table import PixelCounts

_TOLERANCES = (1, 2, 4, 8, 16, 32, 64)  # one beyond mixes up more than it mends
_MOST = 0.9  # the share of pixels that a hint must help
_OWN_SHARE, _OWN_DISTANCE = 0.25, 1 / 8  # a frequent value, this part of the way to another class: no noise, a class
_SPECKLE, _FEW_OBJECTS = 8, 16  # objects of fewer pixels on average, and more of them than these, are noise
_OFTEN, _APART = 0.05, 32  # the share of the unknown pixels, and the distance, from which values may be classes
_SHOWN = 3
_COMPARED, _SLIGHT = 4096, 6  # of the most frequent colours, and of the tolerances, whether they are turned round


class ColorHints(Record, frozen=True):
    """Tries what would give a mask's unknown values a class.

    Attributes:
        known: the values that mean something.
        table: the classes.
    """

    known: KnownColors
    table: ClassTable

    def mistaken(self, runs: Runs, exact: PixelCounts, numbers: Runs | None) -> str:
        """Say that colours are none, or have their channels swapped; nothing where they are as they should be.

        Args:
            runs: the mask as decoded, before any tolerance.
            exact: where its pixels went; some are unknown.
            numbers: the same mask read as class numbers, None where it cannot be.
        """
        if not self.known.is_rgb:
            return ""
        return self._swapped(runs) or self._class_numbers(exact, numbers)

    def helpful(self, runs: Runs, counts: PixelCounts) -> str:
        """Name the mapping or the tolerance that gives the unknown values of a mask a class; nothing if none does.

        Args:
            runs: the mask.
            counts: where its pixels went; some are unknown.
        """
        if self.known.is_rgb:
            return self.tolerance(runs, counts) or self._own_values(runs, counts)
        other_numbers = "" if counts.n_mapped else numbers_hint(runs, self.table.names)
        return self._own_values(runs, counts) or self.tolerance(runs, counts) or other_numbers

    def renamed(self, runs: Runs, counts: PixelCounts) -> str:
        """Name the most frequent unknown values of a lossy mask as the classes' own; nothing where no tolerance helps.

        Args:
            runs: the mask.
            counts: where its pixels went; some are unknown.
        """
        values = [] if self.known.is_rgb else _frequent(counts)[: len(self.table.names)]
        if not values:
            return ""
        classes = list(zip(self.table.names, sorted(values), strict=False))
        table = ClassTable.of(classes)
        tolerance = ColorHints(KnownColors.of(classes, [], "value"), table).tolerance(runs, table.classify(runs)[1])
        mapping = example(self.table.names, sorted(values), counts.unknown)
        question = f'does "mask_color_mapping" name the right values? it may be {mapping}'
        return tolerance and f"{question}; {tolerance}"

    def is_noise(self, runs: Runs) -> bool:
        """Whether all of the classes together are nothing but speckles, and most of the values without one as well.

        Where others than the classes are left out on purpose, those are no speckles.
        """
        classes, counts = self.table.classify(runs)
        if not _are_speckles(len(trace_classes(classes).values), counts.n_class):
            return False
        values = np.fromiter(sorted(counts.unknown), np.uint32, len(counts.unknown))
        places = np.searchsorted(values, runs.values).astype(np.uint32)
        is_unknown = np.isin(runs.values, values)
        others = with_values(runs, np.where(is_unknown, places + np.uint32(1), np.uint32(0)))
        n_objects = np.bincount(trace_classes(others).values, minlength=len(values) + 1)[1:]
        pixels = np.array([counts.unknown[value] for value in values.tolist()])
        return bool(2 * (pixels < _SPECKLE * n_objects).sum() > len(values))

    def left_out(self, counts: PixelCounts) -> str:
        """Say what to do about the project's colours of tools that the mapping leaves out; nothing without any."""
        owners = {value: name for value, name in self.known.left_out.items() if value in counts.unknown}
        if not owners:
            return ""
        shown = sorted(owners, key=lambda value: -counts.unknown[value])[:_SHOWN]
        mapping = {short(owners[value], 80): list(value.to_bytes(3, "big")) for value in shown}
        it, is_left = ("it", "it is") if len(owners) == 1 else ("them", "they are")
        return (
            f'add {it} to "mask_color_mapping", as in {json.dumps(mapping, ensure_ascii=False)}, or name {it} in '
            f'"ignore_values" if {is_left} left out on purpose'
        )

    def _swapped(self, runs: Runs) -> str:
        """Colours that are classes' with red and blue swapped, as OpenCV keeps them; in a lossy mask nearly."""
        values, pixels = pixels_by_value(runs)
        n_pixels, values, pixels = pixels.sum(), values[:_COMPARED], pixels[:_COMPARED]
        turned = ((values & 0xFF) << 16 | values & 0xFF00 | values >> 16).astype(np.uint32)
        indices, distances = self.known.nearest(turned)
        gains = self.known.nearest(values)[1] - distances
        for tolerance in (each for each in (0, *_TOLERANCES[:_SLIGHT]) if each < self.known.reach):
            near = distances <= tolerance
            of_classes = near & self.known.are_named[indices] & (gains != 0)
            n_better = pixels[of_classes & (gains > 0)].sum()
            if pixels[near].sum() >= _MOST * n_pixels and n_better >= max(1, _MOST * pixels[of_classes].sum()):
                listed = self._listed(np.bincount(indices[near], pixels[near]) / n_pixels)
                also = f', and set "color_tolerance" to {tolerance}' if tolerance else ""
                return (
                    f"red and blue look swapped (turned round, they map {listed}): save the mask as RGB, not BGR, or "
                    f"swap the first and the last number of each colour{also}"
                )
        return ""

    def _class_numbers(self, exact: PixelCounts, numbers: Runs | None) -> str:
        """Numbers 1, 2, 3 ... under colours: the mask of a tool that writes class numbers."""
        if numbers is None or exact.n_unknown < _MOST * (exact.n_unknown + exact.n_mapped):
            return ""
        values, pixels = _as_arrays(exact.unknown)
        indices, distances = self.known.nearest(values)
        is_near_class = self.known.are_named[indices] & (distances < self.known.reach * _OWN_DISTANCE)
        if 2 * pixels[is_near_class].sum() > exact.n_unknown:  # a lossy mask of classes that are grey
            return ""
        are_greys = bool((values == (values & 0xFF) * 0x010101).all())
        return numbers_hint(numbers, self.table.names, "grey" if are_greys else "palette index")

    def _own_values(self, runs: Runs, counts: PixelCounts) -> str:
        """As many values as classes, and no pixel of any class: the mapping names others."""
        values = sorted(counts.unknown)
        if not values or counts.n_mapped or len(values) > len(self.table.names):
            return ""
        is_rgb = self.known.is_rgb
        distances = self.known.nearest(np.array(values, np.uint32))[1]
        if is_rgb and (len(np.unique(runs.values)) == 1 or (distances < self.known.reach * _OWN_DISTANCE).any()):
            return ""  # nothing but one colour is rather the background; colours near a known one are no classes' own
        listed = first_few([color_name(value, as_rgb=True) if is_rgb else str(value) for value in values])
        mapping = example(self.table.names, values, counts.unknown, as_rgb=is_rgb)
        if len(values) == 1:
            return (
                f'the mask holds only {listed}: if that is a class, write its value in "mask_color_mapping": {mapping}'
                f'; if it means nothing, in "ignore_values": [{listed}]'
            )
        return f'the mask holds {listed}: if those are classes, write their values in "mask_color_mapping": {mapping}'

    def tolerance(self, runs: Runs, counts: PixelCounts) -> str:
        """The tolerance that maps most of the pixels into the fewest objects, and what it would map them to."""
        values, pixels = _as_arrays(counts.unknown)
        indices, distances = self.known.nearest(values)
        own = (pixels >= _OWN_SHARE * counts.n_unknown) & (distances > self.known.reach * _OWN_DISTANCE)
        limit = min(self.known.reach, distances[own].min(initial=1 << 32))
        trials = []
        for tolerance in (each for each in _TOLERANCES if each < limit):
            near = distances <= tolerance
            shares = np.bincount(indices[near], pixels[near], len(self.known.values)) / max(1, counts.n_unknown)
            if shares.sum() < _MOST or not shares[self._is_class()].any():
                continue
            n_objects = self._n_objects(snap(runs, self.known, tolerance).runs)
            if n_objects:
                trials.append((n_objects, tolerance, shares))
        if not trials:
            return ""
        n_objects, tolerance, shares = min(trials, key=lambda trial: trial[:2])
        return (
            f'a lossy or smoothed mask? "color_tolerance": {tolerance} would map {self._listed(shares)}, and give '
            f"{counted(n_objects, 'object')}"
        )

    def _n_objects(self, snapped: Runs) -> int:
        """How many objects a mask gives; 0 where it is no sensible picture: all one class, or nothing but speckles."""
        classes, counts = self.table.classify(snapped)
        n_objects = len(trace_classes(classes).values)
        return 0 if _are_speckles(n_objects, counts.n_class) or len(np.unique(classes.values)) == 1 else n_objects

    def _is_class(self) -> NDArray[np.bool_]:
        """Which of the known values are classes that are imported."""
        return np.isin(self.known.values, self.table.keys[self.table.targets != IGNORED])

    def _listed(self, shares: NDArray[np.float64]) -> str:
        """Known values with their shares of the unknown pixels, the greatest first."""
        order = [index for index in np.argsort(-shares, kind="stable").tolist() if shares[index] > 0][:_SHOWN]
        return ", ".join(f"{shares[index]:.0%} to {self.known.names[index]}" for index in order)


def _are_speckles(n_objects: int, n_pixels: int) -> bool:
    return n_objects > _FEW_OBJECTS and n_pixels < _SPECKLE * n_objects


def _frequent(counts: PixelCounts) -> list[int]:
    """The unknown values that many pixels have, most first, each far from those before and from the background."""
    values = [0]
    for value, n_pixels in counts.unknown.items():
        if n_pixels >= _OFTEN * counts.n_unknown and all(abs(value - other) > _APART for other in values):
            values.append(value)
    return values[1:]


def _as_arrays(pixels: Mapping[int, int]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return values, and how many pixels each has."""
    return np.fromiter(pixels, np.uint32, len(pixels)), np.fromiter(pixels.values(), np.int64, len(pixels))
