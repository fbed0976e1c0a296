"""Whole imports with a record: going on after any end, refusing what does not fit, stopping."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from aiohttp import web
from PIL import Image

from importer.desk import HEADER, Outage, busy_at, desk_with, rows_of
from localhub.project import CAR, KEY
from masks.webserver import endless, serving
from prelabel.codes import Code
from prelabel.errors import ConfigError, OutputError
from prelabel.importer.rollback import roll_back
from prelabel.importer.stop_signal import StopSignal
from prelabel.localhub.testing import failure
from prelabel.model import RowBatch
from prelabel.outcomes.journal import FILE_NAME, Journal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from prelabel.outcomes.progress import Progress


@pytest.mark.parametrize("undo", [True, False])
@pytest.mark.parametrize("overwrite", [True, False])
async def test_going_on(tmp_path: Path, overwrite: bool, undo: bool) -> None:
    """What is acknowledged is not sent again, the rest is; finished, the earlier outcome is told and nothing sent."""
    outage = Outage(3)
    async with desk_with(tmp_path, 60, middlewares=[outage.middleware()]) as desk:
        given: dict[str, Any] = {"state": tmp_path / "state", "undo": undo, "max_in_flight": 1}
        config = {"upload_batch_size": 10, "overwrite": overwrite}
        first = await desk.run(rows_of(60), config, **given)
        n_out = first.n_failed + first.n_not_sent
        assert (first.n_imported, first.n_earlier, n_out, first.exit_code) == (30, 0, 30, 3)
        outage.n_good = 100
        second = await desk.run(rows_of(60), {**config, "upload_batch_size": 15}, **given)
        assert (second.n_imported, second.n_earlier, second.n_failed, second.exit_code) == (60, 30, 0, 0)
        assert second.n_batches == 2
        assert len(desk.answers()) == 60

        n_before = sum(desk.hub.request_counts.values())
        third = await desk.run(rows_of(60), config, **given)
        assert (third.n_rows, third.n_imported, third.n_earlier, third.exit_code, third.n_requests) == (
            60,
            60,
            60,
            0,
            0,
        )
        assert "finished by an earlier run: nothing was sent" in third.notes[0]
        assert sum(desk.hub.request_counts.values()) == n_before
        again = await desk.run(rows_of(60), config, **given, restart=True)
        assert (again.n_imported, again.n_earlier) == (60, 0)


async def test_requests_of_a_run_that_goes_on(tmp_path: Path) -> None:
    """Only what is left is matched and sent."""
    outage = Outage(2)
    async with desk_with(tmp_path, 250, middlewares=[outage.middleware()]) as desk:
        given: dict[str, Any] = {"state": tmp_path / "state", "undo": False, "max_in_flight": 1}
        await desk.run(rows_of(250), **given)
        outage.n_good = 100
        report = await desk.run(rows_of(250), **given)

    assert report.n_requests == 1 + 1 + 1


async def test_requests_with_undo(tmp_path: Path) -> None:
    """Reading each batch takes the place of matching beforehand: as many requests as without, if all IDs match."""
    async with desk_with(tmp_path, 250) as desk:
        plain = await desk.run(rows_of(250), state=tmp_path / "a", undo=False)
        kept = await desk.run(rows_of(250), state=tmp_path / "b")

    assert plain.n_requests == kept.n_requests == 1 + 3 + 3


async def test_another_import_is_refused_before_any_request(tmp_path: Path) -> None:
    """A changed config, unless nothing but the pace changed; nothing is sent."""
    async with desk_with(tmp_path, 4) as desk:
        rows = [*rows_of(4), ["nobody.png", "day", "", "", ""]]
        await desk.run(rows, state=tmp_path / "state")
        n_before = sum(desk.hub.request_counts.values())
        with pytest.raises(ConfigError, match=r"the config \(overwrite\) is not what"):
            await desk.run(rows, {"overwrite": False}, state=tmp_path / "state")
        assert sum(desk.hub.request_counts.values()) == n_before
        report = await desk.run(rows, {"requests_per_minute": 5_000}, state=tmp_path / "state")
        assert (report.n_earlier, report.n_failed) == (4, 1)


async def test_batches_of_a_run_that_goes_on(tmp_path: Path) -> None:
    """Rows of other batches are looked at again; other batches are another import, and are named."""
    async with desk_with(tmp_path, 4) as desk:
        await desk.put_into_batch("A", ["0.png", "1.png"])
        given: dict[str, Any] = {"state": tmp_path / "state", "batches": ["A"]}
        first = await desk.run(rows_of(4), **given)
        assert (first.n_imported, first.n_skipped, first.exit_code) == (2, 2, 0)
        assert (await desk.run(rows_of(4), **given)).n_earlier == 2
        await desk.put_into_batch("A", ["2.png"])
        second = await desk.run(rows_of(4), **given)
        assert (second.n_imported, second.n_earlier, second.n_skipped) == (3, 2, 1)
        with pytest.raises(ConfigError, match=r"the config \(batches\) is not what"):
            await desk.run(rows_of(4), state=tmp_path / "state")
        everything = await desk.run(rows_of(4), state=tmp_path / "state", restart_if_changed=True)
        assert (everything.n_imported, everything.n_earlier) == (4, 0)
        assert "finished by an earlier run" in (await desk.run(rows_of(4), state=tmp_path / "state")).notes[0]
        assert await desk.roll_back(tmp_path / "state") == 4
        assert desk.answers() == {}


async def test_a_changed_config_or_a_new_name_may_begin_anew(tmp_path: Path) -> None:
    """Once each, and the undo goes back to before the first run; without being told so they are refused."""
    async with desk_with(tmp_path, 4) as desk:
        desk.hub.label("0.png", answers={"Note": "before"})
        given: dict[str, Any] = {"state": tmp_path / "state", "restart_if_changed": True}
        for config, name, n_earlier in (
            ({}, "", 0),
            ({}, "", 4),
            ({"overwrite": False}, "", 0),
            ({"overwrite": False}, "July", 0),
            ({"overwrite": False}, "July", 4),
            ({"overwrite": False}, "August", 0),
        ):
            report = await desk.run(rows_of(4), config, **given, run_name=name)
            assert (report.n_imported, report.n_earlier, report.exit_code) == (4, n_earlier, 0)
        with pytest.raises(ConfigError, match=r"the config \(run_name\) is not what"):
            await desk.run(rows_of(4), {"overwrite": False}, state=tmp_path / "state")
        with pytest.raises(ConfigError, match="the project is not what"):
            await desk.run(rows_of(4), {"overwrite": False}, **given, run_name="August", project="another")
        await desk.roll_back(tmp_path / "state")
        assert desk.answers() == {"0.png": {"cls-note": "before"}}
        with pytest.raises(ConfigError, match="was rolled back"):
            await desk.run(rows_of(4), {"overwrite": False}, **given, run_name="August")


async def test_what_begins_anew_goes_on_after_a_failure(tmp_path: Path) -> None:
    """A new name's rows that are in are not sent twice."""
    outage = Outage(3)
    async with desk_with(tmp_path, 4, middlewares=[outage.middleware()]) as desk:
        given: dict[str, Any] = {"state": tmp_path / "state", "restart_if_changed": True, "max_in_flight": 1}
        await desk.run(rows_of(4), {"upload_batch_size": 2}, **given)
        cut = await desk.run(rows_of(4), {"upload_batch_size": 2}, **given, run_name="July")
        outage.n_good = 100
        report = await desk.run(rows_of(4), {"upload_batch_size": 2}, **given, run_name="July")

    assert (cut.n_imported, cut.n_earlier, report.n_imported, report.n_earlier) == (2, 0, 4, 2)


