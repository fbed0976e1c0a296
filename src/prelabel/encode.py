"""Stages 3 to 6 for one row: cells and mask -> import item. CPU and disk only; safe to call from several threads."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prelabel.answers import AnswerReader
from prelabel.errors import MaskError, RowError
from prelabel.items import encode_item, mask_objects
from prelabel.model import Item

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from prelabel.config import ImportConfig
    from prelabel.model import Binding, RowBatch
    from prelabel.polygons import ClassTable, PixelCounts, Polygons

SHOWN_COLORS = 5


@dataclass(frozen=True, slots=True)
class MaskCounts:
    """What one mask gave and cost; see :class:`prelabel.polygons.PixelCounts` for the pixels."""

    n_objects: int
    n_polygons: int
    n_points: int
    n_pixels: int
    n_unknown_pixels: int
    decode_s: float
    trace_s: float


@dataclass(frozen=True, slots=True)
class EncodedRow:
    """A row ready to be sent.

    Attributes:
        item: the import item.
        notes: what the row's owner should know.
        mask: counts of its mask, None if it has none.
    """

    item: Item
    notes: tuple[str, ...] = ()
    mask: MaskCounts | None = None


class RowEncoder:
    """Turns rows into import items. Made once per import; look-ups are made once.

    Args:
        config: the config.
        binding: the config tied to the project's ontology.
        project: the project's id, part of the object ids.
        mask_root: the folder that mask paths are relative to.
    """

    def __init__(self, config: ImportConfig, binding: Binding, *, project: str, mask_root: Path) -> None:
        self._config = config
        self._project = project
        self._answers = AnswerReader(binding.columns)
        self._columns = [link.column for link in binding.columns]
        self._kind = binding.mask_kind
        if binding.mask_kind is None:
            return
        # The geometry modules compile kernels when imported: an import of classifications alone does without.
        from prelabel.masks.sources import LocalFiles  # noqa: PLC0415
        from prelabel.polygons import ClassTable, TraceOptions  # noqa: PLC0415

        kept = [entry for entry in binding.mask_classes if not entry.ignored]
        self._tools = [entry.tool for entry in kept]
        self._table: ClassTable = ClassTable.of(
            [(entry.tool.title, entry.value) for entry in kept],
            [entry.value for entry in binding.mask_classes if entry.ignored],
        )
        self._files = LocalFiles(mask_root)
        self._options = TraceOptions(
            config.polygon_simplification_tolerance,
            config.simplification,
            config.coordinates,
            config.connectivity,
            config.min_area,
        )

    def encode(self, batch: RowBatch, index: int) -> EncodedRow:
        """Encode one row.

        Args:
            batch: rows of the CSV.
            index: which of them.

        Returns:
            The item with notes and counts.

        Raises:
            RowError: a cell or the mask cannot be used; names the column and the remedy.
        """
        external_id = batch.columns[self._config.external_id_column][index]
        answers = self._answers.read([batch.columns[column][index] for column in self._columns])
        objects: list[dict[str, Any]] = []
        notes: tuple[str, ...] = ()
        counts = None
        reference = batch.columns[self._config.mask_column][index] if self._kind is not None else ""
        if reference.strip():
            try:
                objects, notes, counts = self._encode_mask(external_id, reference)
            except RowError as error:
                error.column = error.column or self._config.mask_column
                raise
        item = Item(batch.numbers[index], external_id, encode_item(external_id, answers, objects))
        return EncodedRow(item, notes, counts)

    def _encode_mask(
        self, external_id: str, reference: str
    ) -> tuple[list[dict[str, Any]], tuple[str, ...], MaskCounts]:
        from prelabel.masks.decode import decode_mask  # noqa: PLC0415 - as in __init__
        from prelabel.polygons import trace  # noqa: PLC0415

        assert self._kind is not None
        started = time.perf_counter()
        try:
            runs = decode_mask(self._files.read(reference), self._kind)
        except MaskError as error:
            error.excerpt = error.excerpt or reference[:200]
            raise
        decoded = time.perf_counter()
        polygons = trace(runs, self._table, self._options)
        made = mask_objects(
            polygons,
            self._tools,
            mode=self._config.segmentation_mode,
            holes=self._config.polygon_holes,
            namespace=f"{self._project}\0{external_id}",
        )
        counts = MaskCounts(
            n_objects=len(made.objects),
            n_polygons=len(polygons),
            n_points=len(polygons.points),
            n_pixels=polygons.counts.n_pixels,
            n_unknown_pixels=polygons.counts.n_unknown,
            decode_s=decoded - started,
            trace_s=time.perf_counter() - decoded,
        )
        return made.objects, self._notes(polygons, made.n_filled_holes), counts

    def _notes(self, polygons: Polygons, n_filled_holes: int) -> tuple[str, ...]:
        counts = polygons.counts
        notes = []
        if counts.unknown:
            notes.append(_unknown_colors(counts, as_rgb=self._kind == "rgb"))
        if counts.n_class + counts.n_small == 0:
            notes.append("the mask holds no pixel of any class: the row brings no objects")
        if counts.n_small:
            notes.append(f'{counts.n_small} pixels left out in objects below "min_area"')
        if n_filled_holes:
            notes.append(f"{n_filled_holes} holes filled: the polygon tool cannot hold them")
        if polygons.n_restrained:
            notes.append(f"{polygons.n_restrained} borders simplified less than the tolerance allows, to stay apart")
        if polygons.n_padded:
            notes.append(f"{polygons.n_padded} points repeated in rings of one pixel or one line")
        return tuple(notes)


def _unknown_colors(counts: PixelCounts, *, as_rgb: bool) -> str:
    """Describe the values without a class, the most frequent by name."""
    shown = []
    for value, n_pixels in list(counts.unknown.items())[:SHOWN_COLORS]:
        name = f"[{value >> 16}, {value >> 8 & 255}, {value & 255}]" if as_rgb else f"[{value}]"
        shown.append(f"{name} {n_pixels / counts.n_pixels:.2%}")
    more = len(counts.unknown) - len(shown)
    listed = ", ".join(shown) + (f" and {more} more" if more else "")
    share = counts.n_unknown / counts.n_pixels
    return f"{share:.2%} of the mask's pixels have no class and count as background: {listed}"
