"""What is known of an item's labels without reading its objects, against reading it all."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prelabel.hub.sent_item import BEFORE_OBJECTS, SentLabels, labels_in, labels_in_body, without_known
from prelabel.items.row_encoder import encode_item

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
MISLEADING = BEFORE_OBJECTS.decode() + '"objectId":"abc"'


def encoded(ids: list[str], title: str) -> bytes:
    """Objects as items carry them."""
    return orjson.dumps([{"objectId": each, "title": title, "polygon": [[0, 1]]} for each in ids])


@given(text, st.lists(st.text("0123456789abcdef", max_size=23)), text, text)
@example("a.png", ["0" * 23], MISLEADING, MISLEADING)
@example(MISLEADING, [], MISLEADING, MISLEADING)
def test_items_are_read_as_a_json_reader_does(external_id: str, ids: list[str], title: str, answer: str) -> None:
    """Whatever their texts hold, and be it what the objects begin with."""
    answers: list[dict[str, Any]] = [{"schemaId": "s1", "answer": answer}, {"schemaId": "s2", "answer": [answer]}]
    body = encode_item(external_id, answers, encoded(ids, title))

    found = labels_in_body(body)

    assert found == labels_in(orjson.loads(body))
    assert found.object_ids == set(ids)


@pytest.mark.parametrize("key", ["classifications", "relations", "objects"])
def test_items_of_another_order_are_read_whole(key: str) -> None:
    """An item that did not come from here may have its lists in any order, or not at all."""
    answers = [{"schemaId": "s1", "answer": "x"}]
    lists: dict[str, Any] = {"objects": [{"objectId": "o1"}, {}], "classifications": answers, "relations": []}
    document = {key: lists.pop(key), "externalId": "a", **lists}

    assert labels_in_body(orjson.dumps(document)) == SentLabels(frozenset({"o1", "None"}), [("s1", "x")])
    assert labels_in_body(b"{}") == SentLabels(frozenset(), [])


def test_objects_that_are_there_are_not_read() -> None:
    """An item of which all is known is its answers alone; if anything is new, it is read whole, as another order is."""
    answers = [{"schemaId": "s1", "answer": MISLEADING}]
    body = encode_item("a", answers, encoded(["o1", "o2"], MISLEADING))
    whole = orjson.loads(body)

    assert without_known(body, {"o1", "o2", "o3"}) == {**whole, "objects": []}
    assert without_known(body, {"o1"}) == whole
    assert without_known(encode_item("a", answers), ()) == {**whole, "objects": []}
    assert without_known(orjson.dumps({"objects": whole["objects"]}), {"o1", "o2"}) == {"objects": whole["objects"]}
