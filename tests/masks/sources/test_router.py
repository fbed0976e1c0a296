"""References to bytes: every source through one door, walls before all of them, one mask at a time or many."""

from __future__ import annotations

import asyncio
import base64
import gzip
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from masks.buckets import KEYS, fill_bucket, s3_server
from masks.webserver import endless, saying, serving
from prelabel.codes import Code
from prelabel.errors import MaskError
from prelabel.hub.client import HubClient
from prelabel.localhub import HubSettings
from prelabel.localhub.testing import HubDouble
from prelabel.masks.limits import MaskLimits
from prelabel.masks.sources.access import Access, Limits
from prelabel.masks.sources.request_plan import MaskSurvey
from prelabel.masks.sources.router import MaskSources
from prelabel.model import Runs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

SERVICE = Access("service")


async def got(sources: MaskSources, cell: str, turn: int = 1) -> bytes | Runs:
    """What a cell's mask is, wherever it is."""
    reference = sources.reference(cell)
    if sources.is_at_hand(reference):
        return sources.read(reference)
    async with sources.fetched(reference, turn) as content:
        assert sources.held.n_bytes >= len(content)
        return content


async def test_what_is_at_hand(tmp_path: Path) -> None:
    """Files, file URLs, data: URLs and run lengths need neither loop nor network."""
    (tmp_path / "a b.png").write_bytes(b"mask")
    async with MaskSources(tmp_path, Access(), Limits()) as sources:
        for cell in ("a b.png", (tmp_path / "a b.png").as_uri(), f"data:;base64,{base64.b64encode(b'mask').decode()}"):
            assert sources.is_at_hand(sources.reference(cell))
            assert await got(sources, cell) == b"mask"
        assert isinstance(await got(sources, '{"size": [1, 1], "counts": [1]}'), Runs)
    assert sources.busy_s == 0


