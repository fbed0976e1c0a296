"""Rows known by their content, against a slow twin that remembers everything."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.errors import RowError
from prelabel.model import BrokenRow, RowBatch
from prelabel.outcomes.row_keys import RowKeys
from prelabel.outcomes.row_ranges import RowRanges

ROWS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz")), max_size=7)


def keys_of(rows: list[tuple[str, str]], *, n_batches: int = 1) -> RowKeys:
    """The keys of rows of an ID and a cell."""
    step = max(1, -(-len(rows) // n_batches))
    batches = []
    for first in range(0, len(rows), step):
        part = rows[first : first + step]
        numbers = list(range(first + 1, first + 1 + len(part)))
        columns = {"id": [row[0] for row in part], "cell": [row[1] for row in part]}
        batches.append(RowBatch(("id", "cell"), numbers, [number + 1 for number in numbers], columns))
    return RowKeys.of(batches, ["id", "cell"])


def twin(before: list[tuple[str, str]], done: set[int], now: list[tuple[str, str]], *, overwrite: bool) -> set[int]:
    """Row by row: an ID's row is in if all that led to what is stored is the same."""
    states: dict[str, list[object]] = defaultdict(list)
    history: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for number, (external_id, cell) in enumerate(before, 1):
        history[external_id] = (cell,) if overwrite else (*history[external_id], cell)
        if number in done:
            states[external_id].append(history[external_id])
    history.clear()
    found: dict[str, set[int]] = defaultdict(set)
    last = {external_id: number for number, (external_id, _) in enumerate(now, 1)}
    for number, (external_id, cell) in enumerate(now, 1):
        history[external_id] = (cell,) if overwrite else (*history[external_id], cell)
        if history[external_id] in states[external_id] and (not overwrite or last[external_id] == number):
            found[external_id].add(number)
    return {number for each, numbers in found.items() if len(numbers) >= len(states[each]) for number in numbers}


@given(ROWS, ROWS, st.sets(st.integers(1, 7)), st.booleans(), st.integers(1, 3))
def test_carried(
    before: list[tuple[str, str]], now: list[tuple[str, str]], done: set[int], overwrite: bool, n_batches: int
) -> None:
    """As the twin, whatever was changed; keys read back as they were written."""
    done = {number for number in done if number <= len(before)}
    earlier = RowKeys.parse(bytes(keys_of(before)))
    carried = keys_of(now, n_batches=n_batches).carried(earlier, RowRanges.of(done), overwrite=overwrite).done

    assert {number for number in range(len(now) + 1) if number in carried} == twin(
        before, done, now, overwrite=overwrite
    )


def test_nothing_changed_and_nothing_was_there() -> None:
    """The ends of the range."""
    rows = [(str(number), "x") for number in range(50)]
    done = RowRanges([(3, 17), (40, 50)])
    for overwrite in (True, False):
        carried = keys_of(rows).carried(keys_of(rows), done, overwrite=overwrite)
        assert list(map(str, carried)) == [str(done), "", ""]
        carried = keys_of(rows).carried(keys_of([]), RowRanges(), overwrite=overwrite)
        assert list(map(str, carried)) == ["", "", ""]
        carried = keys_of([]).carried(keys_of(rows), done, overwrite=overwrite)
        assert list(map(str, carried)) == ["", "", str(done)]


@pytest.mark.parametrize(
    ("overwrite", "now", "done", "changed", "gone"),
    [
        (True, "a1 b9 d1 e1", "1", "2", "3"),  # b was mended, c is gone; d was not in, e is new
        (True, "a1 b1 c1 a2", "2-3", "4", ""),  # a later row decides for a
        (False, "a1 b1 c1 a2", "1-3", "", ""),  # it is added to a
        (False, "a2 a1 b1 c1", "3-4", "1-2", ""),  # before what went in
    ],
)
def test_what_became_of_rows(overwrite: bool, now: str, done: str, changed: str, gone: str) -> None:
    """Mended rows and those that are gone are told apart from new ones."""
    before, rows = ([(row[0], row[1]) for row in text.split()] for text in ("a1 b1 c1 d1", now))
    carried = keys_of(rows).carried(keys_of(before), RowRanges([(1, 3)]), overwrite=overwrite)
    assert list(map(str, carried)) == [done, changed, gone]


@pytest.mark.parametrize(
    ("one", "other"), [(("a", "b,c"), ("a,b", "c")), (("", "a"), ("a", "")), (("\ud800", ""), ("\ud801", ""))]
)
def test_cells_are_kept_apart(one: tuple[str, str], other: tuple[str, str]) -> None:
    """No two different rows look alike."""
    assert not np.array_equal(keys_of([one]).keys, keys_of([other]).keys)


def test_broken_rows_are_like_no_other() -> None:
    """They keep their places, and are never in."""
    broken = BrokenRow(2, 3, "x", RowError("no"))
    batch = RowBatch(("id",), [1, 3], [2, 4], {"id": ["a", "b"]}, broken=(broken,))
    keys = RowKeys.of([batch], ["id"])

    assert len(keys) == 3
    assert keys.keys[1].tolist() == [0, 0]
    assert str(keys.carried(keys, RowRanges([(1, 1), (3, 3)]), overwrite=False).done) == "1,3"
