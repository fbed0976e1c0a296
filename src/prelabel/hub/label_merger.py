"""What is sent for a batch, decided by what its assets have already. Decides and returns; sends and reports nothing.

Append mode (overwrite: false) keeps everything that is stored, overwrite mode the labels of ``ignored_schema_ids``.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Self

import orjson

from prelabel.codes import Code
from prelabel.hub.batches import n_bytes_of
from prelabel.hub.merge import keep_schemas, merge_item, option_values, unknown_content, values_of
from prelabel.hub.sent_item import labels_in, labels_in_body, without_known
from prelabel.model import Batch, Item, Note
from prelabel.records import Record
from prelabel.spelling import short

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from prelabel.hub.merge import OptionValues
    from prelabel.hub.sent_item import SentLabels
    from prelabel.model import HubTask

_LISTS = ("objects", "classifications", "relations")


class RowDecision(Record, frozen=True):
    """What becomes of the rows of a batch that share an external ID.

    Attributes:
        external_id: the ID.
        rows: their numbers; the last stands for all of them.
        item: what is sent for them, None when they fail: nothing bears the ID, or there is a fault.
        n_assets, n_tasks: what bears the ID in the project.
        notes: what the rows' owner should know.
        losses: of each task that loses stored labels, how many objects and how many answers.
        fault: why nothing can be decided about the stored labels, empty where it can.
    """

    external_id: str
    rows: tuple[int, ...]
    item: Item | None
    n_assets: int = 0
    n_tasks: int = 0
    notes: tuple[Note, ...] = ()
    losses: tuple[tuple[int, int], ...] = ()
    fault: str = ""


class MergeDecision(Record, frozen=True):
    """What becomes of a batch: the batches sent in its place, and what to report of each external ID's rows."""

    batches: tuple[Batch, ...]
    rows: tuple[RowDecision, ...]


