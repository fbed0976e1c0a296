"""Outcomes to the report: counts, exit codes, bottleneck, JSON, rejects, summary."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.reports import Counts, builder, filled
from prelabel.codes import Code
from prelabel.errors import OutputError
from prelabel.inputs.csv_layout import RowForm
from prelabel.inputs.csv_rows import read_rows
from prelabel.model import EARLIER, RowOutcome
from prelabel.outcomes import builder as builder_module
from prelabel.outcomes import rejects as rejects_module
from prelabel.outcomes.builder import ReportBuilder, peak_rss_bytes
from prelabel.outcomes.deliver import deliver
from prelabel.outcomes.rejects import ERROR_COLUMN
from prelabel.outcomes.totals import ReplacedTotals

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prelabel.outcomes.report import Report


def test_counts_and_outcomes() -> None:
    """Every row is counted; only rows with something to say are kept, in row order."""
    report = filled().finish(7, 2, 4)

    assert (report.n_rows, report.n_imported, report.n_skipped, report.n_failed) == (4, 2, 1, 1)
    assert [(outcome.number, outcome.state) for outcome in report.outcomes] == [
        (2, "imported"),
        (3, "skipped"),
        (4, "failed"),
    ]
    assert [outcome.number for outcome in report.failed()] == [4]
    assert (report.masks.n_masks, report.masks.n_objects, report.masks.n_points) == (2, 4, 80)
    assert report.masks.unknown_share == 0.01
    assert (report.timings.decode_s, report.timings.trace_s) == (1.0, 0.5)
    assert (report.n_requests, report.n_threads, report.max_in_flight) == (7, 2, 4)
    assert report.notes == ("batch 1 is odd",)
    assert report.timings.total_s > 0


def test_exit_codes() -> None:
    """0, 1 and 3, as the command line's."""
    assert builder().finish().exit_code == 0
    assert filled().finish().exit_code == 1
    assert filled().finish(stopped="the key was refused").exit_code == 3
    assert builder().finish(stopped="the Hub is down").exit_code == 3


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({"read_s": 2.0, "encode_s": 3.0}, "read"),
        ({"decode_s": 9.0, "trace_s": 3.0, "encode_s": 13.0}, "decode"),
        ({"decode_s": 3.0, "trace_s": 9.0, "encode_s": 13.0, "upload_s": 8.0}, "trace"),
        ({"encode_s": 9.0, "read_s": 1.0}, "encode"),
        ({"fetch_s": 40.0, "encode_s": 12.0}, "fetch"),
        ({"fetch_s": 30.0, "encode_s": 12.0}, "encode"),
        ({"upload_s": 40.0, "encode_s": 12.0}, "upload"),
        ({"upload_s": 40.0, "paced_s": 11.0}, "rate limit"),
    ],
)
def test_bottleneck(times: dict[str, float], expected: str) -> None:
    """The part that took most wall-clock time: threads and requests in flight share their work."""
    books = builder()
    books.fetch_concurrency = 8
    for name, seconds in times.items():
        setattr(books.timings, name, seconds)

    assert books.finish(n_threads=3, max_in_flight=4).bottleneck == expected


def test_json(tmp_path: Path) -> None:
    """The JSON holds everything and is written as it is returned."""
    report = filled().finish(7, 2, 4)
    report.write_json(tmp_path / "report.json")
    written = json.loads((tmp_path / "report.json").read_text())

    assert written == json.loads(json.dumps(report.to_dict()))
    assert written["rows"] == {
        "n_rows": 4,
        "n_imported": 2,
        "n_ready": 0,
        "n_earlier": 0,
        "n_skipped": 1,
        "n_failed": 1,
        "n_not_sent": 0,
    }
    assert written["masks"]["unknown_share"] == 0.01
    assert written["outcomes"][-1] == {
        "number": 4,
        "line": 6,
        "external_id": "d",
        "state": "failed",
        "reason": "'X' is no option",
        "column": "Type",
        "notes": [],
        "code": "unknown-option",
        "decided_by": None,
    }
    assert written["outcomes"][0]["notes"] == [{"code": "shared-id", "text": "2 assets have this ID"}]
    assert [(group["code"], group["n_rows"], group["lines"]) for group in written["groups"]] == [
        ("unknown-option", 1, [6]),
        ("repeated-id", 1, [4]),
        ("shared-id", 1, [3]),
    ]
    assert {"exit_code", "bottleneck", "timings", "peak_rss_bytes", "n_requests", "notes", "kind"} <= written.keys()


