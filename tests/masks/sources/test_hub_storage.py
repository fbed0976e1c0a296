"""Signed URLs from a real local hub: keys, URLs, listings, expiry, and what a hub may not tell."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from prelabel.errors import MaskError, MaskUnavailable
from prelabel.hub.client import HubClient
from prelabel.localhub import HubSettings
from prelabel.localhub.faults.fault import Fault
from prelabel.localhub.testing import HubDouble
from prelabel.masks.references import StoredObject, parse_reference
from prelabel.masks.sources.hub_storage import SignedUrls
from prelabel.masks.sources.request_plan import MaskSurvey
from prelabel.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

QUICK = RetryPolicy(max_attempts=2, first_wait_s=0.001, max_wait_s=0.001)
LISTINGS = "GET /v2/storages/{storage}/files"
SIGNINGS = "GET /v2/getSignedUrl"
STORAGES = "GET /v2/storages"


class Desk:
    """A hub with a storage whose bucket is a folder, and the URLs it signs."""

    def __init__(self, hub: HubDouble, client: HubClient, storage_id: str) -> None:
        self.hub = hub
        self.client = client
        self.storage_id = storage_id

    def urls(self, *cells: str) -> SignedUrls:
        """Signed URLs by the plan for these cells."""
        survey = MaskSurvey(self.storage_id)
        survey.see(cells)
        return SignedUrls(self.client, "p1", survey.plan())

    def reference(self, cell: str) -> StoredObject:
        """What a cell names."""
        reference = parse_reference(cell, self.storage_id)
        assert isinstance(reference, StoredObject)
        return reference

    async def read(self, url: str) -> bytes:
        """Open a URL, without the key."""
        async with aiohttp.request("GET", url) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.read()

    def counts(self) -> tuple[int, int, int]:
        """Look-ups of storages, listings, signed masks so far."""
        counts = self.hub.request_counts
        return counts[STORAGES], counts[LISTINGS], counts[SIGNINGS]


@asynccontextmanager
async def desk_with(folder: Path, record: dict[str, str], **settings: Any) -> AsyncIterator[Desk]:
    """A hub with ten masks in ``m/`` and one in ``other/``."""
    for name in (*(f"m/{n}.png" for n in range(10)), "other/ü &#+%41.png"):
        path = folder / "bucket" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    given = HubSettings(buckets={"masks": folder / "bucket"}, **settings)
    async with (
        HubDouble(settings=given) as hub,
        HubClient(hub.url, hub.api_key, requests_per_minute=100_000, policy=QUICK) as client,
    ):
        yield Desk(hub, client, hub.add_storage(privateKey="hush", **record))


AWS = {"provider": "AWS", "bucket": "masks", "region": "eu-central-1"}


@pytest.mark.parametrize(
    ("record", "cell"),
    [
        (AWS, "other/ü &#+%41.png"),
        (AWS, "/other/ü &#+%41.png"),
        (AWS, "s3://masks/other/ü &#+%41.png"),
        (AWS, "https://masks.s3.eu-central-1.amazonaws.com/other/%C3%BC%20%26%23%2B%2541.png"),
        ({**AWS, "region": ""}, "other/ü &#+%41.png"),
        ({"provider": "GCP", "bucket": "masks"}, "other/ü &#+%41.png"),
        ({"provider": "GCP"}, "gs://masks/other/ü &#+%41.png"),
        ({"type": "azure", "bucket": "masks", "publicKey": "acct"}, "other/ü &#+%41.png"),
        ({"type": "azure"}, "abfs://masks@acct.dfs.core.windows.net/other/ü &#+%41.png"),
        ({"provider": "MINIO", "bucket": "masks"}, "other/ü &#+%41.png"),
    ],
)
async def test_every_way_to_name_an_object(record: dict[str, str], cell: str, tmp_path: Path) -> None:
    """Keys, cloud schemes and URLs of AWS, Google and Azure lead to the object, odd characters and all."""
    async with desk_with(tmp_path, record) as desk:
        url = await desk.urls(cell).url_of(desk.reference(cell))
        assert await desk.read(url) == "other/ü &#+%41.png".encode()
        assert desk.counts() == (1, 0, 1)


@pytest.mark.parametrize("form", ["keys", "names", "urls", "list"])
async def test_a_folder_is_listed_once(form: Any, tmp_path: Path) -> None:
    """Ten masks asked for at once take two requests, whatever shape the listing has."""
    cells = [f"m/{n}.png" for n in range(10)]
    async with desk_with(tmp_path, AWS, listing_form=form) as desk:
        urls = desk.urls(*cells)
        found = await asyncio.gather(*(urls.url_of(desk.reference(cell)) for cell in cells))
        assert [await desk.read(url) for url in found] == [cell.encode() for cell in cells]
        assert desk.counts() == (1, 1, 0)
        assert urls.notes == []


async def test_what_a_listing_lacks_is_signed(tmp_path: Path) -> None:
    """Perhaps the Hub leaves files out; the mask's own request decides."""
    cells = [f"m/{n}.png" for n in range(10)] + ["m/absent.png"]
    async with desk_with(tmp_path, AWS) as desk:
        url = await desk.urls(*cells).url_of(desk.reference("m/absent.png"))
        assert "absent.png" in url
        assert desk.counts() == (1, 1, 1)


