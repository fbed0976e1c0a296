"""Filters against an oracle in plain Python."""

from __future__ import annotations

import operator
import re
from contextlib import closing
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.localhub.envelope import Refusal
from prelabel.localhub.store.database import connect
from prelabel.localhub.store.filters import Field, aliases_of, condition_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

WORDS = ["a", "b", "c", "a.b", "it's", "%", "", "-- ;", "é"]
FIELDS = {"name": Field("name"), "size": Field("size"), "tags": Field("tags", is_list=True)}

words = st.sampled_from(WORDS)
names = st.none() | words
sizes = st.none() | st.integers(-3, 3)
rows = st.lists(st.tuples(names, sizes, st.lists(words, max_size=3)), max_size=8)
tests_of_words = st.one_of(
    names,
    st.lists(names, max_size=4),
    st.fixed_dictionaries({"$eq": names}),
    st.fixed_dictionaries({"$ne": names}),
    st.fixed_dictionaries({"$in": st.lists(names, max_size=4)}),
    st.fixed_dictionaries({"$nin": st.lists(names, max_size=4)}),
    st.fixed_dictionaries({"$regex": st.sampled_from(["a", "^a$", "[ab]", "a.b", "'", "^$"])}),
    st.fixed_dictionaries({"$exists": st.booleans()}),
    st.fixed_dictionaries({"$ne": words, "$regex": st.just("a")}),
)
tests_of_sizes = st.one_of(
    sizes,
    st.dictionaries(st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), st.integers(-3, 3), min_size=1),
)


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
    "$regex": lambda value, pattern: re.search(pattern, value) is not None,
}


def _holds(name: str, operand: Any, value: Any) -> bool:
    """One operator on one value, as Mongo has it: a list matches when an entry does."""
    if name in {"$ne", "$nin"}:
        return not _holds({"$ne": "$eq", "$nin": "$in"}[name], operand, value)
    if name == "$exists":
        return (value is not None and value != []) is operand
    if isinstance(value, list):
        return any(_holds(name, operand, each) for each in value)
    if name in {"$eq", "$in"}:
        return value in (operand if name == "$in" else [operand])
    return value is not None and COMPARISONS[name](value, operand)


def _matches(test: Any, value: Any) -> bool:
    if isinstance(test, dict):
        return all(_holds(name, operand, value) for name, operand in test.items())
    return _holds("$in" if isinstance(test, list) else "$eq", test, value)


def _found(table: list[tuple[Any, Any, list[str]]], wanted: dict[str, Any]) -> list[int]:
    with closing(connect(":memory:")) as db:
        db.execute("CREATE TABLE things (seq INTEGER PRIMARY KEY, name TEXT, size INTEGER, tags TEXT)")
        stored = [(number, name, size, orjson.dumps(tags).decode()) for number, (name, size, tags) in enumerate(table)]
        db.executemany("INSERT INTO things VALUES (?, ?, ?, ?)", stored)
        condition = condition_of(wanted, FIELDS)
        found = db.execute(f"SELECT seq FROM things WHERE {condition.sql} ORDER BY seq", condition.params)
        return [row["seq"] for row in found]


@given(
    table=rows,
    name=tests_of_words,
    size=tests_of_sizes,
    tags=tests_of_words,
    which=st.sets(st.sampled_from(list(FIELDS))),
)
def test_filters_find_what_plain_python_finds(
    table: list[tuple[Any, Any, list[str]]], name: Any, size: Any, tags: Any, which: set[str]
) -> None:
    """SQL and the obvious twin agree on every row, nulls and quotes included."""
    wanted = {key: test for key, test in {"name": name, "size": size, "tags": tags}.items() if key in which}
    expected = [
        number
        for number, row in enumerate(table)
        if all(_matches(test, row[["name", "size", "tags"].index(key)]) for key, test in wanted.items())
    ]
    assert _found(table, wanted) == expected


def test_a_list_longer_than_sqlites_parameters() -> None:
    """A hundred thousand values fit into one filter."""
    table: list[tuple[Any, Any, list[str]]] = [(f"n{number}", None, []) for number in range(3)]
    assert _found(table, {"name": {"$in": [f"n{number}" for number in range(2, 100_000)]}}) == [2]


def test_names_stand_for_ids(db: sqlite3.Connection) -> None:
    """A stage is found by its id and by its name; an id wins over another one's name."""
    entries = [{"id": "Label", "name": "Labeling"}, {"id": "s2", "name": "Label"}, {"id": "s3", "name": "Labeling"}]
    aliases = aliases_of(entries, "id")
    assert aliases == {"Labeling": ["Label", "s3"], "Label": ["Label"], "s2": ["s2"], "s3": ["s3"]}
    condition = condition_of({"stage": "Labeling"}, {"stage": Field("stage", aliases=aliases)})
    db.execute("CREATE TABLE visits (stage TEXT)")
    db.executemany("INSERT INTO visits VALUES (?)", [("Label",), ("s2",), ("s3",)])
    found = db.execute(f"SELECT stage FROM visits WHERE {condition.sql} ORDER BY stage", condition.params)
    assert [row["stage"] for row in found] == ["Label", "s3"]


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ({"nme": "a"}, "unknown filter field 'nme': use one of name, size, tags"),
        ({"name; DROP TABLE x": "a"}, "unknown filter field"),
        ({"name": {"$where": "1"}}, "unknown filter operator '$where' on name"),
        ({"name": {"$in": "a"}}, "$in on name needs a list"),
        ({"name": {"$eq": ["a"]}}, "must compare with a text, a number, true, false or null"),
        ({"name": {"$in": [{}]}}, "must compare with a text"),
        ({"size": {"$gt": 2**63}}, "the filter on size must compare with"),
        ({"name": {"$regex": "("}}, "$regex on name is not a regular expression"),
        ({"name": {"$regex": 1}}, "$regex on name must be a text"),
    ],
)
def test_what_is_no_filter_is_refused(wanted: dict[str, Any], part: str) -> None:
    """Unknown names and operators and wrong operands are refused by name, not guessed."""
    with pytest.raises(Refusal) as caught:
        condition_of(wanted, FIELDS)
    assert part in str(caught.value)