@pytest.mark.parametrize(
    ("options", "config", "is_warned"),
    [
        ({"undo": False}, {}, True),
        ({"state": None}, {}, True),
        ({"undo": False}, {"overwrite": False}, False),
        ({"dry_run": True}, {}, False),
    ],
)
async def test_masks_that_go_uncounted(
    tmp_path: Path, options: dict[str, Any], config: dict[str, Any], is_warned: bool
) -> None:
    """Before anything is sent; where stored labels are read they are counted instead."""
    heard: list[str] = []
    async with desk_with(tmp_path, 2) as desk:
        given = {"state": tmp_path / "state", "on_warning": heard.append, **options}
        report = await desk.run(rows_of(2), config, **given)
    assert [("will be removed, uncounted and with no undo" in text) for text in heard] == [True] * is_warned
    assert all(text in report.notes for text in heard)


@pytest.mark.parametrize("options", [{}, {"dry_run": True}, {"undo": False}])
async def test_masks_that_go_are_told_before_they_do(tmp_path: Path, options: dict[str, Any]) -> None:
    """Once, with the first batch that takes some, and before it is sent; how many went in all is a note at the end."""
    heard: list[tuple[str, int]] = []
    keeping = {"ignored_schema_ids": ["tool-person"]} if "undo" in options else {}
    async with desk_with(tmp_path, 4) as desk:
        for number in range(1, 4):
            desk.hub.label(f"{number}.png", objects=[{**CAR, "objectId": f"car-{number}"}])

        def hear(text: str) -> None:
            heard.append((text, desk.requests("POST /v2/import/labels")))

        given = {"state": tmp_path / "state", "max_in_flight": 1, "on_warning": hear, **options}
        report = await desk.run(rows_of(4), {"upload_batch_size": 2, **keeping}, **given)
    ((text, n_sent),) = heard
    assert n_sent == 0
    verb, undo = "removes", ", kept for 'prelabel rollback'"
    if "dry_run" in options:
        verb, undo = "would remove", ""
    elif "undo" in options:
        undo = ", with no undo"
    assert f"which {verb} 1 stored object in the first batch that meets any{undo}; set" in text
    assert any("3 stored objects" in note for note in report.notes)


