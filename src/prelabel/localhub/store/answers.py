"""Answers as the hub keeps them: all three lists, options by schemaId, every object with an id.

What is sent may name the objects ``objects`` or ``tools``, an option by its value or its schemaId, a tool by its title.
What cannot be an answer at all is refused with the place named; an unknown option is dropped, as the Hub seems to do.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from prelabel.localhub.envelope import Refusal
from prelabel.localhub.store.schema import MAX_NESTING
from prelabel.localhub.words import MANY_OPTIONS_KINDS, ONE_OPTION_KINDS, SECTIONS, TEXT_KIND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prelabel.localhub.store.schema import Entry, SchemaIndex

Answer = dict[str, list[dict[str, Any]]]

EMPTY_ANSWER = orjson.dumps({section: [] for section in SECTIONS}).decode()
IMPORT_AUTHOR = "import"


@dataclass(frozen=True, slots=True)
class AnswerReader:
    """Reads answers for one project, on behalf of one author.

    Attributes:
        index: the project's category schema.
        author: what ``metadata.createdBy`` says of new objects.
        keep_metadata: whether metadata that comes with an object stays (a person's edit) or is the hub's (an import).
    """

    index: SchemaIndex
    author: str
    keep_metadata: bool = False

    def read(self, answer: Mapping[str, Any], where: str) -> Answer:
        """``answer`` in the stored form.

        Args:
            answer: with any of ``objects``/``tools``, ``classifications``, ``relations``.
            where: names the answer in messages.

        Raises:
            Refusal: a part of it has not the form of an answer.
        """
        objects = answer.get("objects")
        tools = _objects_of(answer.get("tools") if objects is None else objects, "objects", where)
        classifications = _objects_of(answer.get("classifications"), "classifications", where)
        return {
            "tools": [self._tool(tool, f"{where}, object {number}") for number, tool in enumerate(tools, 1)],
            "classifications": self.classifications(classifications, where),
            "relations": _objects_of(answer.get("relations"), "relations", where),
        }

    def classifications(self, given: list[dict[str, Any]], where: str, depth: int = 0) -> list[dict[str, Any]]:
        """Classification answers in the stored form; those whose options are all unknown are left out.

        Raises:
            Refusal: an answer of the wrong type, or nested too deep.
        """
        if depth > MAX_NESTING:
            raise Refusal(f"{where}: classifications nest more than {MAX_NESTING} deep")
        return [stored for each in given if (stored := self._classification(each, where, depth)) is not None]

    def _tool(self, tool: Mapping[str, Any], where: str) -> dict[str, Any]:
        check_geometry(tool, where)
        nested = _objects_of(tool.get("classifications"), "classifications", where)
        metadata = tool.get("metadata")
        if not (self.keep_metadata and isinstance(metadata, dict)):
            metadata = {"createdAt": time.time_ns() // 1_000_000, "createdBy": self.author}
        return {
            **tool,
            "schemaId": _schema_id(tool, self.index.tool_titles, where),
            "objectId": _object_id(tool, where),
            "classifications": self.classifications(nested, where, 1),
            "lock": tool.get("lock") is True,
            "metadata": metadata,
        }

    def _classification(self, given: Mapping[str, Any], where: str, depth: int) -> dict[str, Any] | None:
        schema_id = _schema_id(given, self.index.classification_titles, where)
        entry = self.index.classifications.get(schema_id)
        answer = given.get("answer") if entry is None else _stored_answer(given.get("answer"), entry, where)
        if answer is None:
            return None
        nested = _objects_of(given.get("classifications"), "classifications", where)
        return {
            **given,
            "schemaId": schema_id,
            "answer": answer,
            "classifications": self.classifications(nested, where, depth + 1),
        }


def joined(existing: Answer, new: Answer) -> Answer:
    """An appending hub: new objects and relations after the old ones, new classification answers instead of old."""
    answered = {each["schemaId"] for each in new["classifications"]}
    kept = [each for each in existing["classifications"] if each["schemaId"] not in answered]
    return {
        "tools": existing["tools"] + new["tools"],
        "classifications": kept + new["classifications"],
        "relations": existing["relations"] + new["relations"],
    }


def check_geometry(tool: Mapping[str, Any], where: str) -> None:
    """Check the rings of a segmentation or polygon: lists of at least three ``[x, y]`` number pairs.

    Raises:
        Refusal: a ring, a zone or a list of holes has another form.
    """
    if "polygon" in tool:
        _check_ring(tool["polygon"], f"{where}: polygon")
    if "segmentation" not in tool:
        return
    segmentation = tool["segmentation"]
    zones = segmentation.get("zones") if isinstance(segmentation, dict) else None
    if not isinstance(zones, list) or not zones or not all(isinstance(zone, dict) for zone in zones):
        raise Refusal(f"{where}: segmentation must be an object with a list of zones, one at least")
    for number, zone in enumerate(zones, 1):
        _check_ring(zone.get("region"), f"{where}: region of zone {number}")
        holes = zone.get("holes", [])
        if not isinstance(holes, list):
            raise Refusal(f"{where}: holes of zone {number} must be a list of rings")
        for hole in holes:
            _check_ring(hole, f"{where}: a hole of zone {number}")


def _check_ring(ring: Any, where: str) -> None:
    if not isinstance(ring, list) or len(ring) < 3:
        raise Refusal(f"{where} must be a list of at least three [x, y] points")
    if not all(isinstance(point, list) and len(point) == 2 for point in ring):
        raise Refusal(f"{where} holds something that is no [x, y] point")
    # The set of types is two entries long for any honest ring: no Python call per coordinate.
    if not {type(number) for point in ring for number in point} <= {int, float}:
        raise Refusal(f"{where} holds a coordinate that is no number")


def _objects_of(value: Any, what: str, where: str) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise Refusal(f"{where}: {what} must be a list of objects")
    return value


def _schema_id(given: Mapping[str, Any], titles: Mapping[str, str], where: str) -> str:
    schema_id, title = given.get("schemaId"), given.get("title")
    if not schema_id and isinstance(title, str):
        schema_id = titles.get(title)
    if not schema_id or not isinstance(schema_id, str):
        raise Refusal(f"{where}: a schemaId, or a title that the category schema knows, is missing")
    return schema_id


def _object_id(tool: Mapping[str, Any], where: str) -> str:
    object_id = tool.get("objectId") or secrets.token_hex(12)[:23]
    if not isinstance(object_id, str):
        raise Refusal(f"{where}: objectId must be a text")
    return object_id


def _stored_answer(answer: Any, entry: Entry, where: str) -> Any:
    if entry.kind in ONE_OPTION_KINDS | {TEXT_KIND}:
        if not isinstance(answer, str):
            raise Refusal(f"{where}: the answer to {entry.title!r} ({entry.kind}) must be a text")
        return answer if entry.kind == TEXT_KIND else _option_id(answer, entry)
    if entry.kind in MANY_OPTIONS_KINDS:
        if not isinstance(answer, list) or not all(isinstance(each, str) for each in answer):
            raise Refusal(f"{where}: the answer to {entry.title!r} ({entry.kind}) must be a list of texts")
        return [known for each in answer if (known := _option_id(each, entry)) is not None] or None
    return answer


def _option_id(answer: str, entry: Entry) -> str | None:
    return entry.ids.get(answer) or (answer if answer in entry.values else None)
