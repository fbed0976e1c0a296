"""The Hub's endpoints as the client uses them, against scripted servers on loopback."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import orjson
import pytest

from prelabel.errors import BatchTooLarge, ConfigError, UploadError, UploadRefused, UploadUnavailable
from prelabel.hub.client import HubAsset, HubClient, ImportAck, connect, pretend
from prelabel.localhub import Fault
from prelabel.localhub.testing import HubDouble, ScriptedHub, failure, success
from prelabel.model import Batch, Item
from prelabel.retry import RetryPolicy

KEY = ScriptedHub.api_key
QUICK = RetryPolicy(max_attempts=3, first_wait_s=0.001, max_wait_s=0.001)


def client(hub: ScriptedHub) -> HubClient:
    """A client that does not wait long."""
    return HubClient(hub.url, KEY, requests_per_minute=100_000, policy=QUICK)


async def test_get_project() -> None:
    """The project's document is what lies under data.project."""
    async with ScriptedHub(success({"project": {"_id": "p1", "categorySchema": {}}})) as hub, client(hub) as hub_client:
        assert await hub_client.get_project("p1") == {"_id": "p1", "categorySchema": {}}

    assert hub.requests[0].raw_path == "/v2/project/p1"


async def test_project_missing_from_the_answer() -> None:
    """An answer of another shape is no crash."""
    async with ScriptedHub(success({"projects": []})) as hub, client(hub) as hub_client:
        with pytest.raises(UploadUnavailable, match=r"no 'data\.project'"):
            await hub_client.get_project("p1")


@pytest.mark.parametrize("status", [400, 404])
async def test_an_unknown_project(status: int) -> None:
    """Those that the key sees are named, at the cost of one request."""
    listed = success({"projects": [{"_id": "p1", "name": "Street"}, {"_id": "p2", "name": "Sea"}], "total": 2})
    async with ScriptedHub(failure("Invalid project: sea.", status=status), listed) as hub, client(hub) as hub_client:
        with pytest.raises(UploadRefused) as caught:
            await hub_client.get_project("sea")

    assert str(caught.value).endswith('; did you mean "p2"? The key sees p1 ("Street"), p2 ("Sea")')
    assert caught.value.status == status
    assert [seen.raw_path for seen in hub.requests] == ["/v2/project/sea", "/v2/listProjects?page=1&limit=100"]


@pytest.mark.parametrize(
    "listing", [failure("no such route", status=404), failure("oops", status=500), success({"projects": 7})]
)
async def test_an_unknown_project_of_a_hub_that_lists_none(listing: Any) -> None:
    """The refusal stands alone, and nothing is tried twice for a hint."""
    async with ScriptedHub(failure("Not found.", status=404), listing) as hub, client(hub) as hub_client:
        with pytest.raises(UploadRefused, match=r"ANGO_HOST in the environment\)$"):
            await hub_client.get_project("p1")

    assert len(hub.requests) == 2


@pytest.mark.parametrize("project", ["", "../x", "a/b", "a?b", "p" * 65])
async def test_project_ids_are_checked(project: str) -> None:
    """What cannot be an id is refused before a request is made of it."""
    async with ScriptedHub(success({})) as hub, client(hub) as hub_client:
        with pytest.raises(ConfigError, match="is no project id: copy it from"):
            await hub_client.get_project(project)

    assert hub.requests == []


def assets(*numbers: int, total: int | None) -> Any:
    """A page of assets."""
    page = [{"_id": f"a{number}", "externalId": f"{number}.png"} for number in numbers]
    return success({"assets": page} | ({} if total is None else {"total": total}))


