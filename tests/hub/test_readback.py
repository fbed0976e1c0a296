"""Batches in doubt, read back; against the local hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from importer.desk import desk_with, rows_of
from localhub.project import CAR
from prelabel.errors import UploadRefused, UploadUnavailable
from prelabel.hub.asset_matching import Matches
from prelabel.hub.readback import ReadBack
from prelabel.localhub import HubSettings
from prelabel.localhub.store.tasks import requeue
from prelabel.model import Batch, BatchFailure, HubTask, Item, Receipt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

OPTIONS = {"cls-type": {"opt-day": "day"}, "cls-seen": {"opt-rain": "rain", "opt-fog": "fog"}}
DAY = {"schemaId": "cls-type", "answer": "day"}


class Shelf:
    """Tasks as a client would read them."""

    def __init__(self, *tasks: HubTask) -> None:
        self.tasks = tasks
        self.n_read = 0

    async def tasks_by_external_ids(self, _: str, ids: Sequence[str], *, include_answer: bool) -> list[HubTask]:
        """Those of these IDs."""
        assert include_answer
        self.n_read += 1
        if not self.tasks:
            raise UploadUnavailable("down", status=503)
        return [task for task in self.tasks if task.external_id in ids]


def item(number: int, external_id: str, *objects: dict[str, Any], answers: Sequence[dict[str, Any]] = ()) -> Item:
    """An import item."""
    return Item(number, external_id, orjson.dumps({"objects": objects, "classifications": answers}))


def task(external_id: str, *tools: dict[str, Any], answers: Sequence[dict[str, Any]] = ()) -> HubTask:
    """A stored task."""
    return HubTask(f"t-{external_id}", "a", external_id, {"tools": tools, "classifications": answers}, {})


async def test_what_is_there_and_what_is_not() -> None:
    """Objects by id, answers by value with option ids translated; rows that are missing come first, one by one."""
    seen = {"schemaId": "cls-seen", "answer": ["rain", "fog"]}
    shelf = Shelf(
        task("a", CAR, answers=[{"schemaId": "cls-type", "answer": "opt-day"}]),
        task("b", answers=[{"schemaId": "cls-type", "answer": "opt-day"}]),
        task("c", answers=[{"schemaId": "cls-type", "answer": "opt-night"}]),
        task("e", answers=[{"schemaId": "cls-seen", "answer": ["opt-rain", "opt-fog"]}]),
    )
    items = (
        item(1, "a", CAR, answers=[DAY]),
        item(2, "b", CAR, answers=[DAY]),
        item(3, "c", answers=[DAY]),
        item(4, "d"),
        item(5, "e", answers=[seen]),
        Item(6, "f", b"", (("t1", b"{}"),)),
    )
    readback = ReadBack(shelf, "p1", Matches(), OPTIONS)  # type: ignore[arg-type]
    parts = await readback.parts(Receipt(Batch(1, items, 6), 4, 6))

    failures, receipts = parts[:-1], parts[-1:]
    assert [(type(part), [each.row_number for each in part.batch.items]) for part in receipts] == [(Receipt, [1, 5, 6])]
    assert [each.row_number for part in failures for each in part.batch.items] == [2, 3, 4]
    reasons = [str(part.error) for part in failures if isinstance(part, BatchFailure)]
    assert ["1 of its 1 task:" in reason for reason in reasons] == [True, True, False]
    assert "0 of its 0 tasks" in reasons[2]


async def test_no_doubt_no_request() -> None:
    """Counts that agree, sentences without counts and failures are left alone; so is what cannot be read."""
    shelf = Shelf()
    readback = ReadBack(shelf, "p1", Matches(), {})  # type: ignore[arg-type]
    batch = Batch(1, (item(1, "a"),), 1)
    for outcome in (Receipt(batch, 1, 1), Receipt(batch, None, None), BatchFailure(batch, UploadRefused("no"))):
        assert await readback.parts(outcome) == [outcome]
    assert shelf.n_read == 0
    doubtful = Receipt(batch, 0, 1)
    assert await readback.parts(doubtful) == [doubtful]
    assert shelf.n_read == 1


@pytest.mark.parametrize("overwrite", [True, False])
async def test_reading_back(tmp_path: Path, overwrite: bool) -> None:
    """Rows that the Hub left out fail with the reason, and are sent again by the next run; no doubt, no request."""
    config = {"overwrite": overwrite}
    async with desk_with(tmp_path, 6, settings=HubSettings(skip_non_todo=True)) as desk:
        given: dict[str, Any] = {"state": tmp_path / "state", "read_back": True}
        for external_id in ("0.png", "1.png"):
            desk.hub.submit(external_id)
        first = await desk.run(rows_of(6), config, **given)
        assert [(outcome.external_id, outcome.state) for outcome in first.outcomes] == [
            ("0.png", "failed"),
            ("1.png", "failed"),
        ]
        assert "the labels are missing in 1 of its 1 task: it may" in first.outcomes[0].reason
        assert (first.n_imported, first.n_requests) == (4, 4)
        body = {"toStageId": desk.hub.tasks()[-1]["stage"], "filters": {"externalIds": ["0.png"]}}
        desk.hub._transact(requeue, desk.hub.project, body)
        second = await desk.run(rows_of(6), config, **given)
        assert (second.n_imported, second.n_earlier, second.n_failed) == (5, 4, 1)
        assert set(desk.answers()) == {f"{number}.png" for number in (0, 2, 3, 4, 5)}
