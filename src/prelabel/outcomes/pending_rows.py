"""What becomes of each row: from an item on its way to one outcome in the report; between stages 8 and 9."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from prelabel.codes import Code
from prelabel.model import EncodedRow, Note, Receipt, RowOutcome
from prelabel.outcomes.totals import ReplacedTotals
from prelabel.records import Record
from prelabel.spelling import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from prelabel.hub.asset_matching import Matches
    from prelabel.model import Batch, BatchFailure, EncodedChunk, EncodedRow, Item, RowBatch, RowState
    from prelabel.outcomes.builder import ReportBuilder


class _OpenRow(Record, frozen=True):
    rows: RowBatch
    index: int
    external_id: str
    notes: tuple[Note, ...]
    has_mask: bool


class PendingRows:
    """The rows whose items are on their way; each is closed exactly once, with its outcome.

    Args:
        report: where outcomes go.
        matches: what is known of the project's assets; append mode learns it while rows are open.
        on_first_loss: told once, when rows without a mask, overwriting, are about to take the first objects away.
    """

    def __init__(
        self, report: ReportBuilder, matches: Matches, *, on_first_loss: Callable[[], None] = lambda: None
    ) -> None:
        self.matches = matches
        self._report = report
        self._on_first_loss = on_first_loss
        self._open: dict[int, list[_OpenRow]] = {}

    def take(self, chunk: EncodedChunk) -> Iterator[Item]:
        """Record what ended during encoding; open the other rows and yield their items."""
        self._report.timings.encode_s += chunk.encode_s
        self._report.timings.read_s += chunk.read_s
        self._report.n_blank += chunk.n_blank
        for broken in chunk.broken:
            error = broken.error
            outcome = RowOutcome(broken.number, broken.line, "", "failed", str(error), error.column, code=error.code)
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
        written = self.matches.as_written(external_id)
        self._open[encoded.item.row_number] = [_OpenRow(rows, index, written, notes, encoded.mask is not None)]

    def fold(self, number: int, into: int) -> None:
        """Let row ``number`` share the outcome of row ``into``: their labels travel in one item."""
        self._open[into] += self._open.pop(number)

    def close(self, number: int, state: RowState, reason: str = "", code: Code | None = None) -> None:
        """End a row, and those folded into it."""
        for row in self._open.pop(number):
            rows, index = row.rows, row.index
            notes = row.notes if state in {"imported", "ready"} else ()
            number, line = rows.numbers[index], rows.lines[index]
            outcome = RowOutcome(number, line, row.external_id, state, reason, notes=notes, code=code)
            self._report.record(outcome, b"" if state in {"imported", "ready"} else _raw(rows, index))

    def folded(self, number: int) -> list[int]:
        """The numbers of an open row and of those folded into it."""
        return [row.rows.numbers[row.index] for row in self._open[number]]

    def add_note(self, number: int, note: Note) -> None:
        """Tell the owner of an open row, and of those folded into it, something."""
        self._open[number] = [replace(row, notes=(*row.notes, note)) for row in self._open[number]]

    def count_losses(self, losses: Iterable[tuple[int, Sequence[tuple[int, int]]]]) -> None:
        """Count what an overwrite takes from a batch's tasks, before it does.

        Args:
            losses: the number of an open row, and of each of its tasks how many objects and answers it loses.
        """
        totals = self._report.replaced = self._report.replaced or ReplacedTotals()
        is_first = not totals.n_objects_without_mask
        for number, of_tasks in losses:
            for n_objects, n_answers in of_tasks:
                totals.add(n_objects, n_answers)
            rows = self._open.get(number, ())
            if rows and not any(row.has_mask for row in rows):
                line = rows[-1].rows.lines[rows[-1].index]
                totals.add_without_mask(line, sum(n_objects for n_objects, _ in of_tasks))
        if is_first and totals.n_objects_without_mask:
            self._on_first_loss()

    def settle(self, outcome: Receipt | BatchFailure) -> None:
        """Close all rows of a batch that was acknowledged, or failed."""
        if isinstance(outcome, Receipt):
            self._report.n_batches += 1
            self._compare(outcome)
            for item in outcome.batch.items:
                self.close(item.row_number, self._report.good_state)
        else:
            code = outcome.error.code
            state: RowState = "not sent" if code is Code.NOT_SENT else "failed"
            for item in outcome.batch.items:
                self.close(item.row_number, state, str(outcome.error), code)

    def cut_off(self) -> None:
        """End all open rows: the import was cut off with them on their way, and whether they landed is unknown."""
        reason = "on its way when the import was cut off: it may be in or not; importing it again does no harm"
        for number in list(self._open):
            self.close(number, "not sent", reason, Code.NOT_SENT)

    def _span(self, batch: Batch) -> str:
        lines = [row.rows.lines[row.index] for item in batch.items for row in self._open[item.row_number]]
        return f"lines {min(lines)} to {max(lines)}" if len(lines) > 1 else f"line {lines[0]}"

    def _compare(self, receipt: Receipt) -> None:
        """Note where the Hub's sentence tells another number of tasks than expected; it may count otherwise."""
        n_expected = sum(self.matches.n_tasks(item.external_id) for item in receipt.batch.items)
        if receipt.n_labeled is not None and receipt.n_labeled != n_expected:
            verb = "was" if n_expected == 1 else "were"
            self._report.note(
                f"{self._span(receipt.batch)}: the Hub says it labelled {counted(receipt.n_labeled, 'task')} where "
                f"{n_expected:,} {verb} expected; it may leave out tasks that are past their first stage: look at some"
            )


def shared_by(n_assets: int) -> Note:
    """The note for a row whose external ID several assets have."""
    return Note(Code.SHARED_ID, f"{n_assets} assets have this external ID; each of them gets the labels")


def _raw(rows: RowBatch, index: int) -> bytes:
    return rows.raw[index] if rows.raw else b""
