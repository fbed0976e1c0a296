"""What the journal learns of batches as they travel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outcomes.opened_rows import ITEMS, opened
from prelabel.errors import UploadRefused
from prelabel.model import Batch, BatchFailure, HubTask, Receipt
from prelabel.outcomes.journal import Journal, ReplacedTask
from prelabel.outcomes.journal_writer import JournalWriter

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = Batch(1, tuple(ITEMS), 9)
NO = UploadRefused("no")


async def test_a_batch_and_its_pieces(tmp_path: Path) -> None:
    """Sent, split, settled piece by piece; rows that travel with others are recorded with them."""
    rows, _ = opened()
    rows.fold(1, into=2)
    whole = Batch(1, tuple(ITEMS[1:]), 6)
    with Journal(tmp_path) as journal:
        ledger = JournalWriter(journal, rows)
        await ledger.sending(whole)
        assert journal.batches() == [("1-3", "sent", "")]
        for item in whole.items:
            await ledger.sending(Batch(1, (item,), 3))
        await ledger.settled(Receipt(Batch(1, whole.items[:1], 3), 1, 1))
        await ledger.settled(BatchFailure(Batch(1, whole.items[1:], 3), NO))
        assert journal.batches() == [("1-3", "split", ""), ("1-2", "acknowledged", ""), ("3", "failed", "no")]
        assert str(journal.acknowledged()) == "1-2"


async def test_a_receipt_in_parts(tmp_path: Path) -> None:
    """Rows that were found missing are not acknowledged, the others of their batch are."""
    rows, _ = opened()
    with Journal(tmp_path) as journal:
        ledger = JournalWriter(journal, rows)
        await ledger.sending(WHOLE)
        await ledger.settled(BatchFailure(Batch(1, (ITEMS[0],), 3), NO))
        await ledger.settled(Receipt(Batch(1, tuple(ITEMS[1:]), 6), None, 3))
        assert journal.batches() == [("2-3", "acknowledged", "")]


async def test_unsent_batches_and_no_journal(tmp_path: Path) -> None:
    """What was never sent leaves no record; without a journal nothing happens."""
    rows, _ = opened()
    with Journal(tmp_path) as journal:
        await JournalWriter(journal, rows).settled(BatchFailure(WHOLE, NO))
        assert journal.batches() == []
    nothing = JournalWriter(None, rows)
    await nothing.sending(WHOLE)
    await nothing.settled(Receipt(WHOLE, 3, 3))
    await nothing.keep([HubTask("t1", "a1", "a", {}, {})])


async def test_keeping(tmp_path: Path) -> None:
    """Tasks are kept as they were read, if wanted."""
    rows, _ = opened()
    tasks = [HubTask("t1", "a1", "a", {"tools": []}, {"brushDataUrl": "u"})]
    with Journal(tmp_path) as journal:
        await JournalWriter(journal, rows, keeps_replaced=False).keep(tasks)
        assert journal.n_kept() == (0, 0)
        await JournalWriter(journal, rows).keep(tasks)
        assert list(journal.to_put_back()) == [[ReplacedTask("t1", "a", {"tools": []}, {"brushDataUrl": "u"})]]
