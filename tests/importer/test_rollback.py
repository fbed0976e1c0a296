"""Rollbacks of real imports: every task is what it was."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from importer.desk import Outage, desk_with, rows_of
from localhub.project import CAR, KEY
from prelabel.errors import ConfigError
from prelabel.importer.rollback import _folder_of, roll_back
from prelabel.importer.rollback_plan import RollbackPlan
from prelabel.importer.stop_signal import StopSignal
from prelabel.localhub.store.assets import delete_assets
from prelabel.outcomes.journal import FILE_NAME
from prelabel.outcomes.progress import Progress

if TYPE_CHECKING:
    from prelabel.localhub.testing import HubDouble


def set_up_labels(hub: HubDouble) -> list[dict[str, Any]]:
    """Four assets: an object and a note, nothing, two that share an ID and differ, a brush; their tasks."""
    hub.add_assets(["2.png"])
    hub.label("0.png", objects=[CAR], answers={"Note": "old", "Seen": ["rain"]})
    ids = [task["_id"] for task in hub.tasks()]
    note = {"answer": {"classifications": [{"schemaId": "cls-note", "answer": "old"}]}}
    brush = {"answer": {"objects": [CAR]}, "brushDataUrl": "https://b/1"}
    for task_id, body in ((ids[-1], note), (ids[3], brush)):
        hub.annotate(task_id, body)
    return [_essence(task) for task in hub.tasks()]


def _essence(task: dict[str, Any]) -> dict[str, Any]:
    answer = task["answer"]
    tools = [{key: value for key, value in tool.items() if key != "metadata"} for tool in answer["tools"]]
    answers = [{key: each[key] for key in ("schemaId", "answer")} for each in answer["classifications"]]
    return {"id": task["_id"], "tools": tools, "answers": answers, "brush": task["brushDataUrl"]}


@pytest.mark.parametrize("overwrite", [True, False])
async def test_rollback(tmp_path: Path, overwrite: bool) -> None:
    """After an import, its resumption and a rollback every task is what it was; no import goes on from there."""
    outage = Outage(100)
    async with desk_with(tmp_path, 4, middlewares=[outage.middleware()]) as desk:
        before = set_up_labels(desk.hub)
        outage.n_good = 2
        given: dict[str, Any] = {"state": tmp_path / "state", "max_in_flight": 1}
        config = {"overwrite": overwrite, "upload_batch_size": 1}
        await desk.run(rows_of(4, "night"), config, **given)
        outage.n_good = 100
        assert (await desk.run(rows_of(4, "night"), config, **given)).n_failed == 0
        assert [_essence(task) for task in desk.hub.tasks()] != before

        outage.n_good = 0
        where: dict[str, Any] = {"api_key": KEY, "host": desk.hub.url}
        stuck = await asyncio.to_thread(roll_back, tmp_path / "state", **where)
        assert (stuck.exit_code, stuck.n_tasks) == (3, 5)
        assert "stopped early" in stuck.summary()
        outage.n_good = 100
        report = await asyncio.to_thread(roll_back, tmp_path / "state", **where)
        assert (report.exit_code, report.n_tasks, report.n_put_back, report.failures) == (0, 5, 5, [])
        assert "5 of 5 tasks have their earlier labels again" in report.summary()
        assert [_essence(task) for task in desk.hub.tasks()] == before
        again = await asyncio.to_thread(roll_back, tmp_path / "state", **where)
        assert (again.exit_code, again.n_requests) == (0, 1)
        with pytest.raises(ConfigError, match="was rolled back: give --restart"):
            await desk.run(rows_of(4, "night"), config, **given)


async def test_rollbacks_that_cannot_be(tmp_path: Path) -> None:
    """No record, nothing kept, another host: said before anything is sent."""
    with pytest.raises(ConfigError, match="has the record of an import"):
        await asyncio.to_thread(roll_back, tmp_path)
    async with desk_with(tmp_path, 2) as desk:
        await desk.run(rows_of(2), state=tmp_path / "a", undo=False)
        with pytest.raises(ConfigError, match="keeps no replaced labels"):
            await asyncio.to_thread(roll_back, tmp_path / "a", api_key=KEY, host=desk.hub.url)
        await desk.run(rows_of(2), state=tmp_path / "b")
        with pytest.raises(ConfigError, match="the import went to"):
            await asyncio.to_thread(roll_back, tmp_path / "b", host="https://else.where", api_key=KEY)


async def test_the_key_goes_where_the_caller_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record lies beside a CSV that may come from anybody: the host that it names is not sent the key unasked."""
    monkeypatch.delenv("ANGO_HOST", raising=False)
    async with desk_with(tmp_path, 2) as desk:
        await desk.run(rows_of(2), state=tmp_path / "state")
        n_requests = desk.hub.request_counts.total()
        with pytest.raises(ConfigError, match=r"the import went to 'http://127.*give it as --host or in ANGO_HOST"):
            await asyncio.to_thread(roll_back, tmp_path / "state", api_key=KEY)
        assert desk.hub.request_counts.total() == n_requests
        monkeypatch.setenv("ANGO_HOST", desk.hub.url)
        assert (await asyncio.to_thread(roll_back, tmp_path / "state", api_key=KEY)).exit_code == 0


