"""The API key is in nothing that a run leaves: files, output, tracebacks."""

from __future__ import annotations

import asyncio
import csv
from typing import TYPE_CHECKING, Any

from aiohttp import web

from cli.conftest import KEY, make_project
from prelabel.localhub import LocalHub
from prelabel.localhub.testing import failure

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from cli.conftest import Command, DemoFiles


@web.middleware
async def _indiscreet(request: web.Request, handler: Any) -> web.StreamResponse:
    """A hub that repeats the key in its refusals, in a header that is no HTTP, and lets one answer break off."""
    key = request.headers.get("apikey", "")
    if request.path == "/v2/import/labels":
        body = await request.read()
        if b"0001" in body:
            return failure(f"the key {key} may not, apikey={key}", status=400)
        await asyncio.sleep(0)
        return web.Response(status=200, text=f"<html>{key}</html>")
    response: web.StreamResponse = await handler(request)
    return response


def test_the_key_is_nowhere(
    files: DemoFiles, prelabel: Command, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A run that fails in several ways, with tracebacks wanted: everything it leaves is searched, bit by bit."""
    elsewhere = tmp_path_factory.mktemp("hub")  # the hub keeps its own key there
    table = files.csv("segmentation")
    report, rejects = tmp_path / "report.json", tmp_path / "rejects.csv"
    with LocalHub(elsewhere, api_key=KEY, middlewares=[_indiscreet]) as hub:
        project = make_project(files, hub)
        where = ("--project", project, "--host", hub.url, "-c", files.config("segmentation"))
        failing = prelabel(
            "--debug", "import", table, *where, "--report", report, "--rejects", rejects, "--deadline", 3
        )
        refused = prelabel("--debug", "import", table, *where, "--state", tmp_path / "other", ANGO_API_KEY=KEY[::-1])
        undone = prelabel("--debug", "rollback", table, ANGO_API_KEY=KEY[::-1], ANGO_HOST=hub.url)
    assert failing.returncode in {1, 3}, failing.stderr
    assert (refused.returncode, undone.returncode) == (3, 3)
    assert "Traceback" in refused.stderr
    with rejects.open(encoding="utf-8", newline="") as file:
        assert len(list(csv.reader(file))) > 1
    said = [failing.stdout, failing.stderr, refused.stdout, refused.stderr, undone.stdout, undone.stderr]
    left = [text.encode() for text in said] + [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert any(b"***" in content for content in left), "the hub's indiscretion did not get through at all"
    for key in (KEY.encode(), KEY[::-1].encode()):
        assert not [content[:200] for content in left if key in content]
