"""Stage 9: outcomes -> the report: counts, timings, failed rows, summary text, JSON and the rejects CSV.

``config(1) -> rows(2) -> ontology/answers(3) -> masks(4) -> polygons(5) -> items(6) -> batches(7) -> upload(8)
-> report(9)``
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import orjson

from prelabel.errors import ImportFailed, OutputError
from prelabel.outcomes.output_file import write_output
from prelabel.outcomes.summary import DONE, line_of, summary_lines
from prelabel.spelling import counted, escaped

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from prelabel.codes import Code
    from prelabel.model import OnError, RowOutcome, RowState, RunKind, StoppedBy
    from prelabel.outcomes.rejects import Rejects

Bottleneck = Literal["read", "fetch", "decode", "trace", "encode", "upload", "rate limit"]

_ROW_COUNTS = ("n_rows", "n_imported", "n_ready", "n_earlier", "n_skipped", "n_failed", "n_not_sent")

_STOP_CODES: dict[StoppedBy, int] = {"": 3, "hub": 3, "interrupt": 130, "failures": 1, "deadline": 1, "output": 4}


@dataclass(slots=True)
class MaskTotals:
    """Sums over all traced masks.

    Pixels of unknown colour have no class and count as background; those of a near one were given the class that it
    resembles, or background.
    """

    n_masks: int = 0
    n_objects: int = 0
    n_polygons: int = 0
    n_points: int = 0
    n_pixels: int = 0
    n_unknown_pixels: int = 0
    n_near_pixels: int = 0

    def add(self, counts: Any) -> None:
        """Add one mask's counts: anything that has the attributes of the same names."""
        self.n_masks += 1
        self.n_objects += counts.n_objects
        self.n_polygons += counts.n_polygons
        self.n_points += counts.n_points
        self.n_pixels += counts.n_pixels
        self.n_unknown_pixels += counts.n_unknown_pixels
        self.n_near_pixels += counts.n_near_pixels

    @property
    def unknown_share(self) -> float:
        """Share of all pixels whose colour has no class, 0 to 1."""
        return self.n_unknown_pixels / self.n_pixels if self.n_pixels else 0.0


@dataclass(slots=True)
class ReplacedTotals:
    """Stored labels that an overwrite takes away: those that are not among the new ones.

    Attributes:
        n_tasks: tasks that lose some.
        n_objects, n_answers: what they lose.
    """

    n_tasks: int = 0
    n_objects: int = 0
    n_answers: int = 0

    def add(self, n_objects: int, n_answers: int) -> None:
        """Count one task's."""
        if n_objects or n_answers:
            self.n_tasks += 1
            self.n_objects += n_objects
            self.n_answers += n_answers


@dataclass(slots=True)
class OutcomeGroup:
    """Rows with one cause.

    Attributes:
        state: how they ended; ``"imported"`` or ``"ready"`` where this is a note of rows that are in.
        code: the cause's stable word.
        column: the column at fault, if one is.
        n_rows: how many.
        lines: the file's lines of the first of them.
        external_id, text: the first one's.
    """

    state: RowState
    code: Code | None
    column: str
    n_rows: int
    lines: list[int]
    external_id: str
    text: str


