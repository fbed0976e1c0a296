"""External IDs in groups for one request each."""

from __future__ import annotations

from urllib.parse import quote

import orjson
from hypothesis import given
from hypothesis import strategies as st

from prelabel.hub.id_groups import split_ids


@given(st.lists(st.text(max_size=300), unique=True, max_size=250))
def test_split_ids(ids: list[str]) -> None:
    """Groups hold all IDs in order, at most a hundred, and their encoded filter stays short."""
    groups = list(split_ids(ids))

    assert [external_id for group in groups for external_id in group] == ids
    for group in groups:
        assert len(group) <= 100
        assert len(group) == 1 or len(quote(orjson.dumps(group), safe="")) <= 3_800


def test_split_ids_wastes_no_request() -> None:
    """A hundred short IDs are one request; one long ID is sent all the same."""
    assert [len(group) for group in split_ids(f"img{number}.png" for number in range(250))] == [100, 100, 50]
    assert list(split_ids(["é" * 5000])) == [["é" * 5000]]
