"""Stored labels plus new ones: examples rule by rule, then properties against a plain model."""

from __future__ import annotations

import copy
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from prelabel.hub.merge import merge_item, option_values, unknown_content

SCHEMA: dict[str, Any] = {
    "tools": [
        {
            "schemaId": "car",
            "tool": "segmentation",
            "classifications": [
                {"schemaId": "pose", "tool": "radio", "options": [{"value": "sits", "schemaId": "o-sits"}]},
            ],
        }
    ],
    "classifications": [
        {
            "schemaId": "type",
            "tool": "radio",
            "options": [{"value": "A", "schemaId": "o-a"}, {"value": "B", "schemaId": "o-b"}],
            "classifications": [{"schemaId": "deep", "options": [{"value": "D", "schemaId": "o-d"}]}],
        },
        {"schemaId": "seen", "tool": "checkbox", "options": [{"value": "rain", "schemaId": "o-r"}]},
        {"schemaId": "note", "tool": "text", "options": []},
        {"schemaId": "bare", "tool": "text"},
    ],
    "relations": [],
}
OPTIONS = option_values(SCHEMA)
RING: list[list[float]] = [[0, 0], [2, 0], [2, 2], [0, 2]]


def segmentation(ident: str, ring: list[list[float]], **more: Any) -> dict[str, Any]:
    """A segmentation object."""
    return {
        "schemaId": "car",
        "objectId": ident,
        "segmentation": {"zones": [{"region": ring, "holes": []}]},
        **more,
    }


def item(**lists: Any) -> dict[str, Any]:
    """A new import item."""
    return {"externalId": "x", "objects": [], "classifications": [], "relations": [], **lists}


def test_option_values() -> None:
    """Options are found at every depth, by their classification."""
    assert OPTIONS == {
        "pose": {"o-sits": "sits"},
        "type": {"o-a": "A", "o-b": "B"},
        "deep": {"o-d": "D"},
        "seen": {"o-r": "rain"},
        "note": {},
        "bare": {},
    }


def test_nothing_stored() -> None:
    """An untouched task gets the item as it is, all three lists with it."""
    new = {"externalId": "x", "classifications": [{"schemaId": "type", "answer": "A"}]}

    assert merge_item({}, new, OPTIONS) == item(classifications=[{"schemaId": "type", "answer": "A"}])


def test_a_new_classification_wins_and_others_stay() -> None:
    """Per schemaId; stored option ids become values, texts stay texts."""
    stored = {
        "tools": [],
        "classifications": [
            {"schemaId": "type", "answer": "o-a", "objectId": "1"},
            {"schemaId": "seen", "answer": ["o-r", "gone"], "metadata": {"createdBy": "me"}},
            {"schemaId": "note", "answer": "o-a"},
        ],
        "relations": [],
    }
    merged = merge_item(stored, item(classifications=[{"schemaId": "type", "answer": "B"}]), OPTIONS)

    assert merged["classifications"] == [
        {"schemaId": "seen", "answer": ["rain", "gone"]},
        {"schemaId": "note", "answer": "o-a"},
        {"schemaId": "type", "answer": "B"},
    ]


def test_stored_objects_stay_as_they_are() -> None:
    """Ids, locks, pages and nested answers are kept; what only the server writes is not sent back."""
    kept = segmentation("1", RING, lock=True, page=3, metadata={"createdBy": "me"})
    kept["classifications"] = [{"schemaId": "pose", "answer": "o-sits", "metadata": {}}]
    other = {"schemaId": "box", "objectId": "2", "bounding-box": {"x": 1, "y": 2, "width": 3, "height": 4}}
    merged = merge_item({"tools": [kept], "objects": [other]}, item(), OPTIONS)

    assert merged["objects"] == [
        segmentation("1", RING, lock=True, page=3, classifications=[{"schemaId": "pose", "answer": "sits"}]),
        other,
    ]


