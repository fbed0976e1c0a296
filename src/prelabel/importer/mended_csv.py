"""A CSV that was mended since an earlier run: which of its rows are in, recorded, and told to its owner."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from prelabel.spelling import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prelabel.importer.opened_csv import OpenedCsv
    from prelabel.model import Binding
    from prelabel.outcomes.journal import Journal
    from prelabel.outcomes.row_keys import Carried

_SHOWN = 5


def know_rows(journal: Journal, opened: OpenedCsv, binding: Binding) -> str:
    """Record the rows of a CSV that the journal does not know, and which of them are in.

    Returns:
        What its owner should know; empty where nothing had gone in.
    """
    keys, was_in = opened.row_keys(binding), journal.acknowledged()
    carried = keys.carried(journal.row_keys(), was_in, overwrite=opened.config.overwrite)
    journal.take_rows(keys, carried.done)
    return _changes(opened, carried) if was_in else ""


def _changes(opened: OpenedCsv, carried: Carried) -> str:
    rows = counted(len(carried.done), "row")
    text = f"the CSV has changed since the last run: {rows} went in as here, and will not be sent again"
    if n_changed := len(carried.changed):
        lines = _some("line", opened.lines_of(carried.changed, _SHOWN), n_changed)
        verb = "is" if n_changed == 1 else "are"
        text += f"; {counted(n_changed, 'row')} went in otherwise, and {verb} sent again ({lines})"
    if n_gone := len(carried.gone):
        numbers = _some("row", list(islice(carried.gone, _SHOWN)), n_gone)
        text += (
            f"; {counted(n_gone, 'row')} that went in cannot be found any more ({numbers} of the CSV as it was): what "
            f"{'it' if n_gone == 1 else 'they'} brought stays on the Hub"
        )
    return text


def _some(noun: str, numbers: Sequence[int], n_all: int) -> str:
    """``line 4``, ``lines 4, 7``, ``lines 4, 7, ...``."""
    listed = ", ".join(map(str, numbers)) + (", ..." if n_all > len(numbers) else "")
    return f"{noun if n_all == 1 else noun + 's'} {listed}"
