"""One run of an import: what its stages share, how it is told to stop, and what it leaves behind."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from prelabel.errors import UploadUnavailable
from prelabel.importer.mask_supply import supplied
from prelabel.outcomes.builder import ReportBuilder
from prelabel.outcomes.journal import Journal, RowRanges
from prelabel.outcomes.report import Report, deliver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from prelabel.hub.client import HubClient
    from prelabel.hub.uploader import Uploader
    from prelabel.importer.opened_csv import Source
    from prelabel.importer.options import OnProgress, PathLike
    from prelabel.importer.stop_signal import Stopper
    from prelabel.inputs.survey import Survey
    from prelabel.items.chunk_encoder import MaskSupply
    from prelabel.masks.sources.request_plan import MaskSurvey
    from prelabel.masks.sources.router import MaskSources
    from prelabel.outcomes.report import OnError, RunKind, StoppedBy

_KEPT_OUTCOMES = 1_000


@dataclass(slots=True)
class Run:
    """What the stages of one import share. Use as a context manager: leaving it lets go of the journal.

    Attributes:
        source: the CSV and the config.
        hub: the client.
        project: the project's id.
        on_progress: told snapshots.
        max_in_flight: batches on their way at once.
        dry_run: send nothing.
        undo: keep replaced labels in the journal.
        read_back: look at the batches that the Hub's sentence casts doubt on.
        max_failures: failed rows beyond this stop the run.
        stopper: tells when to stop.
        journal: the record, None for none.
        n_rows: rows of the CSV, None until they are counted.
        sources: where masks come from, None while there are none.
        said_by_hub: why the Hub made the run stop, empty while it has not.
    """

    source: Source
    hub: HubClient
    project: str
    on_progress: OnProgress | None
    max_in_flight: int
    dry_run: bool
    undo: bool
    read_back: bool
    max_failures: int | None
    stopper: Stopper
    journal: Journal | None = None
    n_rows: int | None = None
    sources: MaskSources | None = None
    said_by_hub: str = ""
    books: ReportBuilder = field(init=False)

    def __post_init__(self) -> None:
        kind: RunKind = "dry run" if self.dry_run else "import"
        self.books = ReportBuilder(kind, self.source.csv.name, self.source.layout.form, self.project)

    def open_journal(self, folder: PathLike, *, restart: bool) -> None:
        """Take the record of this import, new or as an earlier run left it; reads the whole CSV once.

        Raises:
            ConfigError: it is in use, or another import's.
        """
        fingerprint = self.source.fingerprint(self.project, str(self.hub.transport.url))
        journal = Journal(Path(folder))
        try:
            journal.start(fingerprint, restart=restart)
        except BaseException:
            journal.close()
            raise
        journal.write_facts({"requests_per_minute": str(self.source.config.requests_per_minute)})
        self.journal = journal

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.journal is not None:
            self.journal.close()

    @property
    def reads_first(self) -> bool:
        """Whether each batch's stored labels are read before it is sent: to merge with them, or to keep them."""
        config = self.source.config
        return not config.overwrite or bool(config.ignored_schema_ids) or (self.undo and self.journal is not None)

    def is_finished(self) -> bool:
        """Whether an earlier run did everything; its outcome is then this one's."""
        earlier = self.journal.facts.get("finished") if self.journal is not None else None
        if earlier is not None:
            self.books.recall(json.loads(earlier))
        return earlier is not None

    def survey(self) -> tuple[Survey, MaskSurvey, RowRanges]:
        """Go over the CSV's IDs and masks; returns what was found, and the rows that earlier runs have imported.

        Rows of one ID are added in order, so that the last answer wins. When an earlier one of them failed and later
        ones are in, all are to be sent again: that is recorded before the first of them is.
        """
        done = RowRanges() if self.journal is None else self.journal.acknowledged()
        survey, masks = self.source.survey(done)
        if self.journal is not None and survey.unfinished:
            self.journal.reopen(self.source.numbers_of(survey.unfinished))
            done = self.journal.acknowledged()
            survey, masks = self.source.survey(done)
        self.n_rows = survey.n_rows
        return survey, masks, done

    @asynccontextmanager
    async def mask_supply(self, masks: MaskSurvey) -> AsyncIterator[MaskSupply | None]:
        """Where masks come from, for the time of the block; see :func:`prelabel.importer.mask_supply.supplied`."""
        async with supplied(self.source, masks, self.books, self.hub) as supply:
            self.sources = None if supply is None else supply.sources
            yield supply

    def tell(self) -> None:
        """Tell whoever watches, and stop when too many rows have failed."""
        n_failed = self.books.n_by_state["failed"]
        if self.max_failures is not None and n_failed > self.max_failures:
            self.stopper.request(f"more than {self.max_failures} rows failed", "failures")
        if self.on_progress is not None:
            self.on_progress(self.books.progress(self.n_rows, self.hub.transport.n_requests))

    def listen(self, uploader: Uploader) -> None:
        """Let requests to stop reach what sends."""

        def halt() -> None:
            uploader.stop(UploadUnavailable(self.stopper.reason))
            self.hub.pace.close(self.stopper.reason)
            if self.sources is not None:
                self.sources.stop(self.stopper.reason)

        self.stopper.listen(halt)

    @contextmanager
    def watched(self, deadline_s: float | None) -> Iterator[None]:
        """Run the stages: a deadline stops them; stopped before rows stream, they end without an error."""
        self.stopper.listen(lambda: self.hub.pace.close(self.stopper.reason))
        timers = []
        if deadline_s is not None:
            said = f"the deadline of {deadline_s:g} s is over"
            timers.append(asyncio.get_running_loop().call_later(deadline_s, self.stopper.request, said, "deadline"))
        try:
            yield
        except UploadUnavailable:
            if not self.stopper.kind:
                raise
        finally:
            for timer in timers:
                timer.cancel()

    def conclude(self, json_path: PathLike | None, rejects_path: PathLike | None, on_error: OnError) -> Report:
        """Stage 9: the report, written where it was asked for; the journal learns of an import that is finished."""
        books, hub, stopper = self.books, self.hub, self.stopper
        books.timings.upload_s, books.timings.paced_s = hub.transport.busy_s, hub.pace.waited_s
        stopped_by: StoppedBy = stopper.kind or ("hub" if self.said_by_hub else "")
        if self.journal is not None and (stopped_by or books.n_by_state["failed"]):
            books.note("the same command goes on from here: rows that are imported are not sent again")
        report = books.finish(
            hub.transport.n_requests,
            self.source.n_threads,
            self.max_in_flight,
            stopper.reason or self.said_by_hub,
            stopped_by,
        )
        if self.journal is not None and report.exit_code == 0 and "finished" not in self.journal.facts:
            kept = report.to_dict()
            kept["outcomes"] = kept["outcomes"][:_KEPT_OUTCOMES]
            self.journal.write_facts({"finished": json.dumps(kept)})
        return deliver(report, json_path=json_path, rejects_path=rejects_path, on_error=on_error)
