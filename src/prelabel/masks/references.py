"""What a cell of the mask column refers to: text -> a small value that says where the mask is. Part of stage 4.

Pure: nothing is opened, asked or resolved here. A reference's ``str()`` is for people: it leaves out what may be secret
in it, a URL's query (signatures live there), user and password. Equal references name the same mask.
"""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from prelabel.codes import Code
from prelabel.errors import MaskError
from prelabel.masks.odd_cells import odd_cell
from prelabel.records import Record
from prelabel.spelling import short

CloudScheme = Literal["s3", "gs", "abfs"]
_SCHEMES: dict[str, CloudScheme] = {
    "s3": "s3",
    "s3a": "s3",
    "gs": "gs",
    "gcs": "gs",
    "abfs": "abfs",
    "abfss": "abfs",
}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")  # two letters at least: C:\ is a drive
_OWN_STORAGE = re.compile(r"[?&](?:storageId|integrationId)=([A-Za-z0-9_-]{1,64})$")
_AZURE_ACCOUNT = re.compile(r"([a-z0-9]{3,24})\.(?:dfs|blob)\.core\.windows\.net")
# Each way a cloud writes an object's address: where the bucket stands, in the host or first in the path.
_BUCKET_IN_HOST = re.compile(
    r"(.+)\.(?:s3(?:[.-][a-z0-9.-]+)?\.amazonaws\.com(?:\.cn)?|storage\.googleapis\.com)", re.IGNORECASE
)
_BUCKET_IN_PATH = re.compile(
    r"s3(?:[.-][a-z0-9.-]+)?\.amazonaws\.com(?:\.cn)?|storage\.(?:googleapis|cloud\.google)\.com"
    r"|[a-z0-9]{3,24}\.blob\.core\.windows\.net",
    re.IGNORECASE,
)


class _Reference(Record, frozen=True):
    """Where a mask is; its ``repr()`` leaves out what its ``str()`` does."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"


class LocalPath(_Reference, frozen=True):
    """A file of this machine, relative to the mask root or absolute."""

    path: str

    def __str__(self) -> str:
        return short(self.path)


class WebUrl(_Reference, frozen=True):
    """An http(s) URL, fetched as it is."""

    url: str

    def __str__(self) -> str:
        return without_secrets(self.url)


class CloudObject(_Reference, frozen=True):
    """An object of a bucket. ``account`` is Azure's, empty for the environment's; a bucket is a container there."""

    scheme: CloudScheme
    bucket: str
    key: str
    account: str = ""

    @property
    def bucket_url(self) -> str:
        """The bucket's own address."""
        return f"{self.scheme}://{self.bucket}"

    def __str__(self) -> str:
        return short(f"{self.bucket_url}/{self.key}")


class StoredObject(_Reference, frozen=True):
    """An object that the Hub signs a URL for.

    Attributes:
        storage_id: the Hub's storage.
        key: in the bucket; empty when only ``url`` is known.
        bucket: empty for the storage's own.
        cloud: the scheme it was written with, where that was one.
        account: Azure's, where it was written.
        url: the object's URL as it was written, empty for keys and cloud schemes.
    """

    storage_id: str
    key: str = ""
    bucket: str = ""
    cloud: CloudScheme | None = None
    account: str = ""
    url: str = ""

    @property
    def folder(self) -> str:
        """The key's folder, without a slash at the end."""
        return self.key.rpartition("/")[0]

    def __str__(self) -> str:
        if self.url:
            return without_secrets(self.url)
        return short(f"{self.cloud}://{self.bucket}/{self.key}" if self.cloud else self.key)


class InlineMask(_Reference, frozen=True):
    """A mask that the cell itself holds: a ``data:`` URL, or COCO run lengths as JSON."""

    kind: Literal["data", "rle"]
    text: str

    def __str__(self) -> str:
        what = "a data: URL" if self.kind == "data" else "COCO run lengths"
        return f"{what} of {len(self.text)} characters"


Reference = LocalPath | WebUrl | CloudObject | StoredObject | InlineMask


def parse_reference(cell: str, storage_id: str = "") -> Reference:
    """Read a cell of the mask column.

    Args:
        cell: the text; not blank.
        storage_id: the config's. With it, URLs and keys are the Hub's to sign. A ``?storageId=`` at a cell's end goes
            before it.

    Raises:
        MaskError: a URL of a kind that cannot be fetched, an incomplete one, or a mask in a form that is not read.
    """
    text = cell.strip()
    if fault := odd_cell(text):
        raise MaskError(
            f"mask {short(text)!r} cannot be read, the cell holds {fault}",
            reference=text,
            code=Code.MASK_REFERENCE,
        )
    own = _OWN_STORAGE.search(text)
    if text.startswith("{") and text.endswith("}"):
        return InlineMask("rle", text)
    match text[:5].lower():
        case "data:":
            return InlineMask("data", text)
        case "file:":
            return _file(text)
    if own is not None:
        text, storage_id = text[: own.start()], own[1]
    found = _SCHEME.match(text)
    if found is None:
        return StoredObject(storage_id, text.lstrip("/")) if storage_id else LocalPath(cell)
    return _from_url(found[1].lower(), text, text[found.end() :], storage_id)


