"""Rows to NDJSON without a Hub."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from prelabel.conversion import convert, read_schema
from prelabel.errors import ConfigError, ImportFailed

if TYPE_CHECKING:
    from pathlib import Path

    from prelabel.model import Progress

CONFIG = {"external_id_column": "id", "classification_columns": ["kind"], "classification_schema_ids": ["c1"]}
SCHEMA: dict[str, Any] = {
    "tools": [],
    "classifications": [
        {"title": "Kind", "tool": "radio", "schemaId": "c1", "options": [{"value": "A", "schemaId": "oa"}]},
    ],
    "relations": [],
}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Six rows, some of which cannot be converted."""
    path = tmp_path / "rows.csv"
    path.write_text("id,kind\na,A\nb,X\n,A\na,\nragged\n007,A\n")
    return path


def test_lines_and_report(table: Path, tmp_path: Path) -> None:
    """One line per good row in row order, all three lists always; the report counts the rest."""
    (tmp_path / "schema.json").write_bytes(
        b"\xef\xbb\xbf" + orjson.dumps({"data": {"project": {"categorySchema": SCHEMA}}})
    )
    seen: list[Progress] = []
    report = convert(
        table,
        CONFIG,
        schema=tmp_path / "schema.json",
        out=tmp_path / "items.ndjson",
        report=tmp_path / "report.json",
        rejects=tmp_path / "rejects.csv",
        on_progress=seen.append,
    )
    items = [json.loads(line) for line in (tmp_path / "items.ndjson").read_text().splitlines()]

    assert [item["externalId"] for item in items] == ["a", "a", "007"]
    assert [[each["answer"] for each in item["classifications"]] for item in items] == [["A"], [], ["A"]]
    assert all({"objects", "classifications", "relations"} <= item.keys() for item in items)
    assert (report.kind, report.n_imported, report.n_failed, report.n_requests, report.exit_code) == (
        "convert",
        3,
        3,
        0,
        1,
    )
    assert [outcome.line for outcome in report.failed()] == [3, 4, 6]
    assert (tmp_path / "rejects.csv").read_text().splitlines()[0] == "id,kind,prelabel_error"
    assert json.loads((tmp_path / "report.json").read_text())["kind"] == "convert"
    assert seen[-1].n_imported == 3


def test_an_open_file_stays_open(table: Path) -> None:
    """Standard output and the like are written to, not closed."""
    out = io.BytesIO()
    convert(table, CONFIG, schema=SCHEMA, out=out)

    assert out.getvalue().count(b"\n") == 3


def test_raise(table: Path) -> None:
    """Asked to raise, it does so after the good rows were written."""
    out = io.BytesIO()
    with pytest.raises(ImportFailed, match="3 of 6 rows failed; first: line 3, 'b'"):
        convert(table, CONFIG, schema=SCHEMA, out=out, on_error="raise")

    assert out.getvalue().count(b"\n") == 3


def test_nothing_is_written_when_nothing_fits(table: Path, tmp_path: Path) -> None:
    """A wrong config leaves an older output alone."""
    out = tmp_path / "items.ndjson"
    out.write_text("old")
    with pytest.raises(ConfigError):
        convert(table, {**CONFIG, "classification_schema_ids": ["c2"]}, schema=SCHEMA, out=out)

    assert out.read_text() == "old"


@pytest.mark.parametrize(
    ("content", "part"), [(None, "cannot read the schema"), ("{", "is not JSON"), ("[]", "must be a JSON object")]
)
def test_bad_schema_files(content: str | None, part: str, tmp_path: Path) -> None:
    """They are named, with the reason."""
    path = tmp_path / "schema.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=part):
        read_schema(path)
