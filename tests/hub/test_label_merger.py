"""What is sent for a batch, decided by what is stored: no Hub is asked here."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from notes import texts
from prelabel.hub.batches import n_bytes_of
from prelabel.hub.label_merger import LabelMerger
from prelabel.items.row_encoder import encode_item
from prelabel.model import Batch, HubTask, Item

SCHEMA: dict[str, Any] = {
    "tools": [],
    "classifications": [{"schemaId": "c1", "options": [{"value": "day", "schemaId": "o1"}]}, {"schemaId": "c2"}],
}


def batch(*items: tuple[int, str, list[Any]]) -> Batch:
    """Items with these classifications."""
    encoded = tuple(
        Item(number, each, orjson.dumps({"externalId": each, "objects": [], "classifications": answers}))
        for number, each, answers in items
    )
    return Batch(7, encoded, n_bytes_of(encoded))


def task(number: int, external_id: str, asset: str = "", **answer: Any) -> HubTask:
    """A task with this answer."""
    return HubTask(f"t{number}", asset or f"a{number}", external_id, answer, {})


def answers_in(body: bytes) -> list[Any]:
    """The classifications of an item or of a task's body."""
    document = orjson.loads(body)
    return list(document.get("answer", document)["classifications"])


def test_an_overwrite_sends_the_items_as_they_are() -> None:
    """Unmatched IDs fail and are not sent; the others keep their batch's number and order."""
    whole = batch((1, "a", []), (2, "x", []), (3, "b", []))
    merger = LabelMerger.of(SCHEMA, overwrite=True, kept_schema_ids=())

    decision = merger.decide(whole, [task(1, "a"), task(2, "b"), task(3, "b", "a2")])

    assert [part.items for part in decision.batches] == [(whole.items[0], whole.items[2])]
    assert {part.number for part in decision.batches} == {7}
    a, x, b = decision.rows
    assert (a.rows, a.n_assets, a.n_tasks) == ((1,), 1, 1)
    assert (x.rows, x.item, x.n_assets) == ((2,), None, 0)
    assert (b.n_assets, b.n_tasks) == (1, 2)


ODD = [
    {"tools": [5]},
    {"tools": 5},
    {"classifications": ["x"]},
    {"classifications": {"a": 1}},
    {"classifications": [{"schemaId": "c2", "answer": {}, "classifications": [1]}]},
    {"relations": 7},
    {"tools": [{"schemaId": [], "objectId": "o", "polygon": 3}]},
]


@pytest.mark.parametrize("odd", ODD, ids=str)
@pytest.mark.parametrize(("overwrite", "kept"), [(True, ()), (True, ("c2",)), (False, ())])
def test_stored_labels_that_are_none_end_no_other_import(odd: dict[str, Any], overwrite: bool, kept: Any) -> None:
    """Each asset with a stored answer that cannot be read fails by itself, or is replaced; the others are sent."""
    whole = batch((1, "a", []), (2, "b", [{"schemaId": "c2", "answer": "x"}]))
    decision = LabelMerger.of(SCHEMA, overwrite=overwrite, kept_schema_ids=kept).decide(
        whole, [task(1, "a", **odd), task(2, "b")]
    )
    a, b = decision.rows
    assert (a.item is None) == bool(a.fault)
    assert (b.fault, b.rows) == ("", (2,))
    sent = [item.external_id for part in decision.batches for item in part.items]
    assert sent == (["b"] if a.fault else ["a", "b"])
    assert not a.fault or "look at its labels on the Hub" in a.fault


