"""Answers in the stored form."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localhub.project import CAR, HOLE, RING, SCHEMA
from prelabel.localhub.envelope import Refusal
from prelabel.localhub.store.answers import AnswerReader, check_geometry, joined
from prelabel.localhub.store.schema import checked_schema, index_of

INDEX = index_of(checked_schema(SCHEMA))
READER = AnswerReader(INDEX, "import")


def _read(answer: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return READER.read(answer, "item 1")


def _answers(*given: dict[str, Any]) -> dict[str, Any]:
    return {each["schemaId"]: each["answer"] for each in _read({"classifications": list(given)})["classifications"]}


def test_an_empty_answer_has_all_three_lists() -> None:
    """The SDK's merge fails without them."""
    assert _read({}) == {"tools": [], "classifications": [], "relations": []}


@pytest.mark.parametrize("key", ["objects", "tools"])
def test_objects_by_either_name(key: str) -> None:
    """What is written as objects and read as tools is taken under both names."""
    tool = _read({key: [CAR]})["tools"][0]
    assert tool["segmentation"] == CAR["segmentation"]
    assert tool["objectId"] == "car-1"
    assert tool["classifications"] == []
    assert tool["lock"] is False


def test_missing_object_ids_are_made_and_differ() -> None:
    """23 hexadecimal digits each, as the Hub makes them."""
    bare = {"schemaId": "tool-person", "polygon": RING}
    ids = {tool["objectId"] for tool in _read({"objects": [bare] * 20})["tools"]}
    assert len(ids) == 20
    assert all(len(each) == 23 and int(each, 16) >= 0 for each in ids)


def test_imports_write_their_own_metadata_and_edits_keep_theirs() -> None:
    """The author of an import is import, whatever was sent; an annotation keeps what it merged."""
    sent = {**CAR, "metadata": {"createdBy": "someone", "createdAt": 5}}
    assert _read({"objects": [sent]})["tools"][0]["metadata"]["createdBy"] == "import"
    kept = AnswerReader(INDEX, "owner", keep_metadata=True).read({"objects": [sent, CAR]}, "the answer")["tools"]
    assert kept[0]["metadata"] == {"createdBy": "someone", "createdAt": 5}
    assert kept[1]["metadata"]["createdBy"] == "owner"


def test_option_values_become_schema_ids() -> None:
    """Values and schemaIds are both understood; the schemaId is stored; texts stay texts."""
    assert _answers(
        {"schemaId": "cls-type", "answer": "night"},
        {"schemaId": "cls-seen", "answer": ["fog", "opt-rain"]},
        {"schemaId": "cls-note", "answer": "opt-rain"},
    ) == {"cls-type": "opt-night", "cls-seen": ["opt-fog", "opt-rain"], "cls-note": "opt-rain"}


def test_unknown_options_are_dropped() -> None:
    """An answer with no known option is left out; of several, the known ones stay."""
    assert _answers(
        {"schemaId": "cls-type", "answer": "dusk"}, {"schemaId": "cls-seen", "answer": ["snow", "fog"]}
    ) == {"cls-seen": ["opt-fog"]}
    assert _answers({"schemaId": "cls-seen", "answer": ["snow"]}) == {}


def test_titles_stand_for_schema_ids() -> None:
    """A title the schema knows names its tool or classification."""
    answer = _read({"objects": [{"title": "Car"}], "classifications": [{"title": "Type", "answer": "day"}]})
    assert answer["tools"][0]["schemaId"] == "tool-car"
    assert answer["classifications"][0] == {
        "title": "Type",
        "schemaId": "cls-type",
        "answer": "opt-day",
        "classifications": [],
    }


def test_nested_classifications_are_read_too() -> None:
    """An object's own classification is stored by schemaId."""
    person = {"schemaId": "tool-person", "polygon": RING, "classifications": [{"title": "Pose", "answer": "sits"}]}
    assert _read({"objects": [person]})["tools"][0]["classifications"][0]["answer"] == "opt-sits"


def test_what_the_schema_does_not_know_is_kept_as_sent() -> None:
    """The hub stores what it is sent, also under an unknown schemaId."""
    assert _answers({"schemaId": "elsewhere", "answer": {"a": 1}}) == {"elsewhere": {"a": 1}}