@pytest.mark.parametrize(
    ("pages", "n_requests"),
    [
        ([assets(1, 2, total=5), assets(3, 4, total=5), assets(5, total=5)], 3),  # the limit was capped in silence
        ([assets(1, 2, total=5), assets(2, 3, 4, total=6), assets(5, 6, total=6)], 3),  # one came in between
        ([assets(1, 2, 3, 4, 5, total=None), assets(total=None)], 2),  # no total
        ([assets(1, 2, 3, 4, 5, total=9), assets(total=9)], 2),  # a total that is not reached
        ([assets(1, 2, 3, 4, 5, total=9), assets(1, 2, total=9)], 2),  # a page number that is ignored
    ],
)
async def test_paging(pages: list[Any], n_requests: int) -> None:
    """Pages are read until all are there or nothing new comes; nothing comes twice."""
    async with ScriptedHub(*pages) as hub, client(hub) as hub_client:
        found = [asset async for asset in hub_client.iter_assets("p1")]

    assert [asset.asset_id for asset in found][:5] == ["a1", "a2", "a3", "a4", "a5"]
    assert len(found) == len(set(found))
    assert [request.query["page"] for request in hub.requests] == [str(number) for number in range(1, n_requests + 1)]
    assert {request.query["limit"] for request in hub.requests} == {"100"}


async def test_assets_without_ids_and_with_tasks() -> None:
    """An asset may have no external ID; its tasks are counted where they are told."""
    page = [{"_id": "a1", "externalId": None}, {"_id": "a2", "externalId": "x", "labelTasks": [{}, {}]}]
    async with ScriptedHub(success({"assets": page, "total": 2})) as hub, client(hub) as hub_client:
        assert [asset async for asset in hub_client.iter_assets("p1")] == [HubAsset("a1", ""), HubAsset("a2", "x", 2)]


@pytest.mark.parametrize(
    ("metadata", "shape"),
    [
        ({"width": 640, "height": 480}, (480, 640)),
        ({"width": "640", "height": 480.0, "size": 9}, (480, 640)),
        ({"width": 640}, None),
        ({"width": 0, "height": 480}, None),
        ({"width": -640, "height": 480}, None),
        ({"width": 640.5, "height": 480}, None),
        ({"width": True, "height": True}, None),
        ({"width": 10**12, "height": 480}, None),
        ({"width": "wide", "height": None}, None),
        ({"width": [640], "height": {}}, None),
        ({"width": "nan", "height": "inf"}, None),
        ({}, None),
        (None, None),
        ("640x480", None),
    ],
)
async def test_sizes_of_assets(metadata: Any, shape: tuple[int, int] | None) -> None:
    """From the metadata, as numbers of whatever kind; anything else is no size."""
    page = [{"_id": "a1", "externalId": "x", "metadata": metadata}]
    async with ScriptedHub(success({"assets": page, "total": 1})) as hub, client(hub) as hub_client:
        assert [asset.shape async for asset in hub_client.iter_assets("p1")] == [shape]


async def test_assets_of_one_external_id() -> None:
    """Asked for by the filter that the Hub documents for it."""
    async with ScriptedHub(assets(2, total=1)) as hub, client(hub) as hub_client:
        assert [asset.asset_id async for asset in hub_client.iter_assets("p1", "2.png")] == ["a2"]

    assert orjson.loads(hub.requests[0].query["filters"]) == {"externalId": "2.png"}


async def test_assets_of_a_batch() -> None:
    """Likewise."""
    async with ScriptedHub(assets(2, total=1)) as hub, client(hub) as hub_client:
        assert [asset.asset_id async for asset in hub_client.iter_assets("p1", batch_id="b1")] == ["a2"]

    assert orjson.loads(hub.requests[0].query["filters"]) == {"batches": ["b1"]}


