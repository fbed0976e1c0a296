"""Where a run's masks come from: set up before rows stream, by what a first pass over the CSV tells."""

from __future__ import annotations

from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING

from prelabel.errors import ConfigError
from prelabel.items.chunk_encoder import MaskSupply
from prelabel.items.trace_cache import TraceCache

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from prelabel.hub.client import HubClient
    from prelabel.importer.opened_csv import OpenedCsv
    from prelabel.importer.stop_signal import StopSignal
    from prelabel.masks.sources.request_plan import MaskSurvey
    from prelabel.masks.sources.router import MaskSources
    from prelabel.model import Binding
    from prelabel.outcomes.builder import ReportBuilder

_AHEAD_PER_FETCH = 2
_MASKS_PER_CHUNK = 4
_MAX_ROWS_PER_CHUNK = 32


@asynccontextmanager
async def open_mask_supply(
    opened: OpenedCsv,
    binding: Binding,
    survey: MaskSurvey,
    report: ReportBuilder,
    hub: HubClient | None = None,
    stop: StopSignal | None = None,
) -> AsyncIterator[MaskSupply | None]:
    """The masks' supply for the time of the block; None where the config names no mask column.

    Args:
        opened: the CSV and the config.
        binding: the config tied to the project.
        survey: what the first pass tells of the masks.
        report: learns how long fetching took, and what became of the requests that were planned.
        hub: signs URLs for masks in its storages; None where there is none.
        stop: ends fetching.

    Raises:
        ConfigError: the Hub has no storage of the config's id.
        UploadUnavailable: the Hub could not be asked.
    """
    if not opened.config.mask_column:
        yield None
        return
    from prelabel.masks.sources.router import MaskSources  # noqa: PLC0415 - compiles kernels, as the tracer does

    limits = opened.masks.limits
    sources = MaskSources(
        opened.masks.root, opened.masks.access, limits, storage_id=opened.config.storage_id, no_masks=[opened.csv]
    )
    cache = TraceCache(survey.is_repeated, limits.max_shared_bytes)
    ahead = _AHEAD_PER_FETCH * limits.concurrency if survey.has_elsewhere else 0
    chunk_rows = max(1, min(_MAX_ROWS_PER_CHUNK, int(_MASKS_PER_CHUNK * survey.rows_per_mask)))
    notes = [] if hub is None else await _use_hub(sources, opened, survey, report, hub)
    try:
        with nullcontext() if stop is None else stop.heard_by(sources.stop):
            async with sources:
                yield MaskSupply(opened.config.mask_column, sources, opened.tracer(binding), cache, ahead, chunk_rows)
    finally:
        report.timings.fetch_s, report.fetch_concurrency = sources.busy_s, limits.concurrency
        for note in notes:
            report.note(note)


async def _use_hub(
    sources: MaskSources, opened: OpenedCsv, survey: MaskSurvey, report: ReportBuilder, hub: HubClient
) -> list[str]:
    """Let the Hub sign URLs; returns the list in which it will be noted how that went."""
    plan, storage_id = survey.plan(), opened.config.storage_id
    urls = sources.use_hub(hub, str(hub.transport.url.origin()), report.project, plan)
    if storage_id and plan.n_requests:
        problem = await urls.check(storage_id)
        if problem:
            raise ConfigError(f"storage_id: {problem}", field="storage_id", value=storage_id)
    if plan.n_requests and report.kind == "dry run":
        report.note(f"masks in the Hub's storages take {plan}")
    return urls.notes