_SOME_MASKS = {"mask_column": "Extra", "mask_color_mapping": {"Car": [1]}, "upload_batch_size": 2}


def _some_without_mask(path: Path) -> list[list[str]]:
    """Four rows, the first and the last of which bring no mask, and the last no answer either."""
    mask = np.zeros((8, 8), np.uint8)
    mask[2:5, 2:5] = 1
    Image.fromarray(mask).save(path / "mask.png")
    rows = [[*row[:4], "mask.png"] for row in rows_of(4)]
    rows[0][4] = ""
    return [*rows[:3], ["3.png", "", "", "", ""]]


@pytest.mark.parametrize("is_dry", [True, False])
async def test_rows_without_a_mask_among_others(tmp_path: Path, is_dry: bool) -> None:
    """What they take away is told before it goes, and at the end by line; rows that bring nothing are named."""
    heard: list[str] = []
    async with desk_with(tmp_path, 4) as desk:
        for number in range(4):
            desk.hub.label(f"{number}.png", objects=[{**CAR, "objectId": f"car-{number}"}])
        given = {"state": tmp_path / "state", "max_in_flight": 1, "on_warning": heard.append, "dry_run": is_dry}
        report = await desk.run(_some_without_mask(tmp_path), _SOME_MASKS, **given)

    (text,) = heard
    verb = "would remove" if is_dry else "removes"
    assert f"some rows bring no mask (the first on line 2) and overwrite, which {verb} 1 stored object in" in text
    verb = "removes" if is_dry else "removed"
    assert any(f"2 rows bring no mask, which {verb} 2 stored objects (lines 2, 5): set" in n for n in report.notes)
    (group,) = (group for group in report.groups if group.code == Code.EMPTY_ROW)
    assert (group.lines, group.text) == ([5], "the row has neither an answer nor a mask, so it empties its task")


@pytest.mark.parametrize("rows", [slice(0, 4), slice(0, 2), slice(1, 3)])
async def test_rows_without_a_mask_that_take_uncounted(tmp_path: Path, rows: slice) -> None:
    """Where nothing stored is read, the first pass over the CSV knows how many rows bring no mask."""
    heard: list[str] = []
    async with desk_with(tmp_path, 4) as desk:
        given = {"state": None, "on_warning": heard.append}
        await desk.run(_some_without_mask(tmp_path)[rows], _SOME_MASKS, **given)

    start = {
        4: ["2 rows bring no mask, and the import overwrites: objects that are stored for their assets, if"],
        2: ["1 row brings no mask, and the import overwrites: objects that are stored for its assets, if"],
        3: [],
    }[rows.stop]
    assert [text.partition(" there are any")[0] for text in heard] == start


async def test_beginning_anew_keeps_what_an_undo_needs(tmp_path: Path) -> None:
    """The first state counts; what was put back is forgotten; another project's undo is not lost."""
    state = tmp_path / "state"
    async with desk_with(tmp_path, 2) as desk:
        await desk.run(rows_of(2, "night"))
        await desk.run(rows_of(2), state=state)
        await desk.run(rows_of(2), {"upload_batch_size": 1, "min_area": 2}, state=state, restart=True)
        with pytest.raises(ConfigError, match="has what 'prelabel rollback' needs for project"):
            await desk.run(rows_of(2), state=state, project="another", restart=True)
        assert await desk.roll_back(state) == 2
        assert {answers["cls-type"] for answers in desk.answers().values()} == {"opt-night"}
        await desk.run(rows_of(1), state=state, restart=True)
        assert await desk.roll_back(state) == 1