@pytest.mark.parametrize(
    ("told", "batches"),
    [
        ({"batches": ["b1", "Monday"]}, ("b1", "Monday")),
        ({"batches": [{"_id": "b1", "name": "Monday"}, 7, None, {}]}, ("b1",)),
        ({"batches": []}, ()),
        ({"batches": None}, None),
        ({"batches": "b1"}, None),
        ({}, None),
    ],
)
async def test_batches_of_assets(told: dict[str, Any], batches: tuple[str, ...] | None) -> None:
    """As the record calls them; a record without a list tells nothing."""
    page = [{"_id": "a1", "externalId": "x", **told}]
    async with ScriptedHub(success({"assets": page, "total": 1})) as hub, client(hub) as hub_client:
        assert [asset.batches async for asset in hub_client.iter_assets("p1")] == [batches]


async def test_count_assets() -> None:
    """One small request tells the number, if the Hub does."""
    async with ScriptedHub(assets(1, total=777), assets(1, total=None)) as hub, client(hub) as hub_client:
        assert [await hub_client.count_assets("p1"), await hub_client.count_assets("p1")] == [777, None]

    assert hub.requests[0].query == {"page": "1", "limit": "1"}


async def test_pages_of_another_shape() -> None:
    """A list that is none, or whose records have no id, is an unusable answer."""
    for data in ({}, {"assets": "x"}, {"assets": [{"externalId": "x"}]}, {"assets": [None]}):
        async with ScriptedHub(success(data)) as hub, client(hub) as hub_client:
            with pytest.raises(UploadUnavailable, match=r"no list 'data\.assets' of records"):
                [asset async for asset in hub_client.iter_assets("p1")]


async def test_tasks_in_both_forms() -> None:
    """A task names its asset by id or by object; its answer and brush masks come along."""
    tasks = [
        {"_id": "t1", "asset": "a1", "externalId": "x&y", "answer": {"tools": []}, "brushDataUrl": "https://b/1"},
        {"_id": "t2", "asset": {"_id": "a2", "externalId": "z"}, "answer": None, "brushDataUrl": ""},
    ]
    async with ScriptedHub(success({"tasks": tasks, "total": 2})) as hub, client(hub) as hub_client:
        first, second = await hub_client.tasks_by_external_ids("p1", ["x&y", "z"], include_answer=True)

    assert (first.task_id, first.asset_id, first.external_id, first.answer) == ("t1", "a1", "x&y", {"tools": []})
    assert first.brush_urls == {"brushDataUrl": "https://b/1"}
    assert (second.asset_id, second.external_id, second.answer, second.brush_urls) == ("a2", "z", {}, {})
    assert hub.requests[0].query["includeAnswer"] == "true"
    assert orjson.loads(hub.requests[0].query["filter"]) == {"externalId": {"$in": ["x&y", "z"]}}


async def test_tasks_that_name_only_their_asset() -> None:
    """Then the assets are listed, once, to learn the external IDs."""
    tasks = success({"tasks": [{"_id": "t1", "asset": "a2"}], "total": 1})
    async with ScriptedHub(tasks, assets(1, 2, total=2), tasks) as hub, client(hub) as hub_client:
        for _ in range(2):
            assert [t.external_id for t in await hub_client.tasks_by_external_ids("p1", ["2.png"])] == ["2.png"]

    assert [request.raw_path.partition("?")[0] for request in hub.requests] == [
        "/v2/project/p1/tasks",
        "/v2/project/p1/assets",
        "/v2/project/p1/tasks",
    ]


async def test_import_items() -> None:
    """Items travel as they are, in the SDK's form; the sentence's numbers come back."""
    bodies = [b'{"externalId":"a","objects":[]}', b'{"externalId":"b","x":1.50}']
    async with ScriptedHub(success({"project": "48 / 50 tasks are labeled."})) as hub, client(hub) as hub_client:
        assert await hub_client.import_items("p1", bodies) == ImportAck(48, 50, 1)

    assert hub.requests[0].method == "POST"
    assert hub.requests[0].raw_path == "/v2/import/labels"
    assert hub.requests[0].body == b'{"project":"p1","jsonContent":[' + b",".join(bodies) + b"]}"


