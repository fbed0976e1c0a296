"""Stage 9: the report as it is told: a summary for a person, JSON, and the rejects CSV.

``config(1) -> rows(2) -> ontology/answers(3) -> masks(4) -> polygons(5) -> items(6) -> batches(7) -> upload(8)
-> report(9)``
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from msgspec.structs import asdict

from prelabel.outcomes.output_file import write_output
from prelabel.outcomes.results import RunResults
from prelabel.outcomes.summary import summary_lines
from prelabel.spelling import escaped

if TYPE_CHECKING:
    import os

    from prelabel.model import RowOutcome

_ROW_COUNTS = ("n_rows", "n_imported", "n_ready", "n_earlier", "n_skipped", "n_failed", "n_not_sent")


class Report(RunResults):
    """How an import ended; its attributes are those of :class:`prelabel.outcomes.results.RunResults`.

    Example:
        >>> import prelabel
        >>> report = prelabel.import_labels("labels.csv", "config.json", project="6612f0d2c3a4")
        >>> report.n_rows, report.n_imported, report.exit_code
        (4, 4, 0)
        >>> [(outcome.line, outcome.reason) for outcome in report.failed()]
        []
    """

    __slots__ = ()

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
            "unwritten": list(self.unwritten),
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


def _plain(outcome: RowOutcome) -> dict[str, Any]:
    return {**asdict(outcome), "notes": [note._asdict() for note in outcome.notes]}


def _as_json(document: dict[str, Any]) -> bytes:
    try:
        text = orjson.dumps(document, option=orjson.OPT_INDENT_2)
    except orjson.JSONEncodeError:  # a path has bytes that are not UTF-8, or an option is beyond 64 bits
        text = orjson.dumps(_escaped(document), option=orjson.OPT_INDENT_2)
    return text + b"\n"


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, int) and value.bit_length() > 63:
        return str(value)
    if isinstance(value, dict):
        return {key: _escaped(part) for key, part in value.items()}
    return [_escaped(part) for part in value] if isinstance(value, list | tuple) else value