async def test_rows_of_one_id_are_added_in_order_after_a_failure(tmp_path: Path) -> None:
    """Append: a row that failed comes before its ID's later rows, also when those were in already."""
    refused = 1

    @web.middleware
    async def refuse_first(request: web.Request, handler: Any) -> web.StreamResponse:
        nonlocal refused
        # Batches of other IDs travel beside it and may overtake it, so the request is known by what it holds.
        if request.path == "/v2/import/labels" and refused and b'"0.png"' in await request.read():
            refused -= 1
            return failure("no", status=409)
        response: web.StreamResponse = await handler(request)
        return response

    rows = [["0.png", "day", "", "first", ""], ["0.png", "night", "", "", ""], ["1.png", "day", "", "", ""]]
    config = {"overwrite": False, "upload_batch_size": 1}
    async with desk_with(tmp_path, 2, middlewares=[refuse_first]) as desk:
        first = await desk.run(rows, config, state=tmp_path / "state")
        assert (first.n_imported, first.n_failed) == (2, 1)
        second = await desk.run(rows, config, state=tmp_path / "state")
        assert (second.n_imported, second.n_earlier, second.n_failed) == (3, 1, 0)
        assert desk.answers()["0.png"] == {"cls-type": "opt-night", "cls-note": "first"}


async def test_rows_of_one_id_that_are_sent_again_may_be_interrupted(tmp_path: Path) -> None:
    """Append: killed between the earlier row and the later one, the next run still sends the later one after it."""
    rows = [["0.png", "day", "", "first", ""], ["0.png", "night", "", "second", ""], ["1.png", "day", "", "", ""]]
    config, state = {"overwrite": False, "upload_batch_size": 1}, tmp_path / "state"
    outage = Outage(0)
    async with desk_with(tmp_path, 2, middlewares=[outage.middleware()]) as desk:
        await desk.run(rows, config, state=state)
        with Journal(state) as journal:  # as if the second row had got through, and only that
            journal.settled(journal.sending([2]), "acknowledged")
        outage.n_good = 1
        await desk.run(rows, config, state=state, max_in_flight=1)
        assert desk.answers()["0.png"] == {"cls-type": "opt-day", "cls-note": "first"}
        outage.n_good = 100
        report = await desk.run(rows, config, state=state)
        assert (report.n_imported, report.n_failed) == (3, 0)
        assert desk.answers()["0.png"] == {"cls-type": "opt-night", "cls-note": "second"}


async def test_stopping_gently(tmp_path: Path) -> None:
    """What is on its way arrives, waiting requests are not sent, every row has its state, and another run goes on."""
    stopper = StopSignal()

    def watch(progress: Progress) -> None:
        if progress.n_imported:
            stopper.request()

    async with desk_with(tmp_path, 40) as desk:
        config = {"upload_batch_size": 2, "requests_per_minute": 6}
        given: dict[str, Any] = {"state": tmp_path / "state", "rejects": tmp_path / "r.csv"}
        async with asyncio.timeout(20):
            report = await desk.run(rows_of(40), config, **given, stop=stopper, on_progress=watch)
        assert report.n_rows == 40
        assert 0 < report.n_imported <= 12
        assert report.n_failed + report.n_not_sent == 40 - report.n_imported
        assert (report.exit_code, report.stopped, report.stopped_by) == (130, "interrupted", "interrupt")
        assert len((tmp_path / "r.csv").read_text().splitlines()) == 1 + report.n_failed + report.n_not_sent
        assert len(desk.answers()) == report.n_imported
        again = await desk.run(rows_of(40), {"upload_batch_size": 2}, **given)
        assert (again.n_imported, again.n_earlier, again.exit_code) == (40, report.n_imported, 0)


async def test_deadline(tmp_path: Path) -> None:
    """An import that takes too long ends like one that is interrupted, but for the exit code."""
    async with desk_with(tmp_path, 20) as desk:
        async with asyncio.timeout(20):
            report = await desk.run(
                rows_of(20), {"upload_batch_size": 1, "requests_per_minute": 3}, deadline_s=0.5, max_in_flight=1
            )

    assert (report.exit_code, report.stopped_by) == (1, "deadline")
    assert report.stopped == "the deadline of 0.5 s is over"
    assert report.n_rows == 20
    assert report.n_not_sent >= 17


async def test_max_failures(tmp_path: Path) -> None:
    """More failed rows than allowed end it."""
    async with desk_with(tmp_path, 300) as desk:
        rows = [[f"{number}.png", "dusk" if number < 5 else "day", "", "", ""] for number in range(2000)]
        report = await desk.run(rows, {"upload_batch_size": 1}, max_failures=4, max_in_flight=1)
        assert (report.stopped_by, report.exit_code, report.n_rows) == ("failures", 1, 2000)
        assert report.stopped == "more than 4 rows failed"
        report = await desk.run(rows[:10], max_failures=5)
        assert (report.stopped_by, report.n_imported) == ("", 5)


