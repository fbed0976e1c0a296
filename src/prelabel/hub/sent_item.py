"""What an import item sends, as far as deciding needs it, without reading its objects: they may be many megabytes.

Read as JSON they would be a Python object for every number, some ten times slower to make than to write.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from prelabel.hub import large_json

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

BEFORE_OBJECTS = b',"relations":[],"objects":'
"""What stands before an item's objects, which come last; quotes inside a JSON text are escaped, so no text holds it."""

_OBJECT_ID = re.compile(rb'"objectId":"([^"\\]*)"')


class SentLabels(NamedTuple):
    """What is known of an item's labels: its objects' ids, and schema id and answer of each classification."""

    object_ids: frozenset[str]
    answers: list[tuple[str, Any]]


def labels_in(item: Mapping[str, Any]) -> SentLabels:
    """The labels of an item, or of what is sent in its place."""
    ids = frozenset(str(each.get("objectId")) for each in item.get("objects") or ())
    return SentLabels(ids, _answers(item))


def labels_in_body(body: bytes) -> SentLabels:
    """The labels of an item that is JSON already, its objects passed over where they come last."""
    at = body.find(BEFORE_OBJECTS)
    if at < 0:
        return labels_in(large_json.loads(body))
    ids = frozenset(found.decode() for found in _OBJECT_ID.findall(body, at))
    return SentLabels(ids, _answers(orjson.loads(body[:at] + b"}")))


def without_known(body: bytes, known_ids: Collection[str]) -> dict[str, Any]:
    """Read an item that is to be added to what is stored; of its objects nothing is read if all are there already."""
    at = body.find(BEFORE_OBJECTS)
    if at >= 0 and all(found.decode() in known_ids for found in _OBJECT_ID.findall(body, at)):
        body = body[:at] + BEFORE_OBJECTS + b"[]}"
    item: dict[str, Any] = large_json.loads(body)
    return item


def _answers(item: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(str(each.get("schemaId")), each.get("answer")) for each in item.get("classifications") or ()]
