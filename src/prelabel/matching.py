"""Rows to assets: which external IDs the CSV has, which of them the project has, and what an unmatched one resembles.

Runs before the rows stream: a first pass over the ID column, and the fewest requests that tell the project's IDs.
Memory: some four hundred bytes per row, for the IDs (measured on 60,000 to 120,000 rows).
"""

from __future__ import annotations

import math
import posixpath
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from prelabel.hub.api import PAGE_SIZE, split_ids
from prelabel.model import EARLIER, RowOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterable, Mapping

    from prelabel.hub.api import HubClient
    from prelabel.model import RowBatch

_DIFFERENCES: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("spaces around it", str.strip),
    ("percent-encoding", unquote),
    ("its Unicode form", lambda text: unicodedata.normalize("NFC", text)),
    ("upper and lower case", str.casefold),
    ("its folder", lambda text: posixpath.basename(text.replace("\\", "/"))),
    ("its extension", lambda text: posixpath.splitext(text)[0]),
)


@dataclass(frozen=True, slots=True)
class Survey:
    """What the first pass over the CSV's ID column found.

    Attributes:
        n_rows: rows, broken ones included.
        last_rows: external ID -> number of the last row that has it.
        repeated: external IDs on several rows.
        unfinished: those of them that are on rows which are done and on others which are not.
    """

    n_rows: int
    last_rows: dict[str, int]
    repeated: frozenset[str]
    unfinished: frozenset[str] = frozenset()

    def open_ids(self, done: Container[int]) -> Mapping[str, int]:
        """The external IDs whose last row is still to be imported, with its number."""
        if not done:
            return self.last_rows
        return {external_id: number for external_id, number in self.last_rows.items() if number not in done}


def survey_ids(batches: Iterable[RowBatch], id_column: str, done: Container[int] = ()) -> Survey:
    """Go once over the CSV's rows (their ID column is enough).

    Args:
        batches: the rows.
        id_column: the CSV's column of external IDs.
        done: numbers of rows that an earlier run has imported.
    """
    n_rows = 0
    last_rows: dict[str, int] = {}
    repeated: set[str] = set()
    begun: set[str] = set()
    open_ids: set[str] = set()
    is_resumed = bool(done)
    for rows in batches:
        n_rows += len(rows) + len(rows.broken)
        for number, external_id in zip(rows.numbers, rows.columns[id_column], strict=True):
            if external_id in last_rows:
                repeated.add(external_id)
            if external_id:
                last_rows[external_id] = number
            if is_resumed:
                (begun if number in done else open_ids).add(external_id)
    return Survey(n_rows, last_rows, frozenset(repeated), frozenset(repeated & begun & open_ids))


@dataclass(slots=True)
class Matches:
    """Which of the CSV's external IDs the project has; only what is not one asset with one task is kept.

    Attributes:
        unfound: external IDs of the CSV that no asset bears.
        shared: external ID -> number of assets, where several bear it.
        extra_tasks: external ID -> tasks beyond one per asset, where there are such.
        other_ids: external IDs of the project that the CSV lacks; empty when only the CSV's own were asked for.
    """

    unfound: set[str] = field(default_factory=set)
    shared: Counter[str] = field(default_factory=Counter)
    extra_tasks: Counter[str] = field(default_factory=Counter)
    other_ids: set[str] = field(default_factory=set)
    _by_form: dict[str, str] | None = None

    def n_assets(self, external_id: str) -> int:
        """Assets that bear an ID of the CSV."""
        return 0 if external_id in self.unfound else self.shared.get(external_id, 1)

    def n_tasks(self, external_id: str) -> int:
        """Tasks of these assets."""
        return self.n_assets(external_id) + self.extra_tasks.get(external_id, 0)

    def see(self, external_id: str, n_tasks: int) -> None:
        """Count one more asset that bears an ID of the CSV."""
        if external_id in self.unfound:
            self.unfound.remove(external_id)
        else:
            self.shared[external_id] = self.shared.get(external_id, 1) + 1
        if n_tasks > 1:
            self.extra_tasks[external_id] += n_tasks - 1

    def reason_against(self, external_id: str) -> str:
        """Why this ID matches nothing, with the asset it resembles where one is known."""
        if self._by_form is None:
            self._by_form = {_without_differences(other): other for other in sorted(self.other_ids)}
        other = self._by_form.get(_without_differences(external_id))
        if other is None:
            return unmatched(external_id)
        return (
            f"no asset of the project has the external ID {external_id!r}, but one has {other!r}, which differs in "
            f"{_difference(external_id, other)}: mend the CSV or the asset"
        )


