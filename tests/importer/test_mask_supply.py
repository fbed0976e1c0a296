"""Where a run's masks come from, set up by what the CSV holds."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from masks.webserver import saying, serving
from prelabel.errors import ConfigError
from prelabel.hub.client import HubClient
from prelabel.importer.mask_supply import open_mask_supply
from prelabel.importer.opened_csv import OpenedCsv
from prelabel.importer.options import RunOptions
from prelabel.inputs.csv_layout import RowForm
from prelabel.localhub.testing import HubDouble
from prelabel.model import Binding, MaskClass, Tool
from prelabel.outcomes.builder import ReportBuilder

if TYPE_CHECKING:
    from pathlib import Path

    from prelabel.model import RunKind

BINDING = Binding((), "value", (MaskClass(Tool("Car", "c1", "segmentation", None), 1),))


def opened_of(folder: Path, *cells: str, **config: Any) -> OpenedCsv:
    """A CSV with these masks."""
    path = folder / "rows.csv"
    path.write_text("id,mask\n" + "".join(f"{n},{cell}\n" for n, cell in enumerate(cells)))
    given = {"external_id_column": "id", "mask_column": "mask", **config}
    return OpenedCsv.open(path, given, RunOptions(fetch_concurrency=5))


def report_of(kind: RunKind = "import") -> ReportBuilder:
    """The report of a run."""
    return ReportBuilder(kind, "rows.csv", RowForm.of_names(["id", "mask"]), "p1")


async def test_without_a_mask_column_there_is_none(tmp_path: Path) -> None:
    """And nothing is loaded for it."""
    opened = opened_of(tmp_path, "a.png", mask_column="")
    async with open_mask_supply(opened, BINDING, opened.survey()[1], report_of()) as supply:
        assert supply is None


@pytest.mark.parametrize(
    ("cells", "config", "rows_ahead"),
    [
        (("a.png", "b.png"), {}, 0),
        (("a.png", "http://host/b.png"), {}, 10),
        (("a.png",), {"storage_id": "st"}, 10),
        ((), {"storage_id": "st"}, 0),
    ],
)
async def test_rows_wait_ahead_only_for_what_is_elsewhere(
    cells: tuple[str, ...], config: dict[str, str], rows_ahead: int, tmp_path: Path
) -> None:
    """So that an import of local masks holds no more than before."""
    opened = opened_of(tmp_path, *cells, **config)
    async with open_mask_supply(opened, BINDING, opened.survey()[1], report_of()) as supply:
        assert supply is not None
        assert (supply.rows_ahead, supply.column) == (rows_ahead, "mask")


async def test_repeated_cells_are_shared(tmp_path: Path) -> None:
    """By what the survey saw, rows of earlier runs left out."""
    opened = opened_of(tmp_path, "a.png", "b.png", "a.png", "c.png", "c.png")
    async with open_mask_supply(opened, BINDING, opened.survey({5})[1], report_of()) as supply:
        assert supply is not None
        assert [supply.cache.is_repeated(cell) for cell in ("a.png", "b.png", "c.png")] == [True, False, False]


@pytest.mark.parametrize(
    ("cells", "chunk_rows"),
    [(("a", "b", "c"), 4), (("a", "b", "a", "b"), 8), (("a", "", "", ""), 16), (("a",) * 99, 32)],
)
async def test_chunks_hold_some_different_masks(cells: tuple[str, ...], chunk_rows: int, tmp_path: Path) -> None:
    """Rows that bring no mask of their own are little work, and a chunk has more of them."""
    opened = opened_of(tmp_path, *cells)
    async with open_mask_supply(opened, BINDING, opened.survey()[1], report_of()) as supply:
        assert supply is not None
        assert supply.chunk_rows == chunk_rows


async def test_the_report_learns_how_long_fetching_took(tmp_path: Path) -> None:
    """Summed over fetches, with how many there may be at once."""
    report = report_of()
    async with serving(saying()) as server:
        opened = opened_of(tmp_path, f"{server.url}/a.png")
        async with open_mask_supply(opened, BINDING, opened.survey()[1], report) as supply:
            assert supply is not None
            async with supply.sources.fetched(supply.sources.reference(f"{server.url}/a.png"), 1) as content:
                assert content == b"mask"
    assert report.timings.fetch_s > 0
    assert report.finish().fetch_concurrency == 5


@pytest.mark.parametrize("kind", ["import", "dry run"])
async def test_the_hub_is_asked_about_the_storage_first(kind: RunKind, tmp_path: Path) -> None:
    """An unknown one ends the run before any row; a dry run tells what the masks would take."""
    async with HubDouble() as hub, HubClient(hub.url, hub.api_key, requests_per_minute=100_000) as client:
        report = report_of(kind)
        opened = opened_of(tmp_path, "a.png", "b.png", storage_id=hub.add_storage(provider="AWS", bucket="masks"))
        async with open_mask_supply(opened, BINDING, opened.survey()[1], report, client):
            pass
        notes = report.finish().notes
        unknown = opened_of(tmp_path, "a.png", storage_id="nope")
        with pytest.raises(ConfigError, match="storage_id: the Hub has no storage 'nope'") as caught:
            await _enter(unknown, client)
        n_before = hub.request_counts["GET /v2/storages"]
        unused = opened_of(tmp_path, storage_id="nope")
        await _enter(unused, client)
        assert hub.request_counts["GET /v2/storages"] == n_before
    assert caught.value.field == "storage_id"
    begin = "masks in the Hub's storages take 3 requests: 1 to look up storages, 0 to list folders, 2 to sign masks"
    assert [note.startswith(begin) for note in notes] == ([True] if kind == "dry run" else [])


async def _enter(opened: OpenedCsv, client: HubClient) -> None:
    async with open_mask_supply(opened, BINDING, opened.survey()[1], report_of(), client):
        await asyncio.sleep(0)
