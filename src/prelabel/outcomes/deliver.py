"""The end of a run: its results written where they were asked for, or the error that says what could not be."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from prelabel.errors import ImportFailed, OutputError
from prelabel.outcomes.report import Report
from prelabel.outcomes.summary import achieved, line_of
from prelabel.spelling import counted

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from prelabel.model import OnError


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
    report = _without(report, faults)
    if faults and report.kind == "convert":
        report = replace(report, has_items=False)
    for write, path in ((Report.write_rejects, rejects_path), (Report.write_json, json_path)):
        try:
            if path is not None:
                write(report, path)
        except OutputError as fault:
            faults.append(fault)
            report = _without(report, faults)  # the JSON comes last, so it tells that the rejects are not there
    if faults:
        n_good = report.n_imported + report.n_ready
        what = achieved(report, "is", "are") + (" all the same" if n_good and report.has_items else "")
        raise OutputError(f"{'; '.join(report.unwritten)}; {what}", path=faults[0].path, report=report)
    if on_error == "raise" and report.exit_code:
        first = next(report.failed(), None)
        reason = report.stopped or (line_of(first) if first is not None else "")
        raise ImportFailed(
            f"{report.n_failed:,} of {counted(report.n_rows, 'row')} failed; first: {reason}", report=report
        )
    return report


def _without(report: Report, faults: Sequence[OutputError]) -> Report:
    """The report, telling what is not there."""
    return replace(report, unwritten=tuple(dict.fromkeys(map(str, faults)))) if faults else report