def _from_url(scheme: str, text: str, rest: str, storage_id: str) -> Reference:
    """Take a URL that is neither data: nor file: apart; ``rest`` is what follows its ``scheme://``."""
    if scheme in {"http", "https"}:
        return _signed_by_hub(text, storage_id) if storage_id else WebUrl(text)
    if scheme in _SCHEMES:
        bare = _cloud_object(_SCHEMES[scheme], rest, text)
        return StoredObject(storage_id, bare.key, bare.bucket, bare.scheme, bare.account) if storage_id else bare
    raise MaskError(
        f"mask {without_secrets(text)!r} is a URL of a kind that cannot be fetched: give a path, http(s)://, s3://, "
        "gs://, abfs://, a data: URL or COCO run lengths",
        reference=without_secrets(text),
        code=Code.MASK_REFERENCE,
    )


def is_elsewhere(cell: str) -> bool:
    """Whether a cell's scheme is that of something beyond this machine."""
    found = _SCHEME.match(cell.lstrip())
    return found is not None and found[1].lower() != "file"


def names_own_storage(cell: str) -> bool:
    """Whether a cell ends in ``?storageId=``."""
    return _OWN_STORAGE.search(cell.rstrip()) is not None


def without_secrets(url: str) -> str:
    """Return a URL as people may see it: no user, no password, no query, not too long."""
    bare = re.sub(r"(?<=://)[^/?#@]*(?:@[^/?#@]*)*@", "", re.split(r"[?#]", url, maxsplit=1)[0])
    return short(bare + ("?..." if "?" in url else ""))


def _file(text: str) -> LocalPath:
    try:
        parts = urlsplit(text)
        path = url2pathname(parts.path)
    except ValueError as error:
        raise MaskError(
            f"mask {short(text)!r} is no URL ({error}): write file:///folder/mask.png, or the path",
            reference=text,
            code=Code.MASK_REFERENCE,
        ) from error
    if parts.netloc.lower() not in {"", "localhost"}:
        raise MaskError(
            f"mask {short(text)!r} names the machine {short(parts.netloc)!r}: a file:// URL reads files of this one, "
            "as in file:///folder/mask.png",
            reference=text,
            code=Code.MASK_REFERENCE,
        )
    return LocalPath(path)


def _cloud_object(scheme: CloudScheme, rest: str, text: str) -> CloudObject:
    """Take ``bucket/key`` apart. Keys are as they are: ``%``, ``?`` and ``#`` in them mean nothing special."""
    bucket, _, key = rest.partition("/")
    account = ""
    if scheme == "abfs" and "@" in bucket:
        bucket, _, host = bucket.partition("@")
        found = _AZURE_ACCOUNT.fullmatch(host.lower())
        if found is None:
            raise MaskError(
                f"mask {short(text)!r} names no storage account: write abfs://container@account.dfs.core.windows.net/"
                "path, or abfs://container/path",
                reference=text,
                code=Code.MASK_REFERENCE,
            )
        account = found[1]
    if not re.fullmatch(r"[A-Za-z0-9$][A-Za-z0-9._-]{0,221}", bucket) or not key:
        raise MaskError(
            f"mask {without_secrets(text)!r} is incomplete: write {scheme}://bucket/key",
            reference=without_secrets(text),
            code=Code.MASK_REFERENCE,
        )
    return CloudObject(scheme, bucket, key, account)


def _signed_by_hub(url: str, storage_id: str) -> StoredObject:
    """An object's URL, with bucket and key where it is one of the forms that clouds write."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if not host:
        raise MaskError(
            f"mask {without_secrets(url)!r} is no URL: write https://host/path",
            reference=without_secrets(url),
            code=Code.MASK_REFERENCE,
        )
    path = unquote(parts.path).lstrip("/")
    bucket, key = "", ""
    if not parts.query:
        if in_host := _BUCKET_IN_HOST.fullmatch(host):
            bucket, key = in_host[1], path
        elif _BUCKET_IN_PATH.fullmatch(host):
            bucket, _, key = path.partition("/")
    if not (bucket and key):
        bucket = key = ""
    return StoredObject(storage_id, key, bucket, url=url)
