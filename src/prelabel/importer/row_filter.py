"""Which rows are worth any work, said before it is spent on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prelabel.codes import Code
from prelabel.hub.asset_matching import Matches
from prelabel.model import EARLIER, RowOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    from prelabel.inputs.survey import RowPlace
    from prelabel.model import RowBatch, RowState


class RowFilter:
    """Says of each row, before any work is spent on it, whether it goes on.

    Args:
        id_column: the CSV's column of external IDs.
        deciders: external ID -> the one row that goes on, where of several rows only one is to.
        matches: what is known of the project's IDs.
        done: numbers of the rows that an earlier run has imported.
        stopped: returns why nothing is sent any more, or an empty string; called from worker threads.
    """

    def __init__(
        self,
        id_column: str,
        *,
        deciders: Mapping[str, RowPlace] | None = None,
        matches: Matches | None = None,
        done: Container[int] = (),
        stopped: Callable[[], str] = str,
    ) -> None:
        self._id_column = id_column
        self._deciders = deciders or {}
        self._matches = matches or Matches()
        self._done = done
        self._stopped = stopped

    def __call__(self, rows: RowBatch, index: int) -> RowOutcome | None:
        """The outcome of a row that stops here, None for one that goes on."""
        external_id = rows.columns[self._id_column][index]
        number, line = rows.numbers[index], rows.lines[index]
        if not external_id:
            reason = "the external ID is empty: fill it in, or delete the row"
            return RowOutcome(number, line, external_id, "failed", reason, self._id_column, code=Code.EMPTY_ID)
        if number in self._done:
            return RowOutcome(number, line, external_id, "imported", EARLIER)
        if reason := self._stopped():
            text = f"the import had stopped: {reason}"
            return RowOutcome(number, line, external_id, "not sent", text, code=Code.NOT_SENT)
        if outcome := self._without_assets(number, line, external_id):
            return outcome
        last = self._deciders.get(external_id)
        if last is not None and last.number != number:
            return RowOutcome(
                number,
                line,
                external_id,
                "skipped",
                f"line {last.line} has the same external ID and comes last, so it decides (overwrite)",
                self._id_column,
                code=Code.REPEATED_ID,
                decided_by=last.number,
            )
        return None

    def _without_assets(self, number: int, line: int, external_id: str) -> RowOutcome | None:
        """The outcome of a row whose labels would go to no asset, or to one that is not to be touched."""
        matches = self._matches
        state: RowState = "failed"
        if external_id in matches.unfound:
            reason = matches.reason_against(external_id)
            code = Code.AMBIGUOUS_ID if external_id in matches.ambiguous else Code.UNMATCHED_ID
        elif not (reason := matches.reason_outside(external_id)):
            return None
        elif matches.is_outside(external_id):
            state, code = "skipped", Code.OTHER_BATCH
        else:
            code = Code.AMBIGUOUS_ID
        return RowOutcome(number, line, external_id, state, reason, self._id_column, code=code)
