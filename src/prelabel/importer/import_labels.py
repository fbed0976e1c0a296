"""What users call to import a CSV: opens it (stages 1 and 2), runs the pipeline, and delivers the report (stage 9)."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Unpack

from prelabel.errors import PrelabelError
from prelabel.hub.client import connect
from prelabel.importer.opened_csv import Source
from prelabel.importer.pipeline import carry_out
from prelabel.importer.session import Run
from prelabel.importer.stop_signal import Stopper

if TYPE_CHECKING:
    from prelabel.importer.options import ConfigLike, ImportOptions, MaskOptions, OnProgress, PathLike
    from prelabel.outcomes.report import OnError, Report


def import_labels(csv: PathLike, config: ConfigLike, **options: Unpack[ImportOptions]) -> Report:
    """Import labels from a CSV into a project and wait for the end; see :func:`import_labels_async`.

    Example:
        >>> report = import_labels("labels.csv", "config.json", project="6612f0d2c3a4", dry_run=True)
        >>> report.n_rows, report.n_imported, report.n_failed
        (4, 4, 0)
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(import_labels_async(csv, config, **options))
    raise PrelabelError("import_labels cannot run inside a running event loop: await import_labels_async there")


async def import_labels_async(  # noqa: PLR0913 - the public surface; each keyword is described in ImportOptions
    csv: PathLike,
    config: ConfigLike,
    *,
    project: str,
    host: str | None = None,
    api_key: str | None = None,
    on_progress: OnProgress | None = None,
    delimiter: str | None = None,
    report: PathLike | None = None,
    rejects: PathLike | None = None,
    max_in_flight: int = 4,
    n_threads: int | None = None,
    on_error: OnError = "collect",
    verify: bool = False,
    min_iou: float | None = None,
    dry_run: bool = False,
    state: PathLike | None = None,
    restart: bool = False,
    undo: bool = True,
    stop: Stopper | None = None,
    deadline_s: float | None = None,
    max_failures: int | None = None,
    read_back: bool = False,
    **masks: Unpack[MaskOptions],
) -> Report:
    """Import labels from a CSV into a project.

    ``config`` is a file, a mapping or an ImportConfig; for the keywords see
    :class:`prelabel.importer.options.ImportOptions` and :class:`prelabel.importer.options.MaskOptions`.

    Raises:
        ConfigError: config, CSV header, project and state do not fit each other; nothing was sent.
        UploadError: the Hub refused the key or could not be reached before anything was sent.
        ImportFailed: rows failed and ``on_error`` is ``"raise"``.

    Example:
        >>> async def main() -> int:
        ...     report = await import_labels_async("labels.csv", "config.json", project="6612f0d2c3a4")
        ...     return report.exit_code
        >>> asyncio.run(main())
        0
    """
    opened = partial(Source.open, csv, config, delimiter, n_threads, verify=verify, min_iou=min_iou, **masks)
    source = await asyncio.to_thread(opened)
    hub = connect(host, api_key, requests_per_minute=source.config.requests_per_minute)
    run = Run(
        source, hub, project, on_progress, max_in_flight, dry_run, undo, read_back, max_failures, stop or Stopper()
    )
    with run:
        if state is not None and not dry_run:
            await asyncio.to_thread(run.open_journal, state, restart=restart)
        if not run.is_finished():
            async with hub:
                try:
                    with run.watched(deadline_s):
                        await carry_out(run)
                except asyncio.CancelledError:
                    run.stopper.request()
                    run.conclude(report, rejects, "collect")
                    raise
        return await asyncio.to_thread(run.conclude, report, rejects, on_error)