async def test_the_record_is_small(tmp_path: Path) -> None:
    """Twenty thousand rows in batches of five hundred are forty records, and what each row is known by."""
    async with desk_with(tmp_path, 1) as desk:
        ids = [f"{number}.png" for number in range(20_000)]
        for start in range(0, len(ids), 1000):
            desk.hub.add_assets(ids[start : start + 1000])
        report = await desk.run(rows_of(20_000), {"upload_batch_size": 500}, state=tmp_path / "state", undo=False)
        assert report.n_imported == 20_000
    assert (tmp_path / "state" / FILE_NAME).stat().st_size < 100_000 + 16 * 20_000
    with Journal(tmp_path / "state") as journal:
        assert len(journal.batches()) == 40
        assert str(journal.acknowledged()) == "1-20000"


@pytest.mark.parametrize("how", ["deadline", "interrupt"])
async def test_stopping_while_masks_are_fetched(how: str, tmp_path: Path) -> None:
    """A server that says nothing does not hold up the end; rows whose masks did not come say why."""
    stopper = StopSignal()
    async with desk_with(tmp_path, 4) as desk, serving(endless(b"x", 600.0)) as server:
        config = {"mask_column": "Extra", "mask_color_mapping": {"Car": [1]}}
        rows = [[f"{n}.png", "day", "", "", f"{server.url}/{n}.png"] for n in range(4)]
        given: dict[str, Any] = {"deadline_s": 1.0} if how == "deadline" else {"stop": stopper}
        asyncio.get_running_loop().call_later(1.0, stopper.request)
        started = asyncio.get_running_loop().time()
        report = await desk.run(rows, config, **given)
        assert asyncio.get_running_loop().time() - started < 5

    assert (report.n_failed, report.n_not_sent, report.stopped_by) == (0, 4, how)
    assert all("the import had stopped" in outcome.reason for outcome in report.outcomes)


async def test_cancelling_while_masks_are_fetched(tmp_path: Path) -> None:
    """Nothing is left running."""
    async with desk_with(tmp_path, 4) as desk, serving(endless(b"x", 600.0)) as server:
        config = {"mask_column": "Extra", "mask_color_mapping": {"Car": [1]}}
        rows = [[f"{n}.png", "day", "", "", f"{server.url}/{n}.png"] for n in range(4)]
        task = asyncio.create_task(desk.run(rows, config))
        async with asyncio.timeout(20):
            while len(server.seen) < 4:  # noqa: ASYNC110 - the server is not ours to change
                await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("prelabel-encode")]


@pytest.mark.parametrize("overwrite", [True, False])
async def test_a_full_disk_under_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overwrite: bool) -> None:
    """The import stops as if it was asked to: every row has its end, the files are there, and the next run goes on."""
    opening = Journal._open

    def small(journal: Journal) -> None:
        opening(journal)
        journal._db.execute("PRAGMA max_page_count=10")

    async with desk_with(tmp_path, 8) as desk:
        given: dict[str, Any] = {"state": tmp_path / "state", "max_in_flight": 1, "report": tmp_path / "r.json"}
        rows = [[row[0], "day", "", os.urandom(6000).hex(), ""] for row in rows_of(8)]
        config = {"overwrite": overwrite, "upload_batch_size": 1}
        await desk.run(rows, config)
        with monkeypatch.context() as patched:
            patched.setattr(Journal, "_open", small)
            report = await desk.run(rows, config, **given, rejects=tmp_path / "r.csv")
        assert (report.exit_code, report.stopped_by) == (4, "output")
        assert "journal.sqlite (database or disk is full): make room there" in report.stopped
        assert [group.others for group in report.groups if group.state == "not sent"] == [[]]  # one cause, told once
        assert 0 < report.n_imported < report.n_rows == report.n_imported + report.n_not_sent == 8
        assert report.n_failed == 0
        assert json.loads((tmp_path / "r.json").read_bytes())["exit_code"] == 4
        assert len((tmp_path / "r.csv").read_text().splitlines()) == 1 + report.n_not_sent
        again = await desk.run(rows, config, **given)
        assert (again.exit_code, again.n_imported, again.n_earlier) == (0, 8, report.n_imported)


