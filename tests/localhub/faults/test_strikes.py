"""What a client sees of each fault: one that reads the bare connection, and the project's own."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson
import pytest

from localhub.hubclient import Api
from localhub.project import CAR, KEY
from prelabel.errors import BatchTooLarge, UploadError, UploadRefused, UploadUnavailable
from prelabel.hub.transport import Timeouts, Transport
from prelabel.localhub import Fault, FaultPlan, HubSettings, LocalHub
from prelabel.localhub.faults.fault import IMPORT_ROUTE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SENTENCE = "2 / 2 tasks are labeled."


class Raw:
    """One connection, read and written byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def rest(self) -> tuple[bytes, str]:
        """All that still comes, and how it ends: ``reset`` or ``closed``."""
        received = b""
        try:
            while piece := await self.reader.read(2**16):
                received += piece
        except ConnectionResetError:
            return received, "reset"
        return received, "closed"


class Scene:
    """A hub with a project of two assets, and an import for them."""

    def __init__(self, api: Api, project_id: str) -> None:
        self.api = api
        self.hub = api.hub
        self.project_id = project_id
        items = [{"externalId": f"{number}.png", "objects": [CAR]} for number in range(2)]
        self.body = orjson.dumps({"project": project_id, "jsonContent": items})

    def play(self, *faults: Fault, **settings: Any) -> None:
        """Play these faults."""
        self.hub.faults = FaultPlan(0, faults, settings)

    async def labelled(self) -> list[int]:
        """How many objects each task has by now; no faults are played any more."""
        self.hub.faults = None
        return [len(task["answer"]["tools"]) for task in await self.api.tasks(self.project_id)]

    @asynccontextmanager
    async def raw(self, *, sent: int | None = None) -> AsyncIterator[Raw]:
        """A connection over which the import's head and the first bytes of its body have gone."""
        host, _, port = self.hub.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"POST /v2/import/labels HTTP/1.1\r\nHost: hub\r\napikey: {KEY}\r\nConnection: close\r\n"
        writer.write(f"{head}Content-Length: {len(self.body)}\r\n\r\n".encode() + self.body[:sent])
        try:
            yield Raw(reader, writer)
        finally:
            writer.transport.abort()

    async def answer(self) -> tuple[bytes, bytes, str]:
        """Head and body of the import's answer as they come over the wire, and how the connection ended."""
        async with self.raw() as raw:
            received, ending = await raw.rest()
        head, _, body = received.partition(b"\r\n\r\n")
        return head, body, ending

    async def send(self, **timeouts: float) -> dict[str, Any]:
        """The import by way of the project's own transport."""
        async with Transport(self.hub.url, KEY, timeouts=Timeouts(**timeouts)) as transport:
            return await transport.request("POST", "import", "labels", body=self.body)

    async def error(self, **timeouts: float) -> UploadError:
        """The error of that import."""
        with pytest.raises(UploadError) as caught:
            await self.send(**timeouts)
        return caught.value


@pytest.fixture
async def scene(tmp_path_factory: pytest.TempPathFactory, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Scene]:
    """A fresh hub and project. None of the faults played is taken for a failure of the hub itself."""
    async with (
        LocalHub(tmp_path_factory.mktemp("store"), api_key=KEY) as hub,
        aiohttp.ClientSession() as session,
    ):
        api = Api(hub, session)
        yield Scene(api, await api.project(2))
    assert [record for record in caplog.get_records("call") if record.levelname == "ERROR"] == []