def unmatched(external_id: str) -> str:
    """Why an ID that resembles nothing known cannot be imported."""
    return (
        f"no asset of the project has the external ID {external_id!r}: upload the asset first, or compare the "
        "ID's extension, case and folder with the Hub's"
    )


def _without_differences(external_id: str) -> str:
    for _, without in _DIFFERENCES:
        external_id = without(external_id)
    return external_id


def _difference(one: str, other: str) -> str:
    for name, without in _DIFFERENCES:
        if without(one) == without(other):
            return name
    return "several ways"


async def match_ids(hub: HubClient, project: str, external_ids: Collection[str], n_assets: int | None) -> Matches:
    """Find the CSV's external IDs in the project, by listing all assets or by asking for the IDs, whichever is cheaper.

    Args:
        hub: the client.
        project: the project's id.
        external_ids: the CSV's IDs, as far as they are still to be imported.
        n_assets: assets of the project as its document tells, None when it does not.
    """
    n_asking = sum(1 for _ in split_ids(external_ids))
    if n_assets is None and n_asking > 2:
        n_assets = await hub.count_assets(project)
    matches = Matches(unfound=set(external_ids))
    if n_assets is not None and math.ceil(n_assets / PAGE_SIZE) <= n_asking:
        async for asset in hub.iter_assets(project):
            if asset.external_id in external_ids:
                matches.see(asset.external_id, asset.n_tasks)
            elif asset.external_id:
                matches.other_ids.add(asset.external_id)
    else:
        tasks = await hub.tasks_by_external_ids(project, list(external_ids))
        for (_, external_id), n_tasks in Counter((task.asset_id, task.external_id) for task in tasks).items():
            matches.see(external_id, n_tasks)
    return matches


class RowGate:
    """Says of each row, before any work is spent on it, whether it goes on.

    Args:
        id_column: the CSV's column of external IDs.
        last_rows: external ID -> number of the one row that goes on, where of several rows only the last is to.
        matches: what is known of the project's IDs.
        done: numbers of the rows that an earlier run has imported.
        stopped: returns why nothing is sent any more, or an empty string; called from worker threads.
    """

    def __init__(
        self,
        id_column: str,
        *,
        last_rows: Mapping[str, int] | None = None,
        matches: Matches | None = None,
        done: Container[int] = (),
        stopped: Callable[[], str] = str,
    ) -> None:
        self._id_column = id_column
        self._last_rows = last_rows or {}
        self._matches = matches or Matches()
        self._done = done
        self._stopped = stopped

    def __call__(self, rows: RowBatch, index: int) -> RowOutcome | None:
        """The outcome of a row that stops here, None for one that goes on."""
        external_id = rows.columns[self._id_column][index]
        number, line = rows.numbers[index], rows.lines[index]
        if not external_id:
            reason = "the external ID is empty: fill it in, or delete the row"
            return RowOutcome(number, line, external_id, "failed", reason, self._id_column)
        if number in self._done:
            return RowOutcome(number, line, external_id, "imported", EARLIER)
        if said := self._stopped():
            return RowOutcome(number, line, external_id, "failed", f"not sent, the import had stopped: {said}")
        if external_id in self._matches.unfound:
            reason = self._matches.reason_against(external_id)
            return RowOutcome(number, line, external_id, "failed", reason, self._id_column)
        winner = self._last_rows.get(external_id, number)
        if winner != number:
            reason = f"row {winner} has the same external ID and comes last, so it decides (overwrite)"
            return RowOutcome(number, line, external_id, "skipped", reason, self._id_column)
        return None
