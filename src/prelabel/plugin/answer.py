"""What a session says in the end: one sentence, the counts, the most harmful causes, and where the full report is."""

from __future__ import annotations

from asyncio import CancelledError
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prelabel.errors import OutputError, PrelabelError, RecordBusy, UploadError
from prelabel.outcomes.summary import achieved, group_line
from prelabel.plugin.request import RESTART_KEY
from prelabel.plugin.session_log import MAX_TEXT_BYTES, cut
from prelabel.spelling import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prelabel.outcomes.report import Report
    from prelabel.plugin.results_upload import ResultLinks

GO_ON = "run it again to go on"
_CAUSES = 3
_NOTES = 3
_RESTARTING = f'put "{RESTART_KEY}": "a new word" into the config'
# What is said to whoever types commands, as it is said to whoever runs a plugin.
_IN_COMMANDS = (
    ("give --restart to import everything anew", f"{_RESTARTING} to import everything anew"),
    ("give --restart to import again", f"{_RESTARTING} to import again"),
    (", or another --state", ""),
    ("start anew with --restart after removing the folder", "have whoever runs the plugin remove that folder"),
    ("--host, or ANGO_HOST", "ANGO_HOST"),
    ("Name another as --host or in ANGO_HOST", "Name another in ANGO_HOST"),
    ("--batch: ", "batches: "),
    ("without --batch ", "without batches "),
)
OTHER_SESSION = "session"
"""The field of the error that another session of this process is in the way."""
_OTHER_CONTAINER = (
    "another session, in another container, is importing this CSV into this project: wait for its end, then run it "
    "again to see what came of it"
)
_COMMAND_NOTES = ("the same command goes on from here", "this import was finished by an earlier run")


@dataclass(frozen=True, slots=True)
class SessionAnswer:
    """How a session ended.

    Attributes:
        text: for whoever runs it; never empty.
        exit_code: what the command line would have ended with.
    """

    text: str
    exit_code: int


def answer_of(report: Report, links: ResultLinks, problem: str = "") -> SessionAnswer:
    """The answer of a session whose import came to an end, early or not.

    Args:
        report: what became of the rows.
        links: where the results are.
        problem: what could not be written, empty where all was.
    """
    text = cut("\n".join(_lines(report, links, problem)), MAX_TEXT_BYTES)
    return SessionAnswer(text, 4 if problem else report.exit_code)


def _lines(report: Report, links: ResultLinks, problem: str) -> Iterator[str]:
    yield _sentence(report)
    yield _counts(report)
    if report.stopped and report.n_not_sent:
        yield f"stopped early: {report.stopped}"
    if problem:
        yield f"not written: {problem}"
    causes = [group for group in report.groups if group.state in {"failed", "skipped"}]
    harmful = [group for group in causes if group.state == "failed"] or causes
    if harmful:
        yield "most harmful:"
        yield from (f"  {group_line(group)}" for group in harmful[:_CAUSES])
        if len(harmful) > _CAUSES:
            yield f"  ... and {counted(len(harmful) - _CAUSES, 'more cause')}: see the report"
    notes = [note for note in report.notes if not note.startswith(_COMMAND_NOTES)]
    if notes:
        yield "worth knowing:"
        yield from (f"  {in_plugin_words(note)}" for note in notes[:_NOTES])
    if report.replaced is not None and report.replaced.n_tasks:
        lost = f"{counted(report.replaced.n_objects, 'object')} and {counted(report.replaced.n_answers, 'answer')}"
        yield f"replaced {lost}, which are kept: whoever runs the plugin can put them back ({links.folder})"
    yield from _places(links)


def _sentence(report: Report) -> str:
    """``1,200 of 5,000 rows imported; run it again to go on``."""
    if report.n_not_sent:
        return f"{achieved(report)}; {GO_ON}"
    if report.n_failed:
        return f"{achieved(report)}; {counted(report.n_failed, 'row')} failed: mend them and run it again"
    if report.n_rows and report.n_earlier == report.n_rows:
        return f"{achieved(report)}, all of them by earlier sessions; to import them again, {_RESTARTING}"
    return f"{achieved(report)}{'' if report.n_rows else ': the CSV has none'}"


def _counts(report: Report) -> str:
    earlier = f" ({report.n_earlier:,} by earlier sessions)" if report.n_earlier else ""
    parts = [
        f"{report.n_imported:,} imported{earlier}",
        f"{report.n_skipped:,} skipped",
        f"{report.n_failed:,} failed",
        f"{report.n_not_sent:,} not sent",
    ]
    if report.masks.n_masks:
        objects, points = counted(report.masks.n_objects, "object"), counted(report.masks.n_points, "point")
        parts.append(f"{counted(report.masks.n_masks, 'mask')} gave {objects}, {points}")
    return ", ".join(parts)


def _places(links: ResultLinks) -> Iterator[str]:
    if links.report:
        yield f"full report: {links.report}"
    if links.rejects:
        yield f"rows that are not in, each with its reason: {links.rejects}"
    if links.problem:
        yield f"the report could not be uploaded ({links.problem})"
    if not links.report:
        yield f"full report: on the plugin's volume, in {links.folder}; ask whoever runs the plugin for it"


def answer_to(error: BaseException) -> SessionAnswer:
    """The answer of a session whose import did not begin, or fell over: what is wrong and what to do."""
    text = in_plugin_words(str(error))
    match error:
        case RecordBusy():
            text, exit_code = text if error.field == OTHER_SESSION else _OTHER_CONTAINER, 1
        case CancelledError():
            text, exit_code = f"the session was cut off: what had been confirmed is imported; {GO_ON}", 130
        case UploadError():
            text, exit_code = f"the import could not go on: {text}; {GO_ON}", 3
        case OutputError():
            text = f"the plugin's volume cannot be written: {text}; nothing is lost: {GO_ON} once that is mended"
            exit_code = 4
        case PrelabelError():
            text, exit_code = f"nothing was imported: {text}", 2
        case _:
            fault = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            text = (
                f"a fault in prelabel ended the session ({fault}); what had been confirmed is imported: {GO_ON}. The "
                "plugin's own log has the details: please report them"
            )
            exit_code = 70
    return SessionAnswer(cut(text, MAX_TEXT_BYTES), exit_code)


def in_plugin_words(text: str) -> str:
    """A message as it helps whoever runs a plugin: without the options of a command line that nobody types."""
    for ours, theirs in _IN_COMMANDS:
        text = text.replace(ours, theirs)
    return text
