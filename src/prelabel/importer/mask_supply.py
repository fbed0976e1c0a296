"""Where a run's masks come from: set up before rows stream, by what a first pass over the CSV found."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from prelabel.errors import ConfigError
from prelabel.items.chunk_encoder import MaskSupply
from prelabel.items.trace_cache import SharedMasks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from prelabel.hub.client import HubClient
    from prelabel.importer.opened_csv import Source
    from prelabel.masks.sources.request_plan import MaskSurvey
    from prelabel.masks.sources.router import MaskSources
    from prelabel.outcomes.builder import ReportBuilder

_AHEAD_PER_FETCH = 2
_MASKS_PER_CHUNK = 4
_MAX_ROWS_PER_CHUNK = 32


@asynccontextmanager
async def supplied(
    source: Source, masks: MaskSurvey, books: ReportBuilder, hub: HubClient | None
) -> AsyncIterator[MaskSupply | None]:
    """The masks' supply for the time of the block; None where the config names no mask column.

    Args:
        source: the CSV and the config.
        masks: what a survey found.
        books: told how long fetching took, and what became of the requests that were planned.
        hub: signs URLs for masks in its storages; None where there is none.

    Raises:
        ConfigError: the Hub has no storage of the config's id.
        UploadUnavailable: the Hub could not be asked.
    """
    if not source.config.mask_column:
        yield None
        return
    from prelabel.masks.sources.router import MaskSources  # noqa: PLC0415 - compiles kernels, as RowEncoder does

    limits = source.masks.limits
    sources = MaskSources(source.masks.root, source.masks.access, limits, storage_id=source.config.storage_id)
    shared = SharedMasks(masks.is_repeated, limits.max_shared_bytes)
    ahead = _AHEAD_PER_FETCH * limits.concurrency if masks.has_elsewhere else 0
    chunk_rows = min(_MAX_ROWS_PER_CHUNK, int(_MASKS_PER_CHUNK * masks.rows_per_mask))
    notes = [] if hub is None else await _use_hub(sources, source, masks, books, hub)
    try:
        async with sources:
            yield MaskSupply(source.config.mask_column, sources, shared, ahead, max(1, chunk_rows))
    finally:
        books.timings.fetch_s, books.fetch_concurrency = sources.busy_s, limits.concurrency
        for note in notes:
            books.note(note)


async def _use_hub(
    sources: MaskSources, source: Source, masks: MaskSurvey, books: ReportBuilder, hub: HubClient
) -> list[str]:
    """Let the Hub sign URLs; returns the list in which it will be noted how that went."""
    plan, storage_id = masks.plan(), source.config.storage_id
    urls = sources.use_hub(hub, str(hub.transport.url.origin()), books.project, plan)
    if storage_id and plan.n_requests:
        problem = await urls.check(storage_id)
        if problem:
            raise ConfigError(f"storage_id: {problem}", field="storage_id", value=storage_id)
    if plan.n_requests and books.kind == "dry run":
        books.note(f"masks in the Hub's storages take {plan}")
    return urls.notes
