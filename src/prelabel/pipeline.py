"""The whole import, stage by stage; read this file first.

1. config    `config.load_config`            what to import, from which columns
2. rows      `rows.read_rows`                the CSV as batches of text cells; `matching` ties their IDs to assets
3. answers   `ontology.bind`, `answers`      columns and mask values tied to the project's classes; cells -> answers
4. masks     `masks.sources`, `masks.decode` a row's mask, wherever it is -> bytes -> runs
5. polygons  `polygons`                      runs -> regions -> rings -> simplified polygons
6. items     `encode.RowEncoder` (3 to 6)    a row -> one import item as JSON; `chunks` by `parallel` on all cores
7. batches   `batches.Batcher`               items -> batches bounded by rows and bytes
8. upload    `upload.Uploader`               batches -> receipts; `rewrite` merges with what is stored
9. report    `report.ReportBuilder`          receipts and failures -> one outcome a row (`outcomes`) -> the report

One event loop owns the network; reading files, decoding, tracing and JSON happen in threads (`source` sets them up).
Masks that several rows name are made once (`sharing`). What the stages share, and how they are stopped, is in `run`;
what survives a crash in `journal`, told by `ledger`.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Unpack

from prelabel.batches import Batcher
from prelabel.errors import PrelabelError
from prelabel.hub.api import connect, pretend
from prelabel.ledger import Ledger
from prelabel.matching import Matches, RowGate, match_ids, sizes_wanted
from prelabel.outcomes import OpenRows
from prelabel.readback import ReadBack
from prelabel.rewrite import Keeping, Rewriter
from prelabel.run import Run
from prelabel.source import Source
from prelabel.stopping import Stopper
from prelabel.upload import Uploader, as_it_is

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from prelabel.chunks import EncodedChunk
    from prelabel.model import Receipt
    from prelabel.options import ConfigLike, ImportOptions, MaskOptions, OnProgress, PathLike
    from prelabel.report import OnError, Report
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

    ``config`` is a file, a mapping or an ImportConfig; for the keywords see :class:`prelabel.options.ImportOptions` and
    :class:`prelabel.options.MaskOptions`.

    Raises:
        ConfigError: config, CSV header, project and state do not fit each other; nothing was sent.
        UploadError: the Hub refused the key or could not be reached before anything was sent.
        ImportFailed: rows failed and ``on_error`` is ``"raise"``.
    """
    opened = partial(Source.open, csv, config, delimiter, n_threads, verify=verify, min_iou=min_iou, **masks)
    source = await asyncio.to_thread(opened)  # 1, 2
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
                        await _import(run)
                except asyncio.CancelledError:
                    run.stopper.request()
                    run.conclude(report, rejects, "collect")
                    raise
        return await asyncio.to_thread(run.conclude, report, rejects, on_error)  # 9


async def _import(run: Run) -> None:
    """Stages 2 to 8."""
    source, hub, project, config = run.source, run.hub, run.project, run.source.config
    document = await hub.get_project(project)
    binding = source.bind(document)  # 3
    survey, masks, done = await asyncio.to_thread(run.survey)
    matches, sizes = Matches(), sizes_wanted(config)
    if not run.reads_first or sizes != "no":
        matches = await match_ids(hub, project, survey.open_ids(done), document.get("assetCount"), sizes)
        for note in matches.notes(sizes):
            run.books.note(note)
    encoder = source.encoder(binding, project, matches.shapes)
    rows = OpenRows(run.books, source.layout.delimiter, matches)
    ledger = Ledger(run.journal, rows, keeps_replaced=run.undo)
    keeping = Keeping.by(config, document)
    rewriter = Rewriter(hub, project, keeping, rows, survey.repeated, ledger.keep)
    readback = ReadBack(hub, project, matches, keeping.options)

    async def settle(outcome: Receipt | BatchFailure) -> None:
        for part in await readback.parts(outcome) if run.read_back else (outcome,):
            await ledger.settled(part)
            rows.settle(part)
        run.tell()

    uploader = Uploader(
        pretend if run.dry_run else partial(hub.send, project),
        settle,
        before_sending=ledger.sending,
        prepare=rewriter.rewritten if run.reads_first else as_it_is,
        max_in_flight=run.max_in_flight,
        max_bytes=config.max_batch_bytes,
    )
    gate = RowGate(
        config.external_id_column,
        last_rows=survey.last_rows if config.overwrite else {},
        matches=matches,
        done=done,
        stopped=lambda: str(uploader.stopped or ""),
    )
    run.listen(uploader)
    async with (
        run.mask_supply(masks) as supply,
        uploader,
        aclosing(source.encoded(encoder, gate, supply)) as chunks,  # 4 to 6
    ):
        await _send(chunks, rows, uploader, run)
    run.said_by_hub = str(uploader.stopped or "")


async def _send(chunks: AsyncIterator[EncodedChunk], rows: OpenRows, uploader: Uploader, run: Run) -> None:
    """Stages 7 and 8: waits whenever enough batches are in flight, and with it all stages before."""
    batcher = Batcher(run.source.config.upload_batch_size, run.source.config.max_batch_bytes)
    async for chunk in chunks:
        for item in rows.take(chunk):
            batcher.max_bytes = uploader.max_bytes
            for batch in batcher.feed(item):
                await uploader.put(batch)
        run.tell()
    for batch in batcher.flush():
        await uploader.put(batch)