async def test_what_is_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The web and buckets are fetched; the bytes count as held until they are used."""
    with s3_server() as s3:
        fill_bucket(s3, "masks", {"a.png": b"of s3"})
        for name, value in {**KEYS, "AWS_ENDPOINT_URL": s3}.items():
            monkeypatch.setenv(name, value)
        async with serving(saying()) as server, MaskSources(tmp_path, Access(), Limits()) as sources:
            assert await got(sources, f"{server.url}/a.png") == b"mask"
            assert await got(sources, "s3://masks/a.png") == b"of s3"
            assert (len(server.seen), sources.held.n_bytes) == (1, 0)
            assert sources.busy_s > 0


@pytest.mark.parametrize(
    ("cell", "part"),
    [
        ("a.png", "a service reads no local files"),
        ("/etc/passwd", "a service reads no local files"),
        ("file:///etc/passwd", "a service reads no local files"),
        ("\\\\host\\share\\a.png", "a service reads no local files"),
        ("s3://masks/a.png", "this machine's own credentials, which a service does not lend"),
        ("gs://masks/a.png", "which a service does not lend"),
        ("abfs://masks@acct.dfs.core.windows.net/a.png", "which a service does not lend"),
        ("http://127.0.0.1:9/a.png", "at a loopback address"),
    ],
)
async def test_a_service_opens_none_of_this_machines_doors(cell: str, part: str, tmp_path: Path) -> None:
    """No file, no bucket, no address inside: not even to say whether it exists."""
    (tmp_path / "a.png").write_bytes(b"mask")
    async with MaskSources(tmp_path, SERVICE, Limits()) as sources:
        with pytest.raises(MaskError, match=part):
            await got(sources, cell)


async def test_a_service_reads_what_the_cell_holds(tmp_path: Path) -> None:
    """There is no danger in that."""
    async with MaskSources(tmp_path, SERVICE, Limits()) as sources:
        assert await got(sources, "data:,mask") == b"mask"


async def test_limits_hold_for_all(tmp_path: Path) -> None:
    """Files, cells and servers alike."""
    (tmp_path / "a.png").write_bytes(b"123456")
    async with (
        serving(saying(b"123456")) as server,
        MaskSources(tmp_path, Access(), Limits(mask=MaskLimits(5))) as sources,
    ):
        for cell in ("a.png", "data:,123456", f"{server.url}/a.png"):
            with pytest.raises(MaskError, match="6 bytes and at most 5 are allowed"):
                await got(sources, cell)


async def test_no_more_than_so_many_at_once(tmp_path: Path) -> None:
    """The others wait for their turn, in order."""
    now, most = 0, 0

    async def slow(_: web.Request) -> web.StreamResponse:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.02)
        now -= 1
        return web.Response(body=b"mask")

    async with serving(slow) as server, MaskSources(tmp_path, Access(), Limits(concurrency=3)) as sources:
        await asyncio.gather(*(got(sources, f"{server.url}/{turn}", turn) for turn in range(20)))
    assert most == 3
    assert [request.path for request in server.seen[:3]] == ["/0", "/1", "/2"]


@pytest.mark.timeout(30)
async def test_stopping_ends_what_is_under_way(tmp_path: Path) -> None:
    """At once, with the reason; nothing new begins. Cancelling stays cancelling."""
    async with (
        serving(endless(b"x", 600.0)) as server,
        MaskSources(tmp_path, Access(), Limits(concurrency=2)) as sources,
    ):
        tasks = [asyncio.create_task(got(sources, f"{server.url}/{turn}", turn)) for turn in range(4)]
        cancelled = asyncio.create_task(got(sources, f"{server.url}/5", 5))
        await asyncio.sleep(0.2)
        cancelled.cancel()
        sources.stop("the deadline is over")
        results = await asyncio.gather(*tasks, cancelled, return_exceptions=True)
        assert [str(result) for result in results[:4]] == ["the import had stopped: the deadline is over"] * 4
        assert isinstance(results[4], asyncio.CancelledError)
        with pytest.raises(MaskError, match="had stopped"):
            await got(sources, f"{server.url}/6")
    assert len(server.seen) == 2


GREEDY = """
import asyncio, resource, sys
from pathlib import Path
from prelabel.errors import MaskError
from prelabel.masks.sources.access import Access, Limits
from prelabel.masks.limits import MaskLimits
from prelabel.masks.sources.router import MaskSources

async def main():
    sources = MaskSources(Path(), Access(), Limits(mask=MaskLimits(40 << 20), max_held_bytes=40 << 20, concurrency=16))
    async def one(url, turn):
        try:
            async with sources.fetched(sources.reference(url), turn) as content:
                return str(len(content))
        except MaskError as error:
            return str(error)
    async with sources:
        await one(sys.argv[1], 0)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        said = await asyncio.gather(*(one(url, turn) for turn, url in enumerate(sys.argv[2:])))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(grown * (1 if sys.platform == "darwin" else 1024), *said, sep="\\n")

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell a process's largest memory so")
async def test_memory_is_bounded_whatever_servers_send(tmp_path: Path) -> None:
    """Sixteen at once, endless, unpacking to a gigabyte, lying about their length: two masks' room is enough."""
    bomb = gzip.compress(bytes(1 << 27), 9) * 8

    async def greedy(request: web.Request) -> web.StreamResponse:
        match request.path:
            case "/small":
                return web.Response(body=b"mask")
            case "/bomb":
                return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})
            case "/length":
                return await endless(b"x" * 65_536, Content_Length=str(1 << 30))(request)
            case _:
                return await endless(b"x" * 65_536)(request)

    async with serving(greedy) as server:
        urls = [f"{server.url}/{kind}" for kind in ("small", *["endless", "bomb", "length", "endless"] * 6)]
        command = [sys.executable, "-c", GREEDY, *urls]
        child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        said = (await child.communicate())[0].decode().splitlines()
    assert child.returncode == 0
    assert len(said) == 25
    assert all("bytes and at most 41943040 are allowed" in each for each in said[1:])
    assert int(said[0]) < 3 * (40 << 20)


