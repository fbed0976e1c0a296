"""The ``sort`` parameter as ORDER BY terms: names come from tables of ours, never from the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prelabel.localhub.envelope import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

# Rows are numbered as they are made, so creation order is row order, and entries of one millisecond keep theirs.
PROJECT_ORDER = {"createdAt": "seq", "name": "name", "_id": "id"}
ASSET_ORDER = {"createdAt": "seq", "externalId": "external_id", "_id": "id"}
TASK_ORDER = ASSET_ORDER | {
    "priority": "priority",
    "stage": "stage",
    "status": "status",
    "duration": "duration",
    "assignee": "assignee",
    "updatedAt": "updated_at",
    "completedAt": "completed_at",
}
DEFAULT_SORT = "-createdAt"


def order_by(sort: str, columns: Mapping[str, str]) -> str:
    """ORDER BY terms for ``sort`` (field names divided by commas, ``-`` for falling), made total by the row number.

    Raises:
        Refusal: a field that cannot be sorted by.
    """
    terms = []
    for name in (sort or DEFAULT_SORT).split(","):
        field = name.strip().removeprefix("-")
        if field not in columns:
            raise Refusal(f"cannot sort by {field[:80]!r}: use one of {', '.join(sorted(columns))}")
        terms.append(f"{columns[field]} {'DESC' if name.strip().startswith('-') else 'ASC'}")
    return ", ".join([*terms, "seq DESC"])
