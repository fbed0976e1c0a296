"""Rollbacks of real imports: every task is what it was."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from importer.desk import Outage, desk_with, rows_of
from localhub.project import CAR, KEY
from prelabel.errors import ConfigError
from prelabel.importer.rollback import roll_back

if TYPE_CHECKING:
    from pathlib import Path

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
        stuck = await asyncio.to_thread(roll_back, tmp_path / "state", api_key=KEY)
        assert (stuck.exit_code, stuck.n_tasks) == (3, 5)
        assert "stopped early" in stuck.summary()
        outage.n_good = 100
        report = await asyncio.to_thread(roll_back, tmp_path / "state", api_key=KEY)
        assert (report.exit_code, report.n_tasks, report.n_put_back, report.failures) == (0, 5, 5, [])
        assert "5 of 5 tasks have their earlier labels again" in report.summary()
        assert [_essence(task) for task in desk.hub.tasks()] == before
        again = await asyncio.to_thread(roll_back, tmp_path / "state", api_key=KEY)
        assert (again.exit_code, again.n_requests) == (0, 1)
        with pytest.raises(ConfigError, match="was rolled back: give --restart"):
            await desk.run(rows_of(4, "night"), config, **given)


async def test_rollbacks_that_cannot_be(tmp_path: Path) -> None:
    """No record, nothing kept, another host: said before anything is sent."""
    with pytest.raises(ConfigError, match="has no record of an import"):
        await asyncio.to_thread(roll_back, tmp_path)
    async with desk_with(tmp_path, 2) as desk:
        await desk.run(rows_of(2), state=tmp_path / "a", undo=False)
        with pytest.raises(ConfigError, match="keeps no replaced labels"):
            await asyncio.to_thread(roll_back, tmp_path / "a", api_key=KEY)
        await desk.run(rows_of(2), state=tmp_path / "b")
        with pytest.raises(ConfigError, match="the import went to"):
            await asyncio.to_thread(roll_back, tmp_path / "b", host="https://else.where", api_key=KEY)