@pytest.mark.parametrize("sentence", ["Labels are imported.", None, {"n": 3}])
async def test_other_sentences(sentence: Any) -> None:
    """A sentence without numbers is a success whose numbers are unknown."""
    async with ScriptedHub(success({"project": sentence})) as hub, client(hub) as hub_client:
        assert await hub_client.import_items("p1", [b"{}"]) == ImportAck(None, None, 1)


async def test_items_of_single_tasks() -> None:
    """They are written task by task, the others in one import; the counts add up."""
    items = (Item(1, "a", b"{}"), Item(2, "b", b"", (("t1", b'{"answer":1}'), ("t2", b'{"answer":2}'))))
    answers = [success({"project": "1 / 1 tasks are labeled."}), success({"label": {}}), success({"label": {}})]
    async with ScriptedHub(*answers) as hub, client(hub) as hub_client:
        assert await hub_client.send("p1", Batch(1, items, 5)) == ImportAck(3, 3, 3)
        assert await hub_client.send("p1", Batch(1, items[1:], 5)) == ImportAck(2, 2, 2)

    assert [request.raw_path for request in hub.requests[:3]] == [
        "/v2/import/labels",
        "/v2/annotate/t1?nextStage=false&isPlugin=false",
        "/v2/annotate/t2?nextStage=false&isPlugin=false",
    ]
    assert hub.requests[0].body == b'{"project":"p1","jsonContent":[{}]}'
    assert [request.body for request in hub.requests[3:]] == [b'{"answer":1}', b'{"answer":2}']


async def test_transient_failures_are_retried() -> None:
    """Until it works; the number of tries is told, and every request counted."""
    answers = [
        failure("busy", status=503),
        failure("slow", status=429, headers={"Retry-After": "0"}),
        success({"project": "1 / 1"}),
    ]
    async with ScriptedHub(*answers) as hub, client(hub) as hub_client:
        assert await hub_client.import_items("p1", [b"{}"]) == ImportAck(1, 1, 3)
        assert hub_client.transport.n_requests == 3


@pytest.mark.parametrize(
    ("status", "kind", "n_attempts"), [(503, UploadUnavailable, 3), (400, UploadRefused, 1), (413, BatchTooLarge, 1)]
)
async def test_lasting_failures(status: int, kind: type[Exception], n_attempts: int) -> None:
    """They are raised with the number of tries."""
    async with ScriptedHub(failure("no", status=status)) as hub, client(hub) as hub_client:
        with pytest.raises(kind) as caught:
            await hub_client.import_items("p1", [b"{}"])

    assert caught.value.attempts == n_attempts  # type: ignore[attr-defined]
    assert len(hub.requests) == n_attempts


async def test_little_patience_with_a_host_that_never_answered() -> None:
    """Three tries tell a mistyped host; a Hub that has answered once, even "busy", is waited for."""
    patient = RetryPolicy(max_attempts=6, first_wait_s=0.001, max_wait_s=0.001)
    async with ScriptedHub(success({"assets": [], "total": 0})) as hub:
        url = hub.url
    async with HubClient(url, KEY, policy=patient) as nowhere:
        with pytest.raises(UploadUnavailable, match="cannot connect") as caught:
            await nowhere.count_assets("p1")
    assert caught.value.attempts == 3

    async with ScriptedHub(failure("busy", status=503)) as hub, HubClient(hub.url, KEY, policy=patient) as busy:
        with pytest.raises(UploadUnavailable, match="busy") as caught:
            await busy.count_assets("p1")
    assert caught.value.attempts == 6


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_holds_everybody(status: int) -> None:
    """Who is told to wait tells all others."""
    answers = [failure("slow", status=status, headers={"Retry-After": "0.3"}), success({"assets": [], "total": 0})]
    async with ScriptedHub(*answers) as hub, client(hub) as hub_client:
        told = asyncio.create_task(hub_client.count_assets("p1"))
        await asyncio.wait([told], timeout=0.1)
        assert len(hub.requests) == 1
        started = time.monotonic()
        await hub_client.count_assets("p1")
        assert time.monotonic() - started >= 0.15
        assert await told == 0
    assert hub_client.pace.waited_s >= 0.15