async def test_a_dry_run_knows_what_is_in(tmp_path: Path) -> None:
    """What is left is counted apart, what the import would refuse is refused; the record stays as it is, or unmade."""
    outage, state = Outage(1), tmp_path / "state"

    def content() -> list[str]:
        with closing(sqlite3.connect(state / FILE_NAME)) as db:
            return list(db.iterdump())

    async with desk_with(tmp_path, 4, middlewares=[outage.middleware()]) as desk:
        given: dict[str, Any] = {"state": state, "dry_run": True}
        report = await desk.run(rows_of(4), **given)
        assert (report.n_ready, report.n_imported) == (4, 0)
        assert not state.exists()
        await desk.run(rows_of(4), {"upload_batch_size": 1}, state=state, max_in_flight=1)
        before = content()
        mended = [*rows_of(3), ["3.png", "night", "", "", ""], ["nobody", "day", "", "", ""]]
        report = await desk.run(mended, **given)
        assert (report.n_rows, report.n_ready, report.n_imported, report.n_earlier, report.n_failed) == (5, 3, 1, 1, 1)
        assert report.summary().startswith("3 of 5 rows ready to import, 1 in already, 0 skipped, 1 failed")
        assert not any("goes on from here" in note for note in report.notes)
        with pytest.raises(ConfigError, match=r"the config \(overwrite\) is not what"):
            await desk.run(rows_of(4), {"overwrite": False}, **given)
        with Journal(state), pytest.raises(ConfigError, match="another run is working with"):
            await desk.run(rows_of(4), **given)
        assert (await desk.run(rows_of(4), **given, restart=True)).n_ready == 4
        assert content() == before
        outage.n_good = 9
        await desk.run(rows_of(4), state=state)
        report = await desk.run(rows_of(4), **given)
        assert report.summary().startswith("0 of 4 rows ready to import, 4 in already")
        assert "finished by an earlier run: nothing is to be sent" in report.notes[0]


@pytest.mark.parametrize("n_pages", [1, 6])
async def test_a_full_disk_before_anything_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_pages: int
) -> None:
    """Whether the record is not even begun or has no room for the rows: nothing is sent, and the files tell it."""
    opening, connecting = Journal._open, sqlite3.connect

    def connected(*given: Any, **options: Any) -> sqlite3.Connection:
        db: sqlite3.Connection = connecting(*given, **options)
        db.execute("PRAGMA max_page_count=1")
        return db

    def small(journal: Journal) -> None:
        opening(journal)
        journal._db.execute("PRAGMA max_page_count=1")  # not below what it takes already

    async with desk_with(tmp_path, 1) as desk:
        given: dict[str, Any] = {"state": tmp_path / "state", "report": tmp_path / "r.json"}
        rows = [*rows_of(1000), ["", "day", "", "", ""]]
        with monkeypatch.context() as patched:
            if n_pages == 1:
                patched.setattr(sqlite3, "connect", connected)
            else:
                patched.setattr(Journal, "_open", small)
            report = await desk.run(rows, **given, rejects=tmp_path / "r.csv")
        assert desk.requests("POST /v2/import/labels") == 0
    assert (report.exit_code, report.stopped_by) == (4, "output")
    assert "journal.sqlite (database or disk is full): make room there" in report.stopped
    assert (report.n_rows, report.n_not_sent, report.n_failed) == (1001, 1000, 1)
    assert json.loads((tmp_path / "r.json").read_bytes())["rows"]["n_not_sent"] == 1000
    assert len((tmp_path / "r.csv").read_text().splitlines()) == 1002


