"""What came of a run: rows by state, sums, times and causes; stage 9. `report` adds the ways to tell them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prelabel.model import RowOutcome, RunKind, StoppedBy
    from prelabel.outcomes.rejects import Rejects
    from prelabel.outcomes.totals import MaskTotals, OutcomeGroup, ReplacedTotals, Timings

Bottleneck = Literal["read", "fetch", "decode", "trace", "encode", "upload", "rate limit"]

_STOP_CODES: dict[StoppedBy, int] = {"": 3, "hub": 3, "interrupt": 130, "failures": 1, "deadline": 1, "output": 4}


@dataclass(frozen=True, slots=True)
class RunResults:
    """How a run ended: plain values, whoever tells them.

    Attributes:
        kind: ``"import"``, ``"dry run"`` (nothing was sent) or ``"convert"`` (written to a file).
        csv: the CSV's file name.
        project: the project's id, empty for a convert.
        n_rows: rows of the CSV; each is in exactly one state.
        n_imported, n_ready, n_skipped, n_failed, n_not_sent: rows by state, see :class:`prelabel.model.RowOutcome`.
        n_earlier: imported rows that an earlier run had sent; a dry run has no other imported ones.
        n_requests: requests sent to the Hub.
        n_batches: import requests that were acknowledged.
        masks: sums over the masks.
        timings: where the time went.
        n_threads, max_in_flight, fetch_concurrency: how parallel the CPU work, the requests and the fetches were.
        peak_rss_bytes: the process's largest memory so far, None where the system does not tell.
        outcomes: all rows but those that are in without a note, in row order, at most 100,000.
        groups: these rows by cause, counted whole, most harmful first.
        replaced: stored labels that an overwrite took away, or would take; None where they were not read.
        n_outcomes_dropped: further such rows; the rejects CSV has every failed one.
        notes: what concerns no single row.
        heard: those of the notes that were told before rows streamed (``on_warning``).
        stopped: why the run stopped before its end, empty when it did not.
        stopped_by: who stopped it: ``"hub"``, ``"interrupt"``, ``"failures"`` (too many), ``"deadline"``,
            ``"output"`` (the record could not be written), or nobody.
        unwritten: what could not be written of the results, each with the remedy.
        has_items: whether a convert's items were written.
    """

    kind: RunKind
    csv: str
    project: str
    n_rows: int
    n_imported: int
    n_skipped: int
    n_failed: int
    n_requests: int
    n_batches: int
    masks: MaskTotals
    timings: Timings
    n_threads: int
    max_in_flight: int
    peak_rss_bytes: int | None
    outcomes: tuple[RowOutcome, ...]
    n_outcomes_dropped: int
    notes: tuple[str, ...]
    stopped: str
    _rejects: Rejects = field(repr=False, compare=False)
    n_ready: int = 0
    n_not_sent: int = 0
    n_earlier: int = 0
    stopped_by: StoppedBy = ""
    fetch_concurrency: int = 1
    groups: tuple[OutcomeGroup, ...] = ()
    replaced: ReplacedTotals | None = None
    unwritten: tuple[str, ...] = ()
    has_items: bool = True
    heard: frozenset[str] = frozenset()

    @property
    def exit_code(self) -> int:
        """As the command's.

        0 every row imported or skipped for a reason; 1 some failed; 3 the Hub refused us; 4 a result could not be
        written; 130 interrupted.
        """
        if self.unwritten:
            return 4
        if self.stopped:
            return _STOP_CODES[self.stopped_by]
        return 1 if self.n_failed else 0

    @property
    def bottleneck(self) -> Bottleneck:
        """The part that took most wall-clock time, parallel work counted by its share."""
        times, threads = self.timings, max(1, self.n_threads)
        shares: dict[Bottleneck, float] = {
            "read": times.read_s,
            "fetch": times.fetch_s / max(1, self.fetch_concurrency),
            "decode": times.decode_s / threads,
            "trace": times.trace_s / threads,
            "encode": (times.encode_s - times.decode_s - times.trace_s) / threads,
            "upload": times.upload_s / max(1, self.max_in_flight),
            "rate limit": times.paced_s,
        }
        return max(shares, key=shares.__getitem__)

    def failed(self) -> Iterator[RowOutcome]:
        """The failed rows among :attr:`outcomes`."""
        return (outcome for outcome in self.outcomes if outcome.state == "failed")
