"""Starts plugins on the vendor's runtime, and watches sessions until something is the case."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from localhub.hubclient import Api

PATIENCE_S = 60
SCRIPT = Path(__file__).with_name("vendor_plugin.py")
ID, SECRET = "the-plugin", "the-plugin's-secret"


@contextmanager
def vendor_plugin(host: str, *, rest_port: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A plugin as a process, killed at the end of the block; importing the runtime takes it some seconds."""
    environment = {**os.environ, "PLUGIN_ID": ID, "PLUGIN_SECRET": SECRET, "PLUGIN_HOST": host}
    environment |= {"CONNECTOR": "WS"} if rest_port is None else {"CONNECTOR": "REST", "PORT": str(rest_port)}
    process = subprocess.Popen(
        [sys.executable, SCRIPT], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def until(look: Callable[[], Awaitable[Any]]) -> Any:
    """Look again and again until there is something; the test fails when nothing comes."""
    end = time.monotonic() + PATIENCE_S
    while not (seen := await look()):
        assert time.monotonic() < end, "it did not happen"
        await asyncio.sleep(0.02)
    return seen


async def connected(api: Api, n_plugins: int = 1) -> None:
    """Wait until so many plugins are connected."""

    async def look() -> bool:
        return bool((await api.ok("GET", "/plugin"))["n_connected"] == n_plugins)

    await until(look)


async def start(api: Api, project: str, **body: Any) -> str:
    """Start a session; its id."""
    return str((await api.ok("POST", "/plugin/sessions", {"projectId": project, **body}))["session"])


async def seen(api: Api, session: str, what: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """Wait until something is true of the session."""

    async def look() -> dict[str, Any]:
        document = await api.ok("GET", f"/plugin/sessions/{session}")
        return document if what(document) else {}

    document: dict[str, Any] = await until(look)
    return document


async def finished(api: Api, session: str) -> dict[str, Any]:
    """Wait for the session's end."""
    return await seen(api, session, lambda document: document["state"] != "running")
