"""Append mode: what a batch's assets have already is read, and the batch rewritten to hold old and new labels.

Costs one request per hundred rows beside the import itself. Rows that share an external ID are added one after the
other: in one item when they share a batch, else the later batch waits for the earlier one's acknowledgement.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import orjson

from prelabel.batches import n_bytes_of
from prelabel.matching import unmatched
from prelabel.merge import merge_item, unknown_content
from prelabel.model import Batch, Item
from prelabel.outcomes import shared_by

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence

    from prelabel.hub.api import HubClient, HubTask
    from prelabel.merge import OptionValues
    from prelabel.outcomes import OpenRows


class Appender:
    """Rewrites batches for append mode.

    Args:
        hub: the client.
        project: the project's id.
        options: from :func:`prelabel.merge.option_values`.
        rows: where rows that end here are closed.
        repeated: external IDs that several rows of the CSV share.
    """

    def __init__(
        self, hub: HubClient, project: str, options: OptionValues, rows: OpenRows, repeated: Collection[str]
    ) -> None:
        self._hub = hub
        self._project = project
        self._options = options
        self._rows = rows
        self._repeated = repeated
        self._last_use: dict[str, asyncio.Event] = {}

    @asynccontextmanager
    async def completed(self, batch: Batch) -> AsyncIterator[Batch]:
        """Yield the batch that adds this one's labels to what is stored; leave the block once it is acknowledged.

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

    async def _merged(self, batch: Batch) -> Batch:
        groups: dict[str, list[Item]] = defaultdict(list)
        for item in batch.items:
            groups[item.external_id].append(item)
        tasks: dict[str, list[HubTask]] = defaultdict(list)
        for task in await self._hub.tasks_by_external_ids(self._project, list(groups), include_answer=True):
            tasks[task.external_id].append(task)
        # Merging is CPU work on possibly large answers: not in the event loop.
        merged = await asyncio.to_thread(_merge_groups, groups, tasks, self._options)
        items = [self._account(groups[external_id], tasks[external_id], result) for external_id, result in merged]
        sent = tuple(item for item in items if item is not None)
        return Batch(batch.number, sent, n_bytes_of(sent))

    def _account(self, group: Sequence[Item], tasks: Sequence[HubTask], result: bytes | str) -> Item | None:
        last = group[-1]
        for item in group[:-1]:
            self._rows.fold(item.row_number, into=last.row_number)
        if isinstance(result, str):
            self._rows.close(last.row_number, "failed", result)
            return None
        if len(tasks) > 1:
            self._rows.matches.extra_tasks[last.external_id] = len(tasks) - 1
        if len(group) > 1:
            self._rows.add_note(last.row_number, f"{len(group)} rows of the CSV have this external ID; all were added")
        for note in _notes(tasks):
            self._rows.add_note(last.row_number, note)
        return Item(last.row_number, last.external_id, result)


def _notes(tasks: Sequence[HubTask]) -> list[str]:
    notes = []
    n_assets = len({task.asset_id for task in tasks})
    if n_assets > 1:
        notes.append(shared_by(n_assets))
    if unknown := sorted({key for task in tasks for key in unknown_content(task.answer)}):
        notes.append(
            f"the stored labels also hold {', '.join(unknown)}, sent along as found: look whether they are kept"
        )
    return notes


def _merge_groups(
    groups: dict[str, list[Item]], tasks: dict[str, list[HubTask]], options: OptionValues
) -> list[tuple[str, bytes | str]]:
    """For each external ID the full item as JSON, or why there is none."""
    return [
        (
            external_id,
            _merge_group(external_id, [orjson.loads(item.body) for item in group], tasks[external_id], options),
        )
        for external_id, group in groups.items()
    ]


def _merge_group(
    external_id: str, items: Sequence[dict[str, Any]], tasks: Sequence[HubTask], options: OptionValues
) -> bytes | str:
    if not tasks:
        return unmatched(external_id)
    results = []
    for task in tasks:
        full = merge_item(task.answer, items[0], options, brush_urls=task.brush_urls)
        for item in items[1:]:
            full = merge_item(full, item, options)
        results.append(full)
    if any(result != results[0] for result in results[1:]):
        return (
            f"{len(tasks)} tasks have the external ID {external_id!r} and hold different labels: one import would give "
            "all of them the same; label them apart in the Hub, or set overwrite to true"
        )
    return orjson.dumps(results[0])
