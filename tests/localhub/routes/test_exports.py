"""Export routes over HTTP."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from localhub.hubclient import Api


async def test_an_export_is_a_zip_behind_a_plain_url(api: Api) -> None:
    """No key for the download; the tasks of all stages when none is named."""
    project_id = await api.project(3)
    answer = await api.ok("GET", "/v2/export", query={"project": project_id, "format": "ndjson"})
    status, content, _ = await api.get(answer["exportPath"])
    assert status == 200
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        lines: list[dict[str, Any]] = [orjson.loads(line) for line in archive.read(archive.namelist()[0]).splitlines()]
    assert [line["externalId"] for line in lines] == ["0.png", "1.png", "2.png"]
    assert (await api.get(answer["exportPath"].split("?")[0]))[0] == 403
    assert "Invalid project" in await api.refused("GET", "/v2/export", query={"project": "x"})
    assert "Invalid project" in await api.refused("GET", "/v2/export")
