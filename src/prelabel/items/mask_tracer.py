"""Stages 4 and 5 for one row's mask: bytes or runs -> objects but for their ids. CPU only; safe in several threads.

Importing this module loads the kernels, so it is done only where there are masks.
"""

from __future__ import annotations

import math
import time
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from prelabel.codes import Code
from prelabel.errors import ConfigError, MaskError, RowError
from prelabel.items.color_check import ColorCheck, MaskColors
from prelabel.items.void_values import VoidValues
from prelabel.kernels.scratch import scratch
from prelabel.masks.decoders.decode import decode_mask
from prelabel.masks.limits import MaskLimits
from prelabel.model import MaskCounts, Note, Runs
from prelabel.polygons.class_table import ClassTable
from prelabel.polygons.formats.ango import ClassTools, fit_tools, in_sent_order, mask_objects
from prelabel.polygons.near_colors import KnownColors, Snapped, snap
from prelabel.polygons.point_budget import fit
from prelabel.polygons.resize_mask import fit_to_assets
from prelabel.polygons.trace import TraceOptions, outline
from prelabel.records import Record
from prelabel.spelling import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from prelabel.inputs.config import ImportConfig
    from prelabel.model import Binding, Shape
    from prelabel.polygons.arrays import PolygonArrays
    from prelabel.polygons.formats.ango import MaskObjects
    from prelabel.polygons.trace import Outlines
    from prelabel.polygons.verify import Verification


class TracedMask(Record, frozen=True):
    """All that a mask gives, whichever row it belongs to.

    Attributes:
        objects: its objects but for their ids.
        notes: what the row's owner should know.
        counts: what it gave and cost.
    """

    objects: MaskObjects
    notes: tuple[Note, ...]
    counts: MaskCounts

    @property
    def n_bytes(self) -> int:
        """Bytes that keeping it takes, about."""
        return 1_000 + self.objects.n_bytes


