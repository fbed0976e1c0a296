"""A whole hub with one project in it, to be filled and looked into by a test."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import orjson

from prelabel.errors import ConfigError
from prelabel.localhub.envelope import MAX_PAGE, Page, Refusal
from prelabel.localhub.faults.plan import FaultPlan
from prelabel.localhub.server import LocalHub
from prelabel.localhub.settings import HubSettings
from prelabel.localhub.store import assets, export, labels, projects, storages, tasks

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Self

    from aiohttp.typedefs import Middleware

    from prelabel.localhub.faults.fault import Fault

T = TypeVar("T")


class Target(TypedDict):
    """Where labels go, as :func:`prelabel.import_labels` takes it."""

    project: str
    host: str
    api_key: str


@dataclass(frozen=True, slots=True)
class Labels:
    """What the task of one asset is labelled with.

    Attributes:
        objects: as the Hub exports them, each with its ``title``.
        answers: title of a classification -> the option, a list of options, or the text; nested ones included.
    """

    objects: list[dict[str, Any]]
    answers: dict[str, Any]


class HubDouble(LocalHub):
    """A local hub with a project, for as long as a block; ``with`` or, in an event loop, ``async with``.

    What is sent to :attr:`url` goes over real HTTP. The methods here do not: they need no ``await``, no fault strikes
    them and :attr:`request_counts` leaves them out.

    Args:
        schema: the project's category schema; an entry or option without ``schemaId`` gets one.
        external_ids: the project's first assets.
        api_key: the key callers must send; empty for one of its own making.
        settings: how it behaves.
        middlewares: further aiohttp middlewares, which see every request that has passed the key.

    Attributes:
        project: the project's id, once it has been started.

    Raises:
        ConfigError: (on start) the schema is none.
    """

    def __init__(
        self,
        schema: Mapping[str, Any] | None = None,
        external_ids: Iterable[str] = (),
        *,
        api_key: str = "",
        settings: HubSettings | None = None,
        middlewares: Sequence[Middleware] = (),
    ) -> None:
        super().__init__(api_key=api_key, settings=settings, middlewares=middlewares)
        self.project = ""
        self._schema = dict(schema or {})
        self._external_ids = tuple(external_ids)

    async def start(self) -> Self:
        """Listen, with the project and its assets in place.

        Raises:
            ConfigError: the schema is none.
        """
        await super().start()
        try:
            await asyncio.to_thread(self._fill)
        except BaseException:
            await self.stop()
            raise
        return self

    def _fill(self) -> None:
        body = {"name": "double", "categorySchema": self._schema}
        self.project = str(self._transact(projects.create_project, body)["_id"])
        self.add_assets(self._external_ids)

    @property
    def target(self) -> Target:
        """For ``import_labels(csv, config, **hub.target)``."""
        return Target(project=self.project, host=self.url, api_key=self.api_key)

    @property
    def schema(self) -> dict[str, Any]:
        """The project's category schema, every entry and option with its ``schemaId``."""
        schema: dict[str, Any] = self._transact(projects.load_project, self.project)["categorySchema"]
        return schema

    def add_assets(self, external_ids: Iterable[str], **extras: Any) -> None:
        """Add assets, each with one task.

        Args:
            external_ids: one for each asset; they need not differ.
            extras: what else each asset has, such as ``metadata={"width": 640, "height": 480}``.
        """
        given = [{"data": f"https://example.com/{each}", "externalId": each, **extras} for each in external_ids]
        self._transact(assets.create_assets, self.project, given, [], 0)

    def add_storage(self, **record: str) -> str:
        """Add a storage and return its id. ``HubSettings(buckets={"masks": folder})`` makes a bucket of a folder.

        Args:
            record: as the Hub keeps it, such as ``provider="AWS", bucket="masks"``.
        """
        return str(self._transact(storages.create_storage, {"name": "double", **record})["_id"])

    def label(
        self, external_id: str, *, objects: Sequence[Mapping[str, Any]] = (), answers: Mapping[str, Any] | None = None
    ) -> None:
        """Replace the labels of every task of an asset, as an import does.

        Args:
            external_id: the asset's.
            objects: in the form of import items, by ``schemaId`` or ``title``.
            answers: title of a classification -> the option, a list of options, or the text.

        Raises:
            ConfigError: there is no such asset, the schema has no such title or option, or an object is none.
        """
        given = [{"title": title, "answer": answer} for title, answer in (answers or {}).items()]
        item = {"externalId": external_id, "objects": list(objects), "classifications": given}
        self._transact(_label, self.project, item)

    def annotate(self, task_id: str, body: Mapping[str, Any]) -> None:
        """Replace the labels of one task, as a person does who saves it.

        Args:
            task_id: from :meth:`tasks`.
            body: ``{"answer": {"objects": [...], "classifications": [...]}}``, in the form of import items; with
                ``brushDataUrl`` where there is a brush mask.

        Raises:
            ConfigError: there is no such task, or no such answer.
        """
        self._transact(_annotate, task_id, body)

    def submit(self, external_id: str) -> None:
        """Move every task of an asset to its next stage, labels as they are, as when a person has finished it.

        Raises:
            ConfigError: there is no such asset.
        """
        self._transact(_submit, self.project, external_id)

    def labels(self) -> dict[str, Labels]:
        """External ID -> labels, of all assets.

        Raises:
            ConfigError: two assets share an external ID, so that it names no labels; :meth:`tasks` has them.
        """
        order = export.ExportOrder(self.project, with_metadata=False, with_history=False)
        found: dict[str, Labels] = {}
        for record in self._transact(export.export_records, order):
            if record["externalId"] in found:
                message = f"two assets have the external ID {record['externalId']!r}: look at tasks() instead"
                raise ConfigError(message, value=record["externalId"])
            task = record["task"]
            found[record["externalId"]] = Labels(task["tools"], dict(_by_title(task["classifications"])))
        return found

    def tasks(self) -> list[dict[str, Any]]:
        """All tasks as the Hub's API shows them, answers included, in the order of their assets."""
        listed = self._transact(tasks.list_tasks, self.project, [], Page(1, MAX_PAGE), "seq ASC", tasks.TaskView())
        plain: list[dict[str, Any]] = orjson.loads(orjson.dumps(listed["tasks"]))
        return plain

    def play(self, *faults: Fault, seed: int = 0, **settings: Any) -> None:
        """Play faults from now on, in place of any others; with none, end them.

        Args:
            faults: in order of precedence.
            seed: of what is random about them.
            settings: switches thrown for as long as they are played; see
                :class:`prelabel.localhub.behavior.HubBehavior`.

        Raises:
            ConfigError: a setting cannot be switched, or has a wrong value.
        """
        self.faults = FaultPlan(seed, faults, settings) if faults or settings else None

    def _transact(self, work: Callable[..., T], *args: Any) -> T:
        try:
            return self._running.store.transact(work, *args)
        except Refusal as refusal:
            raise ConfigError(str(refusal)) from refusal


