"""Sets of row numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prelabel.outcomes.row_ranges import RowRanges


@given(st.lists(st.sets(st.integers(1, 40)), max_size=5))
def test_row_ranges(groups: list[set[int]]) -> None:
    """A union of sets: membership and size are the set's, the text is short and reads back."""
    ranges = RowRanges.parse(*(str(RowRanges.of(group)) for group in groups))
    union = set().union(*groups)

    assert {number for number in range(50) if number in ranges} == union
    assert len(ranges) == len(union)
    assert str(RowRanges.parse(str(ranges))) == str(ranges)
    assert "1" not in ranges
    assert {index + 1 for index, is_in in enumerate(ranges.mask(45).tolist()) if is_in} == union
    assert str(RowRanges.of_mask(ranges.mask(45))) == str(ranges)


def test_ranges_of_a_million_rows_are_one() -> None:
    """Batches that follow each other leave no trace."""
    assert str(RowRanges((first, first + 99) for first in range(1, 1_000_001, 100))) == "1-1000000"
