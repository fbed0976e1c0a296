"""CSVs written and read by the tests of stage 2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prelabel.errors import ConfigError, RowError
from prelabel.inputs.csv_rows import read_rows

if TYPE_CHECKING:
    from pathlib import Path

    from prelabel.model import RowBatch


def written(path: Path, text: str | bytes) -> Path:
    """Write a CSV, letter by letter as given."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def rows_of(path: Path, **options: Any) -> list[tuple[int, int, tuple[str, ...]]]:
    """Read a file without broken rows: (number, line, cells) of each."""
    rows = []
    for batch in read_rows(path, **options):
        assert not batch.broken
        rows += list(zip(batch.numbers, batch.lines, zip(*batch.columns.values(), strict=True), strict=True))
    return rows


def broken_of(path: Path, **options: Any) -> list[tuple[int, int, str, str]]:
    """Read a file: (number, line, text, error) of each broken row."""
    broken = [row for batch in read_rows(path, **options) for row in batch.broken]
    assert all(isinstance(row.error, RowError) and row.error.excerpt == row.text[:200] for row in broken)
    return [(row.number, row.line, row.text, str(row.error)) for row in broken]


def refusal(path: Path, **options: Any) -> str:
    """Read a file and return the ConfigError's text."""
    with pytest.raises(ConfigError) as caught:
        list(read_rows(path, **options))
    return str(caught.value)


def as_before(batches: list[RowBatch], rows_per_batch: int) -> None:
    """Check that batches are full, in order and without gaps."""
    numbers = [sorted([*batch.numbers, *(row.number for row in batch.broken)]) for batch in batches]
    assert [number for part in numbers for number in part] == list(range(1, sum(map(len, numbers)) + 1))
    assert all(len(part) == rows_per_batch for part in numbers[:-1])
    assert all(part for part, batch in zip(numbers, batches, strict=True) if not batch.n_blank)