def _label(db: sqlite3.Connection, project_id: str, item: Mapping[str, Any]) -> None:
    schema = projects.load_project(db, project_id)["categorySchema"]
    (read,) = labels.read_items({"labels": [item]}, schema)
    # The Hub drops options it does not know; a test that names one has a misprint.
    if _n_options(read.answer["classifications"]) < _n_options(item["classifications"]):
        raise Refusal("an answer names an option that the category schema does not know")
    _tasks_named(db, project_id, read.target)
    labels.write_items(db, project_id, [read], HubSettings())


def _n_options(classifications: Sequence[Mapping[str, Any]]) -> int:
    answers = [each["answer"] for each in classifications]
    return sum(len(answer) if isinstance(answer, list) else 1 for answer in answers)


def _annotate(db: sqlite3.Connection, task_id: str, body: Mapping[str, Any]) -> None:
    tasks.annotate(db, task_id, body, next_stage=False, asset_form="id")


def _submit(db: sqlite3.Connection, project_id: str, external_id: str) -> None:
    for task_id in _tasks_named(db, project_id, external_id):
        tasks.submit(db, task_id)


def _tasks_named(db: sqlite3.Connection, project_id: str, external_id: str) -> list[str]:
    rows = db.execute("SELECT id FROM tasks WHERE project = ? AND external_id = ?", (project_id, external_id))
    ids = [str(row["id"]) for row in rows]
    if not ids:
        raise Refusal(f"the project has no asset with the external ID {external_id!r}: add it first")
    return ids


def _by_title(classifications: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    for each in classifications:
        yield each.get("title", each["schemaId"]), each["answer"]
        yield from _by_title(each["classifications"])
