"""Which rows go on."""

from __future__ import annotations

from prelabel.codes import Code
from prelabel.hub.asset_batches import ChosenBatches
from prelabel.hub.asset_matching import Matches
from prelabel.hub.client import HubAsset
from prelabel.importer.row_filter import RowFilter
from prelabel.inputs.survey import RowPlace
from prelabel.model import EARLIER
from tables import rows_of


def test_gate() -> None:
    """Empty, unmatched and superseded rows end here, in this order of reasons; others go on."""
    rows = rows_of("a", "", "x", "b", "b", "x")
    matches = Matches(unfound={"x"})
    gate = RowFilter("id", deciders={"x": RowPlace(6, 7), "b": RowPlace(5, 6)}, matches=matches)
    found = [gate(rows, index) for index in range(6)]

    assert [outcome and (outcome.number, outcome.line, outcome.state) for outcome in found] == [
        None,
        (2, 3, "failed"),
        (3, 4, "failed"),
        (4, 5, "skipped"),
        None,
        (6, 7, "failed"),
    ]
    assert "the external ID is empty" in found[1].reason  # type: ignore[union-attr]
    assert "no asset of the project has the external ID 'x'" in found[2].reason  # type: ignore[union-attr]
    assert "line 6 has the same external ID and comes last" in found[3].reason  # type: ignore[union-attr]


def test_gate_of_batches() -> None:
    """What is in other batches alone is skipped, also what repeats it; what is in others too fails."""
    chosen = ChosenBatches.of(["A"], {"batches": [{"_id": "b1", "name": "A"}]})
    matches = Matches.sought(dict.fromkeys(("in", "out", "both", "other name", "none"), 1), chosen)
    matches.other_ids = {"other-name"}
    for external_id, batch in (("in", "b1"), ("out", "b2"), ("both", "b1"), ("both", "b2")):
        matches.see_asset(HubAsset(f"{external_id} {batch}", external_id, batches=(batch,)))
    matches.adopt("other name", [HubAsset("x", "other-name", batches=())])
    gate = RowFilter("id", deciders={"out": RowPlace(6, 7)}, matches=matches, done={7})
    rows = rows_of("in", "out", "both", "other name", "none", "out", "out")
    found = [gate(rows, index) for index in range(7)]

    assert [outcome and (outcome.state, outcome.code) for outcome in found] == [
        None,
        ("skipped", Code.OTHER_BATCH),
        ("failed", Code.AMBIGUOUS_ID),
        ("skipped", Code.OTHER_BATCH),
        ("failed", Code.UNMATCHED_ID),
        ("skipped", Code.OTHER_BATCH),
        ("imported", None),
    ]
    assert 'its asset is not in the batch "A"' in found[1].reason  # type: ignore[union-attr]
    assert '2 assets have this external ID, and 1 of them is not in the batch "A"' in found[2].reason  # type: ignore[union-attr]


def test_gate_of_a_run_that_goes_on() -> None:
    """Done rows are imported by an earlier run, also while the run stops."""
    gate = RowFilter("id", done={1, 3}, stopped=lambda: "interrupted")
    found = [gate(rows_of("a", "b", "", "c"), index) for index in range(4)]

    assert [outcome and (outcome.state, outcome.reason.partition(":")[0]) for outcome in found] == [
        ("imported", EARLIER),
        ("not sent", "the import had stopped"),
        ("failed", "the external ID is empty"),
        ("not sent", "the import had stopped"),
    ]


def test_gate_without_knowledge() -> None:
    """Without survey and matches only empty IDs end here; a stopped run lets nothing through."""
    reason = ""
    gate = RowFilter("id", stopped=lambda: reason)
    rows = rows_of("a", "", "a")
    assert [gate(rows, index) is None for index in range(3)] == [True, False, True]

    reason = "the key was refused"
    outcome = gate(rows, 0)
    assert outcome is not None
    assert outcome.reason == "the import had stopped: the key was refused"