class LabelMerger(Record, frozen=True):
    """Merges a batch with what is stored.

    Attributes:
        keeps_all: append mode.
        kept_schema_ids: in overwrite mode, the tools and classifications whose stored labels stay.
        options: from :func:`prelabel.hub.merge.option_values`.
    """

    keeps_all: bool
    kept_schema_ids: frozenset[str]
    options: OptionValues

    @classmethod
    def of(cls, category_schema: Mapping[str, Any], *, overwrite: bool, kept_schema_ids: Collection[str]) -> Self:
        """A merger for a project of this category schema."""
        return cls(not overwrite, frozenset(kept_schema_ids), option_values(category_schema))

    def decide(self, batch: Batch, tasks: Sequence[HubTask]) -> MergeDecision:
        """Decide what is sent for a batch.

        Args:
            batch: the items of its rows.
            tasks: the tasks of every external ID in it, with their stored answers.
        """
        tasks_of: dict[str, list[HubTask]] = defaultdict(list)
        for task in tasks:
            tasks_of[task.external_id].append(task)
        items_of: dict[str, list[Item]] = defaultdict(list)
        for item in batch.items:
            items_of[item.external_id].append(item)
        decisions = tuple(self._decided(items, tasks_of[external_id]) for external_id, items in items_of.items())
        items = [decision.item for decision in decisions if decision.item is not None]
        together = tuple(item for item in items if not item.task_bodies)
        alone = ((item,) for item in items if item.task_bodies)
        return MergeDecision(
            tuple(Batch(batch.number, group, n_bytes_of(group)) for group in (together, *alone)), decisions
        )

    def _decided(self, items: Sequence[Item], tasks: Sequence[HubTask]) -> RowDecision:
        """Decide about one ID's rows; stored labels that are not what labels are end no other's import."""
        try:
            return self._decide_rows(items, tasks)
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            fault = (
                f"what the Hub has stored for this asset is in a form that is not known ({type(error).__name__}: "
                f"{short(str(error))}), so nothing was sent for it: look at its labels on the Hub"
            )
            return RowDecision(items[-1].external_id, tuple(item.row_number for item in items), None, fault=fault)

    def _decide_rows(self, items: Sequence[Item], tasks: Sequence[HubTask]) -> RowDecision:
        external_id, rows = items[-1].external_id, tuple(item.row_number for item in items)
        # 1. Nothing bears the ID: its rows fail.
        if not tasks:
            return RowDecision(external_id, rows, None)
        n_assets = len({task.asset_id for task in tasks})
        notes = []
        if len(rows) > 1:
            text = (
                f"{len(rows)} rows of the CSV have this external ID; all were added, later answers in place of earlier"
            )
            notes.append(Note(Code.ROWS_ADDED, text))
        # 2. Nothing stored stays: the last row's item goes as it is.
        if not (self.keeps_all or self.kept_schema_ids):
            losses = self._losses_to(items[-1], tasks)
            return RowDecision(external_id, rows, items[-1], n_assets, len(tasks), tuple(notes), losses)
        # 3. Nothing is stored: an only row's item goes as it is.
        if len(rows) == 1 and not any(map(_has_content, tasks)):
            losses = ((0, 0),) * len(tasks)
            return RowDecision(external_id, rows, items[-1], n_assets, len(tasks), tuple(notes), losses)
        unknown = sorted({key for task in tasks for key in unknown_content(task.answer)}) if self.keeps_all else []
        if unknown:
            text = f"the stored labels also hold {', '.join(unknown)}, sent along as found: look whether they are kept"
            notes.append(Note(Code.OTHER_CONTENT, text))
        merged = [self._merged(task, items) for task in tasks]
        has_brushes = self.keeps_all and any(task.brush_urls for task in tasks)
        # 4. One item serves all tasks of the ID.
        if not (unknown or has_brushes) and all(answer == merged[0] for answer in merged[1:]):
            item = Item(rows[-1], external_id, orjson.dumps(merged[0]))
        # 5. They hold different labels, or what no item is known to carry: each task is written on its own.
        else:
            bodies = tuple(
                (task.task_id, self._task_body(task, answer)) for task, answer in zip(tasks, merged, strict=True)
            )
            item = Item(rows[-1], external_id, b"", bodies)
        losses = tuple(
            _loss(task.answer, labels_in(answer), self.options) for task, answer in zip(tasks, merged, strict=True)
        )
        return RowDecision(external_id, rows, item, n_assets, len(tasks), tuple(notes), losses)

    def _losses_to(self, item: Item, tasks: Sequence[HubTask]) -> tuple[tuple[int, int], ...]:
        """What each task loses to an item; the item is looked into only where something is stored."""
        if not any(task.answer.get(key) for task in tasks for key in ("tools", "objects", "classifications")):
            return ((0, 0),) * len(tasks)
        sent = labels_in_body(item.body)
        return tuple(_loss(task.answer, sent, self.options) for task in tasks)

    def _merged(self, task: HubTask, items: Sequence[Item]) -> dict[str, Any]:
        """The full answer that takes a task's place, its rows added one after the other."""
        answer: Mapping[str, Any] = task.answer
        for item in items:
            known = _object_ids(answer) if self.keeps_all else ()  # else not all of these stay
            answer = self.merge(answer, without_known(item.body, known))
        return dict(answer)

    def merge(self, answer: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
        """The full item that takes a stored answer's place."""
        if self.keeps_all:
            return merge_item(answer, item, self.options)
        return keep_schemas(answer, item, self.options, self.kept_schema_ids)

    def _task_body(self, task: HubTask, answer: Mapping[str, Any]) -> bytes:
        urls = task.brush_urls if self.keeps_all else {}
        return task_body({key: value for key, value in answer.items() if key != "externalId"}, urls)


def _has_content(task: HubTask) -> bool:
    """Whether anything is stored for a task."""
    return bool(task.brush_urls) or any(value not in (None, "", [], {}) for value in task.answer.values())


def _object_ids(answer: Mapping[str, Any]) -> set[str]:
    """The ids of the objects in a stored answer, or in an item."""
    listed = [*(answer.get("tools") or ()), *(answer.get("objects") or ())]
    return {str(each["objectId"]) for each in listed if each.get("objectId")}


def _loss(stored: Mapping[str, Any], sent: SentLabels, options: OptionValues) -> tuple[int, int]:
    """How many stored objects and answers are not among those that take their place."""
    stored_objects = [*(stored.get("tools") or ()), *(stored.get("objects") or ())]
    n_objects = sum(str(each.get("objectId")) not in sent.object_ids for each in stored_objects)
    n_answers = 0
    for each in stored.get("classifications") or ():
        schema_id = str(each.get("schemaId"))
        n_answers += (schema_id, values_of(each.get("answer"), options.get(schema_id, {}))) not in sent.answers
    return n_objects, n_answers


def task_body(answer: Mapping[str, Any], brush_urls: Mapping[str, str]) -> bytes:
    """The body that makes ``answer``, in the form of an import item, a task's only one."""
    brushes = {key: brush_urls.get(key) for key in ("brushDataUrl", "medicalBrushDataUrl")}
    return orjson.dumps({"answer": {**dict.fromkeys(_LISTS, ()), **answer}, **brushes, "duration": 0})
