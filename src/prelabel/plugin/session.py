"""One session from its data to its answer: the CSV is fetched and kept, imported, the results uploaded."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from prelabel.errors import OutputError
from prelabel.hub.client import connect
from prelabel.importer.import_labels import import_labels_async
from prelabel.importer.stop_signal import StopSignal
from prelabel.plugin.answer import answer_of
from prelabel.plugin.csv_source import read_csv
from prelabel.plugin.record_folders import RecordFolder
from prelabel.plugin.results_upload import upload_results

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from prelabel.inputs.config import ImportConfig
    from prelabel.outcomes.progress import Progress
    from prelabel.outcomes.report import Report
    from prelabel.plugin.answer import SessionAnswer
    from prelabel.plugin.request import SessionRequest
    from prelabel.plugin.session_log import SessionLog
    from prelabel.plugin.settings import PluginSettings

LOG_LINES_PER_MINUTE = 4
"""In REST: each is a request to the Hub, and so taken from the pace of the import."""
_RESERVE_SHARE = 0.1
_MAX_RESERVE_S = 15.0
_LONG_UPLOAD_S = 120.0


@dataclass(slots=True, eq=False)
class PluginSession:
    """One session at work.

    Attributes:
        request: what was asked for.
        settings: the plugin's.
        log: what it tells while it runs.
        claim: takes a folder for the time of a block, or raises RecordBusy where another session has it.
        stop: ends it gently.
        progress: how far it is, None in the beginning.
        started_s: when it began, by :func:`time.monotonic`.
    """

    request: SessionRequest
    settings: PluginSettings
    log: SessionLog
    claim: Callable[[RecordFolder], AbstractContextManager[None]]
    stop: StopSignal = field(default_factory=StopSignal)
    progress: Progress | None = None
    started_s: float = field(default_factory=time.monotonic)

    def run(self) -> SessionAnswer:
        """Do all of it, in this thread, and return the answer.

        Raises:
            PrelabelError: the import did not begin, or could not go on.
        """
        return asyncio.run(self._run())

    async def _run(self) -> SessionAnswer:
        config = self._paced(self.request.config)
        with self._deadline():
            return await self._import_and_report(config)

    @contextmanager
    def _deadline(self) -> Iterator[None]:
        """Ask the import to stop when its time is over, if the session has a deadline."""
        left_s = self._time_left_s()
        if left_s is None:
            yield
            return
        reason = f"the deadline of {self.settings.deadline_s:g} s is over"
        timer = asyncio.get_running_loop().call_later(left_s, self.stop.request, reason, "deadline")
        try:
            yield
        finally:
            timer.cancel()

    async def _import_and_report(self, config: ImportConfig) -> SessionAnswer:
        request, settings = self.request, self.settings
        hub = connect(settings.host, request.api_key, requests_per_minute=config.requests_per_minute)
        async with hub:
            await hub.get_project(request.project)  # a record tells what is in it only to those whose key may see that
            content = await read_csv(request.csv, hub, request.project, settings.limits, settings.max_csv_bytes)
        folder = RecordFolder.of(settings.state, request.project, content)
        with self.claim(folder):
            await asyncio.to_thread(folder.keep_csv, content)
            self.log.say(f"{request.csv}: {len(content):,} bytes; record {folder.name}")
            report, problem = await self._import(folder, config)
            hub = connect(settings.host, request.api_key, requests_per_minute=config.requests_per_minute)
            async with hub:
                timeout_s = _LONG_UPLOAD_S if settings.deadline_s is None else _MAX_RESERVE_S
                links = await upload_results(hub, request, report, folder, self.log, timeout_s=timeout_s)
        return answer_of(report, links, problem)

    def _paced(self, config: ImportConfig) -> ImportConfig:
        """The config with what the log's lines take of the pace taken out."""
        if self.settings.connector != "REST":
            return config
        pace = max(1, config.requests_per_minute - LOG_LINES_PER_MINUTE)
        return config.replaced(requests_per_minute=pace)

    async def _import(self, folder: RecordFolder, config: ImportConfig) -> tuple[Report, str]:
        """Import what is in the folder; returns the report, and what could not be written, if anything."""
        request, settings = self.request, self.settings
        try:
            report = await import_labels_async(
                folder.csv,
                config,
                project=request.project,
                host=settings.host,
                api_key=request.api_key,
                batches=request.batches,
                trust="service",
                state=folder.path,
                report=folder.report,
                rejects=folder.rejects,
                restart_if_changed=True,
                run_name=request.restart,
                stop=self.stop,
                on_progress=self._watch,
                on_warning=self.log.warning,
                **asdict(settings.limits),
            )
        except OutputError as error:
            if error.report is None:
                raise
            return error.report, str(error)
        return report, ""

    def _time_left_s(self) -> float | None:
        """Seconds that are left for the import, so that its results and its answer are in time as well."""
        deadline_s = self.settings.deadline_s
        if deadline_s is None:
            return None
        reserve_s = min(_MAX_RESERVE_S, deadline_s * _RESERVE_SHARE)
        return max(0.1, deadline_s - reserve_s - (time.monotonic() - self.started_s))

    def _watch(self, progress: Progress) -> None:
        self.progress = progress
        self.log.progress(progress)
