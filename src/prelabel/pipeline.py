"""The whole import, stage by stage; read this file first.

1. config    `config.load_config`            what to import, from which columns
2. rows      `rows.read_rows`                the CSV as batches of text cells; `matching` ties their IDs to assets
3. answers   `ontology.bind`, `answers`      columns and mask values tied to the project's classes; cells -> answers
4. masks     `masks.decode`                  a row's mask -> runs
5. polygons  `polygons`                      runs -> regions -> rings -> simplified polygons
6. items     `encode.RowEncoder` (3 to 6)    a row -> one import item as JSON; `parallel` does it on all cores
7. batches   `batches.Batcher`               items -> batches bounded by rows and bytes
8. upload    `upload.Uploader`               batches -> receipts; `append` adds to what is stored (overwrite: false)
9. report    `report.ReportBuilder`          receipts and failures -> one outcome a row (`outcomes`) -> the report

One event loop owns the network; reading, decoding, tracing and JSON happen in threads (`source` sets them up).
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Unpack

from prelabel.append import Appender
from prelabel.batches import Batcher
from prelabel.errors import PrelabelError
from prelabel.hub.api import connect, pretend
from prelabel.matching import Matches, RowGate, match_ids
from prelabel.merge import option_values
from prelabel.outcomes import OpenRows
from prelabel.parallel import pulled
from prelabel.report import Report, ReportBuilder, deliver
from prelabel.source import Source
from prelabel.upload import Uploader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from prelabel.hub.api import HubClient
    from prelabel.model import Receipt
    from prelabel.options import ConfigLike, ImportOptions, OnProgress, PathLike
    from prelabel.parallel import EncodedChunk
    from prelabel.report import OnError, RunKind
    from prelabel.upload import BatchFailure


def import_labels(csv: PathLike, config: ConfigLike, **options: Unpack[ImportOptions]) -> Report:
    """Import labels from a CSV into a project and wait for the end; see :func:`import_labels_async`."""
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
    mask_root: PathLike | None = None,
    report: PathLike | None = None,
    rejects: PathLike | None = None,
    max_in_flight: int = 4,
    n_threads: int | None = None,
    on_error: OnError = "collect",
    dry_run: bool = False,
) -> Report:
    """Import labels from a CSV into a project.

    ``config`` is a file, a mapping or an ImportConfig; for the keywords see :class:`prelabel.options.ImportOptions`.

    Raises:
        ConfigError: config, CSV header and project do not fit each other; nothing was sent.
        UploadError: the Hub refused the key or could not be reached before anything was sent.
        ImportFailed: rows failed and ``on_error`` is ``"raise"``.
    """
    source = await asyncio.to_thread(Source.open, csv, config, delimiter, mask_root, n_threads)  # 1, 2
    kind: RunKind = "dry run" if dry_run else "import"
    books = ReportBuilder(kind, source.csv.name, source.layout.header, source.layout.delimiter, project)

    def conclude(stopped: str, on_error: OnError) -> Report:
        books.timings.upload_s, books.timings.paced_s = hub.transport.busy_s, hub.pace.waited_s
        finished = books.finish(hub.transport.n_requests, source.n_threads, max_in_flight, stopped)  # 9
        return deliver(finished, json_path=report, rejects_path=rejects, on_error=on_error)

    async with connect(host, api_key, requests_per_minute=source.config.requests_per_minute) as hub:
        try:
            stopped = await _import(source, hub, books, on_progress, max_in_flight=max_in_flight, dry_run=dry_run)
        except asyncio.CancelledError:
            conclude("interrupted", "collect")
            raise
    return await asyncio.to_thread(conclude, stopped, on_error)


async def _import(
    source: Source,
    hub: HubClient,
    books: ReportBuilder,
    on_progress: OnProgress | None,
    *,
    max_in_flight: int,
    dry_run: bool,
) -> str:
    """Stages 2 to 8; returns why the run stopped early, or an empty string."""
    project, config = books.project, source.config
    document = await hub.get_project(project)
    encoder = source.encoder(document, project)  # 3
    survey = await asyncio.to_thread(source.survey)
    matches = await match_ids(hub, project, survey, document.get("assetCount")) if config.overwrite else Matches()
    rows = OpenRows(books, source.layout.delimiter, matches)
    appender = Appender(hub, project, option_values(document.get("categorySchema") or {}), rows, survey.repeated)

    def tell() -> None:
        if on_progress is not None:
            on_progress(books.progress(survey.n_rows, hub.transport.n_requests))

    def settle(outcome: Receipt | BatchFailure) -> None:
        rows.settle(outcome)
        tell()

    uploader = Uploader(
        pretend if dry_run else partial(hub.import_items, project),
        settle,
        prepare=nullcontext if config.overwrite else appender.completed,
        max_in_flight=max_in_flight,
        max_bytes=config.max_batch_bytes,
    )
    gate = RowGate(
        config.external_id_column,
        last_rows=survey.last_rows if config.overwrite else {},
        matches=matches,
        stopped=lambda: str(uploader.stopped or ""),
    )
    async with uploader, aclosing(pulled(source.encoded(encoder, gate))) as chunks:  # 4 to 6
        await _send(chunks, rows, uploader, Batcher(config.upload_batch_size, config.max_batch_bytes), tell)
    return str(uploader.stopped or "")


async def _send(
    chunks: AsyncIterator[EncodedChunk], rows: OpenRows, uploader: Uploader, batcher: Batcher, tell: Callable[[], None]
) -> None:
    """Stages 7 and 8: waits whenever enough batches are in flight, and with it all stages before."""
    async for chunk in chunks:
        for item in rows.take(chunk):
            batcher.max_bytes = uploader.max_bytes
            for batch in batcher.feed(item):
                await uploader.put(batch)
        tell()
    for batch in batcher.flush():
        await uploader.put(batch)
