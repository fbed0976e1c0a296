"""Rows dealt out in batches of one size, and their bytes."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest

from inputs.csv_reading import as_before, written
from prelabel.inputs.csv_rows import read_rows

if TYPE_CHECKING:
    from pathlib import Path


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