def test_an_object_that_is_there_is_not_added_again() -> None:
    """Known by its id, or by schema, page and geometry whatever form its numbers have."""
    stored = {"tools": [segmentation("1", [[float(x), float(y)] for x, y in RING])]}
    shifted = [[x + 1, y] for x, y in RING]
    new = [
        segmentation("1", shifted),  # same id
        segmentation("2", RING),  # same geometry
        segmentation("3", RING, page=1),  # another page
        segmentation("4", RING) | {"schemaId": "tree"},  # another class
        segmentation("5", shifted),
        segmentation("6", shifted),  # the same as the one before
    ]

    assert [made["objectId"] for made in merge_item(stored, item(objects=new), OPTIONS)["objects"]] == [
        "1",
        "3",
        "4",
        "5",
    ]


def test_objects_of_other_tools_are_known_by_their_id_alone() -> None:
    """Two points without geometry we know are not taken for one."""
    points = [{"schemaId": "p", "objectId": str(number), "point": [1, 1]} for number in range(2)]

    assert merge_item({"tools": points[:1]}, item(objects=points[1:]), OPTIONS)["objects"] == points


def test_relations_and_unknown_content_stay() -> None:
    """Whatever else is stored is sent along, and can be named."""
    stored = {"tools": [], "relations": [{"a": 1}], "rotation": 90, "empty": [], "none": None}
    merged = merge_item(stored, item(relations=[{"a": 1}, {"b": 2}]), OPTIONS)

    assert merged["relations"] == [{"a": 1}, {"b": 2}]
    assert merged["rotation"] == 90
    assert unknown_content(stored) == ("rotation",)
    assert "empty" not in merged


rings = st.sampled_from([RING, [[5, 5], [9, 5], [9, 9]], [[1, 1], [4, 1], [4, 4.5]]])
new_objects = st.builds(
    lambda ring, schema: segmentation(f"{schema}-{orjson.dumps(ring).hex()}", ring) | {"schemaId": schema},
    rings,
    st.sampled_from(["car", "tree"]),
)
new_answers = st.one_of(
    st.builds(lambda value: {"schemaId": "type", "answer": value}, st.sampled_from(["A", "B"])),
    st.builds(lambda value: {"schemaId": "note", "answer": value}, st.text(max_size=5)),
    st.just({"schemaId": "seen", "answer": ["rain"]}),
)
new_items = st.builds(
    lambda objects, answers: item(
        objects=list({made["objectId"]: made for made in objects}.values()),
        classifications=list({made["schemaId"]: made for made in answers}.values()),
    ),
    st.lists(new_objects, max_size=4),
    st.lists(new_answers, max_size=3),
)
OPTION_IDS = {"type": {"A": "o-a", "B": "o-b"}, "seen": {"rain": "o-r"}}


def as_stored(full: dict[str, Any]) -> dict[str, Any]:
    """How a Hub keeps an item: tools, option ids, metadata of its own."""

    def stored(answer: Any, schema: str) -> Any:
        if isinstance(answer, list):
            return [stored(one, schema) for one in answer]
        return OPTION_IDS.get(schema, {}).get(answer, answer)

    return {
        "tools": [{**made, "metadata": {"createdBy": "import"}} for made in full["objects"]],
        "classifications": [
            {**made, "answer": stored(made["answer"], made["schemaId"])} for made in full["classifications"]
        ],
        "relations": full["relations"],
    }


@given(st.lists(new_items, max_size=5))
def test_any_sequence_equals_a_plain_model(items: list[dict[str, Any]]) -> None:
    """After any imports: all objects by id, the last answer per classification; doing it again adds nothing."""
    answer: dict[str, Any] = {}
    objects: dict[str, Any] = {}
    answers: dict[str, Any] = {}
    for new in items:
        before = copy.deepcopy((answer, new))
        full = merge_item(answer, new, OPTIONS)
        assert (answer, new) == before
        answer = as_stored(full)
        objects = {made["objectId"]: made for made in new["objects"]} | objects
        answers |= {made["schemaId"]: made for made in new["classifications"]}
        assert {made["objectId"]: made for made in full["objects"]} == objects
        assert len(full["objects"]) == len(objects)
        assert {made["schemaId"]: made for made in full["classifications"]} == answers
        assert len(full["classifications"]) == len(answers)
        assert as_stored(merge_item(answer, new, OPTIONS))["tools"] == answer["tools"]
