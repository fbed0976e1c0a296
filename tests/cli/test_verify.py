"""``--verify`` and ``--min-iou`` of import and convert: the outcome of each row, and rows that are not good enough."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cli.conftest import N_ROWS

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Command, DemoFiles
    from prelabel.localhub import LocalHub

EXACT = "verified: every pixel is as in the mask"


def test_an_import_notes_the_proof_with_each_row(
    files: DemoFiles, hub: LocalHub, project: str, prelabel: Command, tmp_path: Path
) -> None:
    """Every row of the report says that it is exact."""
    report = tmp_path / "report.json"
    done = prelabel(
        *("import", files.csv("segmentation"), "-c", files.config("segmentation"), "--project", project),
        *("--host", hub.url, "--report", report, "--verify"),
    )

    assert done.returncode == 0, done.stderr
    outcomes = json.loads(report.read_bytes())["outcomes"]
    assert [outcome["notes"] for outcome in outcomes] == [[{"code": "verified", "text": EXACT}]] * N_ROWS


def test_a_convert_fails_rows_below_the_minimum(files: DemoFiles, prelabel: Command, tmp_path: Path) -> None:
    """The same masks, exact and coarse."""
    config = files.config("segmentation")
    rows = ("convert", files.csv("segmentation"), "--schema", files.schema("segmentation"), "--min-iou", "0.999")
    exact = prelabel(*rows, "-c", config)
    assert exact.returncode == 0, exact.stderr
    assert EXACT in exact.stderr

    coarse = tmp_path / "coarse.json"
    coarse.write_text(json.dumps({**json.loads(config.read_text()), "polygon_simplification_tolerance": 20}))
    done = prelabel(*rows, "-c", coarse)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "and 0.999 is asked for" in done.stderr


def test_a_minimum_is_a_share(files: DemoFiles, prelabel: Command) -> None:
    """Percent are refused before anything is read."""
    done = prelabel(
        *("convert", files.csv("segmentation"), "-c", files.config("segmentation")),
        *("--schema", files.schema("segmentation"), "--min-iou", "95"),
    )
    assert done.returncode == 2
    assert "--min-iou" in done.stderr