def rejects_of(report: Report, tmp_path: Path, delimiter: str = ",") -> list[list[str]]:
    """The rejects file as Python's csv module reads it."""
    report.write_rejects(tmp_path / "rejects.csv")
    text = (tmp_path / "rejects.csv").read_bytes().decode()
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def written(row: Sequence[str], delimiter: str = ",") -> bytes:
    """A row as Python's csv module writes it."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerow(row)
    return text.getvalue().encode()


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@given(
    rows=st.lists(st.tuples(cells, cells, cells), max_size=12),
    delimiter=st.sampled_from(",;\t"),
    order=st.randoms(use_true_random=False),
)
def test_rejects_hold_failed_rows_as_they_were(
    rows: list[tuple[str, str, str]], delimiter: str, order: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """In row order, whatever order they failed in and whatever is in their cells."""
    books = builder("id", "a b", 'q"', delimiter=delimiter)
    numbered = list(enumerate(rows, start=1))
    order.shuffle(numbered)
    for number, row in numbered:
        books.record(RowOutcome(number, number + 1, row[0], "failed", f"reason {number}"), written(row, delimiter))

    read = rejects_of(books.finish(), tmp_path_factory.mktemp("r"), delimiter)
    assert read[0] == [ERROR_COLUMN, "id", "a b", 'q"']
    assert read[1:] == [[f"reason {number}", *row] for number, row in enumerate(rows, start=1)]


def test_rejects_import_again(tmp_path: Path) -> None:
    """Our own reader takes the file; a second failure replaces the error of the first."""
    books = builder("id", ERROR_COLUMN, "note", delimiter=";")
    books.record(RowOutcome(1, 2, "a", "failed", "new", "note"), b'a;old;"line 1\nline 2; x"\n')
    books.finish().write_rejects(tmp_path / "rejects.csv")
    (batch,) = read_rows(tmp_path / "rejects.csv")

    assert batch.header == ("id", ERROR_COLUMN, "note")
    assert batch.columns == {"id": ["a"], ERROR_COLUMN: ['column "note": new'], "note": ["line 1\nline 2; x"]}


def test_rejects_of_ragged_lines(tmp_path: Path) -> None:
    """Too few cells stay too few, too many stay too many, and bytes that are no text come back as they were."""
    books = builder("a", "b")
    for number, row in enumerate((b"1\n", b"1,2,3\r\n", b"\xff,\r"), start=1):
        books.record(RowOutcome(number, number + 1, "", "failed", "ragged"), row)
    books.finish().write_rejects(tmp_path / "r.csv")

    assert (tmp_path / "r.csv").read_bytes() == (
        b'prelabel_error,a,b\r\n"ragged",1\n"ragged",1,2,3\r\n"ragged",\xff,\r'
    )


def test_no_rejects(tmp_path: Path) -> None:
    """Without failures the file has a header only, so an older one cannot mislead."""
    (tmp_path / "rejects.csv").write_text("old\n")

    assert rejects_of(builder().finish(), tmp_path) == [[ERROR_COLUMN, "id", "note"]]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Beyond its bounds the report counts outcomes and notes but keeps the rejects, on disk."""
    monkeypatch.setattr(builder_module, "_MAX_OUTCOMES", 10)
    monkeypatch.setattr(builder_module, "_MAX_NOTES", 3)
    monkeypatch.setattr(rejects_module, "_IN_MEMORY_BYTES", 100)
    books = builder()
    for number in range(1, 51):
        books.record(RowOutcome(number, number + 1, "x", "failed", "no"), b"%d,cell\n" % number)
        books.note(f"note {number}")
    report = books.finish()

    assert (len(report.outcomes), report.n_outcomes_dropped, report.n_failed, len(report.notes)) == (10, 40, 50, 3)
    assert [row[1] for row in rejects_of(report, tmp_path)[1:]] == [str(number) for number in range(1, 51)]
    assert [row[1] for row in rejects_of(report, tmp_path)[1:]] == [str(number) for number in range(1, 51)]


def test_summary() -> None:
    """A person reads what happened, where, why, and what was slow."""
    books = filled()
    books.timings.paced_s = 99
    text = books.finish(12, 2, 4, "the key was refused").summary()

    assert text.startswith("2 of 4 rows imported, 1 skipped, 1 failed (0.0 s")
    for part in (
        "stopped early: the key was refused",
        "2 masks gave 4 objects, 6 polygons, 80 points; 1,200 pixels mapped from near colours; 1.00% of their pixels",
        "[shared-id]\n12 requests to the Hub, slowest part: rate limit",
        "failed:\n  line 6, 'd', column \"Type\": 'X' is no option [unknown-option]",
        "skipped:\n  line 4, 'c': line 9 has the same external ID [repeated-id]",
        "worth knowing:\n  batch 1 is odd\n  line 3, 'b': 2 assets have this ID [shared-id]",
    ):
        assert part in text


