"""Stages 3 to 6 for one row: cells and mask -> import item. CPU only; safe to call from several threads."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import orjson

from prelabel.errors import ConfigError, MaskError, RowError
from prelabel.inputs.answers import AnswerReader
from prelabel.model import Item, Runs
from prelabel.polygons.formats.ango import fit_tools, in_sent_order, mask_objects

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from prelabel.inputs.config import ImportConfig
    from prelabel.masks.limits import MaskLimits
    from prelabel.model import Binding, RowBatch, Shape
    from prelabel.polygons.class_table import ClassTable
    from prelabel.polygons.formats.ango import MaskObjects
    from prelabel.polygons.polygons import Polygons
    from prelabel.polygons.verify import Verification


@dataclass(frozen=True, slots=True)
class MaskCounts:
    """What one mask gave and cost; see :class:`prelabel.polygons.class_table.PixelCounts` for the pixels."""

    n_objects: int
    n_polygons: int
    n_points: int
    n_pixels: int
    n_unknown_pixels: int
    decode_s: float
    trace_s: float
    n_near_pixels: int = 0


@dataclass(frozen=True, slots=True)
class TracedMask:
    """All that a mask gives, whichever row it belongs to.

    Attributes:
        objects: its objects but for their ids.
        notes: what the row's owner should know.
        counts: what it gave and cost.
    """

    objects: MaskObjects
    notes: tuple[str, ...]
    counts: MaskCounts

    @property
    def n_bytes(self) -> int:
        """Bytes that keeping it takes, about."""
        return 1_000 + self.objects.n_bytes


class Draft(NamedTuple):
    """A row whose cells are read and whose mask is not.

    Attributes:
        row_number: the row.
        external_id: names its assets.
        answers: its classifications.
        mask_cell: its mask's reference, blank for none.
        shapes: the different sizes of its assets, as far as they are known.
    """

    row_number: int
    external_id: str
    answers: list[dict[str, Any]]
    mask_cell: str
    shapes: tuple[Shape, ...] = ()


class EncodedRow(NamedTuple):
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
        limits: how large a mask may be; None takes the defaults.
        shapes: external ID -> the different sizes of its assets, as far as they are known.
        verify: whether each mask's polygons are rasterised again and compared with it; a note says the outcome.
        min_iou: rows with a class below this IoU fail; given, it verifies.

    Raises:
        ConfigError: ``min_iou`` is not from 0 to 1.
    """

    def __init__(  # noqa: PLR0913 - each is a choice of the import's, by keyword
        self,
        config: ImportConfig,
        binding: Binding,
        *,
        project: str,
        limits: MaskLimits | None = None,
        shapes: Mapping[str, tuple[Shape, ...]] | None = None,
        verify: bool = False,
        min_iou: float | None = None,
    ) -> None:
        if min_iou is not None and not 0 <= min_iou <= 1:
            raise ConfigError(f"min_iou is {min_iou}: give a number from 0 to 1", field="min_iou", value=min_iou)
        self._verifies = verify or min_iou is not None
        self._min_iou = min_iou or 0.0
        self._config = config
        self._project = project
        self._answers = AnswerReader(binding.columns)
        self._columns = [link.column for link in binding.columns]
        self._kind = binding.mask_kind
        self._shapes = shapes or {}
        if binding.mask_kind is None:
            return
        # The geometry modules compile kernels when imported: an import of classifications alone does without.
        from prelabel.masks.limits import MaskLimits  # noqa: PLC0415
        from prelabel.polygons.class_table import ClassTable  # noqa: PLC0415
        from prelabel.polygons.near_colors import KnownColors  # noqa: PLC0415
        from prelabel.polygons.trace import TraceOptions  # noqa: PLC0415

        kept = [entry for entry in binding.mask_classes if not entry.ignored]
        self._tools = [entry.tool for entry in kept]
        self._table: ClassTable = ClassTable.of(
            [(entry.tool.title, entry.value) for entry in kept],
            [entry.value for entry in binding.mask_classes if entry.ignored],
        )
        self._known = KnownColors.of(
            [(entry.tool.title, entry.value) for entry in kept],
            [(entry.tool.title, entry.value) for entry in binding.mask_classes if entry.ignored],
            binding.mask_kind,
        )
        self._limits = limits or MaskLimits()
        self._options = TraceOptions(
            config.polygon_simplification_tolerance,
            config.simplification,
            config.coordinates,
            config.connectivity,
            config.min_area,
        )

    def start(self, batch: RowBatch, index: int) -> Draft:
        """Read a row's cells.

        Args:
            batch: rows of the CSV.
            index: which of them.

        Raises:
            RowError: a cell cannot be used; names the column and the remedy.
        """
        external_id = batch.columns[self._config.external_id_column][index]
        answers = self._answers.read([batch.columns[column][index] for column in self._columns])
        mask_cell = batch.columns[self._config.mask_column][index] if self._kind is not None else ""
        return Draft(batch.numbers[index], external_id, answers, mask_cell, self._shapes.get(external_id, ()))

    def finish(self, draft: Draft, mask: TracedMask | None = None) -> EncodedRow:
        """Make a row's item, of its cells and its mask."""
        row_number, external_id, answers, *_ = draft
        if mask is None:
            return EncodedRow(Item(row_number, external_id, encode_item(external_id, answers)))
        objects = mask.objects.with_ids(f"{self._project}\0{external_id}")
        item = Item(row_number, external_id, encode_item(external_id, answers, objects))
        return EncodedRow(item, mask.notes, mask.counts)

    def trace(
        self, content: bytes | Runs, reference: str, started: float, shapes: tuple[Shape, ...] = ()
    ) -> TracedMask:
        """Decode and trace a mask.

        Args:
            content: the file's bytes, or runs.
            reference: the mask's name for people.
            started: when work on it began, by ``time.perf_counter``: reading it counts as decoding.
            shapes: as in the row's draft.

        Raises:
            RowError: it cannot be used; names the column and the remedy.
        """
        try:
            return self._trace_content(content, started, shapes)
        except RowError as error:
            error.excerpt = error.excerpt or reference[:200]
            error.column = error.column or self._config.mask_column
            raise

    def _trace_content(self, content: bytes | Runs, started: float, shapes: tuple[Shape, ...]) -> TracedMask:
        from prelabel.polygons.near_colors import Snapped, snap  # noqa: PLC0415 - as in __init__

        runs, resized = self._decode(content, shapes)
        decoded = time.perf_counter()
        tolerance = self._config.color_tolerance
        snapped = Snapped(runs) if tolerance is None else snap(runs, self._known, tolerance)
        polygons, told = self._trace(snapped.runs)
        mode, holes = self._config.segmentation_mode, self._config.polygon_holes
        objects = mask_objects(polygons, self._tools, mode=mode, holes=holes)
        counts = MaskCounts(
            n_objects=len(objects),
            n_polygons=len(polygons),
            n_points=len(polygons.points),
            n_pixels=polygons.counts.n_pixels,
            n_unknown_pixels=polygons.counts.n_unknown,
            decode_s=decoded - started,
            trace_s=time.perf_counter() - decoded,
            n_near_pixels=snapped.n_pixels,
        )
        notes = (resized, snapped.note, *self._notes(polygons), *told)
        return TracedMask(objects, tuple(note for note in notes if note), counts)

    def _decode(self, content: bytes | Runs, shapes: tuple[Shape, ...]) -> tuple[Runs, str]:
        """Return the mask in its assets' size, and what there is to say of that.

        Raises:
            MaskError: it cannot be read, is no mask of this kind, or has another size and is not to be scaled.
        """
        from prelabel.masks.decoders.decode import decode_mask  # noqa: PLC0415 - as in __init__
        from prelabel.polygons.resize_mask import fit_to_assets  # noqa: PLC0415

        assert self._kind is not None
        if isinstance(content, Runs) and self._kind == "rgb":
            raise MaskError("COCO run lengths hold no colours: map one value, as in [1], in mask_color_mapping")
        runs = (
            content if isinstance(content, Runs) else decode_mask(content, self._kind, self._limits, self._table.keys)
        )
        return fit_to_assets(runs, shapes, self._config.resize, self._limits)

    def _trace(self, runs: Runs) -> tuple[Polygons, list[str]]:
        """Return the polygons as they will be sent, and what there is to say of how they were made.

        Raises:
            RowError: they have too many points, holes where none may be, or a class below ``min_iou``.
        """
        from prelabel.polygons.point_budget import fit  # noqa: PLC0415 - as in __init__
        from prelabel.polygons.trace import outline  # noqa: PLC0415

        def fitted(polygons: Polygons) -> Polygons:
            return fit_tools(polygons, self._tools, self._config.polygon_holes)[0]

        limit, tolerance, notes = self._config.max_points_per_asset, self._options.tolerance, []
        outlines = outline(runs, self._table, self._options)
        if limit is None:
            polygons = fitted(outlines.polygons(self._options))
        else:
            polygons, tolerance = fit(outlines, self._options, limit, fitted)
        n_holes = len(outlines.rings.ring_offsets) - len(polygons.ring_offsets)
        if n_holes:
            done = "cut open" if self._config.polygon_holes == "keyhole" else "filled"
            notes.append(f"{n_holes} holes {done}: the polygon tool cannot hold them")
        is_coarser = tolerance > self._options.tolerance
        if is_coarser or self._verifies:
            proof = self._prove(polygons, runs)
            if is_coarser:
                notes.append(
                    f"simplified with a tolerance of {tolerance:.4g} px instead of {self._options.tolerance:g} px to "
                    f'keep to "max_points_per_asset" ({limit}): {len(polygons.points)} points'
                )
            notes.append(_outcome(proof, polygons.counts.n_pixels))
        return polygons, notes

    def _prove(self, polygons: Polygons, runs: Runs) -> Verification:
        from prelabel.polygons.verify import compare  # noqa: PLC0415 - as in __init__

        painted = in_sent_order(polygons, self._tools, self._config.segmentation_mode)
        proof = compare(painted, self._table.classify(runs)[0], self._table.names)
        if proof.min_iou < self._min_iou:
            raise RowError(
                f"the polygons of {proof.worst_class!r} have an IoU of {_rounded(proof.min_iou)} with the mask, and "
                f'{self._min_iou:g} is asked for: lower "polygon_simplification_tolerance", or ask for less'
            )
        return proof

    def _notes(self, polygons: Polygons) -> tuple[str, ...]:
        from prelabel.polygons.near_colors import unknown_colors  # noqa: PLC0415 - as in __init__

        counts = polygons.counts
        notes = []
        if counts.unknown:
            notes.append(unknown_colors(counts, self._known, self._config.color_tolerance))
        if counts.n_class + counts.n_small == 0:
            notes.append("the mask holds no pixel of any class: the row brings no objects")
        if counts.n_small:
            notes.append(f'{counts.n_small} pixels left out in objects below "min_area"')
        if polygons.n_restrained:
            notes.append(f"{polygons.n_restrained} borders simplified less than the tolerance allows, to stay apart")
        if polygons.n_padded:
            notes.append(f"{polygons.n_padded} points repeated in rings of one pixel or one line")
        return tuple(notes)


def _outcome(proof: Verification, n_pixels: int) -> str:
    """Describe a verification."""
    if not proof.n_wrong_pixels:
        return "verified: every pixel is as in the mask"
    return (
        f"verified: {proof.n_wrong_pixels} of {n_pixels} pixels are not as in the mask; the least IoU is "
        f"{_rounded(proof.min_iou)}, of {proof.worst_class!r}"
    )


def _rounded(iou: float) -> str:
    return f"{math.floor(iou * 10_000) / 10_000:g}"  # down: what is not exact must not read 1


def encode_item(external_id: str, answers: Iterable[dict[str, Any]], objects: bytes | bytearray = b"[]") -> bytes:
    """Write an import item: all three lists are always there, so that a replacing server clears what is not sent.

    Args:
        external_id: names the asset.
        answers: ``{"schemaId", "answer"}`` of each classification.
        objects: the list of objects as JSON, as :meth:`MaskObjects.with_ids` gives it.

    Returns:
        JSON.
    """
    item = orjson.dumps({"externalId": external_id, "classifications": list(answers), "relations": []})
    # Objects may be many megabytes: joined, they are copied once.
    return b"".join((item[:-1], b',"objects":', objects, b"}"))
