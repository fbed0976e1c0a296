"""What an import starts from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prelabel.errors import ConfigError
from prelabel.hub.asset_matching import Matches
from prelabel.importer.opened_csv import OpenedCsv
from prelabel.importer.options import RunOptions
from prelabel.importer.row_filter import RowFilter
from prelabel.items.worker_pool import count_cores

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = {"external_id_column": "id", "classification_columns": ["kind"], "classification_schema_ids": ["c1"]}
SCHEMA: dict[str, Any] = {
    "tools": [],
    "classifications": [
        {"title": "Kind", "tool": "radio", "schemaId": "c1", "options": [{"value": "A", "schemaId": "oa"}]},
    ],
}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A small CSV with semicolons, a repeated ID and a broken line."""
    path = tmp_path / "rows.csv"
    path.write_text("id;kind;more\na;A;1\nb;X;2\nragged\na;A;3\n")
    return path


def test_open(table: Path) -> None:
    """Header and delimiter are found; masks are looked for beside the CSV; all cores work."""
    opened = OpenedCsv.open(str(table), CONFIG, RunOptions())

    assert (opened.layout.header, opened.layout.delimiter) == (("id", "kind", "more"), ";")
    assert opened.masks.root == table.parent
    assert opened.n_threads == count_cores()
    assert (
        OpenedCsv.open(table, CONFIG, RunOptions(delimiter=";", mask_root="elsewhere")).masks.root.name == "elsewhere"
    )


def test_survey(table: Path) -> None:
    """Every row counts, broken ones too."""
    survey, masks = OpenedCsv.open(table, CONFIG, RunOptions()).survey()

    assert masks.plan().n_requests == 0
    assert (survey.n_rows, survey.last_rows, survey.repeated) == (4, {"a": 4, "b": 2}, frozenset({"a"}))


def test_numbers_of(table: Path) -> None:
    """Row numbers by ID; broken rows count as rows."""
    assert OpenedCsv.open(table, CONFIG, RunOptions()).numbers_of({"a"}) == [1, 4]


async def test_encoded(table: Path) -> None:
    """Rows become items or outcomes, in order."""
    opened = OpenedCsv.open(table, CONFIG, RunOptions())
    binding = opened.bind({"categorySchema": SCHEMA})
    (chunk,) = [chunk async for chunk in opened.encoded(binding, Matches(), RowFilter("id"), None)]

    assert [getattr(result, "state", "item") for _, result in chunk.results] == ["item", "failed", "item"]
    assert [broken.number for broken in chunk.broken] == [3]


def test_what_does_not_fit(table: Path, tmp_path: Path) -> None:
    """Config, CSV and schema are checked against each other."""
    with pytest.raises(ConfigError, match="Kund"):
        OpenedCsv.open(table, {**CONFIG, "classification_columns": ["Kund"]}, RunOptions()).bind(SCHEMA)
    with pytest.raises(ConfigError, match="nowhere"):
        OpenedCsv.open(table, {**CONFIG, "external_id_column": "nowhere"}, RunOptions()).bind(SCHEMA)
    with pytest.raises(ConfigError):
        OpenedCsv.open(tmp_path / "absent.csv", CONFIG, RunOptions())