def test_kinds_without_options_are_kept_as_sent() -> None:
    """A boolean, a rank, a tree: the hub has no rule for them and stores what came."""
    schema = checked_schema({"classifications": [{"schemaId": "b", "title": "B", "tool": "boolean"}]})
    reader = AnswerReader(index_of(schema), "import")
    read = reader.read({"classifications": [{"schemaId": "b", "answer": True}]}, "item 1")
    assert read["classifications"][0]["answer"] is True


def test_joining_adds_objects_and_replaces_answers() -> None:
    """The appending reading: objects double, a classification has one answer."""
    old = _read({"objects": [CAR], "classifications": [{"schemaId": "cls-type", "answer": "day"}]})
    new = _read({"objects": [CAR], "classifications": [{"schemaId": "cls-type", "answer": "night"}]})
    both = joined(old, new)
    assert [tool["objectId"] for tool in both["tools"]] == ["car-1", "car-1"]
    assert [each["answer"] for each in both["classifications"]] == ["opt-night"]


def _zones(zones: Any) -> dict[str, Any]:
    return {"objects": [{"schemaId": "tool-car", "segmentation": {"zones": zones}}]}


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        ({"objects": {}}, "item 1: objects must be a list of objects"),
        ({"objects": ["a"]}, "item 1: objects must be a list of objects"),
        ({"classifications": "a"}, "item 1: classifications must be a list of objects"),
        ({"relations": 1}, "item 1: relations must be a list of objects"),
        ({"objects": [{}]}, "item 1, object 1: a schemaId, or a title that the category schema knows, is missing"),
        ({"objects": [{"title": "Lorry"}]}, "a schemaId, or a title"),
        ({"objects": [{"schemaId": 5}]}, "a schemaId, or a title"),
        ({"objects": [{**CAR, "objectId": 5}]}, "object 1: objectId must be a text"),
        ({"classifications": [{"schemaId": "cls-type", "answer": ["day"]}]}, "'Type' (radio) must be a text"),
        ({"classifications": [{"schemaId": "cls-seen", "answer": "fog"}]}, "'Seen' (checkbox) must be a list of texts"),
        ({"classifications": [{"schemaId": "cls-note", "answer": 3}]}, "'Note' (text) must be a text"),
        (_zones([]), "segmentation must be an object with a list of zones"),
        (_zones([5]), "segmentation must be an object with a list of zones"),
        (_zones([{}]), "region of zone 1 must be a list of at least three [x, y] points"),
        (_zones([{"region": RING}, {"region": RING[:2]}]), "region of zone 2 must be a list of at least three"),
        (_zones([{"region": RING, "holes": {}}]), "holes of zone 1 must be a list of rings"),
        (_zones([{"region": RING, "holes": HOLE}]), "a hole of zone 1 must be a list of at least three"),
        (_zones([{"region": [[0, 0], [1, 1], ["2", 2]]}]), "holds a coordinate that is no number"),
        (_zones([{"region": [[0, 0], [1, 1], [True, 2]]}]), "holds a coordinate that is no number"),
        ({"objects": [{"schemaId": "tool-person", "polygon": [[0, 0], [1, 1], [2]]}]}, "polygon holds something"),
    ],
)
def test_what_is_no_answer_is_refused(answer: dict[str, Any], part: str) -> None:
    """The message names the item, the object and the ring."""
    with pytest.raises(Refusal) as caught:
        _read(answer)
    assert part in str(caught.value)


def test_endless_nesting_is_refused() -> None:
    """Deeply nested classifications end in a refusal, not in a full stack."""
    nested: dict[str, Any] = {"schemaId": "x", "answer": 1}
    for _ in range(900):
        nested = {"schemaId": "x", "answer": 1, "classifications": [nested]}
    with pytest.raises(Refusal, match="nest more than 20 deep"):
        _read({"classifications": [nested]})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["zones", "region", "holes"]), inner),
    max_leaves=12,
)


@given(geometry=json_values)
def test_any_geometry_is_accepted_or_refused(geometry: Any) -> None:
    """No JSON value makes the check fail in another way, and what passes can be drawn."""
    refusal = None
    try:
        check_geometry({"segmentation": geometry}, "here")
    except Refusal as error:
        refusal = str(error)
    if refusal is None:
        assert all(len(zone["region"]) >= 3 for zone in geometry["zones"])
    else:
        assert refusal.startswith("here")
