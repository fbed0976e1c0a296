"""Chunks of rows with real masks from real places: what waits, what is shared, what fails."""

from __future__ import annotations

import asyncio
import base64
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from aiohttp import web
from PIL import Image

from masks.webserver import serving
from prelabel.codes import Code
from prelabel.inputs.config_file import load_config
from prelabel.items.chunk_encoder import ChunkEncoder, MaskSupply
from prelabel.items.mask_tracer import MaskTracer
from prelabel.items.row_encoder import RowEncoder
from prelabel.items.trace_cache import TraceCache
from prelabel.masks.sources.access import Access, Limits
from prelabel.masks.sources.request_plan import MaskSurvey
from prelabel.masks.sources.router import MaskSources
from prelabel.model import (
    Binding,
    BrokenRow,
    Classification,
    ColumnLink,
    EncodedChunk,
    EncodedRow,
    MaskClass,
    Option,
    RowBatch,
    RowOutcome,
    Tool,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

CAR = Tool("Car", "c1", "segmentation", None)
MASK = np.array([[1, 1, 0], [1, 0, 0]], np.uint8)
RLE = '{"size": [2, 3], "counts": [0, 3, 3]}'


def png() -> bytes:
    """The mask as a file."""
    stream = BytesIO()
    Image.fromarray(MASK).save(stream, "PNG")
    return stream.getvalue()


class Desk:
    """Encodes rows whose masks are below a folder, on a server, or in the cell."""

    def __init__(self, folder: Path, links: tuple[ColumnLink, ...] = (), **chosen: Any) -> None:
        config = load_config({"external_id_column": "id", "mask_column": "mask", **chosen})
        kind = "rgb" if "rgb" in str(chosen.get("mask_color_mapping")) else "value"
        binding = Binding(links, kind, (MaskClass(CAR, 1),))  # type: ignore[arg-type]
        self.encoder = RowEncoder(config, binding, project="p1")
        self.tracer = MaskTracer(config, binding)
        self.sources = MaskSources(folder, Access(), Limits(concurrency=4, timeout_s=5.0))

    async def encode(self, *cells: str, gate: Callable[..., Any] = lambda _rows, _index: None) -> EncodedChunk:
        """Encode one chunk with a row for each cell."""
        survey = MaskSurvey()
        survey.see(cells)
        supply = MaskSupply("mask", self.sources, self.tracer, TraceCache(survey.is_repeated, 1 << 20))
        numbers = list(range(1, 1 + len(cells)))
        ids = [f"{number}.png" for number in numbers]
        columns = {"id": ids, "mask": list(cells), "colour": ["Rad"] * len(cells)}
        rows = RowBatch(tuple(columns), numbers, numbers, columns)
        work = ChunkEncoder(self.encoder, gate, "id", supply)
        with ThreadPoolExecutor(2) as pool:
            return await work.encode(pool, rows, range(len(cells)), 0.5)


@asynccontextmanager
async def desk_with(folder: Path, links: tuple[ColumnLink, ...] = (), **chosen: Any) -> AsyncIterator[Desk]:
    """A desk with the mask as a file."""
    (folder / "a.png").write_bytes(png())
    desk = Desk(folder, links, **chosen)
    async with desk.sources:
        yield desk


async def answer(request: web.Request) -> web.StreamResponse:
    """A server of the mask; what is called none it has not."""
    if "none" in request.path:
        return web.Response(status=404)
    await asyncio.sleep(0.01)
    return web.Response(body=png())


def regions(result: EncodedRow | RowOutcome) -> list[Any]:
    """The regions of a row's objects."""
    assert isinstance(result, EncodedRow), result
    return [item["segmentation"]["zones"][0]["region"] for item in json.loads(result.item.body)["objects"]]


async def test_every_source_gives_the_same(tmp_path: Path) -> None:
    """A file, its URL, a server, a data: URL, run lengths: one chunk, in order, each with the same polygons."""
    async with serving(answer) as server, desk_with(tmp_path) as desk:
        data = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
        chunk = await desk.encode(f"{server.url}/a.png", "a.png", RLE, "", data, (tmp_path / "a.png").as_uri())

    assert [index for index, _ in chunk.results] == list(range(6))
    found = [regions(result) for _, result in chunk.results]
    assert found[3] == []
    assert all(found[index] == found[1] for index in (0, 2, 4, 5))
    assert len(found[1]) == 1
    assert chunk.encode_s > 0
    assert chunk.read_s == 0.5
    assert len(server.seen) == 1


async def test_rows_fail_one_by_one(tmp_path: Path) -> None:
    """Each with its reason and the mask column; what the gate stops is not fetched."""
    stopped = RowOutcome(4, 4, "4.png", "skipped", "why")
    async with serving(answer) as server, desk_with(tmp_path) as desk:
        chunk = await desk.encode(
            f"{server.url}/none.png?sig=s3cret",
            "absent.png",
            "ftp://host/a.png",
            f"{server.url}/gate.png",
            '{"size": 1, "counts": []}',
            f"{server.url}/a.png",
            gate=lambda _, index: stopped if index == 3 else None,
        )
    results = [result for _, result in chunk.results]
    parts = ["there is no mask at this URL", "no mask file 'absent.png'", "cannot be fetched", "why", "got 1"]
    for result, part in zip(results[:5], parts, strict=True):
        assert isinstance(result, RowOutcome)
        assert part in result.reason
        assert "s3cret" not in result.reason
        assert result.column == ("" if result is stopped else "mask")
    assert regions(results[5])
    assert [request.path for request in server.seen] == ["/none.png", "/a.png"]
    assert desk.sources.held.n_bytes == 0


async def test_all_faults_of_a_row_are_told(tmp_path: Path) -> None:
    """Of its ID, its cells and its mask; a mask that would have to be fetched for it is not."""
    colour = ColumnLink("colour", Classification("Colour", "r1", "radio", (Option("Red", ""),)))
    failed = RowOutcome(1, 1, "1.png", "failed", "no such asset", "id", code=Code.UNMATCHED_ID)
    skipped = RowOutcome(6, 6, "6.png", "skipped", "why")
    (tmp_path / "damaged.png").write_bytes(png()[:40])
    async with serving(answer) as server, desk_with(tmp_path, (colour,)) as desk:
        gate = {0: failed, 5: skipped}
        cells = ("absent.png", "absent.png", f"{server.url}/none.png", "damaged.png", "a.png", "absent.png", "{}")
        chunk = await desk.encode(*cells, gate=lambda _, index: gate.get(index))
    assert not server.seen
    rows = [result for _, result in chunk.results if isinstance(result, RowOutcome)]
    option = 'column "colour" is "Rad": no option of "Colour" (radio): did you mean "Red"? options are "Red"'
    absent = f"{option}; column \"mask\": no mask file 'absent.png' in "
    assert rows[0].reason.startswith(f"no such asset; {absent}")
    assert (rows[0].column, rows[0].code) == ("id", Code.UNMATCHED_ID)
    assert rows[1].reason.startswith(absent)
    assert (rows[1].column, rows[1].code) == ("colour", Code.UNKNOWN_OPTION)
    assert rows[2].reason == rows[4].reason == option
    assert rows[3].reason.startswith(f'{option}; column "mask": the PNG file is cut off')
    assert rows[5] is skipped
    assert rows[6].reason.startswith(f'{option}; column "mask": ')


@pytest.mark.parametrize("name", ["a.png", "none.png"])
async def test_a_repeated_mask_is_fetched_and_traced_once(name: str, tmp_path: Path) -> None:
    """Also one that is not there; ids stay the rows' own."""
    async with serving(answer) as server, desk_with(tmp_path) as desk:
        chunk = await desk.encode(*[f"{server.url}/{name}"] * 20, f"{server.url}/other.png")
    assert len(server.seen) == 2
    if name == "none.png":
        assert len({result.reason for _, result in chunk.results[:20] if isinstance(result, RowOutcome)}) == 1
        return
    masks = [result.mask for _, result in chunk.results[:20] if isinstance(result, EncodedRow)]
    assert sum(mask is not None and mask.trace_s > 0 for mask in masks) == 1
    assert sum(mask is not None and mask.n_polygons for mask in masks) == 20
    ids = {item["objectId"] for _, r in chunk.results for item in json.loads(r.item.body)["objects"]}  # type: ignore[union-attr]
    assert len(ids) == 21


async def test_a_repeated_local_mask_is_traced_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By one thread, while the other rows wait without holding one."""
    n_traced = 0
    async with desk_with(tmp_path) as desk:
        trace = desk.tracer.trace

        def counted(*arguments: Any) -> Any:
            nonlocal n_traced
            n_traced += 1
            return trace(*arguments)

        monkeypatch.setattr(desk.tracer, "trace", counted)
        alike = await desk.encode(*["a.png"] * 12, RLE, RLE)
        await desk.encode("a.png", RLE)
    assert n_traced == 2 + 2
    assert len({str(regions(result)) for _, result in alike.results}) == 1


async def test_run_lengths_have_no_colours(tmp_path: Path) -> None:
    """A mapping by colour cannot be meant."""
    async with desk_with(tmp_path, mask_color_mapping={"rgb": [1, 2, 3]}) as desk:
        chunk = await desk.encode(RLE)
    assert isinstance(chunk.results[0][1], RowOutcome)
    assert "COCO run lengths hold no colours" in chunk.results[0][1].reason


@pytest.mark.parametrize(
    "fault", [ZeroDivisionError("s3cret"), MemoryError(), RecursionError(), UnicodeError("s3cret")]
)
async def test_a_fault_of_ours_fails_its_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: Exception
) -> None:
    """Whatever one row's work ends in, wherever its mask is: the others go on, and the log has where it was."""
    async with serving(answer) as server, desk_with(tmp_path) as desk:
        desk_encode = desk.encoder.encode

        def encode(draft: Any, *rest: Any) -> Any:
            if draft.row_number in {2, 4}:
                raise fault
            return desk_encode(draft, *rest)

        monkeypatch.setattr(desk.encoder, "encode", encode)
        chunk = await desk.encode(f"{server.url}/a.png", f"{server.url}/b.png", "", "", f"{server.url}/a.png")
        assert desk.sources.held.n_bytes == 0
    failed = [result for _, result in chunk.results if isinstance(result, RowOutcome)]
    assert [(row.number, row.state, row.code) for row in failed] == [
        (number, "failed", Code.FAULT_IN_PRELABEL) for number in (2, 4)
    ]
    assert all("--debug" in row.reason and "s3cret" not in row.reason for row in failed)
    assert [record.exc_info[1] for record in caplog.records if record.exc_info] == [fault, fault]
    assert len(asyncio.all_tasks()) == 1


async def test_broken_lines_and_reading_time_come_with_the_first_chunk(tmp_path: Path) -> None:
    """Of a batch in several chunks."""
    broken = BrokenRow(3, 3, "x", ValueError())  # type: ignore[arg-type] # only handed on
    rows = RowBatch(("id", "mask"), [1, 2], [1, 2], {"id": ["a", "b"], "mask": ["", ""]}, (broken,))
    async with desk_with(tmp_path) as desk:
        work = ChunkEncoder(desk.encoder, lambda _rows, _index: None, "id")
        with ThreadPoolExecutor(1) as pool:
            first = await work.encode(pool, rows, range(1), 0.5)
            second = await work.encode(pool, rows, range(1, 2), 0.5)
    assert [(chunk.broken, chunk.read_s) for chunk in (first, second)] == [((broken,), 0.5), ((), 0.0)]
    assert first.n_bytes > 0
