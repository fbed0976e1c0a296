"""Between stages 4 and 5, values of a mask without a class: they fail its row or are noted, with what would help."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from prelabel.codes import Code
from prelabel.errors import MaskError, RowError
from prelabel.model import Note
from prelabel.polygons.color_hints import ColorHints
from prelabel.polygons.mapping_hints import colors_hint, numbers_hint
from prelabel.polygons.near_colors import unknown_colors
from prelabel.records import Record
from prelabel.spelling import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prelabel.inputs.config import ImportConfig
    from prelabel.model import Runs, Tool
    from prelabel.polygons.class_table import ClassTable, PixelCounts
    from prelabel.polygons.near_colors import KnownColors, Snapped

_MAX_HINTS = 16
_FEW = 8


class MaskColors(Record, frozen=True):
    """What a mask holds, and what the config made of it.

    Attributes:
        runs: the mask as decoded.
        snapped: the mask as ``color_tolerance`` left it.
        counts: where its pixels went.
        read_as_other: reads the mask anew as numbers where the mapping has colours, and the other way round; None where
            that cannot be.
    """

    runs: Runs
    snapped: Snapped
    counts: PixelCounts
    read_as_other: Callable[[], Runs | None]


class ColorCheck:
    """Looks at masks whose values have no class. Made once per import.

    Args:
        config: the config.
        known: the values that mean something.
        table: the classes.
        tools: their tools, in order.
    """

    def __init__(self, config: ImportConfig, known: KnownColors, table: ClassTable, tools: Sequence[Tool]) -> None:
        self._config = config
        self._tools = tools
        self._known = known
        self._table = table
        self._hints = ColorHints(known, table)
        self._n_tried: Counter[str] = Counter()

    def check(self, mask: MaskColors) -> None:
        """Fail a mask that has values without a class and no pixel of any: importing it would only remove labels.

        One whose classes are nothing but noise, beside more that has no class, would put noise in the place of labels.

        Raises:
            RowError: it is so, and is not to be imported all the same.
        """
        if self._config.unmatched_masks == "import":
            return
        if mask.counts.n_mapped:
            self._check_noise(mask)
            return
        if not (mask.counts.unknown or mask.snapped.n_pixels):
            return
        exact = self._exact(mask)
        n_lost = self._n_lost(exact)
        if not mask.counts.unknown and not n_lost:
            return  # nothing but what is nearly an ignored value
        text = unknown_colors(exact, self._known)
        if n_lost:
            tolerance = f'"color_tolerance": {self._config.color_tolerance}'
            text += f"; {tolerance} makes background of {counted(n_lost, 'pixel')}: take it out"
        hint = self._hint(mask, exact) if self._may_try("unknown colours") else ""
        raise RowError(
            "the mask holds no pixel of any class, so importing it would only remove labels: "
            f'{_with_hint(text, hint)}; mend the mapping or the mask, or set "unmatched_masks" to "import"',
            code=Code.MASK_WITHOUT_CLASS,
        )

    def _check_noise(self, mask: MaskColors) -> None:
        """Fail a mask that has pixels of classes, where those are noise.

        Raises:
            RowError: they are.
        """
        counts, runs = mask.counts, mask.snapped.runs
        if not _is_mostly_unknown(counts) or len(counts.unknown) <= _FEW or not self._hints.is_noise(runs):
            return
        hint = (self._hint(mask, self._exact(mask)) or self._renamed(mask)) if self._may_try("noise") else ""
        raise RowError(
            "the mask's pixels of classes are nothing but specks, and more pixels have no class, so importing it would "
            f"put noise in the place of labels: {_with_hint(unknown_colors(counts, self._known), hint)}; mend the "
            'mapping or the mask, or set "unmatched_masks" to "import"',
            code=Code.MASK_WITHOUT_CLASS,
        )

    def notes(self, mask: MaskColors) -> list[Note]:
        """Say what became of values that are no class's own, and what would help."""
        notes = []
        if mask.snapped.note:
            code, text = mask.snapped.note
            notes.append(Note(code, _with_hint(text, self._near_hint(mask) or self._too_far())))
        if mask.counts.unknown:
            text = f"{unknown_colors(mask.counts, self._known)}; they count as background"
            notes.append(Note(Code.UNKNOWN_COLORS, _with_hint(text, self._remedy(mask))))
        return notes

    def _remedy(self, mask: MaskColors) -> str:
        """What to do about values without a class in a mask that is imported."""
        may_try = self._may_try("unknown colours")
        hint = self._hint(mask, self._exact(mask)) if may_try else ""
        hint = hint or self._hints.left_out(mask.counts)
        if not hint and mask.counts.n_mapped and _is_mostly_unknown(mask.counts):
            renamed = self._renamed(mask) if may_try else ""
            question = 'does "mask_color_mapping" name the right values?'
            return f"more pixels have no class than have one: {renamed or question}"
        if not hint and len(mask.counts.unknown) <= _FEW:
            return 'if that is meant, name them in "ignore_values"'
        return hint

    def _renamed(self, mask: MaskColors) -> str:
        """Other values for the classes of a lossy mask, tried on it."""
        return self._hints.renamed(mask.snapped.runs, mask.counts) if len(mask.counts.unknown) > _FEW else ""

    def _near_hint(self, mask: MaskColors) -> str:
        """What would help where a tolerance found classes for all there is, and no colour is a class's own."""
        if mask.counts.unknown or not self._may_try("near colours"):
            return ""
        exact = self._exact(mask)
        return "" if exact.n_mapped else self._hint(mask, exact)

    def explained(self, error: MaskError, read_as_other: Callable[[], Runs | None]) -> MaskError:
        """Return the error of a mask that cannot be read, with the mapping that fits where it holds the other kind."""
        other = read_as_other() if self._may_try("the other kind") else None
        if other is None:
            return error
        hint = numbers_hint(other, self._table.names) if self._known.is_rgb else colors_hint(other, self._tools)
        return MaskError(_with_hint(str(error), hint), reference=error.excerpt, shape=error.shape, code=error.code)

    def _may_try(self, cause: str) -> bool:
        """Whether hints are still looked for: only for the first masks of a cause, as trying costs time."""
        self._n_tried[cause] += 1
        return self._n_tried[cause] <= _MAX_HINTS

    def _too_far(self) -> str:
        """Say that ``color_tolerance`` reaches from one class to the next, so that values between are anyone's."""
        tolerance, reach = self._config.color_tolerance or 0, self._known.reach
        if tolerance < reach:
            return ""
        remedy = "take it out" if reach <= 1 else f"take it out, or keep it below {reach:g}"
        return f'"color_tolerance": {tolerance} reaches from one value of the mapping to another: {remedy}'

    def _exact(self, mask: MaskColors) -> PixelCounts:
        """Where the pixels go by their own values, without a tolerance."""
        return self._table.classify(mask.runs)[1] if mask.snapped.n_pixels else mask.counts

    def _n_lost(self, exact: PixelCounts) -> int:
        """Pixels that ``color_tolerance`` makes background, because their colour is nearly black or 0."""
        values = np.fromiter(exact.unknown, np.uint32, len(exact.unknown))
        indices, distances = self._known.nearest(values)
        is_lost = (distances <= (self._config.color_tolerance or 0)) & ~self._known.are_named[indices]
        return sum(n for n, lost in zip(exact.unknown.values(), is_lost.tolist(), strict=True) if lost)

    def _hint(self, mask: MaskColors, exact: PixelCounts) -> str:
        """What would help, tried on this mask."""
        numbers = mask.read_as_other() if self._known.is_rgb else None
        hint = self._hints.mistaken(mask.runs, exact, numbers)
        if hint or not mask.counts.unknown:
            return hint
        unknown = mask.counts.unknown
        if 2 * sum(unknown.get(value, 0) for value in self._known.left_out) >= mask.counts.n_unknown:
            return self._hints.left_out(mask.counts)
        return self._hints.helpful(mask.snapped.runs, mask.counts)


def _is_mostly_unknown(counts: PixelCounts) -> bool:
    """Whether more pixels have no class than have one."""
    return counts.n_unknown > counts.n_mapped


def _with_hint(text: str, hint: str) -> str:
    """Put a hint after a text, where there is one."""
    return f"{text}; {hint}" if hint else text
