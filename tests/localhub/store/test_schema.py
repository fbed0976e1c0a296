"""Category schemas: checked, completed, indexed."""

from __future__ import annotations

from typing import Any

import pytest

from localhub.project import SCHEMA
from prelabel.localhub.envelope import Refusal
from prelabel.localhub.store.schema import checked_schema, index_of


def test_missing_lists_and_ids_are_filled_in() -> None:
    """A schema always has its three lists, and every entry and option an id of its own."""
    schema = checked_schema({"classifications": [{"tool": "radio", "title": "T", "options": [{"value": "a"}]}]})
    assert schema["tools"] == schema["relations"] == []
    entry = schema["classifications"][0]
    assert entry["schemaId"] != entry["options"][0]["schemaId"]
    assert len(entry["schemaId"]) == len(entry["options"][0]["schemaId"]) == 24
    assert entry["classifications"] == []


def test_unknown_keys_stay() -> None:
    """What the hub does not read it keeps."""
    schema = checked_schema({"tools": [{"schemaId": "a", "title": "A", "shortcutKey": "q"}], "extra": 1})
    assert schema["extra"] == 1
    assert schema["tools"][0]["shortcutKey"] == "q"


def test_nested_classifications_are_indexed() -> None:
    """A tool's own classifications are found like the project's."""
    index = index_of(checked_schema(SCHEMA))
    assert index.classifications["cls-pose"].ids == {"sits": "opt-sits", "stands": "opt-stands"}
    assert index.classifications["cls-type"].values["opt-day"] == "day"
    assert index.classifications["cls-type"].column_field
    assert index.tool_titles == {"Car": "tool-car", "Person": "tool-person"}
    assert "tool-car" not in index.classifications


def _nested(depth: int) -> dict[str, Any]:
    entry: dict[str, Any] = {"title": "T"}
    for _ in range(depth):
        entry = {"title": "T", "classifications": [entry]}
    return {"classifications": [entry]}


@pytest.mark.parametrize(
    ("schema", "part"),
    [
        ([], "categorySchema must be an object"),
        ({"tools": {}}, "tools must be a list of objects"),
        ({"tools": ["Car"]}, "tools must be a list of objects"),
        ({"tools": [{"title": 1}]}, "title and tool of every entry of tools must be texts"),
        ({"tools": [{"schemaId": 5}]}, "every schemaId must be a text"),
        ({"classifications": [{"title": "T", "options": ["a"]}]}, "the options of 'T' must be a list of objects"),
        ({"classifications": [{"title": "T", "options": [{"value": 1}]}]}, "the option values of 'T' must be texts"),
        (_nested(25), "nests classifications more than 20 deep"),
    ],
)
def test_what_is_no_schema_is_refused(schema: Any, part: str) -> None:
    """The message says which part has the wrong form."""
    with pytest.raises(Refusal) as caught:
        checked_schema(schema)
    assert part in str(caught.value)