async def test_a_finished_import_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is to be recorded, so it is told as ever."""
    async with desk_with(tmp_path, 2) as desk:
        await desk.run(rows_of(2), state=tmp_path / "state")
        with monkeypatch.context() as patched:
            opening = Journal._open

            def full(journal: Journal) -> None:
                opening(journal)
                journal._db.execute("PRAGMA query_only=1")

            patched.setattr(Journal, "_open", full)
            report = await desk.run(rows_of(2), state=tmp_path / "state")
    assert (report.n_imported, report.n_earlier, report.exit_code) == (2, 2, 0)


async def test_stopping_before_rows_stream(tmp_path: Path) -> None:
    """Every row has its state, and those that are in stay so, whoever stopped it and however early."""
    outage, stop = Outage(1), StopSignal()
    async with desk_with(tmp_path, 4, middlewares=[outage.middleware()]) as desk:
        given: dict[str, Any] = {"state": tmp_path / "state", "max_in_flight": 1, "rejects": tmp_path / "r.csv"}
        await desk.run(rows_of(4), {"upload_batch_size": 1}, **given)
        stop.request()
        report = await desk.run(rows_of(4), {"upload_batch_size": 1}, **given, stop=stop)
    assert (report.n_rows, report.n_imported, report.n_earlier, report.n_not_sent) == (4, 1, 1, 3)
    assert (report.exit_code, report.stopped, report.n_requests) == (130, "interrupted", 0)
    assert len((tmp_path / "r.csv").read_text().splitlines()) == 4


async def test_cancelling_while_rows_end_unsent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked twice does not go through the rest of the file; report and rejects have what was reached."""
    stop, seen = StopSignal(), list[int]()

    def slow(*_: Any, **__: Any) -> Iterator[RowBatch]:
        for number in range(1, 1000):
            seen.append(number)
            time.sleep(0.01)
            yield RowBatch(HEADER, [number], [number + 1], {name: ["0.png"] for name in HEADER}, raw=[b"0.png,,,,"])

    monkeypatch.setattr("prelabel.importer.session.read_rows", slow)
    stop.request()
    async with desk_with(tmp_path, 1) as desk:
        asyncio.get_running_loop().call_later(0.5, stop.abort)
        with pytest.raises(asyncio.CancelledError):
            await desk.run(rows_of(3), stop=stop, report=tmp_path / "r.json", rejects=tmp_path / "r.csv")
    report = json.loads((tmp_path / "r.json").read_bytes())
    assert 0 < report["rows"]["n_not_sent"] < len(seen) + 1 < 200
    assert len((tmp_path / "r.csv").read_text().splitlines()) == report["rows"]["n_not_sent"] + 1
    assert any("cut off before all rows were counted" in note for note in report["notes"])


@pytest.mark.parametrize("state", [None, "state"])
async def test_a_deadline_while_rows_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str | None
) -> None:
    """Counting ends with it, not with the file."""
    seen: list[int] = []

    def slow(*_: Any, **__: Any) -> Iterator[RowBatch]:
        for number in range(1, 1000):
            seen.append(number)
            time.sleep(0.02)
            yield RowBatch(HEADER, [number], [number + 1], {name: ["0.png"] for name in HEADER})

    monkeypatch.setattr("prelabel.importer.opened_csv.read_rows", slow)
    async with desk_with(tmp_path, 1) as desk:
        given: dict[str, Any] = {} if state is None else {"state": tmp_path / state}
        report = await desk.run(rows_of(3), deadline_s=0.4, **given)
    assert len(seen) < 100
    assert (report.stopped_by, report.n_not_sent, report.n_rows) == ("deadline", 3, 3)


async def test_a_disk_that_fills_at_the_very_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The labels are in, the report is there, and the error says both."""

    def full(journal: Journal, facts: Mapping[str, str]) -> None:
        if "finished" in facts:
            raise OutputError("the record is full", path="journal.sqlite")
        writing(journal, facts)

    writing = Journal.write_facts
    monkeypatch.setattr(Journal, "write_facts", full)
    async with desk_with(tmp_path, 2) as desk:
        with pytest.raises(OutputError, match="the record is full; 2 of 2 rows are imported all the same") as caught:
            await desk.run(rows_of(2), state=tmp_path / "state", report=tmp_path / "r.json")
    assert caught.value.report.n_imported == 2
    assert (tmp_path / "r.json").is_file()


@pytest.mark.parametrize(("options", "rows_per_request"), [({}, 2.0), ({"state": "s"}, 1.0), ({"dry_run": True}, 2.0)])
async def test_progress_knows_the_pace(tmp_path: Path, options: dict[str, Any], rows_per_request: float) -> None:
    """Rows per request are the batches'; reading them first takes a second request, and a dry run only reads."""
    snapshots: list[Progress] = []
    if "state" in options:
        options = {"state": tmp_path / "state"}
    async with desk_with(tmp_path, 8) as desk:
        await desk.run(rows_of(8), {"upload_batch_size": 2}, on_progress=snapshots.append, **options)
        assert {(each.requests_per_minute, each.rows_per_request) for each in snapshots} == {
            (100_000, rows_per_request)
        }