async def test_a_hub_that_does_not_list(tmp_path: Path) -> None:
    """Each mask takes a request then, and the report says so."""
    cells = [f"m/{n}.png" for n in range(10)]
    async with desk_with(tmp_path, AWS, allow_faults=True) as desk:
        desk.hub.play(Fault("html_answer", route=LISTINGS, status=404))
        urls = desk.urls(*cells)
        found = await asyncio.gather(*(urls.url_of(desk.reference(cell)) for cell in cells))
        assert [await desk.read(url) for url in found] == [cell.encode() for cell in cells]
        assert desk.counts() == (1, 1, 10)
        (note,) = urls.notes
    assert "did not list the folder 'm'" in note
    assert "took a request each" in note


async def test_signed_urls_that_run_out_are_asked_for_again(tmp_path: Path) -> None:
    """One listing for all of a folder's, when they say that they have run out or one was refused."""
    cells = [f"m/{n}.png" for n in range(10)]
    async with desk_with(tmp_path, AWS, url_lifetime_s=3600) as desk:
        urls, references = desk.urls(*cells), [desk.reference(cell) for cell in cells]
        first = await asyncio.gather(*map(urls.url_of, references))
        again = await asyncio.gather(
            *(urls.url_of(reference, instead_of=url) for reference, url in zip(references, first, strict=True))
        )
        assert not set(first) & set(again)
        assert [await desk.read(url) for url in again] == [cell.encode() for cell in cells]
        assert desk.counts() == (1, 2, 0)

    async with desk_with(tmp_path, AWS, url_lifetime_s=5) as desk:
        urls = desk.urls(*cells)
        await urls.url_of(desk.reference("m/0.png"))
        await urls.url_of(desk.reference("m/1.png"))
        assert desk.counts() == (1, 2, 0), "five seconds are not enough to rely on"


async def test_a_listing_that_gives_the_same_url_again(tmp_path: Path) -> None:
    """Then the mask is signed by itself."""
    cells = [f"m/{n}.png" for n in range(10)]
    async with desk_with(tmp_path, AWS) as desk:
        urls = desk.urls(*cells)
        reference = desk.reference("m/0.png")
        listing = await desk.client.list_signed(desk.storage_id, "masks", "m")

        async def same(*_: object) -> dict[str, str]:
            return listing

        desk.client.list_signed = same  # type: ignore[assignment] # a hub that caches its answers
        first = await urls.url_of(reference)
        assert await urls.url_of(reference, instead_of=first) != first
        assert desk.counts() == (1, 1, 1)


