"""The report for a person: what happened, what it costs, what failed and why, most harmful first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prelabel.model import EARLIER
from prelabel.spelling import counted, quoted, short

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prelabel.model import RowOutcome
    from prelabel.outcomes.results import RunResults
    from prelabel.outcomes.totals import MaskTotals, OutcomeGroup, ReplacedTotals

_SHOWN = 8
_TEXT_CHARS = 700  # of a cause: its remedy comes last, and must not be cut off
_DONE = {"import": "imported", "dry run": "ready to import", "convert": "converted"}
_TITLES = (("failed", ("failed",)), ("not sent", ("not sent",)), ("skipped", ("skipped",)))


def summary_lines(report: RunResults) -> Iterator[str]:
    """Yield the summary line by line."""
    yield _counts_line(report)
    if report.stopped:
        yield f"stopped early: {report.stopped}"
    if report.replaced is not None and report.replaced.n_tasks:
        yield _replaced_line(report.replaced, is_past=report.kind == "import")
    if report.masks.n_masks:
        yield _mask_line(report.masks, all_sent=not report.n_not_sent)
    for title, states in _TITLES:
        yield from _shown(title, [_group_lines(group) for group in report.groups if group.state in states])
    notes = [note for note in report.notes if note not in report.heard]
    notes += [group_line(group) for group in report.groups if group.state in {"imported", "ready"}]
    yield from _shown("worth knowing", notes)
    cost = "" if report.kind == "convert" else f"{counted(report.n_requests, 'request')} to the Hub, "
    yield f"{cost}slowest part: {report.bottleneck}"


def achieved(report: RunResults, singular: str = "", plural: str = "") -> str:
    """Say how many rows ended well: ``4 of 5 rows imported``, with a verb in the middle if one is given."""
    n_good = report.n_imported if report.kind == "import" else report.n_ready
    done = _DONE[report.kind]
    if not report.has_items:
        singular, plural, done = "", "", "could be converted but not written"
    words = (f"{n_good:,} of {counted(report.n_rows, 'row')}", singular if n_good == 1 else plural, done)
    return " ".join(filter(None, words))


def _counts_line(report: RunResults) -> str:
    seconds = report.timings.total_s
    rate = (report.n_rows - report.n_earlier - report.n_not_sent) / seconds if seconds > 0 else 0.0
    speed = f", {rate:,.{int(rate < 10)}f} rows/s" if rate else ""
    earlier = ""
    if report.n_earlier:
        earlier = f" ({report.n_earlier:,} of them {EARLIER})"
        if report.kind == "dry run":
            earlier = f", {report.n_earlier:,} in already"
    not_sent = f", {report.n_not_sent:,} not sent" if report.n_not_sent else ""
    return (
        f"{achieved(report)}{earlier}, {report.n_skipped:,} skipped, "
        f"{report.n_failed:,} failed{not_sent} ({seconds:,.1f} s{speed})"
    )


def _replaced_line(replaced: ReplacedTotals, *, is_past: bool) -> str:
    return (
        f"{'replaced' if is_past else 'replaces'} the labels of {counted(replaced.n_tasks, 'task')}: "
        f"{counted(replaced.n_objects, 'object')}, {counted(replaced.n_answers, 'answer')}"
    )


def _mask_line(masks: MaskTotals, *, all_sent: bool) -> str:
    verb = "gave" if all_sent else "traced, sent or not:"
    line = (
        f"{counted(masks.n_masks, 'mask')} {verb} {counted(masks.n_objects, 'object')}, "
        f"{counted(masks.n_polygons, 'polygon')}, {counted(masks.n_points, 'point')}"
    )
    if masks.n_near_pixels:
        line += f"; {counted(masks.n_near_pixels, 'pixel')} mapped from near colours"
    if masks.n_unknown_pixels:
        line += f"; {masks.unknown_share:.2%} of their pixels have a colour of no class"
    return line


def _shown(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"{title}:"
        yield from (f"  {line}" for line in lines[:_SHOWN])
        if len(lines) > _SHOWN:
            yield f"  ... and {len(lines) - _SHOWN:,} more causes: see the report"


def _group_lines(group: OutcomeGroup) -> str:
    """A group's line, and beneath it what else its rows have."""
    others = (f"\n    and {_placed(f'line {line}', short(text, _TEXT_CHARS))}" for line, text in group.others)
    return group_line(group) + "".join(others)


def group_line(group: OutcomeGroup) -> str:
    """Describe rows with one cause by their number, their lines and the first one's text."""
    text, external_id = short(group.text, _TEXT_CHARS), group.external_id
    code = f" [{group.code}]" if group.code is not None else ""
    if group.n_rows == 1:
        return _row_line(group.lines[0], external_id, group.column, text) + code
    listed = ", ".join(map(str, group.lines)) + (", ..." if group.n_rows > len(group.lines) else "")
    column = column_of(group.column, text)
    where = f"{counted(group.n_rows, 'row')}{column and ', ' + column} (lines {listed})"
    return f"{where}{external_id and f', the first {short(external_id)!r}'}: {text}{code}"


def line_of(outcome: RowOutcome) -> str:
    """Describe one row by its line, its ID and its reason."""
    return _row_line(outcome.line, outcome.external_id, outcome.column, short(outcome.reason, _TEXT_CHARS))


def _row_line(line: int, external_id: str, column: str, text: str) -> str:
    where = [f"line {line}", external_id and repr(short(external_id)), column_of(column, text)]
    return _placed(", ".join(filter(None, where)), text)


def _placed(where: str, text: str) -> str:
    """A text behind the place it is about, unless it begins with that."""
    return text if text.startswith(f"{where} ") else f"{where}: {text}"


def column_of(column: str, text: str) -> str:
    """How a column is named beside a text; empty where there is none, or the text begins with it."""
    return f"column {quoted(column)}" if column and not text.startswith("column ") else ""
