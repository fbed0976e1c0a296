"""Batches rewritten by what is stored, against the local hub."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import orjson
import pytest

from localhub.project import CAR, SCHEMA
from notes import texts
from prelabel.errors import UploadError
from prelabel.hub.asset_matching import Matches
from prelabel.hub.batches import n_bytes_of
from prelabel.hub.client import HubClient
from prelabel.hub.label_merger import LabelMerger
from prelabel.hub.merge import option_values
from prelabel.importer.existing_labels import ExistingLabels
from prelabel.inputs.csv_layout import RowForm
from prelabel.localhub.testing import HubDouble
from prelabel.model import Batch, EncodedChunk, EncodedRow, HubTask, Item, RowBatch
from prelabel.outcomes.builder import ReportBuilder
from prelabel.outcomes.pending_rows import PendingRows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from prelabel.outcomes.journal_writer import JournalWriter

DAY = {"schemaId": "cls-type", "answer": "day"}
NOTE = {"schemaId": "cls-note", "answer": "hello"}


class Desk:
    """A project on a local hub, and what prepares batches for it."""

    def __init__(self, hub: HubDouble, client: HubClient, repeated: set[str]) -> None:
        self.hub = hub
        self.client = client
        self.report = ReportBuilder("import", "x.csv", RowForm.of_names(["id"]))
        self.rows = PendingRows(self.report, Matches())
        self.read: list[HubTask] = []
        self.repeated = repeated
        self.keep_by(LabelMerger(True, frozenset(), option_values(SCHEMA)))

    def keep_by(self, merger: LabelMerger) -> None:
        """Merge so from now on."""
        self.existing = ExistingLabels(
            self.client, self.hub.project, merger, self.rows, cast("JournalWriter", self), self.repeated
        )

    async def keep(self, tasks: Sequence[HubTask]) -> None:
        """Remember what was read, in place of a journal."""
        self.read += tasks

    def batch(self, *items: tuple[int, str, dict[str, Any]]) -> Batch:
        """Open rows and put their items into a batch."""
        made = tuple(
            Item(number, each, orjson.dumps({"externalId": each, "objects": [], "classifications": [], **lists}))
            for number, each, lists in items
        )
        rows = RowBatch(("id",), [i.row_number for i in made], [0] * len(made), {"id": [i.external_id for i in made]})
        list(self.rows.take(EncodedChunk(rows, [(k, EncodedRow(i)) for k, i in enumerate(made)], 0.0)))
        return Batch(1, made, n_bytes_of(made))

    async def send(self, batch: Batch) -> list[dict[str, Any]]:
        """Complete, import and return what was imported."""
        sent = []
        async with self.existing.merged(batch) as pieces:
            for piece in pieces:
                assert piece.n_bytes == n_bytes_of(piece.items)
                if piece.items:
                    await self.client.send(self.hub.project, piece)
                sent += [orjson.loads(item.body) for item in piece.items if item.body]
        return sent


@asynccontextmanager
async def desk(*external_ids: str, repeated: set[str] = frozenset()) -> AsyncIterator[Desk]:  # type: ignore[assignment]
    """A fresh project with these assets."""
    async with (
        HubDouble(SCHEMA, external_ids) as hub,
        HubClient(hub.url, hub.api_key, requests_per_minute=100_000) as client,
    ):
        yield Desk(hub, client, repeated)


async def test_old_and_new_labels() -> None:
    """Objects and other answers stay, the new answer is added; doing it again changes nothing."""
    async with desk("a", "b") as at:
        at.hub.label("a", objects=[CAR], answers={"Note": "hello"})
        for number in (1, 3):
            await at.send(at.batch((number, "a", {"classifications": [DAY]}), (number + 1, "b", {"objects": [CAR]})))
        a, b = at.hub.tasks()

    assert [made["objectId"] for made in a["answer"]["tools"]] == ["car-1"]
    assert {each["schemaId"]: each["answer"] for each in a["answer"]["classifications"]} == {
        "cls-note": "hello",
        "cls-type": "opt-day",
    }
    assert [made["objectId"] for made in b["answer"]["tools"]] == ["car-1"]


async def test_requests() -> None:
    """One request reads a batch."""
    async with desk(*map(str, range(100))) as at:
        await at.send(at.batch(*((number + 1, str(number), {"classifications": [DAY]}) for number in range(100))))

        assert at.client.transport.n_requests == 2
        assert at.rows.matches == Matches()


async def test_rows_of_one_asset_in_one_batch() -> None:
    """They travel in one item, in row order: the later answer wins, the objects add up."""
    shifted = {
        **CAR,
        "objectId": "car-2",
        "segmentation": {"zones": [{"region": [[0, 0], [1, 0], [1, 1]], "holes": []}]},
    }
    async with desk("a", repeated={"a"}) as at:
        first = (1, "a", {"objects": [CAR], "classifications": [NOTE, DAY]})
        second = (2, "a", {"objects": [shifted], "classifications": [{**DAY, "answer": "night"}]})
        (sent,) = await at.send(at.batch(first, second))
        at.rows.close(2, "imported")

    assert [made["objectId"] for made in sent["objects"]] == ["car-1", "car-2"]
    assert sorted(each["answer"] for each in sent["classifications"]) == ["hello", "night"]
    assert [(outcome.number, texts(outcome.notes)) for outcome in at.report.finish().outcomes] == [
        (1, ("2 rows of the CSV have this external ID; all were added, later answers in place of earlier",)),
        (2, ("2 rows of the CSV have this external ID; all were added, later answers in place of earlier",)),
    ]


async def test_rows_of_one_asset_in_several_batches() -> None:
    """The later batch reads only after the earlier one is acknowledged; unrelated batches do not wait."""
    async with desk("a", "b", repeated={"a"}) as at:
        order: list[str] = []

        async def run(name: str, batch: Batch, pause_s: float) -> None:
            async with at.existing.merged(batch) as pieces:
                await asyncio.sleep(pause_s)
                await at.client.send(at.hub.project, pieces[0])
                order.append(name)

        async with asyncio.TaskGroup() as group:
            group.create_task(run("first", at.batch((1, "a", {"classifications": [DAY]})), 0.2))
            group.create_task(run("second", at.batch((2, "a", {"classifications": [NOTE]})), 0))
            group.create_task(run("other", at.batch((3, "b", {"classifications": [NOTE]})), 0))
        a, _ = at.hub.tasks()

    assert order == ["other", "first", "second"]
    assert {each["schemaId"] for each in a["answer"]["classifications"]} == {"cls-type", "cls-note"}


async def test_a_failed_batch_does_not_block_the_next() -> None:
    """Whoever waits for it goes on when it fails."""
    async with desk("a", repeated={"a"}) as at:
        at.existing._project = "0" * 24
        with pytest.raises(UploadError):
            await at.send(at.batch((1, "a", {})))
        at.existing._project = at.hub.project
        async with asyncio.timeout(5):
            await at.send(at.batch((2, "a", {})))


async def test_unmatched_rows_end_here() -> None:
    """They are closed with the reason, and not sent."""
    async with desk("a") as at:
        sent = await at.send(at.batch((1, "x", {}), (2, "a", {})))

    assert [each["externalId"] for each in sent] == ["a"]
    assert [(outcome.number, outcome.state) for outcome in at.report.finish().outcomes] == [(1, "failed")]


async def test_content_no_item_is_known_to_carry() -> None:
    """It is written with its task alone, and the row's owner told."""
    async with desk("a") as at:
        batch = at.batch((1, "a", {"classifications": [DAY]}))
        task = HubTask("t1", "a1", "a", {"tools": [], "rotation": 90}, {"brushDataUrl": "https://b/1"})
        decision = at.existing._merger.decide(batch, [task])
        ((task_id, body),) = decision.batches[1].items[0].task_bodies
        assert task_id == "t1"
        assert orjson.loads(body) == {
            "answer": {"objects": [], "classifications": [DAY], "relations": [], "rotation": 90},
            "brushDataUrl": "https://b/1",
            "medicalBrushDataUrl": None,
            "duration": 0,
        }
        at.existing._write_down(decision.rows[0], "")
        at.rows.close(1, "imported")

    (outcome,) = at.report.finish().outcomes
    assert texts(outcome.notes) == (
        "the stored labels also hold rotation, sent along as found: look whether they are kept",
    )


