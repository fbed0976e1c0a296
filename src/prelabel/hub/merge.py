"""Adding labels to existing ones: stored answer + new item -> the full item that replaces it. Pure.

Importing replaces, so appending means sending the whole set (docs/hub-contract.md, "POST /import/labels"):
a new classification wins over a stored one of its schema; stored objects stay as they are, ids, nested
classifications, locks and pages included; a new object that is there already is not added again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prelabel.model import TOOL_KINDS  # a geometry has its tool's kind as its key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

OptionValues = dict[str, dict[str, str]]
"""Classification schemaId -> option schemaId -> option value."""

_LISTS = ("tools", "objects", "classifications", "relations")


def option_values(category_schema: Any) -> OptionValues:
    """The options of every classification of a categorySchema, nested ones and those inside tools included."""
    values: OptionValues = {}
    for classification in _classifications_below(category_schema if isinstance(category_schema, dict) else {}):
        options = classification.get("options")
        values[str(classification.get("schemaId"))] = {
            str(option["schemaId"]): str(option["value"])
            for option in (options if isinstance(options, list) else ())
            if isinstance(option, dict) and "schemaId" in option and "value" in option
        }
    return values


def _classifications_below(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for key in ("tools", "classifications", "options"):
        children = node.get(key)
        for child in children if isinstance(children, list) else ():
            if isinstance(child, dict):
                if key == "classifications":
                    yield child
                yield from _classifications_below(child)


def merge_item(
    answer: Mapping[str, Any],
    item: Mapping[str, Any],
    options: OptionValues,
) -> dict[str, Any]:
    """Return the full item: what is stored, plus what is new.

    Args:
        answer: a task's stored answer (``tools`` or ``objects``, ``classifications``, ``relations``); may be empty.
        item: the new import item. Neither it nor ``answer`` is changed.
        options: from :func:`option_values`; stored option ids become values.

    Returns:
        An item with all three lists, the new item's address, and every other key the answer has.
    """
    stored_objects = [*(answer.get("tools") or ()), *(answer.get("objects") or ())]
    kept = [_as_import(stored, options) for stored in stored_objects]
    new_ids = {str(new.get("schemaId")) for new in item.get("classifications") or ()}
    stored_answers = [
        _as_import(stored, options)
        for stored in answer.get("classifications") or ()
        if str(stored.get("schemaId")) not in new_ids
    ]
    stored_relations = list(answer.get("relations") or ())
    new_relations = [new for new in item.get("relations") or () if new not in stored_relations]
    return {
        **{key: answer[key] for key in unknown_content(answer)},
        **item,
        "objects": kept + _not_yet_there(kept, item.get("objects") or ()),
        "classifications": stored_answers + list(item.get("classifications") or ()),
        "relations": stored_relations + new_relations,
    }


def keep_schemas(
    answer: Mapping[str, Any], item: Mapping[str, Any], options: OptionValues, schema_ids: Collection[str]
) -> dict[str, Any]:
    """Return the item with what is stored under these schema IDs: an overwrite that leaves them alone.

    Args:
        answer: a task's stored answer; may be empty.
        item: the new import item. Neither it nor ``answer`` is changed.
        options: from :func:`option_values`.
        schema_ids: tools and classifications whose stored labels stay.
    """
    kept = {
        key: [stored for stored in answer.get(key) or () if str(stored.get("schemaId")) in schema_ids]
        for key in ("tools", "objects", "classifications")
    }
    return merge_item(kept, item, options)


def unknown_content(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """Keys of a stored answer that no import item is known to carry; they are sent along, without a promise."""
    return tuple(key for key, value in answer.items() if key not in _LISTS and value not in (None, "", [], {}))


def _as_import(stored: Mapping[str, Any], options: OptionValues) -> dict[str, Any]:
    """A stored object or classification as an import item carries it: no server metadata, options by value."""
    result = {key: value for key, value in stored.items() if key != "metadata"}
    if "answer" in stored:
        result["answer"] = values_of(stored["answer"], options.get(str(stored.get("schemaId")), {}))
    if isinstance(nested := stored.get("classifications"), list):
        result["classifications"] = [_as_import(inner, options) for inner in nested]
    return result


def values_of(answer: Any, values: Mapping[str, str]) -> Any:
    """An answer as an import item has it: stored option ids become values, what is none stays."""
    if isinstance(answer, list):
        return [values_of(one, values) for one in answer]
    return values.get(answer, answer) if isinstance(answer, str) and answer not in values.values() else answer


def _not_yet_there(
    kept: Sequence[Mapping[str, Any]], new_objects: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    ids = {str(stored["objectId"]) for stored in kept if stored.get("objectId")}
    new_schemas = {new.get("schemaId") for new in new_objects}
    shapes = {_shape_key(stored) for stored in kept if stored.get("schemaId") in new_schemas}
    added = []
    for new in new_objects:
        ident = str(new["objectId"]) if new.get("objectId") else None
        if ident in ids or (shape := _shape_key(new)) in shapes:
            continue
        shapes.add(shape)
        if ident is not None:
            ids.add(ident)
        added.append(new)
    return added


def _shape_key(labelled: Mapping[str, Any]) -> tuple[Any, ...]:
    """Equal for objects of one schema, page and geometry; 10 and 10.0 are one number, as they are to the Hub."""
    geometry = tuple(_frozen(labelled.get(key)) for key in TOOL_KINDS)
    if all(part is None for part in geometry):  # another kind of tool: known by its id alone
        return (id(labelled),)
    return (labelled.get("schemaId"), _frozen(labelled.get("page")), geometry)


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_frozen, value))
    if isinstance(value, dict):
        return tuple(sorted((key, _frozen(inner)) for key, inner in value.items()))
    return value
