"""Where a run's masks come from, set up by what the CSV holds."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from localhub.hubclient import KEY, Api
from masks.webserver import saying, serving
from prelabel.errors import ConfigError
from prelabel.hub.client import HubClient
from prelabel.importer.mask_supply import supplied
from prelabel.importer.opened_csv import Source
from prelabel.inputs.csv_layout import RowForm
from prelabel.localhub import LocalHub
from prelabel.outcomes.builder import ReportBuilder

if TYPE_CHECKING:
    from pathlib import Path

    from prelabel.outcomes.report import RunKind


def source_of(folder: Path, *cells: str, **config: Any) -> Source:
    """A CSV with these masks."""
    path = folder / "rows.csv"
    path.write_text("id,mask\n" + "".join(f"{n},{cell}\n" for n, cell in enumerate(cells)))
    given = {"external_id_column": "id", "mask_column": "mask", **config}
    return Source.open(path, given, fetch_concurrency=5)


def books_of(kind: RunKind = "import") -> ReportBuilder:
    """Books of a run."""
    return ReportBuilder(kind, "rows.csv", RowForm.of_names(["id", "mask"]), "p1")


async def test_without_a_mask_column_there_is_none(tmp_path: Path) -> None:
    """And nothing is loaded for it."""
    source = source_of(tmp_path, "a.png", mask_column="")
    async with supplied(source, source.survey()[1], books_of(), None) as supply:
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
    source = source_of(tmp_path, *cells, **config)
    async with supplied(source, source.survey()[1], books_of(), None) as supply:
        assert supply is not None
        assert (supply.rows_ahead, supply.column) == (rows_ahead, "mask")


async def test_repeated_cells_are_shared(tmp_path: Path) -> None:
    """By what the survey saw, rows of earlier runs left out."""
    source = source_of(tmp_path, "a.png", "b.png", "a.png", "c.png", "c.png")
    async with supplied(source, source.survey({5})[1], books_of(), None) as supply:
        assert supply is not None
        assert [supply.shared.is_repeated(cell) for cell in ("a.png", "b.png", "c.png")] == [True, False, False]


@pytest.mark.parametrize(
    ("cells", "chunk_rows"),
    [(("a", "b", "c"), 4), (("a", "b", "a", "b"), 8), (("a", "", "", ""), 16), (("a",) * 99, 32)],
)
async def test_chunks_hold_some_different_masks(cells: tuple[str, ...], chunk_rows: int, tmp_path: Path) -> None:
    """Rows that bring no mask of their own are little work, and a chunk has more of them."""
    source = source_of(tmp_path, *cells)
    async with supplied(source, source.survey()[1], books_of(), None) as supply:
        assert supply is not None
        assert supply.chunk_rows == chunk_rows


async def test_the_books_learn_how_long_fetching_took(tmp_path: Path) -> None:
    """Summed over fetches, with how many there may be at once."""
    books = books_of()
    async with serving(saying()) as server:
        source = source_of(tmp_path, f"{server.url}/a.png")
        async with supplied(source, source.survey()[1], books, None) as supply:
            assert supply is not None
            async with supply.sources.fetched(supply.sources.reference(f"{server.url}/a.png"), 1) as content:
                assert content == b"mask"
    assert books.timings.fetch_s > 0
    assert books.finish().fetch_concurrency == 5


@pytest.mark.parametrize("kind", ["import", "dry run"])
async def test_the_hub_is_asked_about_the_storage_first(kind: RunKind, tmp_path: Path) -> None:
    """An unknown one ends the run before any row; a dry run tells what the masks would take."""
    async with (
        LocalHub(tmp_path / "store", api_key=KEY) as hub,
        aiohttp.ClientSession() as session,
        HubClient(hub.url, KEY, requests_per_minute=100_000) as client,
    ):
        made = await Api(hub, session).ok("POST", "/v2/storages/", {"name": "s", "bucket": "masks"})
        books = books_of(kind)
        source = source_of(tmp_path, "a.png", "b.png", storage_id=made["storage"]["_id"])
        async with supplied(source, source.survey()[1], books, client):
            pass
        told = books.finish().notes
        unknown = source_of(tmp_path, "a.png", storage_id="nope")
        with pytest.raises(ConfigError, match="storage_id: the Hub has no storage 'nope'") as caught:
            await _enter(unknown, client)
        n_before = hub.request_counts["GET /v2/storages"]
        unused = source_of(tmp_path, storage_id="nope")
        await _enter(unused, client)
        assert hub.request_counts["GET /v2/storages"] == n_before
    assert caught.value.field == "storage_id"
    said = "masks in the Hub's storages take 3 requests: 1 to look up storages, 0 to list folders, 2 to sign masks"
    assert [note.startswith(said) for note in told] == ([True] if kind == "dry run" else [])


async def _enter(source: Source, client: HubClient) -> None:
    async with supplied(source, source.survey()[1], books_of(), client):
        await asyncio.sleep(0)
