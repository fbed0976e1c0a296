"""What an import starts from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prelabel.errors import ConfigError
from prelabel.importer.opened_csv import Source
from prelabel.importer.row_filter import RowGate
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
    source = Source.open(str(table), CONFIG)

    assert (source.layout.header, source.layout.delimiter) == (("id", "kind", "more"), ";")
    assert source.masks.root == table.parent
    assert source.n_threads == count_cores()
    assert Source.open(table, CONFIG, ";", 3, mask_root="elsewhere").masks.root.name == "elsewhere"


def test_survey(table: Path) -> None:
    """Every row counts, broken ones too."""
    survey, masks = Source.open(table, CONFIG).survey()

    assert masks.plan().n_requests == 0
    assert (survey.n_rows, survey.last_rows, survey.repeated) == (4, {"a": 4, "b": 2}, frozenset({"a"}))


def test_numbers_of(table: Path) -> None:
    """Row numbers by ID; broken rows count as rows."""
    assert Source.open(table, CONFIG).numbers_of({"a"}) == [1, 4]


async def test_encoded(table: Path) -> None:
    """Rows become items or outcomes, in order."""
    source = Source.open(table, CONFIG)
    encoder = source.encoder(source.bind({"categorySchema": SCHEMA}), "p1")
    (chunk,) = [chunk async for chunk in source.encoded(encoder, RowGate("id"), None)]

    assert [getattr(result, "state", "item") for _, result in chunk.results] == ["item", "failed", "item"]
    assert [broken.number for broken in chunk.broken] == [3]


def test_what_does_not_fit(table: Path, tmp_path: Path) -> None:
    """Config, CSV and schema are checked against each other."""
    with pytest.raises(ConfigError, match="Kund"):
        Source.open(table, {**CONFIG, "classification_columns": ["Kund"]}).bind(SCHEMA)
    with pytest.raises(ConfigError, match="nowhere"):
        Source.open(table, {**CONFIG, "external_id_column": "nowhere"}).bind(SCHEMA)
    with pytest.raises(ConfigError):
        Source.open(tmp_path / "absent.csv", CONFIG)