@pytest.mark.parametrize(("seconds", "told"), [(8, "0.5 rows/s"), (0.2, "20 rows/s"), (0.001, "4,000 rows/s")])
def test_summary_tells_slow_rates(seconds: float, told: str) -> None:
    """Few rows with heavy masks are no "0 rows/s"."""
    report = filled().finish()
    report.timings.total_s = seconds

    assert told in report.summary()


def test_summary_of_rows_that_are_in_already() -> None:
    """They tell nothing of the speed."""
    books = builder()
    books.record(RowOutcome(1, 2, "a", "imported", EARLIER))
    books.record(RowOutcome(2, 3, "b", "not sent", "stopped"))
    report = books.finish()
    report.timings.total_s = 0.5
    assert report.summary().splitlines()[0].endswith("0 failed, 1 not sent (0.5 s)")


def test_summary_is_short() -> None:
    """A cause is told once, with its rows counted; what did not happen is not mentioned."""
    books = builder(kind="convert")
    for number in range(1, 1238):
        outcome = RowOutcome(number, number + 1, "x", "failed", "no " * 500, f"column {number % 10}", code=Code.HOLES)
        books.record(outcome, b"x,y\n")
    text = books.finish().summary()

    assert "0 of 1,237 rows converted" in text
    assert "  124 rows, column \"column 1\" (lines 2, 12, 22, 32, 42, ...), the first 'x': no no" in text
    assert "  ... and 2 more causes: see the report" in text
    assert len(text) < 7_000
    assert "masks" not in text
    assert "requests" not in text
    assert "skipped:" not in text
    assert "ready to import" in builder(kind="dry run").finish().summary()


def test_progress() -> None:
    """A snapshot counts what has ended so far."""
    books = filled()
    books.n_counted = 10
    progress = books.progress()

    assert (progress.n_rows, progress.n_imported, progress.n_skipped, progress.n_failed) == (10, 2, 1, 1)
    assert (progress.n_masks, progress.n_done) == (2, 4)
    assert progress.elapsed_s >= 0


def test_paths_that_are_not_utf8(tmp_path: Path) -> None:
    """They are shown escaped in the report and in the rejects, which stay UTF-8."""
    books = ReportBuilder("import", "l\udce9.csv", RowForm.of_names(["id"]))
    books.record(RowOutcome(1, 2, "a", "failed", "no file in x\udce9y"), b"a\n")
    report = books.finish()
    report.write_json(tmp_path / "r.json")
    report.write_rejects(tmp_path / "r.csv")
    written = json.loads((tmp_path / "r.json").read_text("utf-8"))

    assert written["csv"] == "l\\xe9.csv"
    assert written["outcomes"][0]["reason"] == "no file in x\\xe9y"
    assert (tmp_path / "r.csv").read_text("utf-8") == 'prelabel_error,id\n"no file in x\\xe9y",a\n'


