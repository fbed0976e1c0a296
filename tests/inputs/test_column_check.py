"""Columns that are wrong as a whole: told once, without false alarms, whatever they cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prelabel.inputs.column_check import odd_columns
from prelabel.model import Classification, ColumnLink, Option, RowBatch

if TYPE_CHECKING:
    from collections.abc import Iterator


def of_options(title: str, schema_id: str, kind: str, *values: str) -> Classification:
    """A classification with these options."""
    return Classification(title, schema_id, kind, tuple(Option(value, "") for value in values))


COLOR = of_options("Color", "c1", "radio", "Red", "Blue", "Green")
SIZE = of_options("Size", "c2", "radio", "S", "M", "L")
NOTE = Classification("Note", "c3", "text")
YEAR = Classification("Year", "c4", "text", regex=r"\d{4}")
TAGS = of_options("Tags", "c5", "checkbox", "x", "y", "None")
ALL = [NOTE, COLOR, SIZE, YEAR, TAGS]


def batches(cells: tuple[str, ...], n_rows: int = 2) -> Iterator[RowBatch]:
    """The cells as column a of rows that start on line 2, a few rows at a time."""
    for start in range(0, len(cells), n_rows):
        part = list(cells[start : start + n_rows])
        numbers = list(range(start + 1, start + len(part) + 1))
        yield RowBatch(("a",), numbers, [number + 1 for number in numbers], {"a": part})


def warnings(*cells: str, classification: Classification = COLOR, ignored: bool = False) -> list[str]:
    """What is told of a column of these cells."""
    return odd_columns(batches(cells), [ColumnLink("a", classification, ignored)], ALL)


def test_a_shifted_column() -> None:
    """The classification that all values would fit is named; one that takes any text is no hint."""
    assert warnings("S", "M", "", "L", "S") == [
        (
            'none of the 3 different values of column "a" fits "Color" (c1): they are all answers of "Size" (c2); are '
            "the "
            "schema IDs shifted?"
        )
    ]


def test_a_shifted_column_of_few_values() -> None:
    """One or two are enough where they fit another classification, even in one row; also behind empty rows."""
    assert warnings("", "S") == [
        (
            'the only value of column "a", "S" on line 3, does not fit "Color" (c1): it is an answer of "Size" (c2); '
            "are the schema "
            "IDs shifted?"
        )
    ]
    assert len(warnings(*[""] * 500, "S", "M")) == 1
    assert 'of "Tags" (c5); are' in warnings("x;y", "nan", "[]", "['x']")[0]


def test_values_that_fit_nothing() -> None:
    """Are told with the first, and what it resembles; a single wrong cell is left to its row."""
    assert warnings("u", "v", "u") == [
        'none of the 2 different values of column "a" fits "Color" (c1): the first, "u", is on line 2'
    ]
    assert warnings("red", "red", "red") == [
        (
            'the only value of column "a", "red" on line 2, does not fit "Color" (c1): did you mean '
            '"Red"? (it differs in upper and lower case)'
        )
    ]
    assert warnings("u", "v") == []
    assert "(c4)" in warnings("99", "u", "v", classification=YEAR)[0]


def test_a_classification_that_cannot_be_imported() -> None:
    """Is told with the reason."""
    nested = Classification("Deep", "c6", "radio", unsupported="it is nested")
    assert warnings("u", "u", "u", classification=nested) == [
        'the only value of column "a", "u" on line 2, does not fit "Deep" (c6), which cannot be imported: it is nested'
    ]


@pytest.mark.parametrize("place", [0, 3, 700])
def test_one_value_that_fits(place: int) -> None:
    """Wherever it stands, the column is not wrong as a whole."""
    cells = ["S"] * 800
    cells[place] = "Red"
    assert warnings(*cells) == []


def test_nothing_to_warn_of() -> None:
    """Ignored and empty columns, any text, no rows."""
    assert warnings("S", "M", "L", ignored=True) == []
    assert warnings("S", "M", "L", classification=NOTE) == []
    assert warnings("", " ", "[]") == []
    assert warnings() == []


def test_words_for_no_value() -> None:
    """Sent as text they are told, with the first; elsewhere the rows tell, unless there is nothing else."""
    assert warnings("x", "nan", "y", classification=NOTE) == [
        'column "a" is "nan" on line 3, sent as text: empty the cell if it has no answer'
    ]
    assert warnings("x", "None", "nan", classification=NOTE) == [
        (
            'column "a" holds words such as "None" in 2 cells, the first on line 3, sent as text: empty those that '
            "have no "
            "answer"
        )
    ]
    assert warnings("nan", "nan", "NaN") == [
        (
            'column "a" holds nothing but words for no value, such as "nan" on line 2: leave cells empty where there '
            "is "
            "no answer"
        )
    ]
    assert warnings("nan", "nan", "NaN", "Red") == []
    assert warnings("None", "None", "None", classification=TAGS) == []


def test_no_more_is_read_than_needed() -> None:
    """Columns of which one value fits are known after it."""
    read = batches(("Red",) * 10)
    odd_columns(read, [ColumnLink("a", COLOR)], ALL)
    assert next(read).numbers == [5, 6]


def test_columns_called_like_another_classification() -> None:
    """Values that fit both tell nothing, names do; one that is nobody's, or its own, is as it should be."""
    night, blurred = (of_options(name, name[0], "radio", "yes", "no") for name in ("Night", "Blurred"))

    def told(column: str, classification: Classification) -> list[str]:
        rows = RowBatch((column,), [1, 2], [2, 3], {column: ["yes", "no"]})
        return odd_columns([rows], [ColumnLink(column, classification)], [night, blurred])

    assert told(" night", blurred) == [
        'column " night" is tied to "Blurred" (B), and the project has "Night" (N), too: are the schema IDs exchanged?'
    ]
    assert told("Night", night) == told("c", night) == []


@pytest.mark.timeout(30)
def test_many_wrong_values_take_no_time() -> None:
    """A column of IDs tied to a long list of options: a thousand of them tell as much as all."""
    many = of_options("Many", "c7", "radio", *(f"option {number}" for number in range(1_000)))
    cells = tuple(f"asset-{number:06}" for number in range(100_000))
    told = odd_columns(batches(cells, 1_000), [ColumnLink("a", many)], [*ALL, many])
    assert told[0].startswith('none of the first 1,000 different values of column "a" fits "Many" (c7): the first, ')
