"""What the journal is told while batches travel, between stages 7 and 8; without a journal, nothing.

Disk writes wait for the disk, so they happen in a thread; a batch is not sent before its record is safe.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prelabel.codes import Code
from prelabel.errors import PrelabelError, UploadUnavailable
from prelabel.model import Receipt
from prelabel.outcomes.journal import ReplacedTask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from prelabel.model import Batch, BatchFailure, HubTask
    from prelabel.outcomes.journal import Journal
    from prelabel.outcomes.pending_rows import PendingRows


class JournalWriter:
    """Tells the journal of batches by the rows they carry.

    Args:
        journal: where to; None writes nothing.
        rows: knows which rows travel in an item.
        keeps_replaced: keep tasks as they are before they are touched.
        on_fault: told why, when a record cannot be written.
    """

    def __init__(
        self,
        journal: Journal | None,
        rows: PendingRows,
        *,
        keeps_replaced: bool = True,
        on_fault: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._journal = journal
        self._rows = rows
        self._keeps_replaced = keeps_replaced
        self._on_fault = on_fault
        self._records: dict[int, int] = {}

    async def sending(self, batch: Batch) -> None:
        """Record a batch that is about to be sent; it takes the place of one that was split.

        Raises:
            UploadUnavailable: it cannot be recorded, so it must not be sent.
        """
        if self._journal is None:
            return
        with self._unsent():
            for record in self._forget(batch):
                await asyncio.to_thread(self._journal.settled, record, "split")
            record = await asyncio.to_thread(self._journal.sending, self._numbers(batch))
        self._records.update((item.row_number, record) for item in batch.items)

    async def settled(self, outcome: Receipt | BatchFailure) -> None:
        """Record what became of a batch, if it was sent; of a batch in parts the receipt comes last, and counts.

        What cannot be recorded is sent again by the next run, which does no harm.
        """
        if self._journal is None:
            return
        is_receipt = isinstance(outcome, Receipt)
        message = "" if isinstance(outcome, Receipt) else str(outcome.error)
        numbers = self._numbers(outcome.batch)
        try:
            for record in self._forget(outcome.batch):
                await asyncio.to_thread(
                    self._journal.settled, record, "acknowledged" if is_receipt else "failed", message, numbers
                )
        except PrelabelError as error:
            self._on_fault(str(error))

    def _forget(self, batch: Batch) -> set[int]:
        """The records of a batch's rows, which are open no more."""
        rows = (item.row_number for item in batch.items)
        return {self._records.pop(row) for row in rows if row in self._records}

    async def keep(self, tasks: Sequence[HubTask]) -> None:
        """Keep tasks as they are before a batch touches them.

        Raises:
            UploadUnavailable: they cannot be kept, so the batch must not be sent.
        """
        if self._journal is not None and self._keeps_replaced:
            kept = [ReplacedTask(task.task_id, task.external_id, task.answer, task.brush_urls) for task in tasks]
            with self._unsent():
                await asyncio.to_thread(self._journal.keep, kept)

    @contextmanager
    def _unsent(self) -> Iterator[None]:
        try:
            yield
        except PrelabelError as error:
            self._on_fault(str(error))
            raise UploadUnavailable(
                f"the import had stopped: {error}", surely_not_done=True, code=Code.NOT_SENT
            ) from error

    def _numbers(self, batch: Batch) -> list[int]:
        return [number for item in batch.items for number in self._rows.folded(item.row_number)]
