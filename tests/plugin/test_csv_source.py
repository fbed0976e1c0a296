"""Where a session's CSV is: every way that is known, and none into this machine."""

from __future__ import annotations

import asyncio
from base64 import b64encode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any

import pytest

from prelabel.errors import ConfigError
from prelabel.hub.client import HubClient
from prelabel.localhub import HubSettings
from prelabel.localhub.testing import HubDouble
from prelabel.plugin.csv_source import StoredCsv, csv_source_of, read_csv
from prelabel.plugin.settings import SessionLimits

if TYPE_CHECKING:
    from pathlib import Path

CSV = b"\xef\xbb\xbfID,Note\r\na.png,\xc3\xbc\r\n"
BASE64 = b64encode(CSV).decode()


def read(data: dict[str, Any], hub: HubDouble, *, max_bytes: int = 10_000, **limits: Any) -> bytes:
    """The CSV that some data name."""

    async def fetch() -> bytes:
        async with HubClient(hub.url, hub.api_key) as client:
            source = csv_source_of(data)
            return await read_csv(source, client, hub.project, SessionLimits(**limits), max_bytes)

    return asyncio.run(fetch())


@pytest.fixture
def hub(tmp_path: Path) -> Any:
    """A hub with a bucket that holds a CSV."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "labels.csv").write_bytes(CSV)
    with HubDouble(settings=HubSettings(buckets={"tables": tmp_path})) as hub:
        yield hub


@pytest.mark.parametrize(
    "data",
    [
        {"inputFile": BASE64},
        {"inputFile": f"data:text/csv;base64,{BASE64}"},
        {"inputFile": f"data:text/csv;charset=utf-8;BASE64,{BASE64}"},
        {"inputFile": "\n".join(BASE64[start : start + 8] for start in range(0, len(BASE64), 8))},
        {"inputFile": urlsafe_b64encode(CSV).decode().rstrip("=")},
        {"inputFile": CSV},
        {"inputFile": {"name": "labels.csv", "data": BASE64}},
        {"inputFile": "", "fileList": [{"name": "labels.csv", "content": f"data:;base64,{BASE64}"}]},
        {"inputFile": None, "fileList": [{"name": "mask.png", "data": "AAAA"}, {"name": "l.CSV", "data": BASE64}]},
        {"fileList": [f"data:text/csv;base64,{BASE64}"]},
        {"inputFile": "data:text/csv,%EF%BB%BFID,Note%0D%0Aa.png,%C3%BC%0D%0A"},
    ],
)
def test_a_csv_that_was_sent_along_is_read_byte_for_byte(data: dict[str, Any], hub: HubDouble) -> None:
    """With or without the beginning of a ``data:`` URL; what is called a table first."""
    assert read(data, hub) == CSV


@pytest.mark.parametrize(
    "choice",
    [
        {"fileExplorerOptions": {"storageId": "S", "bucket": "tables", "files": ["in/labels.csv"]}},
        {"fileExplorerOptions": [{"storageId": "S", "bucket": "tables", "key": "in/labels.csv"}]},
        {"fileExplorerOptions": [{"integrationId": "S", "bucket": "tables", "files": [{"path": "/in/labels.csv"}]}]},
        {"storageId": "S", "bucket": "tables", "folder": "in/", "files": ["labels.csv"]},
        {"storageId": "S", "files": [{"key": "in/mask.png"}, {"key": "in/labels.csv"}]},
        {"fileList": [{"name": "in/labels.csv", "storageId": "S", "bucket": "tables"}]},
        {"fileList": [], "fileExplorerOptions": {"storageId": "S", "bucket": "tables", "files": "in/labels.csv"}},
    ],
)
def test_a_csv_in_a_storage_is_fetched_by_a_url_that_the_hub_signs(choice: dict[str, Any], hub: HubDouble) -> None:
    """Whatever the file explorer calls its parts."""
    storage_id = hub.add_storage(provider="AWS", bucket="tables")

    def with_id(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: with_id(each) for name, each in value.items()}
        return [with_id(each) for each in value] if isinstance(value, list) else storage_id if value == "S" else value

    assert read(with_id(choice), hub) == CSV
    assert hub.request_counts["GET /v2/getSignedUrl"] == 1


def test_what_was_sent_along_comes_before_what_was_chosen(hub: HubDouble) -> None:
    """The surest first."""
    assert read({"fileList": ["https://example.com/x.csv"], "inputFile": BASE64}, hub) == CSV


@pytest.mark.parametrize("data", [{}, {"inputFile": "", "fileList": [], "fileExplorerOptions": []}, {"fileList": None}])
def test_no_csv_is_said_with_what_to_do(data: dict[str, Any]) -> None:
    """Rather than an empty import."""
    with pytest.raises(ConfigError, match=r"brings no CSV: upload one .* or choose one in the file explorer"):
        csv_source_of(data)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ID,Note\na.png,x\n", "not base64"),
        ("data:text/csv;base64", "without its data"),
        ("data:text/csv;base64,", "is empty"),
        (BASE64[:-1] + "!", "not base64"),
        (b64encode(b"x" * 20_000).decode(), "and the plugin takes 10000"),
    ],
)
def test_a_csv_that_did_not_come_whole_is_refused(text: str, words: str, hub: HubDouble) -> None:
    """Nothing of it is guessed."""
    with pytest.raises(ConfigError, match=words):
        read({"inputFile": text}, hub)


@pytest.mark.parametrize("path", ["/etc/passwd", "labels.csv", "file:///etc/passwd", "../../labels.csv", "C:\\a.csv"])
def test_no_file_of_this_machine_is_read(path: str) -> None:
    """The session is a stranger's."""
    for data in ({"fileList": [path]}, {"fileList": [{"url": path}]}, {"fileExplorerOptions": {"files": [path]}}):
        with pytest.raises(ConfigError, match="reads no local files"):
            csv_source_of(data)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:1/labels.csv", "a loopback address"),
        ("http://169.254.169.254/latest/meta-data", "a metadata address"),
        ("http://10.0.0.7/labels.csv", "a private address"),
        ("s3://tables/in/labels.csv", "this machine's own credentials"),
        ("ftp://example.com/labels.csv", "of a kind that cannot be fetched"),
    ],
)
def test_no_host_or_bucket_is_reached_that_strangers_may_not(url: str, words: str, hub: HubDouble) -> None:
    """The walls of masks hold for the CSV."""
    with pytest.raises(ConfigError, match=words) as caught:
        read({"fileList": [{"url": url}]}, hub)
    assert str(caught.value).startswith("the CSV ")


def test_a_csv_in_a_storage_that_is_not_there_is_named(hub: HubDouble) -> None:
    """And so is one that is too large."""
    storage_id = hub.add_storage(provider="AWS", bucket="tables")
    chosen = {"storageId": storage_id, "bucket": "tables", "files": ["in/none.csv"]}
    with pytest.raises(ConfigError, match=r"the CSV 'in/none.csv': .* refused .HTTP 404.: there is no file"):
        read({"fileExplorerOptions": chosen}, hub)
    with pytest.raises(ConfigError, match=r"the CSV 'in/labels.csv' has .* bytes .* --max-csv-bytes"):
        read({"fileExplorerOptions": {**chosen, "files": ["in/labels.csv"]}}, hub, max_bytes=5)


def test_a_source_shows_no_signature() -> None:
    """It is told in the log."""
    source = csv_source_of({"fileList": ["https://a.example/l.csv?X-Amz-Signature=planted"]})
    assert isinstance(source, StoredCsv)
    assert "planted" not in f"{source} {source!r}"
