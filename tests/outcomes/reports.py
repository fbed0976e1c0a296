"""Reports in the making."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from prelabel.codes import Code
from prelabel.inputs.csv_layout import RowForm
from prelabel.model import Note, RowOutcome
from prelabel.outcomes.builder import ReportBuilder


@dataclass(frozen=True)
class Counts:
    """What a mask counted."""

    n_objects: int = 2
    n_polygons: int = 3
    n_points: int = 40
    n_pixels: int = 100
    n_unknown_pixels: int = 1
    n_near_pixels: int = 600
    decode_s: float = 0.5
    trace_s: float = 0.25


def builder(*header: str, delimiter: str = ",", kind: Any = "import") -> ReportBuilder:
    """Open books for a small CSV."""
    return ReportBuilder(kind, "labels.csv", RowForm.of_names(header or ("id", "note"), delimiter), "p1")


def filled() -> ReportBuilder:
    """Books with a row of each kind, out of order."""
    books = builder()
    failed = RowOutcome(4, 6, "d", "failed", "'X' is no option", "Type", code=Code.UNKNOWN_OPTION)
    books.record(failed, b"d,X\n")
    books.record(RowOutcome(1, 2, "a", "imported"))
    books.record(RowOutcome(3, 4, "c", "skipped", "line 9 has the same external ID", code=Code.REPEATED_ID))
    books.record(RowOutcome(2, 3, "b", "imported", notes=(Note(Code.SHARED_ID, "2 assets have this ID"),)))
    books.add_mask(Counts())
    books.add_mask(Counts())
    books.note("batch 1 is odd")
    return books
