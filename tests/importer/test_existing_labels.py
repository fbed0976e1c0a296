"""Batches rewritten by what is stored, against the local hub."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson
import pytest

from localhub.hubclient import CAR, KEY, SCHEMA, Api
from prelabel.errors import UploadError
from prelabel.hub.asset_matching import Matches
from prelabel.hub.batches import n_bytes_of
from prelabel.hub.client import HubClient, HubTask
from prelabel.hub.merge import option_values
from prelabel.importer.existing_labels import Keeping, Rewriter
from prelabel.inputs.csv_layout import RowForm
from prelabel.items.chunk_encoder import EncodedChunk
from prelabel.items.row_encoder import EncodedRow
from prelabel.localhub import LocalHub
from prelabel.model import Batch, Item, RowBatch
from prelabel.outcomes.builder import ReportBuilder
from prelabel.outcomes.pending_rows import OpenRows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

DAY = {"schemaId": "cls-type", "answer": "day"}
NOTE = {"schemaId": "cls-note", "answer": "hello"}


class Desk:
    """A project on a local hub, and a rewriter for it."""

    def __init__(self, api: Api, client: HubClient, project: str, repeated: set[str]) -> None:
        self.api = api
        self.client = client
        self.project = project
        self.books = ReportBuilder("import", "x.csv", RowForm.of_names(["id"]))
        self.rows = OpenRows(self.books, Matches())
        self.read: list[HubTask] = []
        keeping = Keeping(True, frozenset(), option_values(SCHEMA))
        self.rewriter = Rewriter(client, project, keeping, self.rows, repeated, self.note)

    async def note(self, tasks: Sequence[HubTask]) -> None:
        """Remember what was read."""
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
        async with self.rewriter.rewritten(batch) as pieces:
            for piece in pieces:
                assert piece.n_bytes == n_bytes_of(piece.items)
                if piece.items:
                    await self.client.send(self.project, piece)
                sent += [orjson.loads(item.body) for item in piece.items if item.body]
        return sent


@asynccontextmanager
async def desk(*external_ids: str, repeated: set[str] = frozenset()) -> AsyncIterator[Desk]:  # type: ignore[assignment]
    """A fresh project with these assets."""
    async with LocalHub(api_key=KEY) as hub, aiohttp.ClientSession() as session:
        api = Api(hub, session)
        project = await api.project()
        await api.upload(project, list(external_ids))
        async with HubClient(hub.url, KEY, requests_per_minute=100_000) as client:
            yield Desk(api, client, project, repeated)


async def test_old_and_new_labels() -> None:
    """Objects and other answers stay, the new answer is added; doing it again changes nothing."""
    async with desk("a", "b") as at:
        await at.api.import_labels(at.project, [{"externalId": "a", "objects": [CAR], "classifications": [NOTE]}])
        for number in (1, 3):
            await at.send(at.batch((number, "a", {"classifications": [DAY]}), (number + 1, "b", {"objects": [CAR]})))
        a, b = await at.api.tasks(at.project)

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
    assert [(outcome.number, outcome.notes) for outcome in at.books.finish().outcomes] == [
        (1, ("2 rows of the CSV have this external ID; all were added",)),
        (2, ("2 rows of the CSV have this external ID; all were added",)),
    ]


async def test_rows_of_one_asset_in_several_batches() -> None:
    """The later batch reads only after the earlier one is acknowledged; unrelated batches do not wait."""
    async with desk("a", "b", repeated={"a"}) as at:
        order: list[str] = []

        async def run(name: str, batch: Batch, pause_s: float) -> None:
            async with at.rewriter.rewritten(batch) as pieces:
                await asyncio.sleep(pause_s)
                await at.client.send(at.project, pieces[0])
                order.append(name)

        async with asyncio.TaskGroup() as group:
            group.create_task(run("first", at.batch((1, "a", {"classifications": [DAY]})), 0.2))
            group.create_task(run("second", at.batch((2, "a", {"classifications": [NOTE]})), 0))
            group.create_task(run("other", at.batch((3, "b", {"classifications": [NOTE]})), 0))
        a, _ = await at.api.tasks(at.project)

    assert order == ["other", "first", "second"]
    assert {each["schemaId"] for each in a["answer"]["classifications"]} == {"cls-type", "cls-note"}


async def test_a_failed_batch_does_not_block_the_next() -> None:
    """Whoever waits for it goes on when it fails."""
    async with desk("a", repeated={"a"}) as at:
        at.rewriter._project = "0" * 24
        with pytest.raises(UploadError):
            await at.send(at.batch((1, "a", {})))
        at.rewriter._project = at.project
        async with asyncio.timeout(5):
            await at.send(at.batch((2, "a", {})))


async def test_unmatched_rows_end_here() -> None:
    """They are closed with the reason, and not sent."""
    async with desk("a") as at:
        sent = await at.send(at.batch((1, "x", {}), (2, "a", {})))

    assert [each["externalId"] for each in sent] == ["a"]
    assert [(outcome.number, outcome.state) for outcome in at.books.finish().outcomes] == [(1, "failed")]


async def test_content_no_item_is_known_to_carry() -> None:
    """It is written with its task alone, and the row's owner told."""
    async with desk("a") as at:
        (item,) = at.batch((1, "a", {"classifications": [DAY]})).items
        task = HubTask("t1", "a1", "a", {"tools": [], "rotation": 90}, {"brushDataUrl": "https://b/1"})
        result = at.rewriter._keeping.group("a", [item], [task])
        assert isinstance(result, Item)
        ((task_id, body),) = result.task_bodies
        assert task_id == "t1"
        assert orjson.loads(body) == {
            "answer": {"objects": [], "classifications": [DAY], "relations": [], "rotation": 90},
            "brushDataUrl": "https://b/1",
            "medicalBrushDataUrl": None,
            "duration": 0,
        }
        assert at.rewriter._account([item], [task], result) is result
        at.rows.close(1, "imported")

    (outcome,) = at.books.finish().outcomes
    assert outcome.notes == ("the stored labels also hold rotation, sent along as found: look whether they are kept",)


