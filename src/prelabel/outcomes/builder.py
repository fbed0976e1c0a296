"""Collects outcomes while a run goes on, and makes the report of them; stage 9."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from prelabel.model import EARLIER, Progress
from prelabel.outcomes.rejects import Rejects

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prelabel.model import RowOutcome, RowState
from prelabel.model import RunKind, StoppedBy
from prelabel.outcomes.report import MaskTotals, Report, Timings

_MAX_OUTCOMES = 100_000

_MAX_NOTES = 1_000


class ReportBuilder:
    """Collects outcomes while a run goes on; :meth:`finish` makes the report.

    Memory: failed, skipped and noted rows are kept (failed cells on disk beyond a few megabytes), others counted.

    Args:
        kind: what the run does.
        csv_name: the CSV's file name.
        header: its columns.
        delimiter: its delimiter.
        project: the project's id.

    Attributes:
        kind, project, n_by_state, n_earlier, masks, timings, n_batches, fetch_concurrency: as in the report.
    """

    def __init__(self, kind: RunKind, csv_name: str, header: Sequence[str], delimiter: str, project: str = "") -> None:
        self.n_by_state: dict[RowState, int] = {"imported": 0, "skipped": 0, "failed": 0}
        self.n_earlier = 0
        self.masks = MaskTotals()
        self.timings = Timings()
        self.n_batches = 0
        self.fetch_concurrency = 1
        self.kind: RunKind = kind
        self.project = project
        self._csv = csv_name
        self._rejects = Rejects(header, delimiter)
        self._outcomes: list[RowOutcome] = []
        self._n_dropped = 0
        self._notes: list[str] = []
        self._started = time.perf_counter()

    def record(self, outcome: RowOutcome, cells: Sequence[str] = ()) -> None:
        """Count a row that has ended; ``cells``, in header order, are kept when it failed."""
        self.n_by_state[outcome.state] += 1
        if outcome.state == "failed":
            where = f"column {outcome.column!r}: " if outcome.column else ""
            self._rejects.add(outcome.number, cells, where + outcome.reason)
        elif outcome.state == "imported":
            self.n_earlier += outcome.reason == EARLIER
            if not outcome.notes:
                return
        if len(self._outcomes) < _MAX_OUTCOMES:
            self._outcomes.append(outcome)
        else:
            self._n_dropped += 1

    def add_mask(self, counts: Any) -> None:
        """Add one mask's counts and times (an :class:`prelabel.model.MaskCounts`)."""
        self.masks.add(counts)
        self.timings.decode_s += counts.decode_s
        self.timings.trace_s += counts.trace_s

    def note(self, text: str) -> None:
        """Keep something worth knowing that concerns no single row."""
        if len(self._notes) < _MAX_NOTES:
            self._notes.append(text)

    def recall(self, earlier: Mapping[str, Any]) -> None:
        """Take over the outcome of a run that has finished, from :meth:`Report.to_dict`."""
        rows = earlier["rows"]
        self.n_by_state = {"imported": rows["n_imported"], "skipped": rows["n_skipped"], "failed": rows["n_failed"]}
        self.n_earlier = rows["n_imported"]
        self.masks = MaskTotals(**{name: value for name, value in earlier["masks"].items() if name != "unknown_share"})
        self.note("this import was finished by an earlier run: nothing was sent; --restart imports everything again")

    def progress(
        self, n_rows: int | None, n_requests: int, requests_per_minute: int | None = None, rows_per_request: float = 0.0
    ) -> Progress:
        """A snapshot; the arguments are its attributes of those names."""
        counts = self.n_by_state
        return Progress(
            n_rows,
            counts["imported"],
            counts["skipped"],
            counts["failed"],
            self.masks.n_masks,
            n_requests,
            time.perf_counter() - self._started,
            requests_per_minute if rows_per_request else None,
            rows_per_request or None,
        )

    def finish(
        self,
        n_requests: int = 0,
        n_threads: int = 1,
        max_in_flight: int = 1,
        stopped: str = "",
        stopped_by: StoppedBy = "",
    ) -> Report:
        """Close the books; the arguments are the report's attributes of those names."""
        self.timings.total_s = time.perf_counter() - self._started
        counts = self.n_by_state
        return Report(
            kind=self.kind,
            csv=self._csv,
            project=self.project,
            n_rows=sum(counts.values()),
            n_imported=counts["imported"],
            n_skipped=counts["skipped"],
            n_failed=counts["failed"],
            n_requests=n_requests,
            n_batches=self.n_batches,
            masks=self.masks,
            timings=self.timings,
            n_threads=n_threads,
            max_in_flight=max_in_flight,
            peak_rss_bytes=peak_rss_bytes(),
            outcomes=tuple(sorted(self._outcomes, key=lambda outcome: outcome.number)),
            n_outcomes_dropped=self._n_dropped,
            notes=tuple(self._notes),
            stopped=stopped,
            _rejects=self._rejects,
            n_earlier=self.n_earlier,
            stopped_by=stopped_by,
            fetch_concurrency=self.fetch_concurrency,
        )


def peak_rss_bytes() -> int | None:
    """The process's largest resident memory so far in bytes; None on systems that do not tell."""
    if sys.platform == "win32":
        return None
    import resource  # noqa: PLC0415 - absent on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
