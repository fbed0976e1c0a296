"""Storages and their listings, in every shape that a Hub may answer in."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.errors import UploadError, UploadRefused
from prelabel.hub.client import HubClient
from prelabel.hub.storages import HubStorage, signed_urls_in, storage_of
from prelabel.localhub.testing import ScriptedHub, failure, success
from prelabel.retry import RetryPolicy

KEY = ScriptedHub.api_key
QUICK = RetryPolicy(max_attempts=2, first_wait_s=0.001, max_wait_s=0.001)
URL = "https://b.s3.amazonaws.com/m/a%20b.png?X-Amz-Signature=s3cret"


def client(hub: ScriptedHub) -> HubClient:
    """A client that does not wait long."""
    return HubClient(hub.url, KEY, requests_per_minute=100_000, policy=QUICK)


@pytest.mark.parametrize(
    ("record", "storage"),
    [
        (
            {"_id": "1", "type": "aws", "bucket": "b", "region": "eu-central-1"},
            HubStorage("1", "s3", "b", "eu-central-1", ""),
        ),
        (
            {"_id": "1", "provider": "AWS", "publicKey": "pub", "privateKey": "priv", "region": "r"},
            HubStorage("1", "s3", "", "r", ""),
        ),
        ({"_id": "1", "provider": "GCP", "bucket": None}, HubStorage("1", "gs", "", "", "")),
        ({"_id": "1", "type": "gcs"}, HubStorage("1", "gs", "", "", "")),
        ({"_id": "1", "provider": "AZURE", "publicKey": "acct"}, HubStorage("1", "abfs", "", "", "acct")),
        (
            {"_id": "1", "type": "azure", "accountName": "acct", "publicKey": "x"},
            HubStorage("1", "abfs", "", "", "acct"),
        ),
        ({"_id": "1", "provider": "MINIO"}, HubStorage("1", None, "", "", "")),
    ],
)
def test_records(record: dict[str, Any], storage: HubStorage) -> None:
    """Both documented forms; secrets are dropped, and what may be one is in no repr."""
    found = storage_of(record)
    assert found == storage
    assert not any(secret in repr(found) for secret in ("pub", "priv", "acct"))


@pytest.mark.parametrize(
    "answer",
    [
        {"files": [{"key": "m/a b.png", "name": "a b.png", "size": 1, "signedUrl": URL}]},
        {"files": [{"path": "m/a b.png", "url": URL}]},
        {"files": [{"fileName": "a b.png", "signedUrl": URL}]},
        {"files": [{"name": "a b.png", "path": "", "signedUrl": URL}]},
        {"files": [{"name": "a b.png", "path": "m", "signedUrl": URL}]},
        {"files": [{"key": "/m/a b.png", "signedUrl": URL}]},
        {"files": [{"signedUrl": URL}]},
        {"files": [URL]},
        {"data": [URL]},
        {"data": [{"key": "m/a b.png", "signedUrl": URL}]},
        {"items": [{"key": "m/a b.png", "signedUrl": URL}]},
        {"files": [{"key": "m/a b.png", "signedUrl": URL}, {"key": "m/other.png"}, "m/third.png", 5, None, {}]},
    ],
)
@pytest.mark.parametrize("folder", ["m", "m/"])
def test_listings(answer: dict[str, Any], folder: str) -> None:
    """Objects or texts, full keys or names, under several names: the key leads to the signed URL."""
    found = signed_urls_in(answer, "b", folder)
    assert found["m/a b.png"] == URL
    assert "m/other.png" not in found


def test_a_full_key_goes_before_a_guess() -> None:
    """A file ``m/a`` and a file ``m/m/a``: neither is taken for the other."""
    answer = {"files": [{"key": "m/m/a", "signedUrl": "https://h/2"}, {"key": "m/a", "signedUrl": "https://h/1"}]}
    found = signed_urls_in(answer, "b", "m")
    assert (found["m/a"], found["m/m/a"]) == ("https://h/1", "https://h/2")


@pytest.mark.parametrize(
    ("url", "folder", "key"),
    [
        ("https://s3.amazonaws.com/b/m/a.png?s", "m", "m/a.png"),
        ("https://s3.amazonaws.com/b/a.png?s", "", "a.png"),
        ("https://hub/buckets/b/m/a.png?s", "m", "m/a.png"),
        ("https://b.s3.amazonaws.com/m/b/m/a.png?s", "m", "m/b/m/a.png"),
        ("https://b.s3.amazonaws.com/m/a.png?s", "", "m/a.png"),
    ],
)
def test_keys_in_urls(url: str, folder: str, key: str) -> None:
    """The bucket stands in the host, or in the path before the key."""
    assert signed_urls_in({"files": [url]}, "b", folder)[key] == url


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["key", "name", "url", "files"]), inner)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["files", "data", "items", "x"]), json_values), st.sampled_from(["", "m"]))
def test_no_answer_makes_it_raise(answer: dict[str, Any], folder: str) -> None:
    """Whatever comes, texts lead to texts."""
    found = signed_urls_in(answer, "b", folder)
    assert all(isinstance(text, str) for pair in found.items() for text in pair)


async def test_get_storage_is_one_request() -> None:
    """By its id; without a total no second page is asked for."""
    record = {"_id": "st1", "provider": "AWS", "bucket": "b", "privateKey": "s3cret"}
    async with ScriptedHub(success({"storages": [record]})) as hub, client(hub) as api:
        storage = await api.get_storage("st1")
    assert storage == HubStorage("st1", "s3", "b", "", "")
    assert [request.query["_id"] for request in hub.requests] == ["st1"]


async def test_a_hub_that_ignores_the_id() -> None:
    """Pages are read until the storage is found, or there are no more."""
    pages = [success({"storages": [{"_id": f"st{n}", "provider": "AWS"}]}) for n in range(3)]
    async with ScriptedHub(*pages) as hub, client(hub) as api:
        found = await api.get_storage("st2")
    async with ScriptedHub(*pages, success({"storages": []})) as hub, client(hub) as api:
        assert await api.get_storage("other") is None
    assert found is not None
    assert len(hub.requests) == 4


async def test_sign_sends_both_names_encoded() -> None:
    """``name`` and ``url`` hold the same, percent-encoded once, whatever is in it."""
    url = "https://b.s3.amazonaws.com/a%20b&c=1#d+e.png"
    async with ScriptedHub(success({"signedUrl": URL}, status=201)) as hub, client(hub) as api:
        assert await api.sign(url, "st&1", "p1") == URL
    assert hub.requests[0].query == {"name": url, "url": url, "project": "p1", "type": "assets", "storageId": "st&1"}
    assert "#" not in hub.requests[0].raw_path


async def test_list_signed_asks_for_signed_urls() -> None:
    """Of the whole folder; a bare list as an answer is understood."""
    async with ScriptedHub(success([{"key": "m/a.png", "signedUrl": URL}])) as hub, client(hub) as api:
        assert (await api.list_signed("st1", "b&c", "m/ä"))["m/a.png"] == URL
    assert hub.requests[0].query == {
        "bucketName": "b&c",
        "path": "m/ä",
        "getSignedUrls": "true",
        "retryOnSlowDown": "true",
    }


@pytest.mark.parametrize(
    "answer",
    [
        success({"signed": URL}),
        success({"signedUrl": None}),
        failure("no", status=403),
        failure("no", status=400, headers={"X": URL}),
    ],
)
async def test_answers_without_a_url_are_refusals(answer: Any) -> None:
    """They are not asked for again."""
    async with ScriptedHub(answer) as hub, client(hub) as api:
        with pytest.raises(UploadRefused) as caught:
            await api.sign("https://h/a", "st1", "p1")
    assert len(hub.requests) == 1
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("body", [{"storages": [{"privateKey": "s3cret"}]}, {"data": "s3cret"}, ["s3cret"]])
@pytest.mark.parametrize("status", [200, 500])
async def test_answers_with_secrets_are_not_quoted(body: Any, status: int) -> None:
    """Errors about storages and signed URLs do not show what came."""

    async def answer(_: Any) -> Any:
        return success_as_it_is(body, status)

    async with ScriptedHub(answer) as hub, client(hub) as api:
        for call in (api.get_storage("st1"), api.sign("https://h/a", "st1", "p"), api.list_signed("st1", "b", "m")):
            with pytest.raises(UploadError) as caught:
                await call
            assert "s3cret" not in str(caught.value)
            assert "not shown" in str(caught.value) or "no list" in str(caught.value)


def success_as_it_is(body: Any, status: int) -> Any:
    """An answer without the Hub's envelope."""
    from aiohttp import web  # noqa: PLC0415 - only here

    return web.Response(body=orjson.dumps(body), status=status)