async def test_waiting_as_the_hub_asks_is_told_on_the_way(tmp_path: Path) -> None:
    """By the clock, as nothing comes further; in an import and in what puts labels back."""
    seen: list[Progress] = []
    async with desk_with(tmp_path, 2, middlewares=[busy_at("/v2/import/labels")]) as desk:
        await desk.run(rows_of(2), state=tmp_path / "state", on_progress=seen.append)
        where: dict[str, Any] = {"host": desk.hub.url, "api_key": KEY}
        assert any(each.waiting_for == "hub" and each.n_done == 0 for each in seen)
        assert (seen[-1].waiting_for, seen[-1].n_done) == ("", 2)
        seen.clear()
        await asyncio.to_thread(roll_back, tmp_path / "state", **where, on_progress=seen.append)
        assert any(each.waiting_for == "hub" and each.n_done == 0 for each in seen)
        assert (seen[-1].waiting_for, seen[-1].n_done) == ("", 2)


async def test_mended_rejects_are_not_written_over(tmp_path: Path) -> None:
    """Whatever is run again, and however the record begins anew; as they were left, they are replaced."""
    rejects, ways = tmp_path / "rejects.csv", list[dict[str, Any]]([{}, {"dry_run": True}, {"restart": True}])
    async with desk_with(tmp_path, 2) as desk:
        given: dict[str, Any] = {"state": tmp_path / "state", "rejects": rejects}
        rows = [*rows_of(1), ["nobody", "day", "", "", ""]]
        for options in ways:
            assert (await desk.run(rows, **given, **options)).n_failed == 1
        rejects.write_text(mended := rejects.read_text().replace("nobody", "1.png"))
        n_before = sum(desk.hub.request_counts.values())
        for options in ways:
            with pytest.raises(ConfigError, match=r"--rejects: .* was changed since the last run wrote it: import it"):
                await desk.run(rows, **given, **options)
        assert sum(desk.hub.request_counts.values()) == n_before
        assert rejects.read_text() == mended
        assert (await desk.run(rows, **given | {"rejects": tmp_path / "other.csv"})).n_failed == 1
        rejects.write_text("")
        assert (await desk.run(rows, **given)).n_failed == 1
        assert "nobody" in rejects.read_text()


async def test_rejects_of_a_run_that_sent_nothing_are_known(tmp_path: Path) -> None:
    """Where every row failed the next run begins anew, and knows all the same what this one left."""
    rejects = tmp_path / "rejects.csv"
    async with desk_with(tmp_path, 1) as desk:
        given: dict[str, Any] = {"state": tmp_path / "state", "rejects": rejects}
        await desk.run([["nobody", "day", "", "", ""]], **given)
        await desk.run([["nobody", "day", "", "", ""]], **given)
        rejects.write_text("mended")
        with pytest.raises(ConfigError, match="was changed since"):
            await desk.run([["nobody", "day", "", "", ""]], **given)


async def test_a_csv_without_rows_is_warned_of(tmp_path: Path) -> None:
    """An import of nothing is no error, and seldom what was meant; also when it is run again."""
    heard = list[str]()
    async with desk_with(tmp_path, 1) as desk:
        given: dict[str, Any] = {"state": tmp_path / "state", "on_warning": heard.append}
        for dry_run in (True, False, False):
            assert (await desk.run([], **given, dry_run=dry_run)).exit_code == 0
        assert heard == ["the CSV has a header and no rows: see whether it is the right one"] * 3
        report = await desk.run([["", "", "", "", ""]], **given)
        assert report.n_rows == 0
        assert heard[3:] == ["the CSV has a header and no rows with any content: see whether it is the right one"]
        await desk.run(rows_of(1), **given)
        assert len(heard) == 4


async def test_a_dry_run_warns_of_a_place_that_takes_no_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the import would be refused for is not said only then; nothing is made to find out."""
    heard = list[str]()
    (tmp_path / "file").write_text("x")
    async with desk_with(tmp_path, 1) as desk:
        given: dict[str, Any] = {"dry_run": True, "on_warning": heard.append}
        await desk.run(rows_of(1), **given, state=tmp_path / "new" / "state")
        assert heard == []
        report = await desk.run(rows_of(1), **given, state=tmp_path / "file" / "state")
        (warning,) = heard
        assert "the import would be refused: cannot keep a record of the import in " in warning
        assert "(Not a directory): name another folder as --state, or do without with --no-state" in warning
        assert (report.exit_code, report.n_ready) == (0, 1)
        with pytest.raises(ConfigError, match=r"cannot keep a record of the import in .*\(Not a directory\)"):
            await desk.run(rows_of(1), state=tmp_path / "file" / "state")
        monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)
        await desk.run(rows_of(1), **given, state=tmp_path / "state")
        assert "(Permission denied)" in heard[1]
        await desk.run(rows_of(1), **given, state=None)
        assert len(heard) == 2
    assert not (tmp_path / "new").exists()
