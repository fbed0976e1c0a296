"""A bare client of the local hub, for tests that must see statuses and bodies as they are."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import orjson

from localhub.project import KEY, SCHEMA

if TYPE_CHECKING:
    import aiohttp

    from prelabel.localhub import LocalHub


class Api:
    """Calls one hub with one key."""

    def __init__(self, hub: LocalHub, session: aiohttp.ClientSession) -> None:
        self.hub = hub
        self.session = session

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        query: dict[str, str] | None = None,
        key: str | None = KEY,
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        """Status, JSON body and headers of one call."""
        headers = {} if key is None else {"apikey": key}
        content = raw if raw is not None else (None if body is None else orjson.dumps(body))
        async with self.session.request(
            method,
            self.hub.url + path,
            data=None if content is None else io.BytesIO(content),
            params=query,
            headers=headers,
        ) as answer:
            return answer.status, orjson.loads(await answer.read()), dict(answer.headers)

    async def ok(self, method: str, path: str, body: Any = None, *, query: dict[str, str] | None = None) -> Any:
        """The ``data`` of a call that must succeed."""
        status, answer, _ = await self.call(method, path, body, query=query)
        assert 200 <= status < 300, answer
        assert answer["status"] == "success"
        return answer["data"]

    async def refused(
        self, method: str, path: str, body: Any = None, *, query: dict[str, str] | None = None, status: int = 400
    ) -> str:
        """The message of a call that must be refused."""
        got, answer, _ = await self.call(method, path, body, query=query)
        assert (got, answer["status"]) == (status, "fail"), answer
        return str(answer["message"])

    async def get(self, url: str) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers of any URL, opened without the key."""
        async with self.session.get(url) as answer:
            return answer.status, await answer.read(), dict(answer.headers)

    async def project(self, n_assets: int = 0, schema: dict[str, Any] | None = None) -> str:
        """A new project with the shared schema and assets ``0.png``, ``1.png``, ...; its id."""
        made = await self.ok("POST", "/v2/project", {"name": "p", "categorySchema": schema or SCHEMA})
        project_id = str(made["project"]["_id"])
        if n_assets:
            await self.upload(project_id, [f"{number}.png" for number in range(n_assets)])
        return project_id

    async def upload(self, project_id: str, external_ids: list[str], **extras: Any) -> None:
        """Add assets with these external ids, and whatever else is given for each."""
        assets = [{"data": f"https://example.com/{each}", "externalId": each, **extras} for each in external_ids]
        await self.ok("POST", f"/v2/project/{project_id}/cloud", {"assets": assets})

    async def import_labels(self, project_id: str, items: list[dict[str, Any]]) -> str:
        """Import items; the hub's sentence."""
        answer = await self.ok("POST", "/v2/import/labels", {"project": project_id, "jsonContent": items})
        return str(answer["project"])

    async def tasks(self, project_id: str, **query: str) -> list[dict[str, Any]]:
        """Tasks with answers, oldest first."""
        given = {"includeAnswer": "true", "limit": "100", "sort": "createdAt"} | query
        listed = await self.ok("GET", f"/v2/project/{project_id}/tasks", query=given)
        tasks: list[dict[str, Any]] = listed["tasks"]
        return tasks
