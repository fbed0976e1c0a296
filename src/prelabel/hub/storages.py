"""What the Hub says of storages and of the files in them, read tolerantly: its answers' shapes are not documented.

A storage's record may hold secrets; what is not needed of it is dropped here, unseen. Signed URLs are secrets too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CLOUDS: dict[str, Literal["s3", "gs", "abfs"]] = {
    "aws": "s3",
    "s3": "s3",
    "gcs": "gs",
    "gcp": "gs",
    "google": "gs",
    "azure": "abfs",
}
_KEY_NAMES = ("key", "path", "fileName", "name")
_URL_NAMES = ("signedUrl", "url")
_LIST_NAMES = ("files", "data", "items")


@dataclass(frozen=True, slots=True)
class HubStorage:
    """A storage of the organization; texts are empty where the Hub does not tell.

    Attributes:
        cloud: the scheme of its cloud, None for one we do not know.
        account: Azure's storage account.
    """

    storage_id: str
    cloud: Literal["s3", "gs", "abfs"] | None
    bucket: str
    region: str
    account: str = field(repr=False)  # some Hubs keep it where other clouds keep their keys


def storage_of(record: Mapping[str, Any]) -> HubStorage:
    """Read a record of ``GET /storages`` in either of its known forms."""
    cloud = _CLOUDS.get(str(record.get("provider") or record.get("type") or "").lower())
    account = record.get("account") or record.get("accountName") or (record.get("publicKey") if cloud == "abfs" else "")
    return HubStorage(
        str(record["_id"]),
        cloud,
        str(record.get("bucket") or ""),
        str(record.get("region") or ""),
        str(account or ""),
    )


def signed_urls_in(answer: Mapping[str, Any], bucket: str, folder: str) -> dict[str, str]:
    """Read an answer of ``GET /storages/{id}/files``: key -> signed URL, of files that have one.

    Args:
        answer: its ``data``; the list stands in it under one of several names.
        bucket: the bucket that was listed.
        folder: the folder that was listed; names may be relative to it.
    """
    named: dict[str, str] = {}
    relative: dict[str, str] = {}
    by_path: dict[str, str] = {}
    for name, url in _entries(answer):
        if url:
            named[name.lstrip("/")] = url
            relative[f"{folder.rstrip('/')}/{name.lstrip('/')}".lstrip("/")] = url
            by_path[_key_in(url, bucket, folder)] = url
    # A full key says what it says. That a name is relative, or a URL's path the key, is a guess, and gives way to it.
    return {**by_path, **relative, **named}


def _entries(answer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the name and the signed URL of each file; one of them may be empty."""
    listed = next((answer[name] for name in _LIST_NAMES if isinstance(answer.get(name), list)), ())
    for entry in listed:
        if isinstance(entry, str):
            yield ("", entry) if "://" in entry else (entry, "")
        elif isinstance(entry, dict):
            yield _first_text(entry, _KEY_NAMES), _first_text(entry, _URL_NAMES)


def _first_text(entry: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((entry[name] for name in names if isinstance(entry.get(name), str) and entry[name]), "")


def _key_in(url: str, bucket: str, folder: str) -> str:
    """The key in an object's URL: its path, or what follows the bucket in it; the one that is in the folder."""
    try:
        path = unquote(urlsplit(url).path).lstrip("/")
    except ValueError:  # brackets that are no address
        return ""
    after_bucket = f"/{path}".partition(f"/{bucket}/")[2]
    inside = f"{folder.strip('/')}/" if folder.strip("/") else ""
    is_inside = inside and path.startswith(inside)
    return after_bucket if after_bucket and after_bucket.startswith(inside) and not is_inside else path
