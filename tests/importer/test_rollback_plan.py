"""What a rollback will change, counted before it does."""

from __future__ import annotations

from localhub.project import CAR
from prelabel.importer.rollback_plan import RollbackPlan
from prelabel.outcomes.journal import ReplacedTask


def test_a_plan_in_words() -> None:
    """What is unchanged or gone is told where there is some."""
    note = {"schemaId": "n", "answer": "x"}
    plan = RollbackPlan("p1", "https://hub")
    plan.count(ReplacedTask("a", "a.png", {"tools": [CAR], "classifications": [note]}, {}), {"tools": "odd"})
    plan.count(ReplacedTask("b", "b.png", {"classifications": [note]}, {}), {"classifications": [note, note, 7]})
    plan.count(ReplacedTask("c", "c.png", {"tools": [CAR]}, {}), {"tools": [{**CAR, "metadata": {"createdBy": "x"}}]})
    plan.count(ReplacedTask("d", "d.png", {"tools": [CAR]}, {}), None)
    assert plan.summary() == (
        "4 tasks of project p1 at https://hub get their earlier labels:\n"
        "  1 objects and 1 answers come back\n"
        "  0 objects and 1 answers go, whoever made them\n"
        "  1 tasks have their earlier labels already\n"
        "  1 tasks are not in the project any more"
    )