async def test_a_dry_run_says_what_would_change(tmp_path: Path) -> None:
    """What comes back and what goes is counted, and nothing is written: neither in the Hub nor in the record."""
    async with desk_with(tmp_path, 4) as desk:
        before = set_up_labels(desk.hub)
        await desk.run(rows_of(4, "night"), state=tmp_path / "state")
        now = desk.hub.tasks()
        where: dict[str, Any] = {"api_key": KEY, "host": desk.hub.url}
        plans = list[RollbackPlan]()
        report = await asyncio.to_thread(roll_back, tmp_path / "state", **where, dry_run=True, on_plan=plans.append)

        assert (report.exit_code, report.n_tasks, report.n_put_back) == (0, 5, 0)
        assert plans == [report.plan]
        (plan,) = plans
        assert (plan.n_tasks, plan.n_unchanged, plan.missing) == (5, 0, set())
        assert (plan.n_objects_back, plan.n_objects_gone) == (2, 0)
        assert (plan.n_answers_back, plan.n_answers_gone) == (3, 10)
        assert [_essence(task) for task in desk.hub.tasks()] == [_essence(task) for task in now]
        assert "nothing was changed (dry run)" in report.summary()
        assert "goes on from here" not in report.summary()

        done = await asyncio.to_thread(roll_back, tmp_path / "state", **where, on_plan=plans.append)
        assert plans[1] == plan
        assert done.exit_code == 0
        assert [_essence(task) for task in desk.hub.tasks()] == before


async def test_tasks_that_are_gone_have_nothing_again(tmp_path: Path) -> None:
    """They are no failure, nor are they said to be as they were; another task of their external ID is."""
    async with desk_with(tmp_path, 3) as desk:
        desk.hub.add_assets(["0.png"])
        await desk.run(rows_of(3), state=tmp_path / "state")
        gone = [task["asset"] for task in desk.hub.tasks() if task["externalId"] in {"0.png", "2.png"}][:2]
        desk.hub._transact(delete_assets, desk.hub.project, gone)
        where: dict[str, Any] = {"api_key": KEY, "host": desk.hub.url}
        for _ in range(2):
            report = await asyncio.to_thread(roll_back, tmp_path / "state", **where)
            assert (report.exit_code, report.n_tasks, report.n_put_back, report.n_missing) == (0, 4, 2, 2)
            assert report.summary().startswith(
                "2 of 4 tasks have their earlier labels again\n2 tasks no longer in the project: nothing was put back"
            )
        assert desk.answers() == {}


