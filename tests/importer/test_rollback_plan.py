"""What a rollback will change, counted before it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from hypothesis import given
from hypothesis import strategies as st

from localhub.project import CAR
from prelabel.importer.rollback_plan import RollbackPlan, plan_rollback
from prelabel.model import HubTask
from prelabel.outcomes.fingerprint import Fingerprint
from prelabel.outcomes.journal import Journal, ReplacedTask

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prelabel.hub.client import HubClient

OBJECTS = [
    {"schemaId": schema, "bounding-box": {"x": x}, "metadata": {"createdBy": person}}
    for schema in "ab"
    for x in (1, 2)
    for person in ("me", "you")
]
ANSWERS = [{"schemaId": schema, "answer": answer} for schema in "ab" for answer in ("x", ["x"])]
answers = st.fixed_dictionaries(
    {"tools": st.lists(st.sampled_from(OBJECTS)), "classifications": st.lists(st.sampled_from(ANSWERS))}
)


def left_of(one: Sequence[Any], other: Sequence[Any]) -> int:
    """How many are left of one list when each of the other's takes its like away; who made them does not matter."""
    left = [{**each, "metadata": None} for each in one]
    for each in other:
        alike = {**each, "metadata": None}
        if alike in left:
            left.remove(alike)
    return len(left)


@given(st.lists(st.tuples(answers, st.none() | answers), max_size=4))
def test_what_comes_back_and_what_goes(tasks: list[tuple[dict[str, Any], dict[str, Any] | None]]) -> None:
    """Over all tasks, objects and answers that one side has and the other has not, as often as it has them."""
    plan, twin = RollbackPlan("p", "h"), RollbackPlan("p", "h", n_tasks=len(tasks))
    for before, now in tasks:
        number = str(plan.n_tasks)
        plan.count(ReplacedTask(number, "a", before, {}), now)
        if now is None:
            twin.missing.add(number)
            continue
        changes = [
            left_of(one[key], other[key])
            for key in ("tools", "classifications")
            for one, other in ((before, now), (now, before))
        ]
        twin.n_objects_back += changes[0]
        twin.n_objects_gone += changes[1]
        twin.n_answers_back += changes[2]
        twin.n_answers_gone += changes[3]
        twin.n_unchanged += not any(changes)

    assert plan == twin


class _Hub:
    """Has some tasks, and remembers what it was asked for."""

    def __init__(self, tasks: list[HubTask]) -> None:
        self.tasks = tasks
        self.asked: list[Sequence[str]] = []

    async def tasks_by_external_ids(self, project: str, ids: Sequence[str], *, include_answer: bool) -> list[HubTask]:
        """As the client does."""
        assert (project, include_answer) == ("p1", True)
        self.asked.append(ids)
        return [task for task in self.tasks if task.external_id in ids]


async def test_a_plan_of_a_record(tmp_path: Path) -> None:
    """Every kept task that is not put back yet, a hundred IDs at a time, each once; some have gone, or another ID."""
    label = {"tools": [CAR], "classifications": []}
    kept = [ReplacedTask(f"t{number}", f"{number:03}.png", label, {}) for number in range(250)]
    kept.append(ReplacedTask("twin", "000.png", label, {}))
    stored = [HubTask(task.task_id, "", task.external_id, {"tools": []}, {}) for task in kept[:-3]]
    stored.append(HubTask("t249", "", "else.png", {"tools": []}, {}))
    hub = _Hub(stored)
    with Journal(tmp_path) as journal:
        journal.start(Fingerprint("csv", "{}", "p1", "https://hub/v2"))
        journal.keep(kept)
        journal.put_back(["007.png"])

        plan = await plan_rollback(journal, cast("HubClient", hub))

    assert plan == RollbackPlan(
        "p1", "https://hub", n_tasks=250, missing={"t248", "t249", "twin"}, n_objects_back=247, n_assets=249
    )
    assert [len(ids) for ids in hub.asked] == [100, 100, 49]
    assert {name for ids in hub.asked for name in ids} == {task.external_id for task in kept} - {"007.png"}


def test_a_plan_in_words() -> None:
    """What is unchanged or gone is told where there is some."""
    note = {"schemaId": "n", "answer": "x"}
    plan = RollbackPlan("p1", "https://hub")
    plan.count(ReplacedTask("a", "a.png", {"tools": [CAR], "classifications": [note]}, {}), {"tools": "odd"})
    plan.count(ReplacedTask("b", "b.png", {"classifications": [note]}, {}), {"classifications": [note, note, 7]})
    plan.count(ReplacedTask("c", "c.png", {"tools": [CAR]}, {}), {"tools": [{**CAR, "metadata": {"createdBy": "x"}}]})
    plan.count(ReplacedTask("d", "d.png", {"tools": [CAR]}, {}), None)
    assert plan.summary() == (
        "4 tasks of project p1 at https://hub to get the earlier labels:\n"
        "  1 object and 1 answer to come back\n"
        "  0 objects and 1 answer to go, whoever made them\n"
        "  1 task with the earlier labels already\n"
        "  1 task no longer in the project, which nothing can be put back to"
    )


def test_labels_that_are_nested_too_deeply_are_not_compared() -> None:
    """The task is counted, its labels are not."""
    deep: Any = 1
    for _ in range(400):
        deep = [deep]
    plan = RollbackPlan("p", "h")
    plan.count(ReplacedTask("t", "a", {"tools": [{"x": deep}]}, {}), {"tools": []})
    assert (plan.n_tasks, plan.n_objects_back, plan.n_unchanged) == (1, 0, 0)