def test_appending_adds_rows_one_after_the_other() -> None:
    """What is stored comes first, then each row's; the last row stands for all, and its owner is told."""
    stored = [{"schemaId": "c1", "answer": "o1"}]
    rows = batch((1, "a", [{"schemaId": "c2", "answer": "x"}]), (4, "a", [{"schemaId": "c2", "answer": "y"}]))
    merger = LabelMerger.of(SCHEMA, overwrite=False, kept_schema_ids=())

    (decision,) = merger.decide(rows, [task(1, "a", classifications=stored)]).rows

    assert decision.rows == (1, 4)
    assert decision.item is not None
    assert decision.item.row_number == 4
    assert answers_in(decision.item.body) == [
        {"schemaId": "c1", "answer": "day"},
        {"schemaId": "c2", "answer": "y"},
    ]
    assert texts(decision.notes) == (
        "2 rows of the CSV have this external ID; all were added, later answers in place of earlier",
    )


def test_tasks_with_different_labels_are_written_on_their_own() -> None:
    """In a batch of their own, after what travels together."""
    stored = [{"schemaId": "c1", "answer": "o1"}]
    rows = batch((1, "a", []), (2, "b", []))
    merger = LabelMerger.of(SCHEMA, overwrite=False, kept_schema_ids=())

    decision = merger.decide(rows, [task(1, "a", classifications=stored), task(2, "a"), task(3, "b")])

    together, alone = decision.batches
    assert [item.external_id for item in together.items] == ["b"]
    assert [(name, len(answers_in(body))) for name, body in alone.items[0].task_bodies] == [("t1", 1), ("t2", 0)]
    assert alone.n_bytes == n_bytes_of(alone.items)


def test_an_overwrite_keeps_ignored_schemas() -> None:
    """Their stored labels travel along."""
    stored = [{"schemaId": "c1", "answer": "o1"}, {"schemaId": "c2", "answer": "gone"}]
    merger = LabelMerger.of(SCHEMA, overwrite=True, kept_schema_ids=["c1"])

    (sent,) = merger.decide(batch((1, "a", [])), [task(1, "a", classifications=stored)]).batches

    assert answers_in(sent.items[0].body) == [{"schemaId": "c1", "answer": "day"}]


@pytest.mark.parametrize(("overwrite", "kept"), [(False, ()), (True, ("c2",)), (True, ())])
def test_where_nothing_is_stored_an_item_is_passed_on_unread(overwrite: bool, kept: Any) -> None:
    """It may be many megabytes; where something is stored, it is read."""
    unread = Item(1, "a", b"no JSON")
    empty = task(1, "a", tools=[], classifications=None)
    merger = LabelMerger.of(SCHEMA, overwrite=overwrite, kept_schema_ids=kept)

    (a,) = merger.decide(Batch(1, (unread,), 8), [empty, task(2, "a", "a2")]).rows

    assert (a.item, a.losses, a.n_tasks) == (unread, ((0, 0), (0, 0)), 2)
    (a,) = merger.decide(Batch(1, (unread,), 8), [empty, task(2, "a", "a2", tools=[{"objectId": "o"}])]).rows
    assert a.item is None
    assert a.fault


@pytest.mark.parametrize("n_stored", [0, 1, 2])
def test_an_item_is_added_as_if_it_were_read_whole(n_stored: int) -> None:
    """Whether none, some or all of its objects are stored; as they come from here, and in another order."""
    objects = [{"objectId": f"o{k}", "schemaId": "s1", "polygon": [[k, 0], [k, 1], [9, 9]]} for k in range(2)]
    answers: list[dict[str, Any]] = [{"schemaId": "c2", "answer": "new"}]
    stored = task(1, "a", tools=[{**each, "metadata": {}} for each in objects[:n_stored]], relations=[1])
    bodies = (
        encode_item("a", answers, orjson.dumps(objects)),
        orjson.dumps({"objects": objects, "externalId": "a", "classifications": answers, "relations": []}),
    )

    sent = []
    for body in bodies:
        merger = LabelMerger.of(SCHEMA, overwrite=False, kept_schema_ids=())
        (a,) = merger.decide(Batch(1, (Item(1, "a", body),), len(body)), [stored]).rows
        assert a.item is not None
        sent.append(orjson.loads(a.item.body))

    assert sent[0] == sent[1] == {"externalId": "a", "classifications": answers, "relations": [1], "objects": objects}
