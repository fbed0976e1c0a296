"""Sums over masks and over tasks."""

from __future__ import annotations

from outcomes.reports import Counts
from prelabel.outcomes.totals import MaskTotals, ReplacedTotals


def test_masks_add_up() -> None:
    """Count by count; without pixels the share of unknown ones is 0."""
    totals = MaskTotals()
    assert totals.unknown_share == 0
    totals.add(Counts(1, 2, 3, 4, 1, 6))
    totals.add(Counts(10, 20, 30, 40, 10, 60))

    assert totals == MaskTotals(2, 11, 22, 33, 44, 11, 66)
    assert totals.unknown_share == 0.25


def test_tasks_that_lose_nothing_are_not_counted() -> None:
    """Objects or answers, either is something to lose."""
    totals = ReplacedTotals()
    for n_objects, n_answers in ((0, 0), (2, 0), (0, 3)):
        totals.add(n_objects, n_answers)

    assert totals == ReplacedTotals(2, 2, 3)