async def test_closing_ends_retries() -> None:
    """A call that waits for its next try ends soon after the pace is closed, with the reason."""
    policy = RetryPolicy(max_attempts=6, first_wait_s=100, max_wait_s=100)
    async with (
        ScriptedHub(failure("busy", status=503, headers={"Retry-After": "50"})) as hub,
        HubClient(hub.url, KEY, policy=policy) as one,
    ):
        calling = asyncio.create_task(one.count_assets("p1"))
        while not hub.requests:  # noqa: ASYNC110 - the server knows no event
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        one.pace.close("interrupted")
        with pytest.raises(UploadUnavailable, match="had stopped: interrupted"):
            await asyncio.wait_for(calling, 5)

    assert len(hub.requests) == 1


def test_connect_reads_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not given comes from ANGO_HOST and ANGO_API_KEY, or is the public Hub."""
    monkeypatch.setenv("ANGO_API_KEY", KEY)
    monkeypatch.delenv("ANGO_HOST", raising=False)
    assert str(connect(None, None, requests_per_minute=1).transport.url) == "https://imeritapi.ango.ai/v2"
    monkeypatch.setenv("ANGO_HOST", "https://us-api.ango.ai")
    assert str(connect(None, None, requests_per_minute=1).transport.url) == "https://us-api.ango.ai/v2"
    assert str(connect("https://x", None, requests_per_minute=1).transport.url) == "https://x/v2"
    hub = connect("https://x", None, requests_per_minute=1)
    assert "(ANGO_API_KEY in the environment)" in str(hub.transport._refusal(401, {}, ""))
    hub = connect("https://x", "given", requests_per_minute=1)
    assert "(the one the caller gave)" in str(hub.transport._refusal(401, {}, ""))
    monkeypatch.delenv("ANGO_API_KEY")
    with pytest.raises(ConfigError, match="there is none: set ANGO_API_KEY in the environment"):
        connect(None, None, requests_per_minute=1)


def test_repr_hides_the_key() -> None:
    """A client in a log shows its host only."""
    assert KEY not in repr(HubClient("https://x", KEY))


async def test_pretend() -> None:
    """A dry run's sender knows nothing and sends nothing."""
    assert await pretend(Batch(1, (), 0)) == ImportAck(None, None, 0)


async def test_a_file_is_uploaded_to_the_project_s_exports() -> None:
    """By two requests; the link has no signature, and opens it."""
    async with HubDouble() as hub, HubClient(hub.url, hub.api_key) as uploader:
        url = await uploader.upload(hub.project, "report ä.json", b"x" * 3_000_000)
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            content = await response.read()
    assert content == b"x" * 3_000_000
    assert url.startswith(f"{hub.url}/files/{hub.project}/exports/")
    assert "?" not in url


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("unauthorized", route="GET /v2/getUploadUrl"), "HTTP 401"),
        (Fault("server_error", route="PUT /files/*", status=500), r"could not be put where the Hub said \(HTTP 500\)"),
        (Fault("reset_before_body", route="PUT /files/*"), r"could not be put where the Hub said \(\w+Error\)"),
    ],
)
async def test_a_file_that_cannot_be_uploaded_is_an_upload_error(fault: Fault, words: str) -> None:
    """Whose text has no URL: what writes a file is a secret."""
    async with HubDouble() as hub, HubClient(hub.url, hub.api_key, policy=QUICK) as uploader:
        hub.play(fault)
        with pytest.raises(UploadError, match=words) as caught:
            await uploader.upload(hub.project, "report.json", b"x")
    assert "token" not in str(caught.value)
    assert "/files/" not in str(caught.value)
