"""The whole import, stage by stage; read this file first.

1. config    `inputs.config`           what to import, from which columns; read by `inputs.config_file`
2. rows      `inputs.csv_rows`         the CSV as batches of text cells; `inputs.survey` goes over it once before
3. answers   `inputs.ontology.bind`    columns and mask values tied to the project's classes; cells -> answers
4. masks     `masks.sources`           a row's mask, wherever it is -> bytes -> runs (`masks.decoders`)
5. polygons  `polygons.trace`          runs -> regions -> rings -> simplified polygons
6. items     `items`                   a row and its polygons -> one import item as JSON, on all cores
7. batches   `hub.batches`             items -> batches bounded by rows and bytes
8. upload    `hub.uploader`            batches -> receipts; `existing_labels` merges with what is stored
9. report    `outcomes`                receipts and failures -> one outcome a row -> the report

`import_labels` opens (1) and concludes (9); what lies between is here. One event loop owns the network; reading files,
decoding, tracing and JSON happen in threads. Every stage waits when the next one is busy, so memory is bounded.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING

from prelabel.errors import UploadUnavailable
from prelabel.hub.asset_batches import ChosenBatches, match_ids_in_batches
from prelabel.hub.asset_matching import LateListing, Matches, match_ids, match_ids_by
from prelabel.hub.batches import Batcher
from prelabel.hub.client import pretend
from prelabel.hub.label_merger import LabelMerger
from prelabel.hub.readback import ReadBack
from prelabel.hub.uploader import Uploader, as_it_is
from prelabel.importer.existing_labels import ExistingLabels
from prelabel.importer.mask_supply import open_mask_supply
from prelabel.importer.opened_csv import sizes_wanted
from prelabel.importer.row_filter import RowFilter
from prelabel.outcomes.journal_writer import JournalWriter
from prelabel.outcomes.pending_rows import PendingRows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from typing import Any

    from prelabel.importer.session import CsvSurvey, ImportSession
    from prelabel.model import BatchFailure, EncodedChunk, Receipt


async def run_import(session: ImportSession) -> str:
    """Import what a session has opened: stages 2 to 8.

    Returns:
        Why the Hub made it stop before the end, or an empty string.

    Raises:
        ConfigError: config, CSV, project and record do not fit each other; nothing was sent.
        UploadError: the Hub refused the key or could not be reached before anything was sent.
    """
    opened, hub, options = session.opened, session.hub, session.options

    # What the config's columns and mask values mean in this project, which rows there are, and which assets.
    document = await hub.get_project(options.project)
    binding = opened.bind(document)
    chosen = ChosenBatches.of(options.batches, document) if options.batches else None
    survey = await asyncio.to_thread(session.survey, binding)
    session.report.n_counted = survey.ids.n_rows
    session.watch()
    for warning in await asyncio.to_thread(opened.warnings, binding, document):
        session.warn(warning)
    session.warn_of_masks(survey.masks)
    matches = await _match(session, survey, document, chosen)

    # A row's outcome ends in the report by way of `rows`; a batch's in the journal as well.
    rows = PendingRows(session.report, matches, on_first_loss=session.warn_of_losses)
    halt = partial(session.stop.request, kind="output")
    record = None if options.dry_run else session.journal
    journal = JournalWriter(record, rows, keeps_replaced=options.undo, on_fault=halt)

    # What a batch goes through: its stored labels are read and merged (`prepare`), it is recorded (`before_sending`),
    # sent, and read back where the Hub's answer leaves doubts; then its rows are closed (`settle`).
    schema = document.get("categorySchema") or {}
    merger = LabelMerger.of(schema, overwrite=opened.config.overwrite, kept_schema_ids=opened.config.ignored_schema_ids)
    repeated = {matches.own_ids.get(each, each) for each in survey.ids.repeated}
    existing = ExistingLabels(hub, options.project, merger, rows, journal, repeated)
    readback = ReadBack(hub, options.project, matches, merger.options)

    async def settle(outcome: Receipt | BatchFailure) -> None:
        for part in await readback.parts(outcome) if options.read_back else (outcome,):
            await journal.settled(part)
            rows.settle(part)
        session.watch()

    uploader = Uploader(
        pretend if options.dry_run else partial(hub.send, options.project),
        settle,
        before_sending=journal.sending,
        prepare=existing.merged if session.reads_first else as_it_is,
        max_in_flight=options.max_in_flight,
        max_bytes=opened.config.max_batch_bytes,
    )

    # Who may stop it: the Hub (the uploader finds out), a person, a deadline, too many failures (all by `stop`). Rows
    # that come later are sorted out by the filter, as are those that match nothing or are in already.
    row_filter = RowFilter(
        opened.config.external_id_column,
        deciders=survey.ids.repeated if opened.config.overwrite else {},
        matches=matches,
        done=survey.done,
        stopped=lambda: str(uploader.stopped or ""),
    )
    with session.stop.heard_by(lambda reason: uploader.stop(UploadUnavailable(reason))):
        try:
            async with (
                open_mask_supply(opened, binding, survey.masks, session.report, hub, session.stop) as masks,  # 4
                uploader,  # 8
                aclosing(opened.encoded(binding, matches, row_filter, masks)) as chunks,  # 2 to 6
            ):
                await _send(
                    chunks, rows, Batcher(opened.config.upload_batch_size, uploader.max_bytes), uploader, session.watch
                )
        except asyncio.CancelledError:
            rows.cut_off()
            raise
    return str(uploader.stopped or "")


async def _match(
    session: ImportSession, survey: CsvSurvey, document: Mapping[str, Any], chosen: ChosenBatches | None
) -> Matches:
    """Tie the rows' external IDs to assets; left to the reading of batches where that comes anyway and tells enough."""
    hub, project, by = session.hub, session.options.project, session.opened.config.match_ids_by
    sizes, told = sizes_wanted(session.opened.config), document.get("assetCount")
    n_assets = told if isinstance(told, int) else None
    external_ids = survey.ids.open_ids(survey.done)
    if by != "exact":
        matches = await match_ids_by(hub, project, survey.ids.last_rows, by, chosen)
    elif chosen is not None:
        matches = await match_ids_in_batches(hub, project, external_ids, n_assets, chosen)
    elif session.reads_first and sizes == "no":
        return Matches(late=LateListing(hub, project, external_ids, n_assets))
    else:
        matches = await match_ids(hub, project, external_ids, n_assets, sizes)
    for note in matches.notes(sizes):
        session.report.note(note)
    return matches


async def _send(
    chunks: AsyncIterator[EncodedChunk],
    rows: PendingRows,
    batcher: Batcher,
    uploader: Uploader,
    watch: Callable[[], None],
) -> None:
    """Stages 7 and 8: waits whenever enough batches are in flight, and with it all stages before."""
    async for chunk in chunks:
        for item in rows.take(chunk):
            batcher.max_bytes = uploader.max_bytes
            for batch in batcher.feed(item):
                await uploader.put(batch)
        watch()
    for batch in batcher.flush():
        await uploader.put(batch)