async def test_brushes_stay() -> None:
    """A task with a brush mask gets its new labels beside it."""
    async with desk("a") as at:
        (task,) = at.hub.tasks()
        body = {"answer": {"objects": [CAR]}, "brushDataUrl": "https://b/1"}
        at.hub.annotate(task["_id"], body)
        assert await at.send(at.batch((1, "a", {"classifications": [DAY]}))) == []
        (task,) = at.hub.tasks()

    assert task["brushDataUrl"] == "https://b/1"
    assert [made["objectId"] for made in task["answer"]["tools"]] == ["car-1"]
    assert [each["answer"] for each in task["answer"]["classifications"]] == ["opt-day"]


async def test_overwriting_keeps_ignored_schemas() -> None:
    """Their stored labels stay, all others go; a task with other labels of theirs is written on its own."""
    async with desk("a", "b", "b") as at:
        at.keep_by(LabelMerger(False, frozenset({"cls-note", "tool-car"}), option_values(SCHEMA)))
        at.hub.label("a", objects=[CAR], answers={"Note": "hello", "Seen": ["rain"]})
        last = at.hub.tasks()[-1]
        at.hub.annotate(last["_id"], {"answer": {"classifications": [NOTE]}})
        await at.send(at.batch((1, "a", {"classifications": [DAY]}), (2, "b", {"classifications": [DAY]})))
        answers = [task["answer"] for task in at.hub.tasks()]

    assert [{each["schemaId"] for each in answer["classifications"]} for answer in answers] == [
        {"cls-note", "cls-type"},
        {"cls-type"},
        {"cls-note", "cls-type"},
    ]
    assert [len(answer["tools"]) for answer in answers] == [1, 0, 0]
    assert len(at.read) == 3


