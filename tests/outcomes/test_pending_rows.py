"""Rows on their way: each is closed once, with its cells, notes and reason."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from notes import texts
from outcomes.opened_rows import ITEMS, ODD, ROWS, opened
from prelabel.codes import Code
from prelabel.errors import RowError, UploadRefused
from prelabel.hub.asset_matching import Matches
from prelabel.inputs.csv_layout import RowForm
from prelabel.model import Batch, BatchFailure, BrokenRow, EncodedChunk, Note, Receipt, RowOutcome
from prelabel.outcomes.builder import ReportBuilder
from prelabel.outcomes.pending_rows import PendingRows

if TYPE_CHECKING:
    from pathlib import Path

    from prelabel.outcomes.report import Report


def rejects_of(report: Report, tmp_path: Path) -> list[list[str]]:
    """The rejects file's rows."""
    report.write_rejects(tmp_path / "r.csv")
    with (tmp_path / "r.csv").open(newline="") as file:
        return list(csv.reader(file, delimiter=";"))[1:]


def test_take_records_what_ended_and_counts() -> None:
    """Outcomes of encoding are recorded with their cells; times and masks are added up."""
    _, books = opened()
    assert (books.timings.encode_s, books.timings.read_s, books.timings.trace_s) == (1.5, 0.5, 0.25)
    assert (books.masks.n_masks, books.masks.n_points) == (1, 3)
    assert books.finish().n_rows == 0


def test_failures_and_broken_lines(tmp_path: Path) -> None:
    """They land in the rejects as they were; what follows the beginning of a long one too."""
    books = ReportBuilder("import", "x.csv", RowForm.of_names(ROWS.header, ";"))
    rows = PendingRows(books, Matches())
    broken = (
        BrokenRow(4, 6, "x;", RowError("3 cells where the header has 2"), b'x;"y;z";too many\r\n'),
        BrokenRow(5, 7, "xx", RowError("too long"), b"xx", (b"yy", b"zz")),
    )
    failed = RowOutcome(2, 3, "b", "failed", "no option", "note")
    assert list(rows.take(EncodedChunk(ROWS, [(1, failed)], 0.0, broken))) == []
    report = books.finish()

    assert rejects_of(report, tmp_path) == [
        ['column "note": no option', "b", "n;2"],
        ["3 cells where the header has 2", "x", "y;z", "too many"],
        ["too long", "xxyyzz"],
    ]
    assert [(outcome.number, outcome.line) for outcome in report.outcomes] == [(2, 3), (4, 6), (5, 7)]


def test_rows_without_content_are_a_note() -> None:
    """They are no rows: counted once, in a note."""
    books = ReportBuilder("import", "x.csv", RowForm.of_names(ROWS.header, ";"))
    rows = PendingRows(books, Matches())
    for n_blank in (2, 0, 1):
        assert list(rows.take(EncodedChunk(ROWS, [], 0.0, n_blank=n_blank))) == []
    assert books.finish().notes == ("3 rows without any content passed over",)


def test_settle_receipt_and_failure(tmp_path: Path) -> None:
    """A receipt imports its rows, notes kept; a failure fails them, cells kept."""
    rows, books = opened()
    rows.settle(Receipt(Batch(1, tuple(ITEMS[:2]), 6), 2, 2))
    rows.settle(BatchFailure(Batch(2, (ITEMS[2],), 3), UploadRefused("the Hub refused (HTTP 400)", status=400)))
    report = books.finish()

    assert (report.n_imported, report.n_failed, report.n_batches) == (2, 1, 1)
    assert report.outcomes == (
        RowOutcome(2, 3, "b", "imported", notes=(ODD,)),
        RowOutcome(3, 5, "c", "failed", "the Hub refused (HTTP 400)", code=Code.HUB_REFUSED),
    )
    assert rejects_of(report, tmp_path) == [["the Hub refused (HTTP 400)", "c", "n3"]]
    assert report.notes == ()


@pytest.mark.parametrize(("n_labeled", "noted"), [(3, False), (None, False), (2, True), (0, True)])
def test_the_hubs_sentence_is_compared(n_labeled: int | None, noted: bool) -> None:
    """Another number of tasks than expected is a note, never a failure."""
    matches = Matches()
    matches.extra_tasks["b"] = 1
    rows, books = opened(matches)
    rows.settle(Receipt(Batch(1, tuple(ITEMS[:2]), 6), n_labeled, 3))
    report = books.finish()

    assert report.n_imported == 2
    assert len(report.notes) == noted
    if noted:
        assert report.notes[0].startswith(
            f"lines 2 to 3: the Hub says it labelled {n_labeled} tasks where 3 were expected"
        )


def test_shared_ids_are_noted() -> None:
    """A row that labels several assets says so."""
    matches = Matches()
    matches.shared["a"] = 3
    rows, books = opened(matches)
    rows.close(1, "imported")
    rows.close(3, "imported")

    assert [texts(outcome.notes) for outcome in books.finish().outcomes] == [
        ("3 assets have this external ID; each of them gets the labels",)
    ]


def test_folded_rows_share_an_outcome() -> None:
    """Each of them is counted and told, once."""
    rows, books = opened()
    rows.fold(1, into=3)
    rows.fold(2, into=3)
    rows.add_note(3, Note(Code.ROWS_ADDED, "three rows"))
    rows.close(3, "imported")

    assert [(outcome.number, texts(outcome.notes)) for outcome in books.finish().outcomes] == [
        (1, ("three rows",)),
        (2, ("odd colours", "three rows")),
        (3, ("three rows",)),
    ]


def test_closing_twice_is_a_bug_that_shows() -> None:
    """A row has one outcome."""
    rows, _ = opened()
    rows.close(1, "imported")
    with pytest.raises(KeyError):
        rows.close(1, "failed", "again")


def test_rows_on_their_way_when_all_is_cut_off(tmp_path: Path) -> None:
    """They are in the report and among the rejects, as what nobody knows of."""
    rows, builder = opened()
    rows.cut_off()
    report = builder.finish()

    assert (report.n_rows, report.n_not_sent, report.n_imported) == (3, 3, 0)
    assert all("it may be in or not" in outcome.reason for outcome in report.outcomes)
    assert len(rejects_of(report, tmp_path)) == 3
