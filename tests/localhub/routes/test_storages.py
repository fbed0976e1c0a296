"""Storage routes over HTTP: records, listings, and what they sign."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from prelabel.localhub.faults.plan import FaultPlan

if TYPE_CHECKING:
    from pathlib import Path

    from localhub.hubclient import Api


@pytest.fixture
def bucket(tmp_path: Path, api: Api) -> Path:
    """The folder of the bucket ``masks`` in the hub's store, with one file in it."""
    assert api.hub.url
    folder = tmp_path / "store" / "buckets" / "masks"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a b%41.png").write_bytes(b"mask")
    return folder


@pytest.mark.usefixtures("bucket")
async def test_storages_list_and_sign(api: Api) -> None:
    """A bucket is a folder: listed with signed URLs, signed one by one, by URL or by key."""
    sent = {"name": "s", "provider": "AWS", "bucket": "masks", "privateKey": "hush"}
    status, body, _ = await api.call("POST", "/v2/storages/", sent)
    assert status == 201
    storage = body["data"]["storage"]
    assert await api.ok("GET", "/v2/storages") == {"storages": [storage], "total": 1}
    path = f"/v2/storages/{storage['_id']}/files"
    query = {"bucketName": "masks", "path": "deep", "getSignedUrls": "true"}
    files = (await api.ok("GET", path, query=query))["files"]
    assert [(file["key"], file["size"]) for file in files] == [("deep/a b%41.png", 4)]
    urls = [files[0]["signedUrl"]]
    for key, name in (
        ("url", "https://masks.s3.eu-central-1.amazonaws.com/deep/a%20b%2541.png"),
        ("name", "deep/a b%41.png"),
    ):
        asked = {key: name, "storageId": storage["_id"], "project": "x", "type": "assets"}
        urls.append((await api.ok("GET", "/v2/getSignedUrl", query=asked))["signedUrl"])
    for url in urls:
        assert (await api.get(url))[:2] == (200, b"mask")
        assert (await api.get(url.split("?")[0]))[0] == 403
    assert "signedUrl" not in (await api.ok("GET", path, query={"bucketName": "masks"}))["files"][0]
    assert await api.refused("GET", path) == "bucketName is missing"
    await api.ok("DELETE", f"/v2/storages/{storage['_id']}")
    assert "Invalid storage" in await api.refused("GET", path, query={"bucketName": "masks"})


@pytest.mark.usefixtures("bucket")
async def test_the_forms_of_listings_and_storages_are_switches(api: Api) -> None:
    """Each form of a listing opens the file; a bucket may stay untold; signed URLs run out when they are told to."""
    sent = {"name": "s", "provider": "AWS", "bucket": "masks"}
    storage = (await api.ok("POST", "/v2/storages/", sent))["storage"]["_id"]
    query = {"bucketName": "masks", "path": "deep", "getSignedUrls": "true"}
    urls: list[str] = []
    for form in ("keys", "names", "urls", "list"):
        api.hub.faults = FaultPlan(settings={"listing_form": form, "tells_bucket": False, "url_lifetime_s": 0.3})
        answer = await api.ok("GET", f"/v2/storages/{storage}/files", query=query)
        entry = answer[0] if isinstance(answer, list) else answer["files"][0]
        urls.append(entry if isinstance(entry, str) else entry.get("signedUrl") or entry["url"])
    assert [(await api.get(url))[:2] for url in urls[-1:]] == [(200, b"mask")]
    assert "bucket" not in (await api.ok("GET", "/v2/storages"))["storages"][0]
    await asyncio.sleep(0.4)
    assert [(await api.get(url))[0] for url in urls] == [403] * 4