async def test_overwriting_everything_reads_only() -> None:
    """The tasks are told before they are touched; the items are sent as they came; unknown IDs fail."""
    async with desk("a") as at:
        at.keep_by(LabelMerger(False, frozenset(), {}))
        batch = at.batch((1, "a", {"classifications": [DAY]}), (2, "x", {}))
        async with at.existing.merged(batch) as pieces:
            assert [piece.items for piece in pieces] == [batch.items[:1]]
            assert [task.external_id for task in at.read] == ["a"]

    assert [(outcome.number, outcome.state) for outcome in at.report.finish().outcomes] == [(2, "failed")]


async def test_assets_that_share_an_id() -> None:
    """With equal labels each gets the same, and the row says so; with different ones each keeps its own."""
    async with desk("a", "a") as at:
        (sent,) = await at.send(at.batch((1, "a", {"classifications": [DAY]})))
        assert sent["classifications"] == [DAY]
        at.rows.close(1, "imported")
        first, _ = at.hub.tasks()
        assert at.rows.matches.n_tasks("a") == 2

        answer = {"objects": [CAR], "classifications": [], "relations": []}
        at.hub.annotate(first["_id"], {"answer": answer})
        assert await at.send(at.batch((2, "a", {"classifications": [NOTE]}))) == []
        at.rows.close(2, "imported")
        answers = [task["answer"] for task in at.hub.tasks()]

    assert [len(answer["tools"]) for answer in answers] == [1, 0]
    assert [{each["schemaId"] for each in answer["classifications"]} for answer in answers] == [
        {"cls-note"},
        {"cls-note", "cls-type"},
    ]
    for outcome in at.report.finish().outcomes:
        assert texts(outcome.notes) == ("2 assets have this external ID; each of them gets the labels",)
