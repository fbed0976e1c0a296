"""Stage 9: outcomes -> the report: counts, timings, failed rows, summary text, JSON and the rejects CSV.

``config(1) -> rows(2) -> ontology/answers(3) -> masks(4) -> polygons(5) -> items(6) -> batches(7) -> upload(8)
-> report(9)``
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import orjson

from prelabel.errors import ImportFailed
from prelabel.model import EARLIER, OnError, RunKind, StoppedBy
from prelabel.spelling import short

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from prelabel.model import RowOutcome
    from prelabel.outcomes.rejects import Rejects

_SHOWN = 5

Bottleneck = Literal["read", "fetch", "decode", "trace", "encode", "upload", "rate limit"]


_ROW_COUNTS = ("n_rows", "n_imported", "n_earlier", "n_skipped", "n_failed")

_STOP_CODES: dict[StoppedBy, int] = {"": 3, "hub": 3, "interrupt": 130, "failures": 1, "deadline": 1}

_DONE = {"import": "imported", "dry run": "ready to import", "convert": "converted"}


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
        n_rows: rows of the CSV; each is in exactly one of the three states.
        n_imported, n_skipped, n_failed: rows by state.
        n_earlier: imported rows that an earlier run had sent.
        n_requests: requests sent to the Hub.
        n_batches: import requests that were acknowledged.
        masks: sums over the masks.
        timings: where the time went.
        n_threads, max_in_flight, fetch_concurrency: how parallel the CPU work, the requests and the fetches were.
        peak_rss_bytes: the process's largest memory so far, None where the system does not tell.
        outcomes: failed and skipped rows and imported ones with notes, in row order, at most 100,000.
        n_outcomes_dropped: further such rows; the rejects CSV has every failed one.
        notes: what concerns no single row.
        stopped: why the run stopped before its end, empty when it did not.
        stopped_by: who stopped it: ``"hub"``, ``"interrupt"``, ``"failures"`` (too many), ``"deadline"``, or nobody.

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
    n_earlier: int = 0
    stopped_by: StoppedBy = ""
    fetch_concurrency: int = 1

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
            "outcomes": [asdict(outcome) for outcome in self.outcomes],
            "n_outcomes_dropped": self.n_outcomes_dropped,
        }

    def write_json(self, path: str | os.PathLike[str]) -> None:
        """Write :meth:`to_dict` as JSON."""
        Path(path).write_bytes(orjson.dumps(self.to_dict(), option=orjson.OPT_INDENT_2) + b"\n")

    def write_rejects(self, path: str | os.PathLike[str]) -> None:
        """Write the failed rows as they were plus the column ``prelabel_error``; only the header when none failed.

        Once mended the file can be imported like the original: same columns, same delimiter, and a
        ``prelabel_error`` that is there already is replaced.
        """
        with Path(path).open("wb") as file:
            file.writelines(self._rejects.lines())

    def summary(self) -> str:
        """The report for a person: what happened, what failed and why, and what limited the speed."""
        return "\n".join(_summary_lines(self))


def _summary_lines(report: Report) -> Iterator[str]:
    done, seconds = _DONE[report.kind], report.timings.total_s
    rate = report.n_rows / seconds if seconds > 0 else 0.0
    speed = f", {rate:,.{int(rate < 10)}f} rows/s" if rate else ""
    earlier = f" ({report.n_earlier:,} of them {EARLIER})" if report.n_earlier else ""
    yield (
        f"{report.n_imported:,} of {report.n_rows:,} rows {done}{earlier}, {report.n_skipped:,} skipped, "
        f"{report.n_failed:,} failed ({seconds:,.1f} s{speed})"
    )
    if report.stopped:
        yield f"stopped early: {report.stopped}"
    if report.masks.n_masks:
        yield _mask_line(report.masks)
    if report.kind != "convert":
        yield f"{report.n_requests:,} requests to the Hub"
    yield f"slowest part: {report.bottleneck}"
    yield from _shown("failed", [_line_of(outcome) for outcome in report.failed()], report.n_failed)
    skipped = [_line_of(outcome) for outcome in report.outcomes if outcome.state == "skipped"]
    yield from _shown("skipped", skipped, report.n_skipped)
    noted = [_line_of(outcome) for outcome in report.outcomes if outcome.state == "imported"]
    yield from _shown("worth knowing", [*report.notes, *noted], len(report.notes) + len(noted))


def _mask_line(masks: MaskTotals) -> str:
    line = (
        f"{masks.n_masks:,} masks gave {masks.n_objects:,} objects, {masks.n_polygons:,} polygons, "
        f"{masks.n_points:,} points"
    )
    if masks.n_near_pixels:
        line += f"; {masks.n_near_pixels:,} pixels mapped from near colours"
    if masks.n_unknown_pixels:
        line += f"; {masks.unknown_share:.2%} of their pixels have a colour of no class"
    return line


def _shown(title: str, lines: Sequence[str], n_all: int) -> Iterator[str]:
    if n_all:
        yield f"{title}:"
        yield from (f"  {line}" for line in lines[:_SHOWN])
        if n_all > _SHOWN:
            yield f"  ... and {n_all - _SHOWN:,} more"


def _line_of(outcome: RowOutcome) -> str:
    column = f", column {short(outcome.column)!r}" if outcome.column else ""
    message = outcome.reason or "; ".join(outcome.notes)
    return f"line {outcome.line}, {short(outcome.external_id)!r}{column}: {message}"


def deliver(
    report: Report,
    *,
    json_path: str | os.PathLike[str] | None,
    rejects_path: str | os.PathLike[str] | None,
    on_error: OnError,
) -> Report:
    """Write what was asked for and return the report.

    Raises:
        ImportFailed: rows failed or the run stopped, and ``on_error`` is ``"raise"``.
    """
    if json_path is not None:
        report.write_json(json_path)
    if rejects_path is not None:
        report.write_rejects(rejects_path)
    if on_error == "raise" and report.exit_code:
        first = next(report.failed(), None)
        reason = report.stopped or (_line_of(first) if first is not None else "")
        raise ImportFailed(f"{report.n_failed} of {report.n_rows} rows failed; first: {reason}", report=report)
    return report
