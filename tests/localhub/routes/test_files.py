"""File routes over HTTP: uploads, storages, signed URLs, exports."""

from __future__ import annotations

import asyncio
import io
import zipfile
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from prelabel.localhub.faults.plan import FaultPlan

if TYPE_CHECKING:
    from pathlib import Path

    from localhub.hubclient import Api


async def _get(api: Api, url: str) -> tuple[int, bytes, dict[str, str]]:
    async with api.session.get(url) as answer:
        return answer.status, await answer.read(), dict(answer.headers)


@pytest.mark.parametrize("name", ["a.png", "../../x y.html", "ä/ö.png"])
async def test_an_upload_is_put_and_got_without_the_key(api: Api, name: str) -> None:
    """PUT with the token, GET of the same path without; what was sent never runs as a page of ours."""
    query = {"name": name, "project": await api.project(), "type": "assets"}
    status, body, _ = await api.call("GET", "/v2/getUploadUrl", query=query)
    assert status == 201
    url = body["data"]["uploadUrl"]
    async with api.session.put(url, data=b"<script>x</script>") as answer:
        assert answer.status == 200
    status, content, headers = await _get(api, url.split("?")[0])
    assert (status, content) == (200, b"<script>x</script>")
    assert "sandbox" in headers["Content-Security-Policy"]
    signed = (await api.ok("GET", "/v2/getSignedUrl", query={"name": url.split("?")[0]}))["signedUrl"]
    assert (await _get(api, signed))[:2] == (200, b"<script>x</script>")


async def test_an_upload_needs_its_token(api: Api) -> None:
    """403 without it, or with one for another name; nothing is stored."""
    query = {"name": "a.png", "project": await api.project()}
    url = (await api.ok("GET", "/v2/getUploadUrl", query=query))["uploadUrl"]
    for wrong in (
        url.split("?")[0],
        url.replace("a.png", "b.png"),
        url + "0",
        url.split("?")[0] + "?token=%ff&expires=1",
    ):
        async with api.session.put(wrong, data=b"x") as answer:
            assert (answer.status, (await answer.json())["status"]) == (403, "fail")
        assert (await _get(api, wrong.split("?")[0]))[0] == 404


async def test_upload_urls_are_checked(api: Api) -> None:
    """A name, a known kind and a project are needed."""
    project_id = await api.project()
    assert "name is needed" in await api.refused("GET", "/v2/getUploadUrl", query={"project": project_id})
    query = {"name": "a", "project": project_id, "type": "../x"}
    assert "type must be one of assets" in await api.refused("GET", "/v2/getUploadUrl", query=query)
    assert "Invalid project" in await api.refused("GET", "/v2/getUploadUrl", query={"name": "a", "project": ".."})


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
        assert (await _get(api, url))[:2] == (200, b"mask")
        assert (await _get(api, url.split("?")[0]))[0] == 403
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
    assert [(await _get(api, url))[:2] for url in urls[-1:]] == [(200, b"mask")]
    assert "bucket" not in (await api.ok("GET", "/v2/storages"))["storages"][0]
    await asyncio.sleep(0.4)
    assert [(await _get(api, url))[0] for url in urls] == [403] * 4


async def test_a_signed_url_of_an_absent_object_is_404(api: Api) -> None:
    """As with the clouds, signing succeeds and reading does not; dots lead nowhere."""
    for key in ("none.png", "%2e%2e/%2e%2e/hub.sqlite3"):
        name = f"https://masks.s3.amazonaws.com/{key}"
        url = (await api.ok("GET", "/v2/getSignedUrl", query={"name": name}))["signedUrl"]
        assert (await _get(api, url))[0] in {403, 404}


@pytest.mark.parametrize("name", ["", "https://example.com/a.png", "a.png", "file:///etc/passwd"])
async def test_what_cannot_be_signed_is_refused(api: Api, name: str) -> None:
    """URLs of other hosts, and keys without a bucket."""
    assert "cannot sign" in await api.refused("GET", "/v2/getSignedUrl", query={"name": name})


async def test_an_export_is_a_zip_behind_a_plain_url(api: Api) -> None:
    """No key for the download; the tasks of all stages when none is named."""
    project_id = await api.project(3)
    answer = await api.ok("GET", "/v2/export", query={"project": project_id, "format": "ndjson"})
    status, content, _ = await _get(api, answer["exportPath"])
    assert status == 200
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        lines: list[dict[str, Any]] = [orjson.loads(line) for line in archive.read(archive.namelist()[0]).splitlines()]
    assert [line["externalId"] for line in lines] == ["0.png", "1.png", "2.png"]
    assert (await _get(api, answer["exportPath"].split("?")[0]))[0] == 403
    assert "Invalid project" in await api.refused("GET", "/v2/export", query={"project": "x"})
    assert "Invalid project" in await api.refused("GET", "/v2/export")
