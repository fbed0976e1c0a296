"""Collects outcomes while a run goes on, and makes the report of them; stage 9."""

from __future__ import annotations

import re
import sys
import time
from bisect import insort
from collections import Counter
from typing import TYPE_CHECKING, Any, get_args

from msgspec.structs import replace

from prelabel.codes import SEVERITY, Code
from prelabel.model import EARLIER, RowState
from prelabel.outcomes.progress import Progress
from prelabel.outcomes.rejects import Rejects
from prelabel.outcomes.report import Report
from prelabel.outcomes.summary import column_of
from prelabel.outcomes.totals import LINES_SHOWN, MaskTotals, OutcomeGroup, ReplacedTotals, Timings
from prelabel.spelling import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from prelabel.inputs.csv_layout import RowForm
    from prelabel.model import RowOutcome, RunKind, StoppedBy

_MAX_OUTCOMES = 100_000

_MAX_NOTES = 1_000

_OTHERS_SHOWN = 2
_VALUES = re.compile(r"'[^']*'|\"[^\"]*\"|\d+")


class ReportBuilder:
    """Collects outcomes while a run goes on; :meth:`finish` makes the report.

    Memory: failed, skipped and noted rows are kept (the bytes of failed ones on disk beyond a few megabytes), others
    counted.

    Args:
        kind: what the run does.
        csv_name: the CSV's file name.
        form: how it is written.
        project: the project's id.

    Attributes:
        kind, project, n_by_state, n_earlier, masks, timings, n_batches, fetch_concurrency: as in the report.
        n_blank: rows without content, which are no rows.
        n_counted: rows that the CSV has, None until they are counted.
    """

    def __init__(self, kind: RunKind, csv_name: str, form: RowForm, project: str = "") -> None:
        self.n_by_state: Counter[RowState] = Counter()
        self.n_earlier = 0
        self.masks = MaskTotals()
        self.timings = Timings()
        self.replaced: ReplacedTotals | None = None
        self.n_batches = 0
        self.n_blank = 0
        self.n_counted: int | None = None
        self.fetch_concurrency = 1
        self.kind: RunKind = kind
        self.project = project
        self._csv = csv_name
        self._rejects = Rejects(form)
        self._outcomes: list[RowOutcome] = []
        self._groups: dict[tuple[RowState, Code | None, str], OutcomeGroup] = {}
        self._decided: list[RowOutcome] = []
        # Number of a row that decides for an earlier one -> its line once it has failed, 0 before.
        self._deciders: dict[int, int] = {}
        self._n_dropped = 0
        self._notes: list[str] = []
        self._heard: set[str] = set()
        self._started = time.perf_counter()

    @property
    def good_state(self) -> RowState:
        """The state of a row whose labels are in, or would be."""
        return "imported" if self.kind == "import" else "ready"

    def record(self, outcome: RowOutcome, raw: bytes = b"", rest: Iterable[bytes] = ()) -> None:
        """Count a row that has ended; its bytes (see :meth:`Rejects.add`) are kept when it is not in."""
        self.n_by_state[outcome.state] += 1
        if outcome.state in {"failed", "not sent"}:
            column = column_of(outcome.column, outcome.reason)
            if outcome.number in self._deciders:
                self._deciders[outcome.number] = outcome.line
            self._rejects.add(outcome.number, raw, f"{column and column + ': '}{outcome.reason}", rest)
        self.n_earlier += outcome.reason == EARLIER
        if outcome.decided_by is not None and len(self._decided) < _MAX_OUTCOMES:
            self._decided.append(outcome)  # what becomes of the row that decides is not known yet: it comes later
            self._deciders.setdefault(outcome.decided_by, 0)
        else:
            self._keep(outcome)

    def _keep(self, outcome: RowOutcome) -> None:
        """Count a row with its cause, and keep it if there is something to say of it."""
        is_in = outcome.state in {"imported", "ready"}
        for code, text in outcome.notes if is_in else ((outcome.code, outcome.reason),):
            column = "" if is_in else outcome.column
            group = self._groups.get((outcome.state, code, column))
            if group is None:
                group = OutcomeGroup(outcome.state, code, column, 0, [], outcome.external_id, text)
                self._groups[outcome.state, code, column] = group
            group.n_rows += 1
            if not group.lines or outcome.line < group.lines[0]:  # rows end in any order
                group.external_id, group.text = outcome.external_id, text
            elif len(group.others) < _OTHERS_SHOWN and not is_in and self._is_new(group, text):
                group.others.append((outcome.line, text))
            insort(group.lines, outcome.line)
            del group.lines[LINES_SHOWN:]
        if is_in and not outcome.notes:
            return
        if len(self._outcomes) < _MAX_OUTCOMES:
            self._outcomes.append(outcome)
        else:
            self._n_dropped += 1

    def _is_new(self, group: OutcomeGroup, text: str) -> bool:
        """Whether a text says something else than those of the group that are shown, but for the values in it."""
        return text != group.text and _kind_of(text) not in {
            _kind_of(group.text),
            *(_kind_of(other) for _, other in group.others),
        }

    def _decide(self) -> None:
        """Keep the rows in whose place another one counts, now that it is known what became of that one."""
        for outcome in self._decided:
            line = self._deciders[outcome.decided_by or 0]
            if not line:
                self._keep(outcome)
                continue
            reason = (
                f"line {line} has the same external ID and comes last, so it decides (overwrite), and it failed: the "
                f"asset got no labels; mend line {line}, or delete it so that the one before decides"
            )
            self._keep(replace(outcome, reason=reason, code=Code.DECIDER_FAILED))
        self._decided = []

    def add_mask(self, counts: Any) -> None:
        """Add one mask's counts and times (an :class:`prelabel.model.MaskCounts`)."""
        self.masks.add(counts)
        self.timings.decode_s += counts.decode_s
        self.timings.trace_s += counts.trace_s

    def note(self, text: str) -> None:
        """Keep something worth knowing that concerns no single row."""
        if len(self._notes) < _MAX_NOTES:
            self._notes.append(text)

    def warn(self, text: str, listener: Callable[[str], None] | None) -> None:
        """Keep what may make the whole run useless and tell it now; the summary does not repeat what was heard."""
        self.note(text)
        if listener is not None:
            listener(text)
            self._heard.add(text)

    def warn_of_no_rows(self, listener: Callable[[str], None] | None) -> None:
        """Tell, once all rows have ended, that there were none."""
        if not self.n_by_state.total():
            content = " with any content" if self.n_blank else ""
            self.warn(f"the CSV has a header and no rows{content}: see whether it is the right one", listener)

    def recall(self, earlier: Mapping[str, Any]) -> None:
        """Take over the outcome of a run that has finished, from :meth:`Report.to_dict`."""
        rows = earlier["rows"]
        self.n_by_state = Counter()
        for state in get_args(RowState):
            self.n_by_state[state] = rows.get(f"n_{state.replace(' ', '_')}", 0)
        self.n_earlier = rows["n_imported"]
        self.masks = MaskTotals(**{name: value for name, value in earlier["masks"].items() if name != "unknown_share"})
        verb = "is to be" if self.kind == "dry run" else "was"
        self.note(
            f"this import was finished by an earlier run: nothing {verb} sent; --restart imports everything again"
        )

    def progress(self) -> Progress:
        """A snapshot of what is counted here."""
        counts = self.n_by_state
        return Progress(
            self.n_counted,
            counts["imported"] + counts["ready"],
            counts["skipped"],
            counts["failed"],
            self.masks.n_masks,
            n_requests=0,
            elapsed_s=time.perf_counter() - self._started,
            n_not_sent=counts["not sent"],
            n_earlier=self.n_earlier,
        )

    def finish(
        self,
        n_requests: int = 0,
        n_threads: int = 1,
        max_in_flight: int = 1,
        stopped: str = "",
        stopped_by: StoppedBy = "",
    ) -> Report:
        """Make the report; the arguments are its attributes of those names."""
        self._decide()
        if self.n_blank:
            self.note(f"{counted(self.n_blank, 'row')} without any content passed over")
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
            heard=frozenset(self._heard),
            stopped=stopped,
            _rejects=self._rejects,
            n_ready=counts["ready"],
            n_not_sent=counts["not sent"],
            n_earlier=self.n_earlier,
            groups=tuple(sorted(self._groups.values(), key=_harm)),
            replaced=self.replaced,
            stopped_by=stopped_by,
            fetch_concurrency=self.fetch_concurrency,
        )


def _kind_of(text: str) -> str:
    return _VALUES.sub("", text[:400])


def _harm(group: OutcomeGroup) -> tuple[int, int, int]:
    """A key that puts what does most harm first, then what concerns most rows."""
    return -1 if group.code is None else SEVERITY[group.code], -group.n_rows, group.lines[0]


def peak_rss_bytes() -> int | None:
    """The process's largest resident memory so far in bytes; None on systems that do not tell."""
    if sys.platform == "win32":
        return None
    import resource  # noqa: PLC0415 - absent on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
