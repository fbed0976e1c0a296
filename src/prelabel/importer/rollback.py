"""Putting back what an import replaced: the journal's kept tasks -> batches -> the Hub, with the import's own uploader.

Tasks of one external ID that were alike travel in an import item; others, and those with brush masks, are written
task by task. What is acknowledged is marked, so that a rollback that was interrupted goes on where it was.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from prelabel.codes import Code
from prelabel.errors import ConfigError, UploadUnavailable
from prelabel.hub.batches import Batcher
from prelabel.hub.client import connect
from prelabel.hub.label_merger import task_body
from prelabel.hub.merge import merge_item, option_values, unknown_content
from prelabel.hub.uploader import Uploader
from prelabel.importer.rollback_plan import RollbackPlan, plan_rollback
from prelabel.importer.stop_signal import StopSignal
from prelabel.importer.watcher import Watcher
from prelabel.model import Item, Receipt
from prelabel.outcomes.journal import FILE_NAME, Journal
from prelabel.outcomes.progress import Progress
from prelabel.spelling import counted, escaped, short

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping, Sequence

    from prelabel.hub.client import HubClient
    from prelabel.hub.merge import OptionValues
    from prelabel.importer.options import OnProgress, PathLike
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
        n_missing: those that cannot have them, as they are no longer in the project.
        plan: what the run was to change, None where it ended before that was known.
        is_dry_run: whether it was to change nothing.
        n_assets_back: assets that this run has put back.
    """

    n_tasks: int
    n_put_back: int = 0
    n_requests: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    stopped: str = ""
    is_interrupted: bool = False
    n_missing: int = 0
    plan: RollbackPlan | None = None
    is_dry_run: bool = False
    n_assets_back: int = 0

    @property
    def exit_code(self) -> int:
        """0 all put back that can be; 1 some not; 3 the Hub refused us or could not be reached; 130 interrupted."""
        if self.is_interrupted:
            return 130
        if self.stopped:
            return 3
        return 0 if self.is_dry_run or not self._n_left else 1

    @property
    def _n_left(self) -> int:
        return self.n_tasks - self.n_put_back - self.n_missing

    def achieved(self) -> str:
        """How many tasks are as they were, in a line."""
        verb = "has its" if self.n_put_back == 1 else "have their"
        return f"{self.n_put_back:,} of {counted(self.n_tasks, 'task')} {verb} earlier labels again"

    def summary(self) -> str:
        """The report for a person."""
        lines = [self.achieved()]
        if self.is_dry_run:
            lines = ["nothing was changed (dry run)"]
        lines += [f"stopped early: {self.stopped}"] if self.stopped else []
        lines += [f"  {short(external_id)!r}: {reason}" for external_id, reason in self.failures[:5]]
        if self.n_missing and not self.is_dry_run:
            lines.append(f"{counted(self.n_missing, 'task')} no longer in the project: nothing was put back there")
        if self._n_left and not self.is_dry_run:
            lines.append("the same command goes on from here")
        return "\n".join([*lines, f"{counted(self.n_requests, 'request')} to the Hub"])


def roll_back(  # noqa: PLR0913 - keywords
    record: PathLike,
    *,
    host: str | None = None,
    api_key: str | None = None,
    stop: StopSignal | None = None,
    dry_run: bool = False,
    on_plan: Callable[[RollbackPlan], None] = lambda _: None,
    on_progress: OnProgress = lambda _: None,
) -> RollbackReport:
    """Put back the labels that an import replaced; what was done to these tasks since is lost.

    Args:
        record: the folder of the import's record, or the CSV that it lies beside.
        host: must be the import's; None takes the environment's ANGO_HOST, else https://imeritapi.ango.ai.
        api_key: None takes the environment's ANGO_API_KEY.
        stop: ask it to end once what is on its way has arrived.
        dry_run: only find out what would change.
        on_plan: told what will change before anything does.
        on_progress: given a snapshot twice a second and as assets are put back, in the event loop: be quick.

    Raises:
        ConfigError: there is no record, another run works with it, or the host is another one.
        OutputError: there is no room for the record of what was put back.
        UploadError: the Hub refused the key or could not be reached at the start.

    Example:
        >>> import prelabel
        >>> report = prelabel.import_labels("labels.csv", "config.json", project="6612f0d2c3a4", state="labels.state")
        >>> roll_back("labels.state").n_put_back
        4
    """
    with Journal(_folder_of(Path(record))) as journal:
        hub = _connected(journal, host, api_key)
        return asyncio.run(_roll_back(journal, hub, stop or StopSignal(), on_plan, on_progress, dry_run=dry_run))


def _folder_of(record: Path) -> Path:
    """The record's folder, by its own name, its file's or its CSV's."""
    if str(record) == "-":
        raise ConfigError(
            "- is the standard input, which has no record beside it: name the folder of the record, stdin.prelabel "
            "unless --state said another",
            field="state",
        )
    beside = record.with_name(f"{record.name}.prelabel") if record.name else record
    for folder in (record, beside, record.parent):
        if (folder / FILE_NAME).is_file() and (folder != record.parent or record.name == FILE_NAME):
            return folder
    raise ConfigError(
        f"neither {escaped(str(record))} nor {escaped(str(beside))} has the record of an import: name the CSV, or the "
        "folder given as --state",
        field="state",
    )