@pytest.mark.parametrize(
    ("record", "cell", "part"),
    [
        ({"provider": "AWS"}, "m/0.png", "the Hub does not tell the bucket of the storage"),
        ({"type": "azure", "bucket": "masks"}, "m/0.png", "the Hub does not tell the account of the storage"),
        (AWS, "https://example.com/a.png", 'the Hub gave no URL for it: the Hub refused (HTTP 400, "cannot sign'),
    ],
)
async def test_what_the_hub_does_not_tell(record: dict[str, str], cell: str, part: str, tmp_path: Path) -> None:
    """The row says what to write instead."""
    async with desk_with(tmp_path, record) as desk:
        with pytest.raises(MaskError) as caught:
            await desk.urls(cell).url_of(desk.reference(cell))
    assert part in str(caught.value)
    assert not caught.value.retryable


async def test_a_bucket_that_is_not_told_is_needed_for_keys_only(tmp_path: Path) -> None:
    """A full address does without."""
    async with desk_with(tmp_path, AWS, tells_bucket=False) as desk:
        urls = desk.urls("s3://masks/m/0.png")
        assert await desk.read(await urls.url_of(desk.reference("s3://masks/m/0.png"))) == b"m/0.png"
        with pytest.raises(MaskError, match="write s3://bucket/key"):
            await urls.url_of(desk.reference("m/0.png"))


async def test_an_unknown_storage(tmp_path: Path) -> None:
    """It is looked up once, and told."""
    async with desk_with(tmp_path, AWS) as desk:
        urls = desk.urls("m/0.png")
        for _ in range(2):
            with pytest.raises(MaskError, match="the Hub has no storage 'nope': copy its id"):
                await urls.url_of(StoredObject("nope", "m/0.png"))
        assert await urls.check("nope") == (
            "the Hub has no storage 'nope': copy its id from the organization's storages into \"storage_id\""
        )
        assert await urls.check(desk.storage_id) == ""
        assert desk.counts() == (2, 0, 0)


async def test_a_hub_that_shows_no_storages(tmp_path: Path) -> None:
    """Whoever may not see the organization's storages can still have full addresses signed."""
    async with desk_with(tmp_path, AWS, allow_faults=True) as desk:
        desk.hub.play(Fault("html_answer", route=STORAGES, status=403))
        urls = desk.urls("m/0.png", "s3://masks/m/1.png")
        assert await desk.read(await urls.url_of(desk.reference("s3://masks/m/1.png"))) == b"m/1.png"
        with pytest.raises(MaskError, match="does not tell the bucket"):
            await urls.url_of(desk.reference("m/0.png"))
        assert await urls.check(desk.storage_id) == ""


async def test_a_hub_that_cannot_answer(tmp_path: Path) -> None:
    """The row fails as one that may be tried later; the next run's answer is asked for anew."""
    async with desk_with(tmp_path, AWS, allow_faults=True) as desk:
        desk.hub.play(Fault("server_error", route=SIGNINGS, status=503))
        urls = desk.urls("m/0.png")
        with pytest.raises(MaskUnavailable, match="the Hub gave no URL for it: the Hub cannot answer now") as caught:
            await urls.url_of(desk.reference("m/0.png"))
        assert caught.value.status == 503
        desk.hub.play()
        assert await desk.read(await urls.url_of(desk.reference("m/0.png"))) == b"m/0.png"


async def test_a_signed_cell_is_not_repeated(tmp_path: Path) -> None:
    """A Hub that says what it cannot sign may repeat a signature of the cell's own; we do not."""
    cell = "https://example.com/a.png?sig=s3cret"
    async with desk_with(tmp_path, AWS) as desk:
        with pytest.raises(MaskError) as caught:
            await desk.urls(cell).url_of(desk.reference(cell))
    assert "HTTP 400" in str(caught.value)
    assert "s3cret" not in str(caught.value)