@pytest.mark.parametrize(
    ("fault", "status", "retry_after", "kind"),
    [
        (Fault("too_many_requests"), b"429 Too Many Requests", [], b"application/json"),
        (Fault("too_many_requests", retry_after_s=7), b"429", [b"Retry-After: 7"], b"application/json"),
        (Fault("server_error", status=503), b"503 Service Unavailable", [], b"application/json"),
        (Fault("server_error", status=503, retry_after_s=0.5), b"503", [b"Retry-After: 0.5"], b"application/json"),
        (Fault("unauthorized"), b"401 Unauthorized", [], b"application/json"),
        (Fault("body_too_large", max_bytes=20), b"413 ", [], b"application/json"),
        (Fault("html_answer"), b"200 OK", [], b"text/html"),
        (Fault("html_answer", status=502), b"502 Bad Gateway", [], b"text/html"),
    ],
)
async def test_refusals_on_the_wire(
    scene: Scene, fault: Fault, status: bytes, retry_after: list[bytes], kind: bytes
) -> None:
    """The status line, the headers, a body of the right kind, and no work done."""
    scene.play(fault)
    head, body, ending = await scene.answer()
    assert head.startswith(b"HTTP/1.1 " + status)
    assert b"\r\nContent-Type: " + kind in head
    assert [line for line in head.split(b"\r\n") if line.startswith(b"Retry-After")] == retry_after
    assert body.startswith(b"<html>" if kind == b"text/html" else b'{"status":')
    assert ending == "closed"
    assert scene.hub.fault_counts == {fault.kind: 1}
    assert await scene.labelled() == [0, 0]


