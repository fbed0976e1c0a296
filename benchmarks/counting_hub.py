"""A Hub that keeps nothing and counts what it is sent, in a process of its own: ``python counting_hub.py PROJECT``.

PROJECT is a JSON file with the project's ``categorySchema`` and its assets' external IDs, ``ids``; each has one task
without labels. It prints its port and runs until its stdin ends.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from hashlib import md5
from pathlib import Path
from typing import Any

from aiohttp import web

COUNTED = {"n_items": b'"externalId"', "n_objects": b'"objectId"'}
_LONGEST = max(map(len, COUNTED.values()))
_WANTED = re.compile(r'"\$in":(\[.*\])')


class CountingHub:
    """Answers what an import asks.

    Args:
        content: the project's categorySchema and ids.
    """

    def __init__(self, content: dict[str, Any]) -> None:
        self.schema = content["categorySchema"]
        self.ids: list[str] = content["ids"]
        self.counts = dict.fromkeys(("n_requests", "n_bytes", *COUNTED), 0)

    def app(self) -> web.Application:
        """The routes."""
        app = web.Application()
        app.router.add_get("/v2/project/{id}", self.project)
        app.router.add_get("/v2/project/{id}/assets", self.assets)
        app.router.add_get("/v2/project/{id}/tasks", self.tasks)
        app.router.add_post("/v2/import/labels", self.import_labels)
        app.router.add_post("/counts", self.take_counts)
        return app

    async def project(self, request: web.Request) -> web.Response:
        """The project with its schema."""
        project = {"_id": request.match_info["id"], "categorySchema": self.schema, "assetCount": len(self.ids)}
        return _answer({"project": project})

    async def assets(self, request: web.Request) -> web.Response:
        """A page of the assets."""
        assets = [
            {"_id": _id("asset", each), "externalId": each, "labelTasks": [{"_id": _id("task", each)}]}
            for each in _page(request, self.ids)
        ]
        return _answer({"assets": assets, "total": len(self.ids)})

    async def tasks(self, request: web.Request) -> web.Response:
        """A task without labels for each ID asked for."""
        wanted = _WANTED.search(request.query.get("filter", ""))
        ids = json.loads(wanted[1]) if wanted else []
        tasks = [
            {"_id": _id("task", each), "asset": _id("asset", each), "externalId": each, "stage": "Label", "answer": {}}
            for each in _page(request, ids)
        ]
        return _answer({"tasks": tasks, "total": len(ids)})

    async def import_labels(self, request: web.Request) -> web.Response:
        """Count the body, piece by piece: reading it as JSON would cost more than sending it."""
        before = dict(self.counts)
        rest = b""
        async for piece in request.content.iter_any():
            self.counts["n_bytes"] += len(piece)
            text = rest + piece
            for name, word in COUNTED.items():
                self.counts[name] += text.count(word) - rest.count(word)
            rest = text[1 - _LONGEST :]
        self.counts["n_requests"] += 1
        n_items = self.counts["n_items"] - before["n_items"]
        return _answer({"project": f"{n_items} / {n_items} tasks are labeled."})

    async def take_counts(self, request: web.Request) -> web.Response:
        """What was counted since the last time."""
        counts = dict(self.counts)
        self.counts = dict.fromkeys(self.counts, 0)
        return web.json_response(counts)


def _answer(content: dict[str, Any]) -> web.Response:
    return web.json_response({"status": "success", "data": content})


def _id(kind: str, external_id: str) -> str:
    return md5(f"{kind} {external_id}".encode(), usedforsecurity=False).hexdigest()[:24]


def _page(request: web.Request, ids: list[str]) -> list[str]:
    page, limit = int(request.query.get("page", "1")), int(request.query.get("limit", "100"))
    return ids[(page - 1) * limit : page * limit]


async def serve(content: dict[str, Any]) -> None:
    """Serve until stdin ends."""
    runner = web.AppRunner(CountingHub(content).app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(json.loads(Path(sys.argv[1]).read_text("utf-8"))))
