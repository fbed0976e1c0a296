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
what survives a crash in `journal`, told by `ledger`. What users call is in `importing`.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING

from prelabel.hub.asset_matching import Matches, match_ids
from prelabel.hub.batches import Batcher
from prelabel.hub.client import pretend
from prelabel.hub.readback import ReadBack
from prelabel.hub.uploader import Uploader, as_it_is
from prelabel.importer.existing_labels import Keeping, Rewriter
from prelabel.importer.opened_csv import sizes_wanted
from prelabel.importer.row_filter import RowGate
from prelabel.outcomes.journal_writer import Ledger
from prelabel.outcomes.pending_rows import OpenRows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from prelabel.hub.uploader import BatchFailure
    from prelabel.importer.session import Run
    from prelabel.items.chunk_encoder import EncodedChunk
    from prelabel.model import Receipt


async def carry_out(run: Run) -> None:
    """Import what a run has opened: stages 2 to 8.

    Raises:
        ConfigError: config, CSV, project and state do not fit each other; nothing was sent.
        UploadError: the Hub refused the key or could not be reached before anything was sent.
    """
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
    rows = OpenRows(run.books, matches)
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