@dataclass(slots=True)
class Timings:
    """Where the time went, in seconds.

    Attributes:
        total_s: wall clock, from start to report.
        read_s: reading the CSV.
        fetch_s: masks coming from elsewhere, summed over those fetched together.
        decode_s: masks to runs, summed over threads.
        trace_s: runs to polygons, summed over threads.
        encode_s: all work on rows, the two above included, summed over threads.
        upload_s: requests to the Hub, summed over those in flight together.
        paced_s: wall clock in which a request waited for the rate limit.
    """

    total_s: float = 0.0
    read_s: float = 0.0
    fetch_s: float = 0.0
    decode_s: float = 0.0
    trace_s: float = 0.0
    encode_s: float = 0.0
    upload_s: float = 0.0
    paced_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """How an import ended.

    Attributes:
        kind: ``"import"``, ``"dry run"`` (nothing was sent) or ``"convert"`` (written to a file).
        csv: the CSV's file name.
        project: the project's id, empty for a convert.
        n_rows: rows of the CSV; each is in exactly one state.
        n_imported, n_ready, n_skipped, n_failed, n_not_sent: rows by state, see :class:`prelabel.model.RowOutcome`.
        n_earlier: imported rows that an earlier run had sent.
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
        stopped: why the run stopped before its end, empty when it did not.
        stopped_by: who stopped it: ``"hub"``, ``"interrupt"``, ``"failures"`` (too many), ``"deadline"``,
            ``"output"`` (the record could not be written), or nobody.

    Example:
        >>> import prelabel
        >>> report = prelabel.import_labels("labels.csv", "config.json", project="6612f0d2c3a4")
        >>> report.n_rows, report.n_imported, report.exit_code
        (4, 4, 0)
        >>> [(outcome.line, outcome.reason) for outcome in report.failed()]
        []
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

    @property
    def exit_code(self) -> int:
        """0 every row imported or skipped for a reason; 1 some failed; 3 the Hub refused us; 130 interrupted."""
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

    def to_dict(self) -> dict[str, Any]:
        """The whole report as plain JSON types."""
        masks = {**asdict(self.masks), "unknown_share": round(self.masks.unknown_share, 6)}
        return {
            "kind": self.kind,
            "csv": self.csv,
            "project": self.project,
            "exit_code": self.exit_code,
            "stopped": self.stopped,
            "stopped_by": self.stopped_by,
            "rows": {name: getattr(self, name) for name in _ROW_COUNTS},
            "masks": masks,
            "n_requests": self.n_requests,
            "n_batches": self.n_batches,
            "bottleneck": self.bottleneck,
            "timings": {name: round(seconds, 4) for name, seconds in asdict(self.timings).items()},
            "n_threads": self.n_threads,
            "max_in_flight": self.max_in_flight,
            "fetch_concurrency": self.fetch_concurrency,
            "peak_rss_bytes": self.peak_rss_bytes,
            "notes": list(self.notes),
            "replaced": None if self.replaced is None else asdict(self.replaced),
            "groups": [asdict(group) for group in self.groups],
            "outcomes": [_plain(outcome) for outcome in self.outcomes],
            "n_outcomes_dropped": self.n_outcomes_dropped,
        }

    def write_json(self, path: str | os.PathLike[str]) -> None:
        """Write :meth:`to_dict` as JSON; of a path, bytes that are not UTF-8 are shown by their codes.

        Raises:
            OutputError: it cannot be written.
        """
        write_output(path, [_as_json(self.to_dict())], "--report")

    def write_rejects(self, path: str | os.PathLike[str]) -> None:
        """Write the rows that failed or were not sent as they were, plus ``prelabel_error``; else only the header.

        Once mended the file can be imported like the original: same columns, same delimiter, and a
        ``prelabel_error`` that is there already is replaced.

        Raises:
            OutputError: it cannot be written.
        """
        write_output(path, self._rejects.lines(), "--rejects")

    def summary(self) -> str:
        """The report for a person: what happened, what failed and why, and what limited the speed."""
        return "\n".join(summary_lines(self))


def deliver(
    report: Report,
    *,
    json_path: str | os.PathLike[str] | None,
    rejects_path: str | os.PathLike[str] | None,
    on_error: OnError,
    faults: Sequence[OutputError] = (),
) -> Report:
    """Write what was asked for and return the report; one that cannot be written does not cost the other.

    Args:
        report: the report.
        json_path: where the report goes, None for nowhere.
        rejects_path: where the failed rows go, likewise.
        on_error: as in :class:`prelabel.importer.options.RunOptions`.
        faults: other results that could not be written.

    Raises:
        OutputError: a result could not be written; it has the report.
        ImportFailed: rows failed or the run stopped, and ``on_error`` is ``"raise"``.
    """
    faults = list(faults)
    for write, path in ((report.write_rejects, rejects_path), (report.write_json, json_path)):
        try:
            if path is not None:
                write(path)
        except OutputError as fault:
            faults.append(fault)
    if faults:
        n_good = report.n_imported + report.n_ready
        what = f"{n_good:,} of {counted(report.n_rows, 'row')} are {DONE[report.kind]} all the same"
        message = "; ".join(dict.fromkeys(str(fault) for fault in faults))
        raise OutputError(f"{message}; {what}", path=faults[0].path, report=report)
    if on_error == "raise" and report.exit_code:
        first = next(report.failed(), None)
        reason = report.stopped or (line_of(first) if first is not None else "")
        raise ImportFailed(f"{report.n_failed} of {report.n_rows} rows failed; first: {reason}", report=report)
    return report


def _plain(outcome: RowOutcome) -> dict[str, Any]:
    return {**asdict(outcome), "notes": [note._asdict() for note in outcome.notes]}


def _as_json(document: dict[str, Any]) -> bytes:
    try:
        text = orjson.dumps(document, option=orjson.OPT_INDENT_2)
    except orjson.JSONEncodeError:  # a path has bytes that are not UTF-8
        text = orjson.dumps(_escaped(document), option=orjson.OPT_INDENT_2)
    return text + b"\n"


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, dict):
        return {key: _escaped(part) for key, part in value.items()}
    return [_escaped(part) for part in value] if isinstance(value, list | tuple) else value
