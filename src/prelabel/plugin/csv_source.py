"""Where a session's CSV is: sent along, or in a storage of the Hub that is asked for a URL.

The Hub's documents do not say how the CSV comes, so every way that its plugins know is read, the surest first. What
is elsewhere is fetched within the walls that masks have: no file of this machine, no address of its network.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from prelabel.errors import ConfigError, MaskError, MaskUnavailable, UploadUnavailable
from prelabel.masks.limits import MaskLimits
from prelabel.masks.references import InlineMask, LocalPath, Reference, StoredObject, parse_reference
from prelabel.masks.sources.access import Access, Limits
from prelabel.masks.sources.request_plan import MaskSurvey
from prelabel.masks.sources.router import MaskSources
from prelabel.spelling import short

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prelabel.hub.client import HubClient
    from prelabel.plugin.settings import SessionLimits

_CONTENT_KEYS = ("data", "content", "base64", "inputFile")
_URL_KEYS = ("signedUrl", "url", "dataURL", "href")
_KEY_KEYS = ("key", "path", "fullPath", "fileName", "name", "id")
_STORAGE_KEYS = ("storageId", "integrationId", "storage")
_FILES_KEYS = ("files", "keys", "selected", "file")
_TABLE = re.compile(r"\.(?:csv|tsv|txt)(?:\.gz)?$", re.IGNORECASE)
_OF_MASKS = (
    ("--max-mask-bytes", "--max-csv-bytes"),
    ("masks are not fetched", "CSVs are not fetched"),
    ("there is no mask at", "there is no file at"),
)
_NONE = (
    "the session brings no CSV: upload one where the plugin is run (inputFile), or choose one in the file explorer; "
    "its first line names the columns"
)


@dataclass(frozen=True, slots=True)
class SentCsv:
    """A CSV that came with the session: base64, with or without a ``data:`` URL's beginning, or its bytes."""

    content: str | bytes = field(repr=False)

    def __str__(self) -> str:
        return "the CSV that was uploaded"


@dataclass(frozen=True, slots=True)
class StoredCsv:
    """A CSV that a URL opens, or the Hub's storage with this key."""

    reference: Reference

    def __str__(self) -> str:
        return f"the CSV {self.reference}"


CsvSource = SentCsv | StoredCsv


def csv_source_of(data: Mapping[str, Any]) -> CsvSource:
    """Find the CSV in what the runtime hands over.

    Raises:
        ConfigError: there is none, or what names it cannot be used.
    """
    sources = (
        *_of_entry(data.get("inputFile"), data, is_content=True),
        *_of_entries(data.get("fileList"), data),
        *_of_explorer(data.get("fileExplorerOptions"), data),
        *_of_explorer(data, data),
    )
    if not sources:
        raise ConfigError(_NONE, field="csv")
    return sources[0]


def _of_explorer(options: Any, data: Mapping[str, Any]) -> Iterator[CsvSource]:
    """What was chosen in the Hub's file explorer: one choice, or a list of them."""
    if isinstance(options, list | tuple):
        for each in options:
            yield from _of_explorer(each, data) if _files_in(each) else _of_entry(each, data)
    elif isinstance(options, Mapping):
        yield from _of_entries(_files_in(options), {**data, **options})


def _files_in(options: Any) -> Any:
    if not isinstance(options, Mapping):
        return None
    return next((options[key] for key in _FILES_KEYS if options.get(key)), None)


def _of_entries(entries: Any, where: Mapping[str, Any]) -> Iterator[CsvSource]:
    """The files of a list, those first that are called tables."""
    listed = entries if isinstance(entries, list | tuple) else [entries]
    for entry in sorted(listed, key=lambda each: not _TABLE.search(_first(each, _KEY_KEYS))):
        yield from _of_entry(entry, where)


def _of_entry(entry: Any, where: Mapping[str, Any], *, is_content: bool = False) -> Iterator[CsvSource]:
    """One file: a text (its content, or else its URL or key), bytes, or a record that holds one of these."""
    if isinstance(entry, bytes | bytearray) and entry:
        yield SentCsv(bytes(entry))
    elif isinstance(entry, str) and entry.strip():
        if is_content or entry.lstrip()[:5].lower() == "data:":
            yield SentCsv(entry)
        else:
            yield _stored(entry, where)
    elif isinstance(entry, Mapping):
        if content := next((entry[key] for key in _CONTENT_KEYS if entry.get(key)), None):
            yield from _of_entry(content, where, is_content=True)
        elif name := _first(entry, _URL_KEYS) or _first(entry, _KEY_KEYS):
            yield _stored(name, {**where, **entry})


