"""Three rows on their way."""

from __future__ import annotations

from prelabel.codes import Code
from prelabel.hub.asset_matching import Matches
from prelabel.inputs.csv_layout import RowForm
from prelabel.model import EncodedChunk, EncodedRow, Item, MaskCounts, Note, RowBatch
from prelabel.outcomes.builder import ReportBuilder
from prelabel.outcomes.pending_rows import PendingRows

ROWS = RowBatch(
    ("id", "note"),
    [1, 2, 3],
    [2, 3, 5],
    {"id": ["a", "b", "c"], "note": ["n1", "n;2", "n3"]},
    raw=(b"a;n1\n", b'b;"n;2"\n', b"c;n3\n"),
)
ODD = Note(Code.UNKNOWN_COLORS, "odd colours")
ITEMS = [Item(number, external_id, b"{}") for number, external_id in ((1, "a"), (2, "b"), (3, "c"))]


def opened(matches: Matches | None = None) -> tuple[PendingRows, ReportBuilder]:
    """A report with the three rows on their way; the second has a note and a mask."""
    builder = ReportBuilder("import", "x.csv", RowForm.of_names(ROWS.header, ";"))
    rows = PendingRows(builder, matches or Matches())
    encoded = [
        EncodedRow(ITEMS[0]),
        EncodedRow(ITEMS[1], (ODD,), MaskCounts(1, 2, 3, 4, 0, 0.5, 0.25)),
        EncodedRow(ITEMS[2]),
    ]
    chunk = EncodedChunk(ROWS, list(enumerate(encoded)), 1.5, read_s=0.5)
    assert list(rows.take(chunk)) == ITEMS
    return rows, builder
