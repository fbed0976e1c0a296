"""Masks from buckets: moto's S3 server, fake-gcs-server, and what cannot be read."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from pyarrow import fs

from masks.buckets import KEYS, fill_bucket, gcs_server, s3_server
from masks.webserver import endless, saying, serving
from prelabel.errors import MaskError, MaskUnavailable
from prelabel.masks.limits import MaskLimits
from prelabel.masks.references import CloudObject, parse_reference
from prelabel.masks.sources.access import Limits
from prelabel.masks.sources.byte_budget import HeldBytes
from prelabel.masks.sources.cloud import CloudMasks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

OBJECTS = {"m/a.png": b"mask a", "m/ü %41 ?#+&.png": b"odd name", "big": bytes(1_000_000)}


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    """An S3 server with a bucket."""
    with s3_server() as url:
        fill_bucket(url, "masks", OBJECTS)
        yield url


@pytest.fixture
def _user(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of somebody who has credentials for it."""
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": s3_url}.items():
        monkeypatch.setenv(name, value)


@asynccontextmanager
async def opened(**limits: Any) -> AsyncIterator[Any]:
    """A function that fetches a cell's object."""
    masks = CloudMasks(Limits(**{"connect_s": 1.0, "stall_s": 2.0, **limits}))
    held = HeldBytes(1 << 30)

    async def fetch(cell: str, turn: int = 1) -> bytes:
        reference = parse_reference(cell)
        assert isinstance(reference, CloudObject)
        with held.hold(turn) as hold:
            content = await masks.fetch(reference, hold)
            assert held.n_bytes >= len(content)
        return content

    try:
        yield fetch
        assert held.n_bytes == 0
    finally:
        masks.close()


@pytest.mark.usefixtures("_user")
async def test_objects_arrive() -> None:
    """By their keys as they are: nothing in a key is special."""
    async with opened() as fetch:
        for key, content in OBJECTS.items():
            assert await fetch(f"s3://masks/{key}") == content


@pytest.mark.usefixtures("_user")
async def test_many_at_once() -> None:
    """One connection pool serves all."""
    async with opened(concurrency=8) as fetch:
        found = await asyncio.gather(*(fetch("s3://masks/m/a.png", turn) for turn in range(40)))
    assert found == [b"mask a"] * 40


@pytest.mark.usefixtures("_user")
@pytest.mark.parametrize(
    ("cell", "part"),
    [
        ("s3://masks/none.png", "there is no object 's3://masks/none.png': check bucket and key"),
        ("s3://nobucket/none.png", "there is no object"),
        ("s3://masks/m/A.PNG", "did you mean 'm/a.png'? (it differs in upper and lower case)"),
        ("s3://masks/m/a%2Epng", "did you mean 'm/a.png'? (it differs in percent-encoding)"),
        ("s3://masks/m/a.jpg", "did you mean 'm/a.png'? (it differs in its extension)"),
        ("s3://masks//a.png", "cannot be fetched"),
        ("s3://masks/m/", "cannot be fetched"),
    ],
)
async def test_what_is_not_there(cell: str, part: str) -> None:
    """It is told, and not tried again."""
    async with opened() as fetch:
        with pytest.raises(MaskError) as caught:
            await fetch(cell)
    assert part in str(caught.value)
    assert not caught.value.retryable


@pytest.mark.usefixtures("_user")
async def test_an_object_above_the_limit_is_not_read() -> None:
    """Its size is known before its bytes are asked for."""
    async with opened(mask=MaskLimits(999_999)) as fetch:
        with pytest.raises(MaskError, match="has 1000000 bytes and at most 999999 are allowed"):
            await fetch("s3://masks/big")
    async with opened(mask=MaskLimits(1_000_000)) as fetch:
        assert len(await fetch("s3://masks/big")) == 1_000_000


