"""The types that flow: what they compute, that they do not change, and that they can cross processes."""

from __future__ import annotations

import inspect
import pickle

import numpy as np
import pytest

from prelabel import model
from prelabel.codes import Code
from prelabel.errors import RowError
from prelabel.model import Batch, Binding, BrokenRow, Item, MaskClass, Note, Ontology, RowBatch, RowOutcome, Runs, Tool
from prelabel.records import Record

RECORDS = [
    value
    for value in vars(model).values()
    if isinstance(value, type) and issubclass(value, Record) and value is not Record
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_records_are_frozen_and_slim(record: type[Record]) -> None:
    """Every type is a frozen record with a docstring; nothing can be hung on it."""
    assert record.__struct_config__.frozen
    assert "__dict__" not in dir(record)
    assert record.__doc__


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_records_can_be_described(record: type[Record]) -> None:
    """``help()`` works, also where what annotations name is imported for type checkers only."""
    signature = inspect.signature(record)
    assert tuple(signature.parameters) == record.__struct_fields__
    assert all(isinstance(each.annotation, str) for each in signature.parameters.values())


def test_fields_cannot_be_set() -> None:
    """A stage cannot change what it was given."""
    item = Item(1, "a", b"{}")

    with pytest.raises(AttributeError, match="immutable"):
        item.row_number = 2  # type: ignore[misc]


def test_sizes() -> None:
    """A mask's height is its number of rows, a row batch is as long as its rows."""
    runs = Runs(4, np.array([0, 1, 3], np.int32), np.array([0, 0, 2], np.int32), np.array([5, 0, 7], np.uint32))
    batch = RowBatch(("a",), [1, 2, 3], [2, 3, 5], {"a": ["x", "", "z"]})

    assert (runs.height, runs.width) == (2, 4)
    assert len(batch) == 3
    assert len(RowBatch(("a",), [], [], {"a": []})) == 0


def test_defaults_are_empty_and_not_shared() -> None:
    """What is not said is empty."""
    assert Ontology() == Ontology((), ())
    assert Binding() == Binding((), None, ())
    assert RowOutcome(1, 2, "a", "imported") == RowOutcome(1, 2, "a", "imported", "", "", ())
    assert RowBatch((), [], [], {}).broken == ()


@pytest.mark.parametrize(
    "value",
    [
        Batch(1, (Item(1, "a", b"{}"),), 2),
        MaskClass(Tool("Car", "s1", "segmentation", (1, 2, 3)), 5),
        RowBatch(("a",), [1], [2], {"a": ["x"]}),
        RowOutcome(1, 2, "a", "failed", "no such option", "Color", (Note(Code.ROW_FAILED, "a note"),)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_cross_processes(value: object) -> None:
    """They come out of pickle equal to what went in."""
    assert pickle.loads(pickle.dumps(value)) == value


def test_broken_rows_keep_their_error() -> None:
    """An error inside a record survives pickle with its fields."""
    row = BrokenRow(3, 4, "a,b,c", RowError("too many cells", column="b"))

    again = pickle.loads(pickle.dumps(row))

    assert (again.number, again.line, again.text) == (3, 4, "a,b,c")
    assert (str(again.error), again.error.column) == ("too many cells", "b")


def test_transparent_is_no_colour() -> None:
    """The value of transparent pixels is outside of every grey of 16 bits and every packed colour."""
    assert model.TRANSPARENT > 0xFFFFFF
    assert np.uint32(model.TRANSPARENT) == model.TRANSPARENT
