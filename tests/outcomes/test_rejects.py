"""Failed rows kept as CSV lines, on disk where they are many."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from prelabel.outcomes import rejects as rejects_module
from prelabel.outcomes.rejects import ERROR_COLUMN, Rejects

if TYPE_CHECKING:
    import pytest

CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@given(rows=st.lists(st.tuples(CELL, CELL, CELL), max_size=6), delimiter=st.sampled_from(",;\t"))
def test_rows_come_back_in_order(rows: list[tuple[str, str, str]], delimiter: str) -> None:
    """Whatever the cells hold, and in whatever order rows failed."""
    rejects = Rejects(["a", "b"], delimiter)
    for number, (one, two, reason) in reversed(list(enumerate(rows))):
        rejects.add(number, [one, two], reason)
    text = b"".join(rejects.lines()).decode()

    read = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    assert read == [["a", "b", ERROR_COLUMN], *map(list, rows)]


def test_beyond_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many rows go to disk and come back the same; short rows are filled up, an old error is replaced."""
    monkeypatch.setattr(rejects_module, "_IN_MEMORY_BYTES", 100)
    rejects = Rejects([ERROR_COLUMN, "b"], ",")
    for number in range(200):
        rejects.add(number, [f"old {number}"], f"new {number}")

    assert list(rejects.lines())[1:] == [b"new %d,\r\n" % number for number in range(200)]