@pytest.mark.usefixtures("_user")
async def test_a_cell_steers_nothing_but_bucket_and_key() -> None:
    """Options that pyarrow reads out of a URL would send the credentials to any host."""
    async with serving(endless(b"x")) as evil, opened() as fetch:
        query = f"endpoint_override=127.0.0.1:{evil.port}&scheme=http"
        with pytest.raises(MaskError, match="there is no object"):
            await fetch(f"s3://masks/m/a.png?{query}")
    assert evil.seen == []


async def test_credentials_that_do_not_do(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that refuses them: told as such, with what it said."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)

    async with serving(saying(status=403)) as server, opened() as fetch:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL", s3_url)
        with pytest.raises(MaskError, match="may not be read with your credentials") as caught:
            await fetch("s3://masks/m/a.png")
    assert not isinstance(caught.value, MaskUnavailable)
    assert server.seen
    assert "testing" not in str(caught.value)


async def test_a_cloud_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may pass: the row says so."""
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}.items():
        monkeypatch.setenv(name, value)
    async with opened() as fetch:
        with pytest.raises(MaskUnavailable, match="could not be fetched"):
            await fetch("s3://masks/m/a.png")


async def test_a_cloud_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mask's time ends the wait."""

    async def silent(_: Any) -> Any:
        await asyncio.sleep(600)

    async with serving(silent) as server, opened(timeout_s=0.5) as fetch:
        for name, value in {**KEYS, "AWS_ENDPOINT_URL": server.url}.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(MaskError, match=r"did not arrive within 0\.5 s"):
            await fetch("s3://masks/m/a.png")


async def test_google(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same from Google's, as its emulators are named to its own libraries."""
    with gcs_server("masks", {"m/a b.png": b"mask a", "big": bytes(1000)}, tmp_path) as url:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
        async with opened(mask=MaskLimits(999)) as fetch:
            assert await fetch("gs://masks/m/a b.png") == b"mask a"
            with pytest.raises(MaskError, match="there is no object 'gs://masks/none'"):
                await fetch("gs://masks/none")
            with pytest.raises(MaskError, match="at most 999 are allowed"):
                await fetch("gs://masks/big")


async def test_azure_needs_an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the cell or in the environment, which names the credentials too."""
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT", raising=False)
    async with opened() as fetch:
        with pytest.raises(MaskError, match=r"names no storage account: .* or set AZURE_STORAGE_ACCOUNT"):
            await fetch("abfs://masks/m/a.png")


async def test_azure_takes_the_environments_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """An account's key goes before a token, as with Azure's own tools; a cell's account before the environment's."""
    made: list[tuple[str, dict[str, Any]]] = []

    def make(account: str, **options: Any) -> Any:
        made.append((account, options))
        raise OSError("not reached in this test")

    monkeypatch.setattr(fs, "AzureFileSystem", make)
    for name, value in {"ACCOUNT": "mine", "KEY": "k", "SAS_TOKEN": "t"}.items():
        monkeypatch.setenv(f"AZURE_STORAGE_{name}", value)
    async with opened() as fetch:
        for cell in ("abfs://masks/a", "abfs://masks@theirs.dfs.core.windows.net/a"):
            with pytest.raises(MaskUnavailable):
                await fetch(cell)
        monkeypatch.delenv("AZURE_STORAGE_KEY")
        with pytest.raises(MaskUnavailable):
            await fetch("abfs://masks/a")
    assert made == [
        ("mine", {"account_key": "k", "sas_token": None}),
        ("theirs", {"account_key": "k", "sas_token": None}),
        ("mine", {"account_key": None, "sas_token": "t"}),
    ]


async def test_a_pyarrow_that_lacks_a_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not every build has all."""

    class Lacking:
        def __getattr__(self, name: str) -> Any:
            raise ImportError(name)

    monkeypatch.setattr("prelabel.masks.sources.cloud.fs", Lacking())
    async with opened() as fetch:
        with pytest.raises(MaskError, match="the pyarrow installed here cannot read gs://"):
            await fetch("gs://masks/a")
