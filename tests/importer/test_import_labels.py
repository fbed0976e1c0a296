"""What users call: what it returns and what it raises, from an event loop and without one."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from importer.desk import CONFIG, Desk, desk_with, rows_of, write_csv
from localhub.project import SCHEMA
from prelabel.codes import Code
from prelabel.errors import ConfigError, ImportFailed, OutputError, PrelabelError, UploadRefused, UploadUnavailable
from prelabel.importer.import_labels import import_labels
from prelabel.importer.stop_signal import StopSignal
from prelabel.localhub.testing import HubDouble

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp.typedefs import Handler

    from prelabel.outcomes.progress import Progress


def test_waiting_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an event loop, with key and host from the environment and the config from a file."""
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    write_csv(tmp_path / "rows.csv", [["0.png", "day", "", "", ""]])
    with HubDouble(SCHEMA, ["0.png"]) as hub:
        monkeypatch.setenv("ANGO_API_KEY", hub.api_key)
        monkeypatch.setenv("ANGO_HOST", hub.url)
        report = import_labels(tmp_path / "rows.csv", tmp_path / "config.json", project=hub.project)

    assert (report.n_imported, report.exit_code) == (1, 0)


async def test_not_inside_a_running_loop(desk: Desk) -> None:
    """The waiting function says which one to await instead."""
    path = write_csv(desk.folder / "rows.csv", [])
    with pytest.raises(PrelabelError, match="await import_labels_async there"):
        import_labels(path, CONFIG, **desk.hub.target)


async def test_wrong_configs_send_nothing(desk: Desk) -> None:
    """What does not fit the project is found before any label is sent, what fits nothing before any request."""
    with pytest.raises(ConfigError, match="cls-typo"):
        await desk.run([], {"classification_schema_ids": ["cls-typo", "cls-seen", "cls-note"]})
    before = desk.requests("")
    with pytest.raises(ConfigError, match="upload_batch_size"):
        await desk.run([], {"upload_batch_size": 0})
    with pytest.raises(ConfigError, match="no project id"):
        await desk.run([], project="../x")
    assert desk.requests("") == before
    assert desk.requests("POST /v2/import/labels") == 0


async def test_a_key_refused_at_the_start(desk: Desk) -> None:
    """Nothing was sent, so it is an exception, without the key."""
    with pytest.raises(UploadRefused, match="check the API key") as caught:
        await desk.run([["0.png", "day", "", "", ""]], api_key="wrong-key-wrong")

    assert "wrong-key" not in str(caught.value)


async def test_raise(desk: Desk) -> None:
    """Asked to raise, it does at the end: the good rows are in."""
    with pytest.raises(
        ImportFailed, match=r"""1 of 2 rows failed; first: line 3, '1\.png': column "Kind" is """
    ) as caught:
        await desk.run([["0.png", "day", "", "", ""], ["1.png", "dusk", "", "", ""]], on_error="raise")

    assert caught.value.report.n_imported == 1
    assert set(desk.answers()) == {"0.png"}


async def test_cancelling(tmp_path: Path) -> None:
    """Cancelled in the middle: it ends soon, and no task, thread or connection is left."""
    n_imports = 0

    @web.middleware
    async def slow(request: web.Request, handler: Handler) -> web.StreamResponse:
        nonlocal n_imports
        if request.path == "/v2/import/labels":
            n_imports += 1
            await asyncio.sleep(30)
        return await handler(request)

    async with desk_with(tmp_path, 8, middlewares=[slow]) as desk:
        rows = [[f"{number}.png", "day", "", "", ""] for number in range(8)]
        task = asyncio.create_task(desk.run(rows, {"upload_batch_size": 1}, max_in_flight=2))
        async with asyncio.timeout(10):
            while n_imports < 2:  # noqa: ASYNC110 - the server knows no event
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        names = [thread.name for thread in threading.enumerate()]
        assert not [name for name in names if name.startswith(("prelabel-encode", "prelabel-read"))]
        assert n_imports == 2


async def test_stopped_before_rows_stream(tmp_path: Path) -> None:
    """Asked before the first answer, it ends with nothing sent."""
    stopper = StopSignal()
    stopper.request()
    async with desk_with(tmp_path, 2) as desk:
        report = await desk.run(rows_of(2), stop=stopper)

    assert (report.n_rows, report.n_not_sent, report.exit_code, report.n_requests) == (2, 2, 130, 0)


def test_what_became_of_each_row(tmp_path: Path) -> None:
    """Returned to who waits: rows that are in, rows that cannot be read, rows whose asset is not there."""
    path = write_csv(
        tmp_path / "rows.csv",
        [["0.png", "day", "", "", ""], ["1.png", "dusk", "", "", ""], ["2.png", "day", "", "", ""]],
    )
    with HubDouble(SCHEMA, ["0.png", "1.png"]) as hub:
        report = import_labels(path, CONFIG, **hub.target)

    assert (report.n_rows, report.n_imported, report.n_failed, report.exit_code) == (3, 1, 2, 1)
    assert [(row.line, row.external_id, row.code) for row in report.failed()] == [
        (3, "1.png", Code.UNKNOWN_OPTION),
        (4, "2.png", Code.UNMATCHED_ID),
    ]


def test_nothing_is_done_inside_a_running_loop(tmp_path: Path) -> None:
    """Not even the files are looked at."""

    async def call() -> None:
        import_labels(tmp_path / "absent.csv", tmp_path / "absent.json", project="p")

    with pytest.raises(PrelabelError, match="running event loop") as caught:
        asyncio.run(call())
    assert type(caught.value) is PrelabelError


def test_a_hub_that_is_not_there(tmp_path: Path) -> None:
    """The port is one nobody listens on any more."""
    path = write_csv(tmp_path / "rows.csv", rows_of(1))
    with HubDouble(SCHEMA, ["0.png"]) as hub:
        target = hub.target
    with pytest.raises(UploadUnavailable):
        import_labels(path, CONFIG, **target)


def test_a_report_that_cannot_be_written(tmp_path: Path) -> None:
    """Its folder goes while rows are sent: the labels are in, and the error has the report."""
    path = write_csv(tmp_path / "rows.csv", rows_of(2))
    (tmp_path / "reports").mkdir()

    def remove(_: Progress) -> None:
        with suppress(FileNotFoundError):
            (tmp_path / "reports").rmdir()

    with HubDouble(SCHEMA, ["0.png", "1.png"]) as hub:
        where = tmp_path / "reports" / "r.json"
        with pytest.raises(OutputError) as caught:
            import_labels(path, CONFIG, report=where, on_progress=remove, **hub.target)
        assert {name: labels.answers["Type"] for name, labels in hub.labels().items()} == {
            "0.png": "day",
            "1.png": "day",
        }

    assert (caught.value.report.n_imported, caught.value.path) == (2, str(where))
