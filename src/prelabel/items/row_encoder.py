"""Stages 3 and 6 for one row: cells -> answers -> import item. CPU only; safe to call from several threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import orjson

from prelabel.codes import Code
from prelabel.hub.sent_item import BEFORE_OBJECTS
from prelabel.inputs.answers import AnswerReader
from prelabel.model import EncodedRow, Item, Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from prelabel.inputs.config import ImportConfig
    from prelabel.items.mask_tracer import TracedMask
    from prelabel.model import Binding, RowBatch, Shape


class Draft(NamedTuple):
    """A row whose cells are read and whose mask is not.

    Attributes:
        row_number: the row.
        external_id: names its assets, as they have it.
        answers: its classifications.
        mask_cell: its mask's reference, blank for none.
        shapes: the different sizes of its assets, as far as they are known.
    """

    row_number: int
    external_id: str
    answers: list[dict[str, Any]]
    mask_cell: str
    shapes: tuple[Shape, ...] = ()


class RowEncoder:
    """Turns rows into import items. Made once per import; look-ups are made once.

    Args:
        config: the config.
        binding: the config tied to the project's ontology.
        project: the project's id, part of the object ids.
        shapes: external ID -> the different sizes of its assets, as far as they are known.
        own_ids: external ID of the CSV -> its asset's own, where they differ.
    """

    def __init__(
        self,
        config: ImportConfig,
        binding: Binding,
        *,
        project: str,
        shapes: Mapping[str, tuple[Shape, ...]] | None = None,
        own_ids: Mapping[str, str] | None = None,
    ) -> None:
        self._project = project
        self._empty_row = _note_on_empty_rows(config)
        self._id_column = config.external_id_column
        self._mask_column = config.mask_column if binding.mask_kind is not None else ""
        self._columns = [link.column for link in binding.columns]
        self._answers = AnswerReader(binding.columns)
        self._shapes = shapes or {}
        self._own_ids = own_ids or {}

    def read(self, batch: RowBatch, index: int) -> Draft:
        """Read a row's cells.

        Args:
            batch: rows of the CSV.
            index: which of them.

        Raises:
            RowError: a cell cannot be used; names the column and the remedy.
        """
        external_id, shapes = self.assets(batch, index)
        answers = self._answers.read([batch.columns[column][index] for column in self._columns])
        mask_cell = batch.columns[self._mask_column][index] if self._mask_column else ""
        return Draft(batch.numbers[index], external_id, answers, mask_cell, shapes)

    def assets(self, batch: RowBatch, index: int) -> tuple[str, tuple[Shape, ...]]:
        """What names a row's assets, as they have it, and their different sizes, as far as they are known."""
        written = batch.columns[self._id_column][index]
        external_id = self._own_ids.get(written, written)
        return external_id, self._shapes.get(external_id, ())

    def encode(self, draft: Draft, mask: TracedMask | None = None) -> EncodedRow:
        """Make a row's item, of its cells and its mask."""
        row_number, external_id, answers, *_ = draft
        if mask is None:
            notes = () if answers else (self._empty_row,)
            return EncodedRow(Item(row_number, external_id, encode_item(external_id, answers)), notes)
        objects = mask.objects.with_ids(f"{self._project}\0{external_id}")
        item = Item(row_number, external_id, encode_item(external_id, answers, objects))
        return EncodedRow(item, mask.notes, mask.counts)


def _note_on_empty_rows(config: ImportConfig) -> Note:
    """What there is to say of a row that brings nothing."""
    effect = "adds nothing"
    if config.overwrite:
        kept = ' but for the labels of "ignored_schema_ids"' if config.ignored_schema_ids else ""
        effect = f"empties its task{kept}"
    return Note(Code.EMPTY_ROW, f"the row has neither an answer nor a mask, so it {effect}")


def encode_item(external_id: str, answers: Iterable[dict[str, Any]], objects: bytes | bytearray = b"[]") -> bytes:
    """Write an import item: all three lists are always there, so that a replacing server clears what is not sent.

    Args:
        external_id: names the asset.
        answers: ``{"schemaId", "answer"}`` of each classification.
        objects: the list of objects as JSON, as :meth:`prelabel.polygons.formats.ango.MaskObjects.with_ids` gives it.

    Returns:
        JSON.
    """
    item = orjson.dumps({"externalId": external_id, "classifications": list(answers)})
    # Objects may be many megabytes: joined, they are copied once.
    return b"".join((item[:-1], BEFORE_OBJECTS, objects, b"}"))
