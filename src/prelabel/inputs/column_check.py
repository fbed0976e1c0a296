"""Columns none of whose values fits its classification, found before anything is sent: shifted schema IDs, mostly."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from prelabel.errors import RowError
from prelabel.inputs.answers import AnswerReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prelabel.model import Classification, ColumnLink, RowBatch

_LOOKED_AT = 200
_FEWEST = 3  # values, so that a small CSV with one wrong cell is not taken for a shifted one


def misfit_columns(
    batches: Iterable[RowBatch], links: Sequence[ColumnLink], others: Sequence[Classification]
) -> list[str]:
    """Return a warning for each column whose first values all fail.

    Args:
        batches: the rows, from the first on.
        links: the columns, tied to classifications.
        others: all classifications of the project, to tell which one the values would fit.
    """
    rows = next(iter(batches), None)
    if rows is None:
        return []
    used = [link for link in links if not link.ignored]
    return [warning for link in used if (warning := _warning(link, rows.columns.get(link.column, ()), others))]


def _warning(link: ColumnLink, column: Sequence[str], others: Sequence[Classification]) -> str:
    cells = list(dict.fromkeys(cell for cell in column[:_LOOKED_AT] if cell.strip()))
    if len(cells) < _FEWEST or any(_fits(link, cell) for cell in cells):
        return ""
    # Any value fits a text, so that it tells nothing.
    chosen = (each for each in others if each.options)
    fitting = next((each for each in chosen if _all_fit(replace(link, classification=each), cells)), None)
    hint = ""
    if fitting is not None:
        hint = f': they are all answers of "{fitting.title}" ({fitting.schema_id}); are the schema IDs shifted?'
    return (
        f'none of the first {len(cells)} different values of column "{link.column}" fits '
        f'"{link.classification.title}" ({link.classification.schema_id}){hint}'
    )


def _all_fit(link: ColumnLink, cells: Sequence[str]) -> bool:
    return all(_fits(link, cell) for cell in cells)


def _fits(link: ColumnLink, cell: str) -> bool:
    try:
        return bool(AnswerReader([link]).read([cell]))
    except RowError:
        return False
