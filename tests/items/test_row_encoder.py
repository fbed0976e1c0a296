"""One row to one import item, with real mask files: values, colours, notes, counts, and what goes wrong."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from prelabel.codes import Code
from prelabel.errors import MaskError, RowError

if TYPE_CHECKING:
    from pathlib import Path
from items.rows import MASK, TITLES, encoder, painted, rows, save


def test_a_row_with_everything(tmp_path: Path) -> None:
    """External id, answers and objects; the row's number; counts of the mask; nothing worth a note."""
    save(tmp_path / "m" / "a.png", MASK)

    row = encoder(tmp_path).encode(rows("m/a.png", note="two words"), 0)

    item = json.loads(row.item.body)
    assert (row.item.row_number, row.item.external_id) == (11, "a0.png")
    assert item["externalId"] == "a0.png"
    assert item["classifications"] == [
        {"schemaId": "r1", "answer": "Red"},
        {"schemaId": "x1", "answer": "two words"},
    ]
    assert item["relations"] == []
    assert painted(item["objects"], MASK.shape) == TITLES[MASK].tolist()
    assert row.notes == ()
    assert row.mask is not None
    assert (row.mask.n_objects, row.mask.n_polygons, row.mask.n_pixels, row.mask.n_unknown_pixels) == (3, 3, 24, 0)
    assert row.mask.n_points == 16
    assert min(row.mask.decode_s, row.mask.trace_s) > 0


@pytest.mark.parametrize("reference", ["", "  "])
def test_no_mask(tmp_path: Path, reference: str) -> None:
    """An empty cell is a row without objects, not an error."""
    row = encoder(tmp_path).encode(rows(reference), 0)

    assert json.loads(row.item.body)["objects"] == []
    assert (row.mask, row.notes) == (None, ())


@pytest.mark.parametrize(
    ("chosen", "effect"),
    [
        ({}, "empties its task"),
        ({"ignored_schema_ids": ["c1"]}, 'empties its task but for the labels of "ignored_schema_ids"'),
        ({"overwrite": False}, "adds nothing"),
    ],
)
def test_a_row_that_brings_nothing(tmp_path: Path, chosen: dict[str, Any], effect: str) -> None:
    """It is in, and its note says what that does."""
    (note,) = encoder(tmp_path, **chosen).encode(rows("", colour=""), 0).notes

    assert note == (Code.EMPTY_ROW, f"the row has neither an answer nor a mask, so it {effect}")


def test_no_mask_column(tmp_path: Path) -> None:
    """Classifications alone."""
    row = encoder(tmp_path, None).encode(rows("absent.png", colour="Blue"), 0)

    assert json.loads(row.item.body) == {
        "externalId": "a0.png",
        "objects": [],
        "classifications": [{"schemaId": "r1", "answer": "Blue"}],
        "relations": [],
    }
    assert row.mask is None


def test_ids_are_the_row_s_own(tmp_path: Path) -> None:
    """The same row gives the same ids in every import; another asset or project gives others."""
    save(tmp_path / "a.png", MASK)
    batch = rows("a.png", "a.png")

    def ids(project: str, index: int) -> set[str]:
        row = encoder(tmp_path, project=project).encode(batch, index)
        return {item["objectId"] for item in json.loads(row.item.body)["objects"]}

    assert ids("p1", 0) == ids("p1", 0)
    assert len(ids("p1", 0) | ids("p1", 1) | ids("p2", 0)) == 9


def test_threads_do_not_disturb_each_other(tmp_path: Path) -> None:
    """One encoder, many threads: each row's item is what one thread makes of it."""
    generator = np.random.default_rng(2)
    references = [f"{k}.png" for k in range(12)]
    for reference in references:
        save(tmp_path / reference, generator.integers(0, 3, generator.integers(3, 24, 2)).astype(np.uint8))
    batch = rows(*references)
    busy = encoder(tmp_path, polygon_simplification_tolerance=1.0)
    expected = [busy.encode(batch, index).item for index in range(12)]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda index: busy.encode(batch, index).item, [*range(12)] * 4))

    assert found == expected * 4


def test_answer_that_is_none(tmp_path: Path) -> None:
    """A cell's error names its own column, and the mask is not looked at."""
    with pytest.raises(RowError) as caught:
        encoder(tmp_path).encode(rows("absent.png", colour="Green"), 0)

    assert (caught.value.column, caught.value.excerpt) == ("colour", "Green")
    assert not isinstance(caught.value, MaskError)
