"""What a batch's assets have already: read, kept for an undo, merged into the batch where it is to stay; stage 8.

Reading costs a request per hundred rows beside the import itself, and takes the place of matching. Rows that share an
external ID are added one after the other: in one item when they share a batch, else the later batch waits for the
earlier one's acknowledgement.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from prelabel.codes import Code
from prelabel.outcomes.pending_rows import shared_by

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence

    from prelabel.hub.client import HubClient
    from prelabel.hub.label_merger import LabelMerger, RowDecision
    from prelabel.model import Batch
    from prelabel.outcomes.journal_writer import JournalWriter
    from prelabel.outcomes.pending_rows import PendingRows


class ExistingLabels:
    """Prepares batches by what is stored.

    Args:
        hub: the client.
        project: the project's id.
        merger: decides what is sent.
        rows: where what becomes of rows is written down.
        journal: keeps the tasks as they are before anything is sent.
        repeated: external IDs that several rows of the CSV share.
    """

    def __init__(
        self,
        hub: HubClient,
        project: str,
        merger: LabelMerger,
        rows: PendingRows,
        journal: JournalWriter,
        repeated: Collection[str],
    ) -> None:
        self._hub = hub
        self._project = project
        self._merger = merger
        self._rows = rows
        self._journal = journal
        self._repeated = repeated
        self._last_use: dict[str, asyncio.Event] = {}

    @asynccontextmanager
    async def merged(self, batch: Batch) -> AsyncIterator[Sequence[Batch]]:
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
            yield await self._merge(batch)
        finally:
            done.set()

    async def _merge(self, batch: Batch) -> Sequence[Batch]:
        external_ids = list(dict.fromkeys(item.external_id for item in batch.items))
        tasks = await self._hub.tasks_by_external_ids(self._project, external_ids, include_answer=True)
        await self._journal.keep(tasks)
        # Merging is CPU work on possibly large answers: not in the event loop.
        decision = await asyncio.to_thread(self._merger.decide, batch, tasks)
        for rows in decision.rows:
            is_unmatched = rows.item is None and not rows.fault
            reason = await self._rows.matches.late_reason_against(rows.external_id) if is_unmatched else ""
            self._write_down(rows, reason)
        self._rows.count_losses((rows.rows[-1], rows.losses) for rows in decision.rows)
        return decision.batches

    def _write_down(self, decision: RowDecision, failure: str = "") -> None:
        """Fold rows of one ID into the last, end those that fail, note what their owner should know."""
        *earlier, last = decision.rows
        for number in earlier:
            self._rows.fold(number, into=last)
        if decision.item is None:
            code = Code.ODD_STORED_LABELS if decision.fault else Code.UNMATCHED_ID
            self._rows.close(last, "failed", decision.fault or failure, code)
            return
        matches = self._rows.matches
        is_news = decision.n_assets != matches.n_assets(decision.external_id)
        matches.correct(decision.external_id, decision.n_assets, decision.n_tasks)
        if is_news and decision.n_assets > 1:
            self._rows.add_note(last, shared_by(decision.n_assets))
        for note in decision.notes:
            self._rows.add_note(last, note)
