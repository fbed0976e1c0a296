"""What becomes of each row: from an item on its way to one outcome in the report; between stages 8 and 9."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prelabel.model import Receipt, RowOutcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prelabel.hub.asset_matching import Matches
    from prelabel.hub.uploader import BatchFailure
    from prelabel.items.chunk_encoder import EncodedChunk
    from prelabel.items.row_encoder import EncodedRow
    from prelabel.model import Batch, Item, RowBatch, RowState
    from prelabel.outcomes.builder import ReportBuilder


@dataclass(frozen=True, slots=True)
class _OpenRow:
    rows: RowBatch
    index: int
    external_id: str
    notes: tuple[str, ...]


class OpenRows:
    """The rows whose items are on their way; each is closed exactly once, with its outcome.

    Args:
        report: where outcomes go.
        matches: what is known of the project's assets; append mode learns it while rows are open.
    """

    def __init__(self, report: ReportBuilder, matches: Matches) -> None:
        self.matches = matches
        self._report = report
        self._open: dict[int, list[_OpenRow]] = {}

    def take(self, chunk: EncodedChunk) -> Iterator[Item]:
        """Record what ended during encoding; open the other rows and yield their items."""
        self._report.timings.encode_s += chunk.encode_s
        self._report.timings.read_s += chunk.read_s
        self._report.n_blank += chunk.n_blank
        for broken in chunk.broken:
            outcome = RowOutcome(broken.number, broken.line, "", "failed", str(broken.error), broken.error.column)
            self._report.record(outcome, broken.raw, broken.rest)
        for index, result in chunk.results:
            if isinstance(result, RowOutcome):
                self._report.record(result, _raw(chunk.rows, index))
            else:
                self._open_row(chunk.rows, index, result)
                yield result.item

    def _open_row(self, rows: RowBatch, index: int, encoded: EncodedRow) -> None:
        if encoded.mask is not None:
            self._report.add_mask(encoded.mask)
        external_id = encoded.item.external_id
        n_assets = self.matches.n_assets(external_id)
        notes = (*encoded.notes, shared_by(n_assets)) if n_assets > 1 else encoded.notes
        self._open[encoded.item.row_number] = [_OpenRow(rows, index, external_id, notes)]

    def fold(self, number: int, into: int) -> None:
        """Let row ``number`` share the outcome of row ``into``: their labels travel in one item."""
        self._open[into] += self._open.pop(number)

    def close(self, number: int, state: RowState, reason: str = "") -> None:
        """End a row, and those folded into it."""
        for row in self._open.pop(number):
            rows, index = row.rows, row.index
            notes = row.notes if state == "imported" else ()
            outcome = RowOutcome(rows.numbers[index], rows.lines[index], row.external_id, state, reason, notes=notes)
            self._report.record(outcome, _raw(rows, index) if state == "failed" else b"")

    def folded(self, number: int) -> list[int]:
        """The numbers of an open row and of those folded into it."""
        return [row.rows.numbers[row.index] for row in self._open[number]]

    def add_note(self, number: int, note: str) -> None:
        """Tell the owner of an open row, and of those folded into it, something."""
        self._open[number] = [
            _OpenRow(row.rows, row.index, row.external_id, (*row.notes, note)) for row in self._open[number]
        ]

    def settle(self, outcome: Receipt | BatchFailure) -> None:
        """Close all rows of a batch that was acknowledged, or failed."""
        if isinstance(outcome, Receipt):
            self._report.n_batches += 1
            self._compare(outcome)
            for item in outcome.batch.items:
                self.close(item.row_number, "imported")
        else:
            for item in outcome.batch.items:
                self.close(item.row_number, "failed", str(outcome.error))

    def _compare(self, receipt: Receipt) -> None:
        """Note where the Hub's sentence tells another number of tasks than expected; it may count otherwise."""
        n_expected = sum(self.matches.n_tasks(item.external_id) for item in receipt.batch.items)
        if receipt.n_labeled is not None and receipt.n_labeled != n_expected:
            self._report.note(
                f"{_span(receipt.batch)}: the Hub says it labelled {receipt.n_labeled} tasks where {n_expected} were "
                "expected; it may leave out tasks that are past their first stage: look at some of these"
            )


def shared_by(n_assets: int) -> str:
    """The note for a row whose external ID several assets have."""
    return f"{n_assets} assets have this external ID; each of them gets the labels"


def _span(batch: Batch) -> str:
    numbers = [item.row_number for item in batch.items]
    return f"rows {min(numbers)} to {max(numbers)}" if len(numbers) > 1 else f"row {numbers[0]}"


def _raw(rows: RowBatch, index: int) -> bytes:
    return rows.raw[index] if rows.raw else b""