class MaskTracer:
    """Turns masks into objects. Made once per import; look-ups are made once.

    Args:
        config: the config.
        binding: the config tied to the project's ontology; it has mask classes.
        limits: how large a mask may be.
        min_iou: each mask's polygons are rasterised again and compared with it, a note says the outcome, and a row
            with a class below this IoU fails; None does without.

    Raises:
        ConfigError: ``min_iou`` is not from 0 to 1.
    """

    def __init__(
        self,
        config: ImportConfig,
        binding: Binding,
        *,
        limits: MaskLimits = MaskLimits(),  # noqa: B008 - frozen
        min_iou: float | None = None,
    ) -> None:
        if min_iou is not None and not 0 <= min_iou <= 1:
            raise ConfigError(f"min_iou is {min_iou}: give a number from 0 to 1", field="min_iou", value=min_iou)
        assert binding.mask_kind is not None, "the config names a mask column"
        self._min_iou = min_iou
        self._config = config
        self._kind = binding.mask_kind
        self._limits = limits
        kept = [entry for entry in binding.mask_classes if not entry.ignored]
        classes = [(entry.tool.title, entry.value) for entry in kept]
        ignored = [(entry.tool.title, entry.value) for entry in binding.mask_classes if entry.ignored]
        self._tools = ClassTools.of([entry.tool for entry in kept])
        self._table = ClassTable.of(classes, [value for _, value in ignored])
        self._void = VoidValues.of(config.ignore_values, binding.mask_kind)
        self._void.check(binding.mask_classes)
        left_out = [(entry.tool.title, entry.value) for entry in binding.left_out]
        self._known = KnownColors.of(classes, ignored, binding.mask_kind, self._void.values.tolist(), left_out)
        self._color_check = ColorCheck(config, self._known, self._table, [entry.tool for entry in kept])
        self._options = TraceOptions(
            tolerance=config.polygon_simplification_tolerance,
            simplification=config.simplification,
            coordinates=config.coordinates,
            connectivity=config.connectivity,
            min_area=config.min_area,
        )

    def trace(
        self, content: bytes | Runs, reference: object, started: float, shapes: tuple[Shape, ...] = ()
    ) -> TracedMask:
        """Decode and trace a mask.

        Args:
            content: the file's bytes, or runs.
            reference: the mask's name for people, by its ``str()``.
            started: when work on it began, by ``time.perf_counter``: reading it counts as decoding.
            shapes: the different sizes of the assets it is for, as far as they are known.

        Raises:
            RowError: it cannot be used; names the column and the remedy.
        """
        try:
            runs, resize_note = self._decode(content, shapes)
            return self._trace_runs(runs, partial(self._read_as_other, content), resize_note, started)
        except RowError as error:
            error.excerpt = error.excerpt or str(reference)[:200]
            error.column = error.column or self._config.mask_column
            raise

    def _decode(self, content: bytes | Runs, shapes: tuple[Shape, ...]) -> tuple[Runs, Note | None]:
        """Return the mask in its assets' size, and what there is to say of that."""
        if isinstance(content, Runs) and self._kind == "rgb":
            raise MaskError("COCO run lengths hold no colours: map one value, as in [1], in mask_color_mapping")
        if isinstance(content, Runs):
            runs = content
        else:
            try:
                runs = decode_mask(content, self._kind, self._limits, self._table.keys, self._void.numbers)
            except MaskError as error:
                raise self._color_check.explained(error, partial(self._read_as_other, content)) from error
        return fit_to_assets(self._void.as_background(runs), shapes, self._config.resize, self._limits)

    def _read_as_other(self, content: bytes | Runs) -> Runs | None:
        """Read a mask as numbers where the mapping has colours, and the other way round; None where that cannot be."""
        if isinstance(content, Runs):
            return None
        try:
            return decode_mask(
                content, "value" if self._kind == "rgb" else "rgb", self._limits, void=self._void.numbers
            )
        except MaskError:
            return None

    def _trace_runs(
        self, runs: Runs, read_as_other: Callable[[], Runs | None], resize_note: Note | None, started: float
    ) -> TracedMask:
        decoded = time.perf_counter()
        tolerance = self._config.color_tolerance
        snapped = Snapped(runs) if tolerance is None else snap(runs, self._known, tolerance)
        snapped = replace(snapped, runs=self._void.as_background(snapped.runs))
        outlines = outline(snapped.runs, self._table, self._options)
        colors = MaskColors(runs, snapped, outlines.counts, read_as_other)
        with scratch.set_aside():  # to see whether it is noise, it may be traced in other ways: the outlines stay
            self._color_check.check(colors)
        polygons, fit_notes = self._fitted_polygons(outlines, snapped.runs)
        objects = mask_objects(polygons, self._tools, self._config.segmentation_mode)
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
        notes = (resize_note, *self._color_check.notes(colors), *self._pixel_notes(polygons), *fit_notes)
        return TracedMask(objects, tuple(note for note in notes if note is not None), counts)

    def _fitted_polygons(self, outlines: Outlines, runs: Runs) -> tuple[PolygonArrays, list[Note]]:
        """Return a mask's polygons as they will be sent, and what there is to say of how they were fitted.

        Raises:
            RowError: they have too many points, holes where none may be, or a class below ``min_iou``.
        """

        def as_sent(polygons: PolygonArrays) -> PolygonArrays:
            return fit_tools(polygons, self._tools, self._config.polygon_holes)

        limit = self._config.max_points_per_asset
        notes: list[Note] = []
        polygons, tolerance = fit(outlines, self._options, limit, as_sent)
        n_holes = len(outlines.rings.ring_offsets) - len(polygons.ring_offsets)
        if n_holes:
            way = "cut open" if self._config.polygon_holes == "keyhole" else "filled"
            holes = counted(n_holes, "hole")
            notes.append(Note(Code.HOLES_CHANGED, f"{holes} {way}: the polygon tool cannot hold holes"))
        is_coarser = tolerance > self._options.tolerance
        if is_coarser:
            text = (
                f"simplified with a tolerance of {tolerance:.4g} px instead of {self._options.tolerance:g} px to "
                f'keep to "max_points_per_asset" ({limit}): {len(polygons.points)} points'
            )
            notes.append(Note(Code.SIMPLIFIED_MORE, text))
        if is_coarser or self._min_iou is not None:
            notes.append(_proof_note(self._prove(polygons, runs), polygons.counts.n_pixels))
        return polygons, notes

    def _prove(self, polygons: PolygonArrays, runs: Runs) -> Verification:
        from prelabel.polygons.verify import compare  # noqa: PLC0415 - kernels that only a proof needs

        painted = in_sent_order(polygons, self._tools, self._config.segmentation_mode)
        proof = compare(painted, self._table.classify(runs)[0], self._table.names)
        if proof.min_iou < (self._min_iou or 0.0):
            raise RowError(
                f"the polygons of {proof.worst_class!r} have an IoU of {_rounded(proof.min_iou)} with the mask, and "
                f'{self._min_iou:g} is asked for: lower "polygon_simplification_tolerance", or ask for less',
                code=Code.LOW_IOU,
            )
        return proof

    @staticmethod
    def _pixel_notes(polygons: PolygonArrays) -> list[Note]:
        """What there is to say of what the polygons leave out or add."""
        counts = polygons.counts
        notes = []
        if counts.n_class + counts.n_small == 0:
            text = "the mask holds no pixel of any class: the row brings no objects"
            notes.append(Note(Code.NO_OBJECTS, text))
        if counts.n_small:
            text = f'{counted(counts.n_small, "pixel")} left out in objects below "min_area"'
            notes.append(Note(Code.SMALL_OBJECTS, text))
        if polygons.n_restrained:
            borders = counted(polygons.n_restrained, "border")
            text = f"{borders} simplified less than the tolerance allows, to stay apart"
            notes.append(Note(Code.RESTRAINED, text))
        if polygons.n_padded:
            points = counted(polygons.n_padded, "point")
            notes.append(Note(Code.PADDED, f"{points} repeated in rings of one pixel or one line"))
        return notes


def _proof_note(proof: Verification, n_pixels: int) -> Note:
    if not proof.n_wrong_pixels:
        return Note(Code.VERIFIED, "verified: every pixel is as in the mask")
    text = (
        f"verified: {proof.n_wrong_pixels} of {n_pixels} pixels are not as in the mask; the least IoU is "
        f"{_rounded(proof.min_iou)}, of {proof.worst_class!r}"
    )
    return Note(Code.INEXACT, text)


def _rounded(iou: float) -> str:
    return f"{math.floor(iou * 10_000) / 10_000:g}"  # down: what is not exact must not read 1
