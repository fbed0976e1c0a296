"""Columns none of whose values fits."""

from __future__ import annotations

from prelabel.inputs.column_check import misfit_columns
from prelabel.model import Classification, ColumnLink, Option, RowBatch

COLOR = Classification("Color", "c1", "radio", tuple(Option(value, value) for value in ("Red", "Blue", "Green")))
SIZE = Classification("Size", "c2", "radio", tuple(Option(value, value) for value in ("S", "M", "L")))
NOTE = Classification("Note", "c3", "text")


def warnings(*cells: str, classification: Classification = COLOR, ignored: bool = False) -> list[str]:
    """What is said of a column of these cells."""
    numbers = list(range(1, len(cells) + 1))
    rows = RowBatch(("a",), numbers, numbers, {"a": list(cells)})
    return misfit_columns(iter([rows]), [ColumnLink("a", classification, ignored)], [NOTE, COLOR, SIZE])


def test_a_shifted_column() -> None:
    """The classification that all values would fit is named; one that takes any text is no hint."""
    assert warnings("S", "M", "", "L", "S") == [
        (
            'none of the first 3 different values of column "a" fits "Color" (c1): they are all answers of '
            '"Size" (c2); are the schema IDs shifted?'
        )
    ]


def test_values_that_fit_nothing() -> None:
    """Are told without a guess."""
    assert warnings("x", "y", "z") == ['none of the first 3 different values of column "a" fits "Color" (c1)']


def test_no_warning() -> None:
    """One right value, too few values, an ignored column, text."""
    assert warnings("S", "M", "L", "Red") == []
    assert warnings("S", "M") == []
    assert warnings("S", "M", "L", ignored=True) == []
    assert warnings("S", "M", "L", classification=NOTE) == []