# Storages of the Hub


class Desk:
    """Sources whose Hub has a storage, and the hub itself."""

    def __init__(self, sources: MaskSources, hub: HubDouble, storage_id: str, bucket: Path) -> None:
        self.sources = sources
        self.hub = hub
        self.storage_id = storage_id
        self.bucket = bucket

    @property
    def n_signed(self) -> int:
        """Masks signed one by one so far."""
        return self.hub.request_counts["GET /v2/getSignedUrl"]

    @property
    def n_opened(self) -> int:
        """Objects opened so far."""
        counts = self.hub.request_counts
        return sum(count for route, count in counts.items() if route.startswith("GET /buckets/"))


@asynccontextmanager
async def desk_with(
    folder: Path, *cells: str, access: Access | None = None, middlewares: tuple[Any, ...] = (), **settings: Any
) -> AsyncIterator[Desk]:
    """A hub with masks in a bucket, and sources that know it, planned for these cells."""
    bucket = folder / "bucket"
    (bucket / "m").mkdir(parents=True)
    for number in range(6):
        (bucket / "m" / f"{number}.png").write_bytes(b"mask %d" % number)
    given = HubSettings(buckets={"masks": bucket}, **settings)
    async with (
        HubDouble(settings=given, middlewares=middlewares) as hub,
        HubClient(hub.url, hub.api_key, requests_per_minute=100_000) as client,
    ):
        storage_id = hub.add_storage(provider="AWS", bucket="masks")
        survey = MaskSurvey(storage_id)
        survey.see(cells)
        async with MaskSources(folder, access or Access(), Limits(), storage_id=storage_id) as sources:
            sources.use_hub(client, hub.url, "p1", survey.plan())
            yield Desk(sources, hub, storage_id, bucket)


async def test_stored_masks(tmp_path: Path) -> None:
    """Keys and URLs through the Hub; a cell's own storage goes before the config's; the key stays with the Hub."""
    seen: list[Any] = []

    @web.middleware
    async def listen(request: web.Request, handler: Any) -> Any:
        seen.append((request.path.split("/")[1], "apikey" in request.headers))
        return await handler(request)

    async with desk_with(tmp_path, middlewares=(listen,)) as desk:
        assert await got(desk.sources, "m/0.png") == b"mask 0"
        assert await got(desk.sources, "https://masks.s3.amazonaws.com/m/1.png") == b"mask 1"
        assert await got(desk.sources, f"m/2.png?storageId={desk.storage_id}") == b"mask 2"
        with pytest.raises(MaskError, match="the Hub has no storage 'other'"):
            await got(desk.sources, "m/0.png?storageId=other")
    assert set(seen) == {("v2", True), ("buckets", False)}


async def test_a_service_beside_its_hub(tmp_path: Path) -> None:
    """What the Hub serves itself is fetched from it, though it is at a loopback address; nothing else there is."""
    async with serving(saying()) as other, desk_with(tmp_path, access=SERVICE) as desk:
        assert await got(desk.sources, "m/0.png") == b"mask 0"
        with pytest.raises(MaskError, match="the Hub gave no URL for it"):
            await got(desk.sources, f"{other.url}/a.png")
    assert other.seen == []


async def test_a_hub_that_signs_an_inner_address(tmp_path: Path) -> None:
    """A cell's URL may come back from the Hub as it was, with a signature: that makes it no address of the internet."""

    @web.middleware
    async def sign_anything(request: web.Request, handler: Any) -> Any:
        if request.path == "/v2/getSignedUrl":
            signed = f"{request.query['url']}?X-Amz-Signature=s"
            return web.json_response({"status": "success", "data": {"signedUrl": signed}})
        return await handler(request)

    async with serving(saying()) as inner, desk_with(tmp_path, access=SERVICE, middlewares=(sign_anything,)) as desk:
        for cell in (f"{inner.url}/a.png", "http://169.254.169.254/latest/meta-data"):
            with pytest.raises(MaskError, match="which masks are not fetched from"):
                await got(desk.sources, cell)
    assert inner.seen == []


