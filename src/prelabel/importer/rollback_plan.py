"""What a rollback will change, counted before it does: the kept labels against those that are stored now."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from prelabel.spelling import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prelabel.hub.client import HubClient
    from prelabel.outcomes.journal import Journal, ReplacedTask

_GROUPS_AT_ONCE = 100


@dataclass(slots=True)
class RollbackPlan:
    """What a rollback will change.

    Attributes:
        project: the project's id.
        host: the Hub.
        n_tasks: tasks that get their earlier labels.
        n_assets: their external IDs.
        n_unchanged: those among them that have these already.
        missing: ids of those that the project does not have any more, or not under this external ID.
        n_objects_back: objects that come back.
        n_objects_gone: objects that go, whoever made them.
        n_answers_back: answers that come back.
        n_answers_gone: answers that go.
    """

    project: str
    host: str
    n_tasks: int = 0
    n_unchanged: int = 0
    missing: set[str] = field(default_factory=set)
    n_objects_back: int = 0
    n_objects_gone: int = 0
    n_answers_back: int = 0
    n_answers_gone: int = 0
    n_assets: int = 0

    def summary(self) -> str:
        """The plan for a person."""
        back = f"{counted(self.n_objects_back, 'object')} and {counted(self.n_answers_back, 'answer')}"
        gone = f"{counted(self.n_objects_gone, 'object')} and {counted(self.n_answers_gone, 'answer')}"
        lines = [
            f"{counted(self.n_tasks, 'task')} of project {self.project} at {self.host} to get the earlier labels:",
            f"  {back} to come back",
            f"  {gone} to go, whoever made them",
        ]
        if self.n_unchanged:
            lines.append(f"  {counted(self.n_unchanged, 'task')} with the earlier labels already")
        if self.missing:
            lines.append(
                f"  {counted(len(self.missing), 'task')} no longer in the project, which nothing can be put back to"
            )
        return "\n".join(lines)

    def count(self, kept: ReplacedTask, stored: Mapping[str, Any] | None) -> None:
        """Count one task, by its labels of now; None where the project does not have it."""
        self.n_tasks += 1
        if stored is None:
            self.missing.add(kept.task_id)
            return
        try:
            objects_back, objects_gone = _changes(_objects(kept.answer), _objects(stored))
            answers_back, answers_gone = _changes(_answers(kept.answer), _answers(stored))
        except (TypeError, RecursionError):  # nested too deeply to be compared; it is put back all the same
            return
        self.n_objects_back += objects_back
        self.n_objects_gone += objects_gone
        self.n_answers_back += answers_back
        self.n_answers_gone += answers_gone
        self.n_unchanged += not (objects_back or objects_gone or answers_back or answers_gone)


async def plan_rollback(journal: Journal, hub: HubClient) -> RollbackPlan:
    """Read the tasks that a record keeps, and count what putting them back will change; a request per hundred IDs.

    Raises:
        UploadError: they could not be read.
    """
    plan = RollbackPlan(journal.facts["project"], journal.facts["host"].removesuffix("/v2"))
    groups = journal.to_put_back()
    while kept := await asyncio.to_thread(_some, groups):
        external_ids = list(dict.fromkeys(task.external_id for task in kept))
        plan.n_assets += len(external_ids)
        tasks = await hub.tasks_by_external_ids(plan.project, external_ids, include_answer=True)
        answers = {task.task_id: task.answer for task in tasks}
        for task in kept:
            plan.count(task, answers.get(task.task_id))
    return plan


def _some(groups: Iterator[list[ReplacedTask]]) -> list[ReplacedTask]:
    return [task for group in islice(groups, _GROUPS_AT_ONCE) for task in group]


def _changes(before: Counter[bytes], now: Counter[bytes]) -> tuple[int, int]:
    """How many come back, and how many go."""
    return (before - now).total(), (now - before).total()


def _objects(answer: Mapping[str, Any]) -> Counter[bytes]:
    """A task's objects, without what the Hub writes anew."""
    return _counted(
        [{key: value for key, value in tool.items() if key != "metadata"} for tool in _list(answer, "tools")]
    )


def _answers(answer: Mapping[str, Any]) -> Counter[bytes]:
    return _counted([[entry.get("schemaId"), entry.get("answer")] for entry in _list(answer, "classifications")])


def _list(answer: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    listed = answer.get(key)
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []


def _counted(entries: Sequence[object]) -> Counter[bytes]:
    return Counter(orjson.dumps(entry, option=orjson.OPT_SORT_KEYS) for entry in entries)
