"""Rows of a CSV, as tests want them."""

from __future__ import annotations

from prelabel.model import RowBatch


def rows_of(*ids: str, first: int = 1) -> RowBatch:
    """A batch of rows with these external IDs."""
    numbers = list(range(first, first + len(ids)))
    return RowBatch(("id",), numbers, [number + 1 for number in numbers], {"id": list(ids)})