def refusing(n_times: int, status: int) -> Callable[..., Any]:
    """A middleware that refuses so many openings of objects, as after a signature has run out."""
    left = [n_times]

    @web.middleware
    async def refuse(request: web.Request, handler: Any) -> Any:
        if request.path.startswith("/buckets/") and left[0] > 0:
            left[0] -= 1
            return web.Response(status=status)
        return await handler(request)

    return refuse


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_url_that_has_run_out_is_asked_for_again_once(status: int, tmp_path: Path) -> None:
    """By the mask itself, as its URL does not outlast the clocks' difference; a second refusal is final."""
    async with desk_with(tmp_path, middlewares=(refusing(3, status),), url_lifetime_s=300) as desk:
        with pytest.raises(MaskError, match=rf"refused \(HTTP {status}\)"):
            await got(desk.sources, "m/0.png")
        assert (desk.n_signed, desk.n_opened) == (2, 2)
        assert await got(desk.sources, "m/1.png") == b"mask 1"
        assert (desk.n_signed, desk.n_opened) == (4, 4)
        assert desk.sources.held.n_bytes == 0


async def test_a_refusal_long_before_the_end_is_one(tmp_path: Path) -> None:
    """Asking again for every mask that we may not read would use up the requests for nothing."""
    async with desk_with(tmp_path, middlewares=(refusing(1, 403),)) as desk:
        with pytest.raises(MaskError, match="it is not for us"):
            await got(desk.sources, "m/0.png")
        assert (desk.n_signed, desk.n_opened) == (1, 1)


async def test_urls_that_run_out_mid_run(tmp_path: Path) -> None:
    """Really: a listing's URLs are a second old when the second half is fetched."""
    cells = [f"m/{number}.png" for number in range(6)]
    async with desk_with(tmp_path, *cells, url_lifetime_s=61) as desk:
        assert await got(desk.sources, "m/0.png") == b"mask 0"
        await asyncio.sleep(1.1)
        found = await asyncio.gather(*(got(desk.sources, cell, turn) for turn, cell in enumerate(cells)))
        assert found == [b"mask %d" % number for number in range(6)]
        assert desk.hub.request_counts["GET /v2/storages/{storage}/files"] == 2
        assert desk.n_signed == 0


async def test_without_a_hub(tmp_path: Path) -> None:
    """A storage's mask needs one; the message says how to name it."""
    async with MaskSources(tmp_path, Access(), Limits(), storage_id="st") as sources:
        with pytest.raises(MaskError, match="no Hub was given to sign a URL for it: name the project"):
            await got(sources, "m/0.png")


async def test_missing_objects(tmp_path: Path) -> None:
    """A signed URL of nothing is a mask that is not there, under its own name and not the URL's."""
    async with desk_with(tmp_path) as desk:
        with pytest.raises(MaskError) as caught:
            await got(desk.sources, "m/none.png")
    assert str(caught.value).startswith("mask 'm/none.png': http://127.0.0.1:")
    assert "there is no mask at this URL" in str(caught.value)
    assert "token" not in str(caught.value)


@pytest.mark.parametrize(("cell", "likeness"), [("m/0.PNG", "upper and lower case"), ("m/0.jpg", "its extension")])
async def test_a_missing_object_of_a_listed_folder_hints_at_its_like(cell: str, likeness: str, tmp_path: Path) -> None:
    """Where the folder was listed anyway, what the cell resembles there is named; no request more."""
    async with desk_with(tmp_path, cell, *(f"m/{number}.png" for number in range(6))) as desk:
        with pytest.raises(MaskError, match=rf"did you mean 'm/0.png'\? \(it differs in {likeness}\)$") as caught:
            await got(desk.sources, cell)
        assert (caught.value.code, "token" in str(caught.value)) == (Code.MASK_MISSING, False)
