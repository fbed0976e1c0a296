"""A project's category schema as the hub keeps it: checked on the way in, indexed for reading answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from prelabel.localhub.envelope import Refusal
from prelabel.localhub.store.database import new_id
from prelabel.localhub.words import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_NESTING = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One tool, classification or relation. ``ids`` is option value -> schemaId, ``values`` the way back."""

    schema_id: str
    title: str
    kind: str
    column_field: bool = False
    ids: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SchemaIndex:
    """A category schema by schemaId and by title, nested classifications included."""

    tools: dict[str, Entry] = field(default_factory=dict)
    classifications: dict[str, Entry] = field(default_factory=dict)
    tool_titles: dict[str, str] = field(default_factory=dict)
    classification_titles: dict[str, str] = field(default_factory=dict)


def checked_schema(schema: Any) -> dict[str, Any]:
    """A category schema with all three lists, and a schemaId for every entry and option that came without.

    Raises:
        Refusal: it has not the form of a category schema.
    """
    if not isinstance(schema, dict):
        raise Refusal("categorySchema must be an object with tools, classifications and relations")
    return {**schema, **{section: _checked_entries(schema.get(section), section, 0) for section in SECTIONS}}


def _checked_entries(entries: Any, what: str, depth: int) -> list[dict[str, Any]]:
    if depth > MAX_NESTING:
        raise Refusal(f"categorySchema nests classifications more than {MAX_NESTING} deep")
    return [_checked_entry(entry, what, depth) for entry in _objects(entries, what)]


def _checked_entry(entry: dict[str, Any], what: str, depth: int) -> dict[str, Any]:
    title = entry.get("title", "")
    if not isinstance(title, str) or not isinstance(entry.get("tool", ""), str):
        raise Refusal(f"categorySchema: title and tool of every entry of {what} must be texts")
    checked = {**entry, "schemaId": _id_of(entry), "title": title}
    options = _objects(entry.get("options"), f"the options of {title!r}")
    if not all(isinstance(option.get("value", ""), str) for option in options):
        raise Refusal(f"categorySchema: the option values of {title!r} must be texts")
    checked["options"] = [{**option, "schemaId": _id_of(option)} for option in options]
    checked["classifications"] = _checked_entries(entry.get("classifications"), f"{what} of {title!r}", depth + 1)
    return checked


def _objects(entries: Any, what: str) -> list[dict[str, Any]]:
    if entries is None:
        return []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Refusal(f"categorySchema: {what} must be a list of objects")
    return entries


def _id_of(entry: Mapping[str, Any]) -> str:
    schema_id = entry.get("schemaId") or new_id()
    if not isinstance(schema_id, str):
        raise Refusal("categorySchema: every schemaId must be a text")
    return schema_id


def index_of(schema: Mapping[str, Any]) -> SchemaIndex:
    """Index a checked schema. Of entries that share a title or a value the first is meant."""
    index = SchemaIndex()
    for entry in schema["tools"]:
        index.tools.setdefault(entry["schemaId"], _entry(entry))
        index.tool_titles.setdefault(entry["title"], entry["schemaId"])
    for section in SECTIONS:
        for entry in _classifications(schema[section], is_classification=section == "classifications"):
            index.classifications.setdefault(entry["schemaId"], _entry(entry))
            index.classification_titles.setdefault(entry["title"], entry["schemaId"])
    return index


def _classifications(entries: list[dict[str, Any]], *, is_classification: bool) -> Iterator[dict[str, Any]]:
    for entry in entries:
        if is_classification:
            yield entry
        yield from _classifications(entry["classifications"], is_classification=True)


def _entry(entry: Mapping[str, Any]) -> Entry:
    made = Entry(entry["schemaId"], entry["title"], str(entry.get("tool", "")), bool(entry.get("columnField")))
    for option in entry["options"]:
        made.ids.setdefault(option.get("value", ""), option["schemaId"])
        made.values.setdefault(option["schemaId"], option.get("value", ""))
    return made
