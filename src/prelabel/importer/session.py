"""What an import has opened before its first request, and what it leaves: the report, and the journal's last word."""

from __future__ import annotations

import json
from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from prelabel.codes import Code
from prelabel.errors import OutputError
from prelabel.hub.asset_matching import Matches
from prelabel.importer.left_rejects import check_rejects, remember_rejects
from prelabel.importer.mended_csv import know_rows
from prelabel.importer.row_filter import RowFilter
from prelabel.importer.watcher import Watcher
from prelabel.inputs.csv_rows import read_rows
from prelabel.model import EncodedChunk
from prelabel.outcomes.deliver import deliver
from prelabel.outcomes.journal import FILE_NAME, Journal
from prelabel.outcomes.pending_rows import PendingRows
from prelabel.outcomes.record_place import doubt_of_place
from prelabel.outcomes.row_ranges import RowRanges
from prelabel.spelling import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prelabel.hub.client import HubClient
    from prelabel.importer.opened_csv import OpenedCsv
    from prelabel.importer.options import ImportOptions
    from prelabel.importer.stop_signal import StopSignal
    from prelabel.inputs.survey import Survey
    from prelabel.masks.sources.request_plan import MaskSurvey
    from prelabel.model import Binding, OnError, StoppedBy
    from prelabel.outcomes.builder import ReportBuilder
    from prelabel.outcomes.report import Report

_KEPT_OUTCOMES = 1_000
_KEEPING = 'set "overwrite" to false to keep them, or "ignored_schema_ids" to the tools that stay'


class CsvSurvey(NamedTuple):
    """What the first pass over the CSV tells: its IDs, its masks, and the rows that earlier runs have imported."""

    ids: Survey
    masks: MaskSurvey
    done: RowRanges


