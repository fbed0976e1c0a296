"""Putting back what an import replaced: the journal's kept tasks -> batches -> the Hub, with the import's own uploader.

Tasks of one external ID that were alike travel in an import item; others, and those with brush masks, are written
task by task. What is acknowledged is marked, so that a rollback that was interrupted goes on where it was.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from prelabel.errors import ConfigError, UploadUnavailable
from prelabel.hub.batches import Batcher
from prelabel.hub.client import connect
from prelabel.hub.label_merger import task_body
from prelabel.hub.merge import merge_item, option_values, unknown_content
from prelabel.hub.uploader import Uploader
from prelabel.importer.stop_signal import StopSignal
from prelabel.model import Item, Receipt
from prelabel.outcomes.journal import FILE_NAME, Journal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prelabel.hub.client import HubClient
    from prelabel.hub.merge import OptionValues
    from prelabel.importer.options import PathLike
    from prelabel.model import BatchFailure
    from prelabel.outcomes.journal import ReplacedTask

_BATCH_ITEMS = 100
_BATCH_BYTES = 4_000_000
_MAX_IN_FLIGHT = 4


@dataclass(slots=True)
class RollbackReport:
    """How a rollback ended.

    Attributes:
        n_tasks: tasks whose earlier labels are kept.
        n_put_back: those that have them again, earlier runs included.
        n_requests: requests of this run.
        failures: external IDs that were not put back, with the reason, at most a hundred.
        stopped: why the run ended early, empty when it did not.
        is_interrupted: whether a person made it end.
    """

    n_tasks: int
    n_put_back: int = 0
    n_requests: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    stopped: str = ""
    is_interrupted: bool = False

    @property
    def exit_code(self) -> int:
        """0 all put back; 1 some not; 3 the Hub refused us or could not be reached; 130 interrupted."""
        if self.is_interrupted:
            return 130
        if self.stopped:
            return 3
        return 0 if self.n_put_back == self.n_tasks else 1

    def summary(self) -> str:
        """The report for a person."""
        lines = [f"{self.n_put_back:,} of {self.n_tasks:,} tasks have their earlier labels again"]
        lines += [f"stopped early: {self.stopped}"] if self.stopped else []
        lines += [f"  {external_id!r}: {reason}" for external_id, reason in self.failures[:5]]
        if self.n_put_back < self.n_tasks:
            lines.append("the same command goes on from here")
        return "\n".join([*lines, f"{self.n_requests:,} requests to the Hub"])


def roll_back(
    state: PathLike, *, host: str | None = None, api_key: str | None = None, stop: StopSignal | None = None
) -> RollbackReport:
    """Put back the labels that an import replaced; what was done to these tasks since is lost.

    Args:
        state: the folder of the import's record.
        host: must be the import's, if given.
        api_key: None takes the environment's ANGO_API_KEY.
        stop: ask it to end once what is on its way has arrived.

    Raises:
        ConfigError: there is no record, another run works with it, or the host is another one.
        UploadError: the Hub refused the key or could not be reached at the start.

    Example:
        >>> import prelabel
        >>> report = prelabel.import_labels("labels.csv", "config.json", project="6612f0d2c3a4", state="labels.state")
        >>> roll_back("labels.state").n_put_back
        4
    """
    folder = Path(state)
    if not (folder / FILE_NAME).is_file():
        raise ConfigError(f"{folder} has no record of an import: name the folder given as --state", field="state")
    with Journal(folder) as journal:
        return asyncio.run(_roll_back(journal, host, api_key, stop or StopSignal()))


async def _roll_back(journal: Journal, host: str | None, api_key: str | None, stop: StopSignal) -> RollbackReport:
    facts = journal.facts
    report = RollbackReport(*journal.n_kept())
    if "project" not in facts or not report.n_tasks:
        raise ConfigError(
            f"{journal.folder} keeps no replaced labels: the import sent nothing, or ran with --no-undo", field="state"
        )
    hub = connect(host or facts["host"], api_key, requests_per_minute=float(facts.get("requests_per_minute", "100")))
    if str(hub.transport.url) != facts["host"]:
        raise ConfigError(f"host: the import went to {facts['host']}: name that one, or none", field="host")
    journal.write_facts({"rolled_back": "begun"})
    async with hub:
        document = await hub.get_project(facts["project"])
        options = option_values(document.get("categorySchema") or {})
        await _put_back(journal, hub, options, report, stop)
    report.n_requests = hub.transport.n_requests
    report.n_put_back = journal.n_kept()[1]
    return report


async def _put_back(
    journal: Journal, hub: HubClient, options: OptionValues, report: RollbackReport, stop: StopSignal
) -> None:
    async def settle(outcome: Receipt | BatchFailure) -> None:
        ids = [item.external_id for item in outcome.batch.items]
        if isinstance(outcome, Receipt):
            await asyncio.to_thread(journal.put_back, ids)
        else:
            report.failures += [(external_id, str(outcome.error)) for external_id in ids[: 100 - len(report.failures)]]

    uploader = Uploader(
        partial(hub.send, journal.facts["project"]), settle, max_in_flight=_MAX_IN_FLIGHT, max_bytes=_BATCH_BYTES
    )

    def halt(reason: str) -> None:
        uploader.stop(UploadUnavailable(reason))
        hub.pace.close(reason)

    batcher, groups = Batcher(_BATCH_ITEMS, _BATCH_BYTES), journal.to_put_back()
    with stop.heard_by(halt):
        async with uploader:
            await _send_all(groups, options, batcher, uploader)
    report.stopped = str(uploader.stopped or "")
    report.is_interrupted = stop.kind == "interrupt"


async def _send_all(
    groups: Iterator[list[ReplacedTask]], options: OptionValues, batcher: Batcher, uploader: Uploader
) -> None:
    while uploader.stopped is None and (items := await asyncio.to_thread(_next_items, groups, options)):
        for item in items:
            for batch in batcher.feed(item):
                await uploader.put(batch)
    for batch in batcher.flush():
        await uploader.put(batch)


def _next_items(groups: Iterator[list[ReplacedTask]], options: OptionValues) -> list[Item]:
    """A batch's worth of items, empty at the end."""
    return [_item(number, tasks, options) for number, tasks in zip(range(_BATCH_ITEMS), groups, strict=False)]


def _item(number: int, tasks: Sequence[ReplacedTask], options: OptionValues) -> Item:
    """What makes the tasks of one external ID what they were."""
    external_id = tasks[0].external_id
    fulls = [merge_item(task.answer, {}, options) for task in tasks]
    is_special = any(task.brush_urls or unknown_content(task.answer) for task in tasks)
    if is_special or any(full != fulls[0] for full in fulls[1:]):
        bodies = tuple(
            (task.task_id, task_body(full, task.brush_urls)) for task, full in zip(tasks, fulls, strict=True)
        )
        return Item(number, external_id, b"", bodies)
    return Item(number, external_id, orjson.dumps({"externalId": external_id, **fulls[0]}))
