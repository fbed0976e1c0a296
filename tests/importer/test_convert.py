"""Rows to NDJSON without a Hub."""

from __future__ import annotations

import asyncio
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pytest
from PIL import Image

from prelabel.errors import ConfigError, ImportFailed, PrelabelError
from prelabel.importer.convert import convert, read_schema
from prelabel.localhub import HubSettings
from prelabel.localhub.testing import HubDouble

if TYPE_CHECKING:
    from pathlib import Path

    from prelabel.outcomes.progress import Progress

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
    assert (report.kind, report.n_ready, report.n_failed, report.n_requests, report.exit_code) == (
        "convert",
        3,
        3,
        0,
        1,
    )
    assert [outcome.line for outcome in report.failed()] == [3, 4, 6]
    assert (tmp_path / "rejects.csv").read_text().splitlines()[0] == "prelabel_error,id,kind"
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


MASK_CONFIG = {"external_id_column": "id", "mask_column": "mask", "mask_color_mapping": {"Car": [1]}}
MASK_SCHEMA: dict[str, Any] = {
    "tools": [{"title": "Car", "tool": "segmentation", "schemaId": "t1", "color": "#000000"}]
}


def png() -> bytes:
    """A mask of one pixel."""
    stream = io.BytesIO()
    Image.fromarray(np.ones((1, 1), np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def test_masks_are_shared_and_counted_beforehand(tmp_path: Path) -> None:
    """A first pass over the masks tells how many rows there are, and which masks several of them name."""
    (tmp_path / "a.png").write_bytes(png())
    path = tmp_path / "rows.csv"
    path.write_text("id,mask\n" + "".join(f"{n},a.png\n" for n in range(300)))
    seen: list[Progress] = []
    report = convert(path, MASK_CONFIG, schema=MASK_SCHEMA, out=io.BytesIO(), on_progress=seen.append)

    assert (report.n_ready, report.masks.n_masks, report.masks.n_objects) == (300, 300, 300)
    assert seen[0].n_rows == 300


def test_masks_of_a_storage_need_the_hub(tmp_path: Path) -> None:
    """Without a schema the project's is asked for, and URLs are signed; with one there is no Hub to sign any."""
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "a.png").write_bytes(png())
    with HubDouble(MASK_SCHEMA, settings=HubSettings(buckets={"masks": tmp_path / "masks"})) as hub:
        path = tmp_path / "rows.csv"
        path.write_text("id,mask\n1,a.png\n")
        config, out = {**MASK_CONFIG, "storage_id": hub.add_storage(provider="AWS", bucket="masks")}, io.BytesIO()
        signed = convert(path, config, **hub.target, out=out)
        alone = convert(path, config, schema=MASK_SCHEMA, out=io.BytesIO())

    assert (signed.n_ready, signed.n_requests, signed.exit_code) == (1, 3, 0)
    assert json.loads(out.getvalue())["objects"]
    (failed,) = alone.failed()
    assert "no Hub was given to sign a URL for it: name the project instead of a schema" in failed.reason


def test_neither_schema_nor_project(table: Path) -> None:
    """There is nothing to tie the columns to."""
    with pytest.raises(ConfigError, match="convert needs --schema FILE, or --project ID"):
        convert(table, CONFIG, out=io.BytesIO())


async def test_inside_an_event_loop(table: Path, tmp_path: Path) -> None:
    """It says what to do instead, and leaves an older output alone; in a thread it works."""
    out = tmp_path / "items.ndjson"
    out.write_text("old")
    with pytest.raises(PrelabelError, match=r"call it in a thread \(asyncio\.to_thread\)"):
        convert(table, CONFIG, schema=SCHEMA, out=out)
    assert out.read_text() == "old"
    report = await asyncio.to_thread(convert, table, CONFIG, schema=SCHEMA, out=out)
    assert report.n_ready == 3


def test_a_csv_without_rows_is_warned_of(tmp_path: Path) -> None:
    """It gives an empty file, and a word."""
    (tmp_path / "rows.csv").write_text("id,kind\n")
    heard = list[str]()
    report = convert(
        tmp_path / "rows.csv", CONFIG, schema=SCHEMA, out=tmp_path / "items.ndjson", on_warning=heard.append
    )
    assert (report.exit_code, report.n_rows) == (0, 0)
    assert heard == ["the CSV has a header and no rows: see whether it is the right one"]