@dataclass(frozen=True, slots=True)
class ImportSession:
    """What the stages of one import share.

    Attributes:
        opened: the CSV and the config.
        options: what the caller chose.
        hub: the client.
        stop: tells when to stop.
        journal: the record, None for none.
        report: collects outcomes.
        watcher: tells how far it is.
    """

    opened: OpenedCsv
    options: ImportOptions
    hub: HubClient
    stop: StopSignal
    journal: Journal | None
    report: ReportBuilder
    watcher: Watcher = field(init=False)

    def __post_init__(self) -> None:
        """Begin to watch."""
        watcher = Watcher(self.options.on_progress, self.report.progress, self.hub, self._rows_per_request)
        object.__setattr__(self, "watcher", watcher)

    @property
    def reads_first(self) -> bool:
        """Whether each batch's stored labels are read before it is sent.

        To merge with them, to keep them for an undo, or to count what an overwrite would take.
        """
        config = self.opened.config
        return not config.overwrite or bool(config.ignored_schema_ids) or self._keeps_replaced or self.options.dry_run

    @property
    def _keeps_replaced(self) -> bool:
        """Whether a rollback can put back what is replaced."""
        return self.options.undo and self.journal is not None and not self.options.dry_run

    def recall(self) -> bool:
        """Whether an earlier run did everything; its outcome is then this one's."""
        earlier = self.journal.facts.get("finished") if self.journal is not None else None
        if earlier is not None:
            self.report.recall(json.loads(earlier))
        return earlier is not None

    def survey(self, binding: Binding) -> CsvSurvey:
        """Go over the CSV's IDs and masks.

        Rows of one ID are added in order, so that the last answer wins. When an earlier one of them failed and later
        ones are in, all are to be sent again: that is recorded before the first of them is.
        """
        if self.journal is None:
            return CsvSurvey(*self.opened.survey(), RowRanges())
        if not self.journal.knows_rows and (note := know_rows(self.journal, self.opened, binding)):
            self.report.note(note)
        done = self.journal.acknowledged()
        ids, masks = self.opened.survey(done)
        if ids.unfinished:
            self.journal.reopen(self.opened.numbers_of(ids.unfinished))
            done = self.journal.acknowledged()
            ids, masks = self.opened.survey(done)
        return CsvSurvey(ids, masks, done)

    def warn(self, text: str) -> None:
        """Tell now, and in the report, what may make the whole import useless."""
        self.report.warn(text, self.options.on_warning)

    def warn_of_no_record(self) -> None:
        """Say in a dry run that the import would be refused, as its record could not be kept."""
        if self.options.dry_run and self.options.state is not None and self.journal is None:
            doubt = doubt_of_place(Path(self.options.state))
            if doubt:
                self.warn(f"the import would be refused: {doubt}")

    def warn_of_masks(self, masks: MaskSurvey) -> None:
        """Say before anything is sent that rows without a mask, overwriting, take objects away that nobody counts."""
        config = self.opened.config
        if not config.overwrite or self.reads_first:
            return
        text = "the CSV brings no masks and overwrites: objects that are stored for its assets"
        if config.mask_column:
            rows, bring, their = counted(masks.n_without, "row"), "bring", "their"
            if masks.n_without == 1:
                bring, their = "brings", "its"
            text = f"{rows} {bring} no mask, and the import overwrites: objects that are stored for {their} assets"
        if masks.n_without or not config.mask_column:
            self.warn(f"{text}, if there are any, will be removed, uncounted and with no undo; {_KEEPING}")

    def warn_of_losses(self) -> None:
        """Say, before the first of them goes, that rows without a mask, overwriting, take stored objects away.

        The report says at the end how many they were.
        """
        replaced = self.report.replaced
        if self.opened.config.overwrite and replaced is not None and self.options.on_warning is not None:
            verb, undo = "removes", ", kept for 'prelabel rollback'" if self._keeps_replaced else ", with no undo"
            if self.options.dry_run:
                verb, undo = "would remove", ""
            who = "the CSV brings no masks and overwrites"
            if self.opened.config.mask_column:
                who = f"some rows bring no mask (the first on line {replaced.lines_without_mask[0]}) and overwrite"
            objects = counted(replaced.n_objects_without_mask, "stored object")
            self.options.on_warning(
                f"{who}, which {verb} {objects} in the first batch that meets any{undo}; {_KEEPING}"
            )

    def watch(self) -> None:
        """Give whoever watches a snapshot, and stop when too many rows have failed."""
        n_failed, most = self.report.n_by_state["failed"], self.options.max_failures
        if most is not None and n_failed > most:
            self.stop.request(f"more than {counted(most, 'row')} failed", "failures")
        self.watcher.tell()

    def send_nothing(self) -> None:
        """End every row unsent, as the import stopped before they stream; those that are in are."""
        done = RowRanges()
        with suppress(OutputError):  # nothing more can be known of a record that cannot be read
            if self.journal is not None and self.journal.knows_rows:
                done = self.journal.acknowledged()
        id_column = self.opened.config.external_id_column
        unsent = RowFilter(id_column, done=done, stopped=lambda: self.stop.reason)
        rows = PendingRows(self.report, Matches())
        for batch in read_rows(self.opened.layout, columns=[id_column], rows_per_batch=1_000):
            if self.stop.is_aborted:  # asked twice
                return
            ends = [(index, end) for index in range(len(batch)) if (end := unsent(batch, index)) is not None]
            deque(rows.take(EncodedChunk(batch, [*ends], 0.0, batch.broken, n_blank=batch.n_blank)), maxlen=0)

    def note_unreached(self) -> None:
        """Say how many rows the report cannot tell of, as the import was cut off before it came to them."""
        n_rows = self.report.n_counted
        if n_rows is None:
            self.report.note("cut off before all rows were counted: those that were not reached are not in the rejects")
        elif n_unreached := n_rows - self.report.n_by_state.total():
            rows, are = counted(n_unreached, "row"), "it is" if n_unreached == 1 else "they are"
            text = f"{rows} not reached when the import was cut off: {are} not in the rejects"
            self.report.note(f"{text}, and the same command goes on there")

    def _rows_per_request(self) -> float:
        """How far a request brings the import, by the batches so far. A dry run reads what the batch would replace."""
        n_requests = self.reads_first + (not self.options.dry_run)
        n_batches = self.report.n_batches
        n_sent = self.report.n_by_state["imported"] - self.report.n_earlier
        return (n_sent / n_batches if n_batches and n_sent else self.opened.config.upload_batch_size) / n_requests

    def conclude(self, stopped_by_hub: str, on_error: OnError) -> Report:
        """Stage 9: the report, written where it was asked for; the journal learns of an import that is finished."""
        builder, hub, options = self.report, self.hub, self.options
        self._note_removed_masks()
        builder.timings.upload_s, builder.timings.paced_s = hub.transport.busy_s, hub.pace.waited_s
        stopped_by: StoppedBy = self.stop.kind or ("hub" if stopped_by_hub else "")
        if self.journal is not None and not options.dry_run and (stopped_by or builder.n_by_state["failed"]):
            builder.note(
                "the same command goes on from here: rows that are imported are not sent again; after a change of the "
                "config it needs --restart, and sends all"
            )
        if not stopped_by:
            builder.warn_of_no_rows(options.on_warning)
        report = builder.finish(
            hub.transport.n_requests,
            self.opened.n_threads,
            options.max_in_flight,
            self.stop.reason or stopped_by_hub,
            stopped_by,
        )
        faults = []
        try:
            self._record_end(report)
        except OutputError as fault:
            faults.append(fault)
        try:
            return deliver(
                report, json_path=options.report, rejects_path=options.rejects, on_error=on_error, faults=faults
            )
        finally:
            remember_rejects(self.journal, options)

    def _record_end(self, report: Report) -> None:
        # Assets may be put into a batch later, so rows that wait for that are looked at again.
        is_final = report.exit_code == 0 and all(group.code is not Code.OTHER_BATCH for group in report.groups)
        if self.journal is not None and is_final and "finished" not in self.journal.facts:
            kept = report.to_dict()
            kept["outcomes"] = kept["outcomes"][:_KEPT_OUTCOMES]
            self.journal.write_facts({"finished": json.dumps(kept)})

    def _note_removed_masks(self) -> None:
        """Say that rows without a mask, overwriting, take stored objects away."""
        replaced = self.report.replaced
        if not self.opened.config.overwrite or replaced is None or not replaced.n_objects_without_mask:
            return
        verb = "removes" if self.options.dry_run else "removed"
        objects, n_rows = counted(replaced.n_objects_without_mask, "stored object"), replaced.n_rows_without_mask
        if not self.opened.config.mask_column:
            self.report.note(f"the CSV brings no masks and overwrites, which {verb} {objects}: {_KEEPING}")
            return
        lines = ", ".join(map(str, replaced.lines_without_mask))
        where = f"lines {lines}{', ...' if n_rows > len(replaced.lines_without_mask) else ''}"
        who = f"{counted(n_rows, 'row')} bring no mask" if n_rows > 1 else "1 row brings no mask"
        where = where if n_rows > 1 else f"line {lines}"
        self.report.note(f"{who}, which {verb} {objects} ({where}): {_KEEPING}")


@contextmanager
def open_journal(opened: OpenedCsv, options: ImportOptions, host: str) -> Iterator[Journal | None]:
    """Take the record of this import for the block, new or as an earlier run left it; reads the whole CSV once.

    Yields None where no record is wanted. A dry run looks into one that is there, and leaves it as it is.

    Raises:
        ConfigError: it is in use, or another import's, or the rejects file is not as the last run left it.
    """
    if options.state is None or (options.dry_run and not (Path(options.state) / FILE_NAME).is_file()):
        yield None
        return
    fingerprint = opened.fingerprint(options.project, host, batches=options.batches, run_name=options.run_name)
    with Journal(Path(options.state), is_trial=options.dry_run) as journal:
        check_rejects(journal, options)
        journal.start(fingerprint, restart=options.restart, restart_if_changed=options.restart_if_changed)
        journal.write_facts({"requests_per_minute": str(opened.config.requests_per_minute)})
        yield journal