@pytest.mark.parametrize(
    ("fault", "error", "surely_not_done", "labelled"),
    [
        (Fault("too_many_requests"), UploadUnavailable, True, False),
        (Fault("server_error"), UploadUnavailable, False, False),
        (Fault("server_error", status=504, work_done=True), UploadUnavailable, False, True),
        (Fault("unauthorized"), UploadRefused, None, False),
        (Fault("body_too_large", max_bytes=20), BatchTooLarge, None, False),
        (Fault("reset_before_body"), UploadUnavailable, False, False),
        (Fault("reset_after_body"), UploadUnavailable, False, False),
        (Fault("answer_lost"), UploadUnavailable, False, True),
        (Fault("truncated_answer"), UploadUnavailable, False, True),
        (Fault("truncated_answer", sent_share=0), UploadUnavailable, False, True),
        (Fault("html_answer"), UploadUnavailable, False, False),
        (Fault("html_answer", work_done=True), UploadUnavailable, False, True),
        (Fault("html_answer", status=502), UploadUnavailable, False, False),
        (Fault("slow_drip", delay_s=0.1, chunk_bytes=1), UploadUnavailable, False, True),
        (Fault("latency", delay_s=1, work_done=True), UploadUnavailable, False, True),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else None,
)
async def test_how_the_project_s_transport_sorts_them(
    scene: Scene, fault: Fault, error: type[UploadError], surely_not_done: bool | None, labelled: bool
) -> None:
    """What may have been done is never called surely not done; the next request goes through."""
    scene.play(Fault(**{**fault.document(), "times": 1}))
    caught = await scene.error(total_s=0.5)
    assert type(caught) is error
    assert getattr(caught, "surely_not_done", None) is surely_not_done
    assert scene.hub.fault_counts == {fault.kind: 1}
    assert await scene.labelled() == ([1, 1] if labelled else [0, 0])
    assert (await scene.send())["project"] == SENTENCE


async def test_retry_after_reaches_the_client(scene: Scene) -> None:
    """As a number and as a date, which has whole seconds and is never too early."""
    scene.play(Fault("too_many_requests", retry_after_s=0.25, times=1), Fault("too_many_requests", times=1))
    waits = [getattr(await scene.error(), "retry_after_s", -1) for _ in range(2)]
    scene.play(Fault("too_many_requests", retry_after_s=30, retry_after_form="date"))
    late = getattr(await scene.error(), "retry_after_s", -1)
    assert waits == [0.25, None]
    assert 30 <= late <= 32


async def test_a_reset_before_the_body(scene: Scene) -> None:
    """A real reset, not a polite end, although half of the body is still to come."""
    scene.play(Fault("reset_before_body"))
    async with scene.raw(sent=10) as raw:
        assert await raw.rest() == (b"", "reset")
    assert await scene.labelled() == [0, 0]


async def test_a_reset_after_the_body(scene: Scene) -> None:
    """The connection stands until the last byte has come; then it is reset, and nothing was done."""
    scene.play(Fault("reset_after_body"))
    async with scene.raw(sent=10) as raw:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(raw.reader.read(1), 0.1)
        raw.writer.write(scene.body[10:])
        assert await raw.rest() == (b"", "reset")
    assert await scene.labelled() == [0, 0]


async def test_a_lost_answer(scene: Scene) -> None:
    """Not a byte of it arrives; the labels are in. Refusals are lost just as well."""
    scene.play(Fault("answer_lost"))
    assert await scene.answer() == (b"", b"", "reset")
    assert await scene.labelled() == [1, 1]
    scene.play(Fault("answer_lost"))
    scene.body = b"{}"
    assert await scene.answer() == (b"", b"", "reset")


@pytest.mark.parametrize("share", [0, 0.5, 1])
async def test_a_truncated_answer(scene: Scene, share: float) -> None:
    """The head promises more than comes, at least by one byte, and the connection ends in good order."""
    whole = await scene.answer()
    scene.play(Fault("truncated_answer", sent_share=share))
    head, body, ending = await scene.answer()
    n_bytes = len(whole[1])
    assert f"Content-Length: {n_bytes}\r\n".encode() in head
    assert body == whole[1][: min(int(n_bytes * share), n_bytes - 1)]
    assert ending == "closed"


async def test_a_slow_drip(scene: Scene) -> None:
    """The answer is whole in the end, and comes in pieces."""
    whole = await scene.answer()
    scene.play(Fault("slow_drip", chunk_bytes=20, delay_s=0.02))
    async with scene.raw() as raw:
        await raw.reader.readuntil(b"\r\n\r\n")
        pieces = [piece async for piece in _pieces(raw.reader)]
    assert b"".join(pieces) == whole[1]
    assert len(pieces) >= len(whole[1]) // 20 // 2
    assert (await scene.send())["project"] == SENTENCE


async def _pieces(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while piece := await reader.read(2**16):
        yield piece


async def test_latency_before_the_work(scene: Scene) -> None:
    """The work of a client that gave up is done later all the same, as behind a slow gateway."""
    scene.play(Fault("latency", delay_s=0.3, times=1))
    caught = await scene.error(read_s=0.1)
    assert isinstance(caught, UploadUnavailable)
    assert not caught.surely_not_done
    assert await scene.labelled() == [0, 0]
    await asyncio.sleep(0.4)
    assert await scene.labelled() == [1, 1]


async def test_latency_comes_on_top_of_another_fault(scene: Scene) -> None:
    """First the wait, then the other one."""
    scene.play(Fault("latency", delay_s=0.1, max_delay_s=0.2), Fault("answer_lost"))
    started = time.perf_counter()
    assert await scene.answer() == (b"", b"", "reset")
    assert time.perf_counter() - started >= 0.1
    assert scene.hub.fault_counts == {"latency": 1, "answer_lost": 1}


async def test_bodies_of_unknown_length_are_measured(scene: Scene) -> None:
    """413 also where the size was not announced; smaller ones pass."""
    scene.play(Fault("body_too_large", max_bytes=len(scene.body)))
    assert (await scene.send())["project"] == SENTENCE

    async def chunks() -> AsyncIterator[bytes]:
        yield scene.body
        yield b" "

    url, headers = f"{scene.hub.url}/v2/import/labels", {"apikey": KEY}
    async with scene.api.session.post(url, data=chunks(), headers=headers) as answer:
        assert answer.status == 413
        assert (await answer.json())["message"] == f"the body is larger than {len(scene.body)} bytes"
    assert scene.hub.fault_counts == {"body_too_large": 1}


async def test_a_key_that_expires_midway(scene: Scene) -> None:
    """Some requests pass, then none does."""
    scene.play(Fault("unauthorized", after=3))
    statuses = [(await scene.api.call("GET", "/v2/listProjects"))[0] for _ in range(5)]
    assert statuses == [200, 200, 200, 401, 401]


async def test_dropped_items(scene: Scene) -> None:
    """Fewer are labelled than the sentence says; or as few as it says."""
    scene.play(Fault("dropped_items", times=1), Fault("dropped_items", hidden=False, n_items=5))
    assert (await scene.send())["project"] == SENTENCE
    assert (await scene.send())["project"] == "0 / 2 tasks are labeled."
    assert scene.hub.fault_counts == {"dropped_items": 1, "dropped_items#2": 1}
    assert await scene.labelled() == [1, 0]


async def test_an_understated_count(scene: Scene) -> None:
    """All are labelled, and the sentence says fewer; a refusal stays one."""
    scene.play(Fault("understated_count"), Fault("latency", delay_s=0, work_done=True))
    assert (await scene.send())["project"] == "1 / 2 tasks are labeled."
    scene.body = b"{}"
    assert isinstance(await scene.error(), UploadRefused)
    assert await scene.labelled() == [1, 1]


async def test_settings_change_with_the_plan(scene: Scene) -> None:
    """An appending hub with small pages, while the plan lasts."""
    query = {"limit": "100"}
    path = f"/v2/project/{scene.project_id}/tasks"
    scene.play(import_mode="append", page_cap=1)
    for _ in range(2):
        await scene.send()
    assert len((await scene.api.ok("GET", path, query=query))["tasks"]) == 1
    assert await scene.labelled() == [2, 2]
    assert len((await scene.api.ok("GET", path, query=query))["tasks"]) == 2
    await scene.send()
    assert await scene.labelled() == [1, 1]


async def test_only_the_route_is_struck_and_every_request_is_counted(scene: Scene) -> None:
    """Struck requests are in the hub's counts too."""
    scene.play(Fault("unauthorized", route=IMPORT_ROUTE))
    await scene.error()
    await scene.api.ok("GET", "/v2/listProjects")
    assert scene.hub.fault_counts == {"unauthorized": 1}
    assert scene.hub.request_counts["POST /v2/import/labels"] == 1


async def test_answers_without_a_body_and_downloads(scene: Scene) -> None:
    """What has no body at hand is reset instead of truncated, and drips as fast as ever. Uploads wait unread."""
    path = await scene.api.ok("GET", "/v2/getUploadUrl", query={"name": "a.png", "project": scene.project_id})
    url = path["uploadUrl"]
    scene.play(Fault("slow_drip", route="* /*", delay_s=5))
    async with scene.api.session.put(url, data=b"abc") as answer:
        assert answer.status == 200
    async with scene.api.session.get(url.partition("?")[0]) as answer:
        assert await answer.read() == b"abc"
    scene.play(Fault("latency", route="PUT /files/*", delay_s=0))
    async with scene.api.session.put(url, data=b"later") as answer:
        assert answer.status == 200
    async with scene.api.session.get(url.partition("?")[0]) as answer:
        assert await answer.read() == b"later"
    scene.play(Fault("truncated_answer", route="* /*"))
    with pytest.raises(aiohttp.ClientOSError):
        async with scene.api.session.get(url.partition("?")[0]):
            pass


async def test_a_plan_from_the_start(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Given with the settings, or set before the start; a restart plays it anew."""
    plan = FaultPlan(0, (Fault("unauthorized", times=1),))
    hub = LocalHub(tmp_path_factory.mktemp("store"), settings=HubSettings(api_key=KEY, faults=plan))
    assert hub.faults == plan
    for _ in range(2):
        async with hub, aiohttp.ClientSession() as session:
            assert (await Api(hub, session).call("GET", "/v2/listProjects"))[0] == 401
            assert (await Api(hub, session).call("GET", "/v2/listProjects"))[0] == 200
            assert hub.fault_counts == {"unauthorized": 1}
    late = LocalHub(tmp_path_factory.mktemp("store"), api_key=KEY)
    assert late.faults is None
    late.faults = plan
    async with late:
        assert late.faults == plan
        late.faults = None
        assert late.fault_counts == {}