def _first(entry: Any, keys: Iterable[str]) -> str:
    if isinstance(entry, str):
        return entry
    if not isinstance(entry, Mapping):
        return ""
    return next((entry[key] for key in keys if isinstance(entry.get(key), str) and entry[key]), "")


def _stored(name: str, where: Mapping[str, Any]) -> StoredCsv:
    storage_id, bucket = _first(where, _STORAGE_KEYS), _first(where, ("bucket", "bucketName"))
    if storage_id and "://" not in name:
        folder = _first(where, ("folder",)).strip("/")
        key = name.lstrip("/")
        if folder and not key.startswith(f"{folder}/"):
            key = f"{folder}/{key}"
        return StoredCsv(StoredObject(storage_id, key, bucket))
    try:
        reference = parse_reference(name, "" if "?" in name else storage_id)
    except MaskError as error:
        raise _of_csv(error) from None
    if isinstance(reference, LocalPath | InlineMask):
        raise ConfigError(
            f"the CSV {short(name)!r} is a file's path, and a plugin reads no local files: upload it where the plugin "
            "is run, or choose it in the file explorer of a storage",
            field="csv",
        )
    return StoredCsv(reference)


async def read_csv(source: CsvSource, hub: HubClient, project: str, limits: SessionLimits, max_bytes: int) -> bytes:
    """The CSV's bytes.

    Args:
        source: where it is.
        hub: signs URLs for its storages.
        project: the project's id, which the Hub wants to know.
        limits: those of the session.
        max_bytes: the CSV's most.

    Raises:
        ConfigError: it cannot be read, or may not be, or is too large.
        UploadUnavailable: its server could not be reached now.
    """
    if isinstance(source, SentCsv):
        return _decoded(source.content, max_bytes)
    bounds = Limits(limits.fetch_concurrency, limits.fetch_timeout_s, MaskLimits(max_bytes, 1), limits.max_redirects)
    access = Access.of("service", limits.allow_mask_hosts, outside_root=False)
    async with MaskSources(Path(), access, bounds) as sources:
        sources.use_hub(hub, str(hub.transport.url.origin()), project, MaskSurvey().plan())
        try:
            async with sources.fetched(source.reference, 0) as content:
                return content
        except MaskUnavailable as error:
            raise UploadUnavailable(str(_of_csv(error))) from None
        except MaskError as error:
            raise _of_csv(error) from None


def _decoded(content: str | bytes, max_bytes: int) -> bytes:
    if isinstance(content, bytes):
        raw = content
    elif len(content) * 3 // 4 > max_bytes + 1_000:  # a data: URL has some words before
        raise _too_large(f"some {len(content) * 3 // 4}", max_bytes)
    else:
        raw = _decoded_text(content.strip())
    if len(raw) > max_bytes:
        raise _too_large(str(len(raw)), max_bytes)
    if not raw:
        raise ConfigError(f"the CSV that was uploaded is empty; {_NONE}", field="csv")
    return raw


def _decoded_text(text: str) -> bytes:
    if text[:5].lower() == "data:":
        head, comma, text = text.partition(",")
        if not comma:
            raise ConfigError("the CSV that was uploaded is a data: URL without its data: upload it again", field="csv")
        if not head.lower().endswith(";base64"):
            return unquote_to_bytes(text)
    packed = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ConfigError(
            "the CSV that was uploaded did not come whole: it is not base64, as the Hub sends it; upload it again",
            field="csv",
        ) from error


def _too_large(n_bytes: str, max_bytes: int) -> ConfigError:
    return ConfigError(
        f"the CSV has {n_bytes} bytes and the plugin takes {max_bytes} (--max-csv-bytes): divide it, or name masks by "
        "URLs or keys instead of putting them into cells",
        field="csv",
    )


def _of_csv(error: MaskError) -> ConfigError:
    """What is said of a mask, said of the CSV: both are fetched by the same road."""
    text = str(error).removeprefix("mask ")
    for ours, theirs in _OF_MASKS:
        text = text.replace(ours, theirs)
    return ConfigError(f"the CSV {text}", field="csv")