async def test_kept_labels_that_are_none(tmp_path: Path) -> None:
    """They are told, with the others put back."""
    async with desk_with(tmp_path, 4) as desk:
        set_up_labels(desk.hub)
        await desk.run(rows_of(4, "night"), state=tmp_path / "state")
        with closing(sqlite3.connect(tmp_path / "state" / FILE_NAME)) as db, db:
            odd = zlib.compress(json.dumps([{"tools": [5]}, {}]).encode())
            db.execute("UPDATE replaced SET content = ? WHERE external_id = '0.png'", (odd,))
        where: dict[str, Any] = {"api_key": KEY, "host": desk.hub.url}
        report = await asyncio.to_thread(roll_back, tmp_path / "state", **where)
    assert (report.exit_code, report.n_put_back, report.n_tasks) == (1, 4, 5)
    ((external_id, reason),) = report.failures
    assert (external_id, "in a form that is not known" in reason) == ("0.png", True)


async def test_a_rollback_that_is_stopped_while_it_counts(tmp_path: Path) -> None:
    """Nothing was changed, the report says so, and an import may still go on."""
    async with desk_with(tmp_path, 2) as desk:
        await desk.run(rows_of(2), state=tmp_path / "state")
        stop, plans = StopSignal(), list[RollbackPlan]()
        stop.request()
        report = await asyncio.to_thread(
            roll_back, tmp_path / "state", api_key=KEY, host=desk.hub.url, stop=stop, on_plan=plans.append
        )
        assert (report.exit_code, report.plan, plans) == (130, None, [])
        assert (await desk.run(rows_of(2), state=tmp_path / "state")).exit_code == 0


async def test_a_rollback_that_is_stopped_speaks_of_itself(tmp_path: Path) -> None:
    """What was not put back is no failure; how far it came is told on the way, and the next one goes on there."""
    async with desk_with(tmp_path, 500) as desk:
        await desk.run(rows_of(500), state=tmp_path / "state")
        stop, seen = StopSignal(), list[Progress]()
        where: dict[str, Any] = {"host": desk.hub.url, "api_key": KEY}

        def watch(progress: Progress) -> None:
            seen.append(progress)
            stop.request()

        record = tmp_path / "state"
        report = await asyncio.to_thread(roll_back, record, **where, stop=stop, on_progress=watch)
        assert (report.stopped, report.failures, report.exit_code) == ("interrupted", [], 130)
        assert report.achieved().endswith(" of 500 tasks have their earlier labels again")
        assert "stopped early: interrupted\nthe same command goes on" in report.summary()
        assert (seen[0].n_imported, seen[0].n_rows, seen[0].unit) == (100, 500, "asset")
        assert 100 <= report.n_put_back < 500
        rest = await asyncio.to_thread(roll_back, record, **where, on_progress=seen.append)
        assert (rest.n_put_back, rest.exit_code) == (500, 0)
        assert seen[-1].n_imported == seen[-1].n_rows == 500 - report.n_put_back


@pytest.mark.parametrize("name", ["labels.csv", "labels.csv.prelabel", "labels.csv.prelabel/journal.sqlite"])
def test_the_record_by_any_of_its_names(tmp_path: Path, name: str) -> None:
    """The CSV, also when it is gone, the folder, or the file in it."""
    (tmp_path / "labels.csv.prelabel").mkdir()
    (tmp_path / "labels.csv.prelabel" / "journal.sqlite").write_bytes(b"")
    assert _folder_of(tmp_path / name) == tmp_path / "labels.csv.prelabel"


def test_standard_input_has_no_record_beside_it() -> None:
    """Where it is instead is said."""
    with pytest.raises(ConfigError, match=r"- is the standard input, .* the folder of the record, stdin.prelabel"):
        _folder_of(Path("-"))


def test_a_csv_inside_of_a_record_is_not_the_record(tmp_path: Path) -> None:
    """What only lies beside a journal was not imported by it."""
    (tmp_path / "journal.sqlite").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"neither .*labels.csv nor .*prelabel has the record of an import"):
        _folder_of(tmp_path / "labels.csv")
