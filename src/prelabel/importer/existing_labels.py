"""What a batch's assets have already: read, kept for an undo, and merged into the batch where it is to stay.

Append mode (overwrite: false) keeps everything, overwrite mode the labels of ``ignored_schema_ids``. Reading costs a
request per hundred rows beside the import itself, and takes the place of matching. Rows that share an external ID are
added one after the other: in one item when they share a batch, else the later batch waits for the earlier one's
acknowledgement. Where one import item cannot serve all tasks of an ID (they hold different labels, or what no item is
known to carry), each task is written on its own.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import orjson

from prelabel.hub.asset_matching import unmatched
from prelabel.hub.batches import n_bytes_of
from prelabel.hub.merge import keep_schemas, merge_item, option_values, unknown_content
from prelabel.model import Batch, Item
from prelabel.outcomes.pending_rows import shared_by

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence

    from prelabel.hub.client import HubClient, HubTask
    from prelabel.hub.merge import OptionValues
    from prelabel.inputs.config import ImportConfig
    from prelabel.outcomes.pending_rows import OpenRows

_LISTS = ("objects", "classifications", "relations")


@dataclass(frozen=True, slots=True)
class Keeping:
    """Which stored labels stay.

    Attributes:
        everything: append mode.
        schema_ids: in overwrite mode, those of these tools and classifications.
        options: from :func:`prelabel.hub.merge.option_values`.
    """

    everything: bool
    schema_ids: frozenset[str]
    options: OptionValues

    @classmethod
    def by(cls, config: ImportConfig, project: Mapping[str, Any]) -> Self:
        """What a config wants kept, in a project of this document."""
        options = option_values(project.get("categorySchema") or {})
        return cls(not config.overwrite, frozenset(config.ignored_schema_ids), options)

    def merge(self, answer: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
        """The full item that takes a stored answer's place."""
        if self.everything:
            return merge_item(answer, item, self.options)
        return keep_schemas(answer, item, self.options, self.schema_ids)

    def group(self, external_id: str, items: Sequence[Item], tasks: Sequence[HubTask]) -> Item | str:
        """One item for all rows of an external ID, or why there is none. The last row stands for all."""
        last = items[-1]
        if not tasks:
            return unmatched(external_id)
        if not (self.everything or self.schema_ids):
            return last
        results = [self._full(task, items) for task in tasks]
        is_special = self.everything and any(task.brush_urls or unknown_content(task.answer) for task in tasks)
        if is_special or any(result != results[0] for result in results[1:]):
            bodies = tuple(
                (task.task_id, self._task_body(task, full)) for task, full in zip(tasks, results, strict=True)
            )
            return Item(last.row_number, external_id, b"", bodies)
        return Item(last.row_number, external_id, orjson.dumps(results[0]))

    def _full(self, task: HubTask, items: Sequence[Item]) -> dict[str, Any]:
        full: Mapping[str, Any] = task.answer
        for item in items:
            full = self.merge(full, orjson.loads(item.body))
        return dict(full)

    def _task_body(self, task: HubTask, full: Mapping[str, Any]) -> bytes:
        urls = task.brush_urls if self.everything else {}
        return task_body({key: value for key, value in full.items() if key != "externalId"}, urls)


def task_body(answer: Mapping[str, Any], brush_urls: Mapping[str, str]) -> bytes:
    """The body that makes ``answer``, in the form of an import item, a task's only one."""
    brushes = {key: brush_urls.get(key) for key in ("brushDataUrl", "medicalBrushDataUrl")}
    return orjson.dumps({"answer": {**dict.fromkeys(_LISTS, ()), **answer}, **brushes, "duration": 0})


class Rewriter:
    """Rewrites batches by what is stored.

    Args:
        hub: the client.
        project: the project's id.
        keeping: which stored labels stay.
        rows: where rows that end here are closed.
        repeated: external IDs that several rows of the CSV share.
        on_read: told the tasks as they are before anything is sent; the sending waits for it.
    """

    def __init__(
        self,
        hub: HubClient,
        project: str,
        keeping: Keeping,
        rows: OpenRows,
        repeated: Collection[str],
        on_read: Callable[[Sequence[HubTask]], Awaitable[None]],
    ) -> None:
        self._hub = hub
        self._project = project
        self._keeping = keeping
        self._rows = rows
        self._repeated = repeated
        self._on_read = on_read
        self._last_use: dict[str, asyncio.Event] = {}

    @asynccontextmanager
    async def rewritten(self, batch: Batch) -> AsyncIterator[Sequence[Batch]]:
        """Yield what is to be sent for this batch; leave the block once it is acknowledged.

        Raises:
            UploadError: the stored labels could not be read; nothing of the batch was sent.
        """
        # No await before the places in the queues are taken: batches start in file order.
        shared = {item.external_id for item in batch.items}.intersection(self._repeated)
        earlier = {self._last_use[external_id] for external_id in shared if external_id in self._last_use}
        done = asyncio.Event()
        self._last_use.update(dict.fromkeys(shared, done))
        try:
            for event in earlier:
                await event.wait()
            yield await self._merged(batch)
        finally:
            done.set()

    async def _merged(self, batch: Batch) -> Sequence[Batch]:
        groups: dict[str, list[Item]] = defaultdict(list)
        for item in batch.items:
            groups[item.external_id].append(item)
        tasks: dict[str, list[HubTask]] = defaultdict(list)
        found = await self._hub.tasks_by_external_ids(self._project, list(groups), include_answer=True)
        for task in found:
            tasks[task.external_id].append(task)
        await self._on_read(found)
        # Merging is CPU work on possibly large answers: not in the event loop.
        merged = await asyncio.to_thread(
            lambda: [self._keeping.group(each, group, tasks[each]) for each, group in groups.items()]
        )
        items = [
            self._account(group, tasks[each], result)
            for (each, group), result in zip(groups.items(), merged, strict=True)
        ]
        flat = tuple(item for item in items if item is not None and not item.task_bodies)
        alone = (item for item in items if item is not None and item.task_bodies)
        return (
            Batch(batch.number, flat, n_bytes_of(flat)),
            *(Batch(batch.number, (item,), n_bytes_of((item,))) for item in alone),
        )

    def _account(self, group: Sequence[Item], tasks: Sequence[HubTask], result: Item | str) -> Item | None:
        last = group[-1]
        for item in group[:-1]:
            self._rows.fold(item.row_number, into=last.row_number)
        if isinstance(result, str):
            self._rows.close(last.row_number, "failed", result)
            return None
        matches = self._rows.matches
        n_assets = len({task.asset_id for task in tasks})
        is_news = n_assets != matches.n_assets(last.external_id)
        matches.correct(last.external_id, n_assets, len(tasks))
        if is_news and n_assets > 1:
            self._rows.add_note(last.row_number, shared_by(n_assets))
        if len(group) > 1:
            self._rows.add_note(last.row_number, f"{len(group)} rows of the CSV have this external ID; all were added")
        for note in self._notes(tasks):
            self._rows.add_note(last.row_number, note)
        return result

    def _notes(self, tasks: Sequence[HubTask]) -> list[str]:
        notes = []
        if self._keeping.everything and (unknown := sorted({key for t in tasks for key in unknown_content(t.answer)})):
            notes.append(
                f"the stored labels also hold {', '.join(unknown)}, sent along as found: look whether they are kept"
            )
        return notes