def _connected(journal: Journal, host: str | None, api_key: str | None) -> HubClient:
    """The client of the import's Hub; a record may come from somebody else, so it does not say where the key goes."""
    facts = journal.facts
    if "project" not in facts or not journal.n_kept()[0]:
        raise ConfigError(
            f"{escaped(str(journal.folder))} keeps no replaced labels: the import sent nothing, or ran with --no-undo",
            field="state",
        )
    hub = connect(host, api_key, requests_per_minute=_pace_in(facts))
    if str(hub.transport.url) != facts["host"]:
        raise ConfigError(
            f"host: the import went to {facts['host']!r}, not to {str(hub.transport.url)!r}: if that is your Hub, give "
            "it as --host or in ANGO_HOST",
            field="host",
        )
    return hub


def _pace_in(facts: Mapping[str, str]) -> float:
    try:
        return max(1.0, float(facts.get("requests_per_minute", "100")))
    except ValueError:
        return 100.0


async def _roll_back(
    journal: Journal,
    hub: HubClient,
    stop: StopSignal,
    on_plan: Callable[[RollbackPlan], None],
    on_progress: OnProgress,
    *,
    dry_run: bool,
) -> RollbackReport:
    report, started = RollbackReport(*journal.n_kept(), is_dry_run=dry_run), time.perf_counter()

    def counts() -> Progress:
        n_assets = None if report.plan is None else report.plan.n_assets
        return Progress(n_assets, report.n_assets_back, 0, 0, 0, 0, time.perf_counter() - started, unit="asset")

    watcher = Watcher(on_progress, counts, hub, lambda: _BATCH_ITEMS)
    async with hub, watcher.ticking():
        document = await hub.get_project(journal.facts["project"])
        try:
            with stop.heard_by(hub.pace.close):
                report.plan = await plan_rollback(journal, hub)
        except UploadUnavailable as error:
            if not stop.kind:
                raise
            report.stopped, report.is_interrupted = stop.reason or str(error), stop.kind == "interrupt"
        else:
            on_plan(report.plan)
            if not dry_run:
                await asyncio.to_thread(journal.write_facts, {"rolled_back": "begun"})
                options = option_values(document.get("categorySchema") or {})
                await _put_back(journal, hub, options, report, stop, watcher)
        if report.plan is not None:
            report.n_missing = len(report.plan.missing)
    report.n_requests = hub.transport.n_requests
    report.n_put_back = journal.n_kept()[1]
    return report


async def _put_back(
    journal: Journal,
    hub: HubClient,
    options: OptionValues,
    report: RollbackReport,
    stop: StopSignal,
    watcher: Watcher,
) -> None:
    assert report.plan is not None, "what will change is known before anything does"
    missing = report.plan.missing

    async def settle(outcome: Receipt | BatchFailure) -> None:
        ids = [item.external_id for item in outcome.batch.items]
        if isinstance(outcome, Receipt):
            await asyncio.to_thread(journal.put_back, ids, but=missing)
            report.n_assets_back += len(ids)
        elif outcome.error.code is not Code.NOT_SENT:  # it stopped, which is told once
            report.failures += [(external_id, str(outcome.error)) for external_id in ids[: 100 - len(report.failures)]]
        watcher.tell()

    uploader = Uploader(
        partial(hub.send, journal.facts["project"]), settle, max_in_flight=_MAX_IN_FLIGHT, max_bytes=_BATCH_BYTES
    )

    def halt(reason: str) -> None:
        uploader.stop(UploadUnavailable(reason))
        hub.pace.close(reason)

    batcher, groups = Batcher(_BATCH_ITEMS, _BATCH_BYTES), _without(journal.to_put_back(), missing)
    with stop.heard_by(halt):
        async with uploader:
            await _send_all(groups, options, batcher, uploader, report.failures)
    report.stopped = stop.reason or str(uploader.stopped or "")
    report.is_interrupted = stop.kind == "interrupt"


async def _send_all(
    groups: Iterator[list[ReplacedTask]],
    options: OptionValues,
    batcher: Batcher,
    uploader: Uploader,
    failures: list[tuple[str, str]],
) -> None:
    while uploader.stopped is None and (kept := await asyncio.to_thread(_some, groups)):
        items, odd = await asyncio.to_thread(_items_of, kept, options)
        failures += odd[: 100 - len(failures)]
        for item in items:
            for batch in batcher.feed(item):
                await uploader.put(batch)
    for batch in batcher.flush():
        await uploader.put(batch)


def _without(groups: Iterator[list[ReplacedTask]], missing: Container[str]) -> Iterator[list[ReplacedTask]]:
    """The groups without tasks that are no longer in the project."""
    for group in groups:
        if there := [task for task in group if task.task_id not in missing]:
            yield there


def _some(groups: Iterator[list[ReplacedTask]]) -> list[list[ReplacedTask]]:
    """A batch's worth, empty at the end."""
    return list(islice(groups, _BATCH_ITEMS))


def _items_of(groups: Sequence[list[ReplacedTask]], options: OptionValues) -> tuple[list[Item], list[tuple[str, str]]]:
    """The items that put tasks back; and the external IDs of those whose labels are no labels, with the reason."""
    items, odd = [], []
    for number, tasks in enumerate(groups):
        try:
            items.append(_item(number, tasks, options))
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            reason = f"what was stored is in a form that is not known ({type(error).__name__}: {short(str(error))})"
            odd.append((tasks[0].external_id, reason))
    return items, odd


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