async def test_brushes_stay() -> None:
    """A task with a brush mask gets its new labels beside it."""
    async with desk("a") as at:
        (task,) = await at.api.tasks(at.project)
        body = {"answer": {"objects": [CAR]}, "brushDataUrl": "https://b/1"}
        await at.api.ok("POST", f"/v2/annotate/{task['_id']}", body)
        assert await at.send(at.batch((1, "a", {"classifications": [DAY]}))) == []
        (task,) = await at.api.tasks(at.project)

    assert task["brushDataUrl"] == "https://b/1"
    assert [made["objectId"] for made in task["answer"]["tools"]] == ["car-1"]
    assert [each["answer"] for each in task["answer"]["classifications"]] == ["opt-day"]


async def test_overwriting_keeps_ignored_schemas() -> None:
    """Their stored labels stay, all others go; a task with other labels of theirs is written on its own."""
    async with desk("a", "b", "b") as at:
        at.rewriter._keeping = Keeping(False, frozenset({"cls-note", "tool-car"}), option_values(SCHEMA))
        stored = {"objects": [CAR], "classifications": [NOTE, {"schemaId": "cls-seen", "answer": ["rain"]}]}
        await at.api.import_labels(at.project, [{"externalId": "a", **stored}])
        last = (await at.api.tasks(at.project))[-1]
        await at.api.ok("POST", f"/v2/annotate/{last['_id']}", {"answer": {"classifications": [NOTE]}})
        await at.send(at.batch((1, "a", {"classifications": [DAY]}), (2, "b", {"classifications": [DAY]})))
        answers = [task["answer"] for task in await at.api.tasks(at.project)]

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
        at.rewriter._keeping = Keeping(False, frozenset(), {})
        batch = at.batch((1, "a", {"classifications": [DAY]}), (2, "x", {}))
        async with at.rewriter.rewritten(batch) as pieces:
            assert [piece.items for piece in pieces] == [batch.items[:1]]
            assert [task.external_id for task in at.read] == ["a"]

    assert [(outcome.number, outcome.state) for outcome in at.books.finish().outcomes] == [(2, "failed")]


async def test_assets_that_share_an_id() -> None:
    """With equal labels each gets the same, and the row says so; with different ones each keeps its own."""
    async with desk("a", "a") as at:
        (sent,) = await at.send(at.batch((1, "a", {"classifications": [DAY]})))
        assert sent["classifications"] == [DAY]
        at.rows.close(1, "imported")
        first, _ = await at.api.tasks(at.project)
        assert at.rows.matches.n_tasks("a") == 2

        answer = {"objects": [CAR], "classifications": [], "relations": []}
        await at.api.ok("POST", f"/v2/annotate/{first['_id']}", {"answer": answer})
        assert await at.send(at.batch((2, "a", {"classifications": [NOTE]}))) == []
        at.rows.close(2, "imported")
        answers = [task["answer"] for task in await at.api.tasks(at.project)]

    assert [len(answer["tools"]) for answer in answers] == [1, 0]
    assert [{each["schemaId"] for each in answer["classifications"]} for answer in answers] == [
        {"cls-note"},
        {"cls-note", "cls-type"},
    ]
    for outcome in at.books.finish().outcomes:
        assert outcome.notes == ("2 assets have this external ID; each of them gets the labels",)
