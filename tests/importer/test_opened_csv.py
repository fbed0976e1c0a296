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
from prelabel.outcomes.fingerprint import keys_that_differ

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
    elsewhere = table.parent / "elsewhere"
    with pytest.raises(ConfigError, match=r"--mask-root: there is no folder .*elsewhere: name the one"):
        OpenedCsv.open(table, CONFIG, RunOptions(mask_root=elsewhere))
    elsewhere.mkdir()
    assert OpenedCsv.open(table, CONFIG, RunOptions(delimiter=";", mask_root=elsewhere)).masks.root == elsewhere


def test_survey(table: Path) -> None:
    """Every row counts, broken ones too."""
    survey, masks = OpenedCsv.open(table, CONFIG, RunOptions()).survey()

    assert masks.plan().n_requests == 0
    assert (survey.n_rows, survey.last_rows, survey.repeated) == (4, {"a": 4, "b": 2}, {"a": (4, 5)})


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


def test_the_encoding_is_a_key_too(tmp_path: Path) -> None:
    """The config may name it; the option goes before it."""
    csv = tmp_path / "t.csv"
    csv.write_bytes("id,Kind\nfür,day\n".encode("cp1252"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        OpenedCsv.open(csv, CONFIG, RunOptions())
    for config, options, name in (
        ({"encoding": "cp1252"}, RunOptions(), "cp1252"),
        ({"encoding": "cp1252"}, RunOptions(encoding="latin-1"), "iso8859-1"),
    ):
        assert OpenedCsv.open(csv, CONFIG | config, options).layout.form.coding.name == name
    with pytest.raises(ConfigError, match="klingon"):
        OpenedCsv.open(csv, CONFIG | {"encoding": "klingon"}, RunOptions())


def test_what_decides_on_labels(table: Path) -> None:
    """The fingerprint tells what differs: a default that is written out does not, nor does the pace."""
    marks = [
        OpenedCsv.open(table, CONFIG | extra, RunOptions()).fingerprint("p", "h")
        for extra in ({}, {"min_area": 0}, {"requests_per_minute": 7}, {"min_area": 1})
    ]
    assert marks[0] == marks[1] == marks[2] != marks[3]
    named = OpenedCsv.open(table, CONFIG, RunOptions()).fingerprint("p", "h", run_name="July")
    assert keys_that_differ(marks[0].config, named.config) == ["run_name"]
    of_batches = [
        OpenedCsv.open(table, CONFIG, RunOptions()).fingerprint("p", "h", batches=batches)
        for batches in ((), ["a", "b"], ("b", "a", "b"), ["a"])
    ]
    assert marks[0] == of_batches[0] != of_batches[1] == of_batches[2] != of_batches[3]
    assert keys_that_differ(marks[0].config, of_batches[1].config) == ["batches"]


def test_what_does_not_fit(table: Path, tmp_path: Path) -> None:
    """Config, CSV and schema are checked against each other."""
    with pytest.raises(ConfigError, match="Kund"):
        OpenedCsv.open(table, {**CONFIG, "classification_columns": ["Kund"]}, RunOptions()).bind(SCHEMA)
    with pytest.raises(ConfigError, match="nowhere"):
        OpenedCsv.open(table, {**CONFIG, "external_id_column": "nowhere"}, RunOptions()).bind(SCHEMA)
    with pytest.raises(ConfigError):
        OpenedCsv.open(tmp_path / "absent.csv", CONFIG, RunOptions())
    titled = tmp_path / "titled.csv"
    titled.write_text("My labels,\nid,kind\na,day\n")
    with pytest.raises(ConfigError, match=r"titled\.csv is on line 2: take out what stands before it"):
        OpenedCsv.open(titled, CONFIG, RunOptions()).bind(SCHEMA)


def test_warnings(table: Path, tmp_path: Path) -> None:
    """A doubtful encoding and columns that are wrong as a whole; none where nothing is."""
    opened = OpenedCsv.open(table, CONFIG, RunOptions())
    assert opened.warnings(opened.bind(SCHEMA), SCHEMA) == []
    csv = tmp_path / "t.csv"
    csv.write_text("id,kind\nfür,dusk\na,dusk\nb,dusk\n", encoding="utf-8")
    opened = OpenedCsv.open(csv, CONFIG, RunOptions(encoding="cp1252"))
    encoding, column = opened.warnings(opened.bind(SCHEMA), SCHEMA)
    assert "looks like UTF-8" in encoding
    assert column.startswith('the only value of column "kind", "dusk" on line 2, does not fit ')
