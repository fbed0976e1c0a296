"""What users call to import a CSV: opens it (stages 1 and 2), runs the pipeline, and concludes with the report (9)."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING

from msgspec.structs import replace

from prelabel.errors import OutputError, PrelabelError, UploadUnavailable
from prelabel.hub.client import connect
from prelabel.importer.opened_csv import OpenedCsv
from prelabel.importer.options import ImportOptions, takes
from prelabel.importer.output_paths import check_outputs
from prelabel.importer.pipeline import run_import
from prelabel.importer.session import ImportSession, open_journal
from prelabel.importer.stop_signal import StopSignal
from prelabel.kernels import telling
from prelabel.outcomes.builder import ReportBuilder

if TYPE_CHECKING:
    from prelabel.importer.options import ConfigLike, PathLike
    from prelabel.outcomes.report import Report


@takes(ImportOptions)
def import_labels(csv: PathLike, config: ConfigLike, options: ImportOptions) -> Report:
    """Import labels from a CSV into a project and wait for the end.

    Args:
        csv: the file.
        config: a file, a mapping or an ImportConfig.
        options: the keywords below.

    Returns:
        What became of each row.

    Raises:
        ConfigError: config, CSV header, project and record do not fit each other; nothing was sent.
        UploadError: the Hub refused the key or could not be reached before anything was sent.
        OutputError: a result could not be written; the labels may be in, and the error has the report.
        ImportFailed: rows failed and ``on_error`` is ``"raise"``.
        PrelabelError: this was called in a running event loop: await import_labels_async there.

    Example:
        >>> report = import_labels("labels.csv", "config.json", project="6612f0d2c3a4", dry_run=True)
        >>> report.n_rows, report.n_ready, report.n_failed
        (4, 4, 0)
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(_import(csv, config, options))
    raise PrelabelError("import_labels cannot run inside a running event loop: await import_labels_async there")


@takes(ImportOptions)
async def import_labels_async(csv: PathLike, config: ConfigLike, options: ImportOptions) -> Report:
    """Import labels from a CSV into a project; as :func:`prelabel.import_labels`, in the running event loop.

    Example:
        >>> async def main() -> int:
        ...     report = await import_labels_async("labels.csv", "config.json", project="6612f0d2c3a4")
        ...     return report.exit_code
        >>> asyncio.run(main())
        0
    """
    return await _import(csv, config, options)


async def _import(csv: PathLike, config: ConfigLike, options: ImportOptions) -> Report:
    check_outputs(csv, config, options)
    stop = options.stop or StopSignal()
    opened = replace(await asyncio.to_thread(OpenedCsv.open, csv, config, options), checkpoint=stop.check)
    hub = connect(options.host, options.api_key, requests_per_minute=opened.config.requests_per_minute)
    report = ReportBuilder(
        "dry run" if options.dry_run else "import",
        opened.csv.name,
        opened.layout.form,
        options.project,
    )
    with ExitStack() as stack:
        journal = None
        try:
            journal = stack.enter_context(open_journal(opened, options, str(hub.transport.url)))
        except OutputError as fault:  # the record's disk is full: what was asked for is written elsewhere
            stop.request(str(fault), "output")
        session = ImportSession(opened, options, hub, stop, journal, report)
        session.warn_of_no_record()
        if options.on_progress is not None:  # else it is logged
            stack.enter_context(telling(session.watcher.tell_of_compiling))
        stopped_by_hub = "" if session.recall() else await _run(session)
        return await asyncio.to_thread(session.conclude, stopped_by_hub, options.on_error)


async def _run(session: ImportSession) -> str:
    """Run the pipeline until its end, or until somebody stops it; returns why the Hub did."""
    try:
        stopped_by_hub = await _run_pipeline(session)
        if stopped_by_hub is None:
            await _send_nothing(session)
    except asyncio.CancelledError:
        session.stop.request()
        session.note_unreached()
        session.conclude("", "collect")
        raise
    return stopped_by_hub or ""


async def _send_nothing(session: ImportSession) -> None:
    """End every row unsent; when that is cancelled, too, only once the report is left alone."""
    work = asyncio.ensure_future(asyncio.to_thread(session.send_nothing))
    try:
        with session.stop.heard_by(lambda _: None):
            await asyncio.shield(work)
    except asyncio.CancelledError:
        session.stop.is_aborted = True
        await work
        raise


async def _run_pipeline(session: ImportSession) -> str | None:
    """Returns None where somebody stopped it before rows stream: no error, but the report says why."""
    stop, hub = session.stop, session.hub
    try:
        stop.check()
        async with hub, session.watcher.ticking():
            with stop.heard_by(hub.pace.close), stop.after(session.options.deadline_s):
                return await run_import(session)
    except UploadUnavailable:
        if not stop.kind:
            raise
    except OutputError as fault:  # the record cannot be written
        stop.request(str(fault), "output")
    return None
