"""A hub with one project, and imports into it."""

from __future__ import annotations

import asyncio
import csv
from contextlib import asynccontextmanager
from itertools import cycle
from typing import TYPE_CHECKING, Any

from aiohttp import ClientSession, web

from localhub.project import KEY, SCHEMA
from prelabel.importer.import_labels import import_labels_async
from prelabel.importer.rollback import roll_back
from prelabel.localhub.testing import HubDouble, failure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence
    from pathlib import Path

    from aiohttp.typedefs import Handler, Middleware

    from prelabel.outcomes.report import Report

CONFIG: dict[str, Any] = {
    "external_id_column": "ID",
    "classification_columns": ["Kind", "Weather", "Remark"],
    "classification_schema_ids": ["cls-type", "cls-seen", "cls-note"],
    "requests_per_minute": 100_000,
}
HEADER = ("ID", "Kind", "Weather", "Remark", "Extra")


def write_csv(path: Path, rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> Path:
    """Write rows as CSV."""
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def rows_of(n_rows: int, kind: str = "day") -> list[list[str]]:
    """Rows for as many assets."""
    return [[f"{number}.png", kind, "", f"note {number}", ""] for number in range(n_rows)]


class Desk:
    """A hub with one project, and imports into it."""

    def __init__(self, hub: HubDouble, folder: Path) -> None:
        self.hub = hub
        self.folder = folder

    async def run(self, rows: Sequence[Sequence[str]], config: dict[str, Any] | None = None, **options: Any) -> Report:
        """Import rows with the shared config, some of it changed."""
        path = write_csv(self.folder / "rows.csv", rows, options.pop("header", HEADER))
        return await import_labels_async(path, CONFIG | (config or {}), **{**self.hub.target, **options})

    async def roll_back(self, state: Path) -> int:
        """Undo what a record has; returns the number of tasks that were put back."""
        return (await asyncio.to_thread(roll_back, state, host=self.hub.url, api_key=KEY)).n_put_back

    async def put_into_batch(self, name: str, external_ids: Collection[str]) -> None:
        """Put assets into a batch, which is made if the project has it not yet."""
        project, tasks = self.hub.project, self.hub.tasks()
        ids = sorted({str(task["asset"]) for task in tasks if task["externalId"] in external_ids})
        async with ClientSession(self.hub.url, headers={"apikey": KEY}, raise_for_status=True) as session:
            await session.post(f"/v2/batches/{project}", json={"name": name})
            await session.post("/v2/assignBatches", json={"projectId": project, "assets": ids, "batches": [name]})

    def answers(self) -> dict[str, dict[str, Any]]:
        """External ID -> classification answers by schema, of tasks that have any labels."""
        return {
            task["externalId"]: {each["schemaId"]: each["answer"] for each in task["answer"]["classifications"]}
            for task in self.hub.tasks()
            if task["answer"]["classifications"] or task["answer"]["tools"]
        }

    def requests(self, method_and_path: str) -> int:
        """Requests of one kind the hub has seen."""
        return sum(n for route, n in self.hub.request_counts.items() if route.startswith(method_and_path))


@asynccontextmanager
async def desk_with(folder: Path, n_assets: int, **options: Any) -> AsyncIterator[Desk]:
    """A hub with a project of assets ``0.png``, ``1.png``, ..."""
    ids = [f"{number}.png" for number in range(n_assets)]
    async with HubDouble(SCHEMA, ids, api_key=KEY, **options) as hub:
        yield Desk(hub, folder)


def busy_at(path: str) -> Middleware:
    """What a hub is started with that at every other request for a path, from the first on, has had too many."""
    is_busy = cycle([True, False])

    @web.middleware
    async def refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == path and next(is_busy):
            return failure("later", status=429, headers={"Retry-After": "1"})
        return await handler(request)

    return refuse


class Outage:
    """A hub that refuses imports from some request on, until it is mended."""

    def __init__(self, n_good: int, status: int = 401) -> None:
        self.n_good = n_good
        self.status = status

    def middleware(self) -> Middleware:
        """What the hub is started with."""

        @web.middleware
        async def refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.path == "/v2/import/labels":
                self.n_good -= 1
                if self.n_good < 0:
                    return failure("no", status=self.status)
            return await handler(request)

        return refuse
