"""Rows dealt out in batches of one size, and their bytes."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inputs.csv_reading import as_before, written
from prelabel.errors import RowError
from prelabel.inputs.csv_batches import RawRows, rebatched
from prelabel.inputs.csv_lines import Stretch
from prelabel.inputs.csv_rows import read_rows
from prelabel.model import BrokenRow, RowBatch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def stretch_of(rows: list[bytes]) -> Stretch:
    """A stretch that holds these rows."""
    ends = np.cumsum([0, *map(len, rows)])
    return Stretch(b"".join(rows), 0, ends[:-1], ends[1:], np.arange(len(rows)))


def uneven_batches(parts: list[tuple[str, int]]) -> list[RowBatch]:
    """Batches of rows that are sound ("s") or broken ("b"), numbered through, each with some blank ones."""
    batches, first = [], 1
    for kinds, n_blank in parts:
        numbers = range(first, first + len(kinds))
        sound = [number for number, kind in zip(numbers, kinds, strict=True) if kind == "s"]
        broken = [number for number, kind in zip(numbers, kinds, strict=True) if kind == "b"]
        raw = RawRows.of(stretch_of([b"%d\n" % number for number in numbers]), [number - first for number in sound])
        batches.append(
            RowBatch(
                ("a",),
                sound,
                [number + 1 for number in sound],
                {"a": list(map(str, sound))},
                tuple(BrokenRow(number, number + 1, "", RowError("")) for number in broken),
                raw,
                n_blank,
            )
        )
        first += len(kinds)
    return batches


@given(st.lists(st.tuples(st.text("sb", max_size=9), st.integers(0, 2)), max_size=6), st.integers(1, 6))
def test_rows_are_dealt_out_anew(parts: list[tuple[str, int]], rows_per_batch: int) -> None:
    """Each batch is full but the last, and has all that belongs to its rows; every blank one is counted once."""
    batches = list(rebatched(iter(uneven_batches(parts)), rows_per_batch))

    as_before(batches, rows_per_batch)
    kinds = "".join(kinds for kinds, _ in parts)
    sound = [number for number, kind in enumerate(kinds, 1) if kind == "s"]
    assert [number for batch in batches for number in batch.numbers] == sound
    assert sum(batch.n_blank for batch in batches) == sum(n_blank for _, n_blank in parts)
    for batch in batches:
        assert batch.lines == [number + 1 for number in batch.numbers]
        assert batch.columns == {"a": [str(number) for number in batch.numbers]}
        assert batch.raw == [b"%d\n" % number for number in batch.numbers]


@given(st.lists(st.lists(st.tuples(st.binary(max_size=3), st.booleans()), max_size=4), max_size=4), st.data())
def test_raw_rows_are_a_list_of_bytes(stretches: list[list[tuple[bytes, bool]]], data: st.DataObject) -> None:
    """As long, equal to it, sliced like it; chosen rows of several stretches."""
    parts: list[tuple[Stretch, Sequence[int]]] = []
    for rows in stretches:
        whole = stretch_of([row for row, _ in rows])
        parts += RawRows.of(whole, [index for index, (_, is_chosen) in enumerate(rows) if is_chosen]).parts
    raw, expected = RawRows(parts), [row for rows in stretches for row, is_chosen in rows if is_chosen]

    chosen = slice(*(data.draw(st.none() | st.integers(-20, 20)) for _ in range(2)))
    assert raw == expected
    assert [raw[index] for index in range(len(raw))] == expected
    assert raw[chosen] == expected[chosen]
    assert raw != [*expected, b""]
    assert pickle.loads(pickle.dumps(raw)) == tuple(expected)
    with pytest.raises(IndexError):
        raw[len(raw)]
    with pytest.raises(ValueError, match="as they follow each other"):
        raw[::2]


def test_batches_travel_without_their_stretch(tmp_path: Path) -> None:
    """Pickled, a batch takes its own rows along and no more of the file."""
    path = written(tmp_path / "a.csv", "a,b\n" + "1,xxxxxxxxxxxxxxxxxxxx\n" * 10_000)
    batch = next(iter(read_rows(path, rows_per_batch=3)))
    assert list(batch.raw) == [b"1,xxxxxxxxxxxxxxxxxxxx\n"] * 3
    assert (batch.raw[-3:][0], len(batch.raw[1:])) == (batch.raw[0], 2)
    frozen = pickle.dumps(batch)
    assert len(frozen) < 1000
    assert pickle.loads(frozen).raw == tuple(batch.raw)
    with pytest.raises(IndexError):
        batch.raw[3]


def test_rows_that_are_all_broken(tmp_path: Path) -> None:
    """A file without one good row still gives every row, in full batches."""
    path = written(tmp_path / "a.csv", "a,b\n" + "x\n" * 25)
    batches = list(read_rows(path, rows_per_batch=10, block_bytes=16))
    as_before(batches, 10)
    assert [len(batch.broken) for batch in batches] == [10, 10, 5]
    assert not any(map(len, batches))