def test_rejects_that_could_not_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full temporary folder does not end the import; the rejects, which would miss rows, are not written."""
    monkeypatch.setattr(rejects_module, "_IN_MEMORY_BYTES", 10)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    books = filled()
    books.record(RowOutcome(5, 7, "e", "failed", "no"), b"e,more\n")
    with pytest.raises(OutputError, match=r"could not be kept in .*nowhere \(No such file or directory\).* TMPDIR"):
        deliver(books.finish(), json_path=tmp_path / "r.json", rejects_path=tmp_path / "r.csv", on_error="collect")
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_a_record_that_is_full_ends_with_4() -> None:
    """So that a script knows that there is something to mend and to go on with."""
    assert filled().finish(stopped="the record is full", stopped_by="output").exit_code == 4


def test_peak_memory() -> None:
    """A process with numpy in it takes more than 10 MB and less than the machine."""
    peak = peak_rss_bytes()

    assert peak is None or 10_000_000 < peak < 10**12


def test_rows_that_another_one_decides_for() -> None:
    """When the one that decides fails, they say so, and that the asset got nothing."""
    report_builder = builder()
    for number, decider in ((1, 3), (2, 4)):
        outcome = RowOutcome(
            number, number + 1, "a", "skipped", "decided", "id", code=Code.REPEATED_ID, decided_by=decider
        )
        report_builder.record(outcome)
    report_builder.record(RowOutcome(3, 4, "a", "failed", "no"))
    report_builder.record(RowOutcome(4, 5, "b", "imported"))
    report = report_builder.finish()

    first, second, _ = report.outcomes
    assert (first.state, first.code) == ("skipped", Code.DECIDER_FAILED)
    assert "line 4 has the same external ID and comes last" in first.reason
    assert "the asset got no labels; mend line 4" in first.reason
    assert (second.reason, second.code) == ("decided", Code.REPEATED_ID)
    assert "the asset got no labels" in report.summary()


def test_what_was_not_sent_is_counted_apart() -> None:
    """It did not fail; but nothing of it is lost either: it is among the rejects."""
    report_builder = builder()
    report_builder.record(RowOutcome(1, 2, "a", "not sent", "stopped", code=Code.NOT_SENT), b"a,x\n")
    report_builder.add_mask(Counts())
    report = report_builder.finish(stopped="interrupted", stopped_by="interrupt")

    assert (report.n_failed, report.n_not_sent, report.exit_code) == (0, 1, 130)
    assert report.summary().startswith("0 of 1 row imported, 0 skipped, 0 failed, 1 not sent")
    assert "1 mask traced, sent or not: 2 objects, 3 polygons, 40 points" in report.summary()


def test_what_an_overwrite_takes_is_told() -> None:
    """Before it is done as what it will do, afterwards as what it did."""
    for kind, verb in (("dry run", "replaces"), ("import", "replaced")):
        report_builder = builder(kind=kind)
        report_builder.replaced = ReplacedTotals()
        for n_objects, n_answers in ((3, 1), (0, 0), (2, 0)):
            report_builder.replaced.add(n_objects, n_answers)
        assert f"\n{verb} the labels of 2 tasks: 5 objects, 1 answer\n" in report_builder.finish().summary()


def test_a_group_shows_what_differs_in_it() -> None:
    """Rows end in any order: the first is the first of the file; further texts are shown unless only values differ."""
    report_builder = builder()
    for line, text in ((9, "no file 'b'"), (4, "no file 'a'"), (7, "no file 'c': did you mean 'C'?"), (5, "a list")):
        report_builder.record(RowOutcome(line - 1, line, f"id{line}", "failed", text, "Mask", code=Code.MASK_MISSING))
    report = report_builder.finish()
    (group,) = report.groups
    assert (group.n_rows, group.lines, group.external_id, group.text) == (4, [4, 5, 7, 9], "id4", "no file 'a'")
    assert group.others == [(7, "no file 'c': did you mean 'C'?"), (5, "a list")]
    assert "\n    and line 7: no file 'c'" in report.summary()


def test_nothing_is_said_twice() -> None:
    """Neither a line nor a column that the text begins with, nor an ID that is empty."""
    report_builder = builder()
    broken, option = Code.BROKEN_ROW, Code.UNKNOWN_OPTION
    report_builder.record(RowOutcome(1, 2, "", "failed", "line 2 is no row: 3 cells", code=broken))
    report_builder.record(RowOutcome(2, 3, "a", "failed", 'column "c" is "x": why', "c", code=option), b"a,x\n")
    report_builder.record(RowOutcome(3, 4, "b", "failed", "not there", "Mask", code=Code.MASK_MISSING), b"b,m\n")
    report = report_builder.finish()
    assert report.summary().partition("failed:\n")[2].splitlines()[:-1] == [
        "  line 2 is no row: 3 cells [broken-row]",
        '  line 3, \'a\': column "c" is "x": why [unknown-option]',
        "  line 4, 'b', column \"Mask\": not there [mask-missing]",
    ]
    rejected = b"".join(report._rejects.lines()).decode()
    assert '"column ""c"" is ""x"": why",a,x' in rejected
    assert '"column ""Mask"": not there",b,m' in rejected
    report_builder.record(RowOutcome(4, 5, "", "failed", "line 5 is no row: 9 cells", code=broken))
    report_builder.record(RowOutcome(5, 6, "", "failed", "line 6 is no row: it holds a NUL", code=broken))
    report_builder.record(RowOutcome(6, 7, "", "failed", "line 7 is no row: 4 cells", code=broken))
    summary = report_builder.finish().summary()
    assert summary.count("is no row") == 2  # those that differ in numbers only are not shown
    assert "\n  4 rows (lines 2, 5, 6, 7): line 2 is no row: 3 cells [broken-row]\n" in summary
    assert "\n    and line 6 is no row: it holds a NUL\n" in summary


def test_warnings_that_were_heard_are_not_repeated() -> None:
    """The summary has those that nobody heard; the report has all."""
    heard: list[str] = []
    report_builder = builder()
    report_builder.warn("odd column", heard.append)
    report_builder.warn("odd encoding", None)
    report = report_builder.finish()
    assert heard == ["odd column"]
    assert report.to_dict()["notes"] == ["odd column", "odd encoding"]
    assert "odd encoding" in report.summary()
    assert "odd column" not in report.summary()
