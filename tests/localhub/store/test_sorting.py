"""The sort parameter."""

from __future__ import annotations

import pytest

from prelabel.localhub.envelope import Refusal
from prelabel.localhub.store.sorting import PROJECT_ORDER, TASK_ORDER, order_by


@pytest.mark.parametrize(
    ("sort", "terms"),
    [
        ("", "seq DESC, seq DESC"),
        ("createdAt", "seq ASC, seq DESC"),
        ("-createdAt, priority", "seq DESC, priority ASC, seq DESC"),
    ],
)
def test_terms_come_from_our_table(sort: str, terms: str) -> None:
    """Newest first by default, several fields, always total."""
    assert order_by(sort, TASK_ORDER) == terms


@pytest.mark.parametrize("sort", ["price", "seq", "name; DROP TABLE projects", ",", "--name"])
def test_other_fields_are_refused(sort: str) -> None:
    """Nothing a caller writes becomes SQL."""
    with pytest.raises(Refusal, match="cannot sort by"):
        order_by(sort, PROJECT_ORDER)
