"""What the local hub's tests share: a database in memory, a hub on a free port, a bare client."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import aiohttp
import pytest
import pytest_asyncio

from localhub.hubclient import Api
from localhub.project import KEY
from prelabel.localhub import LocalHub
from prelabel.localhub.store.database import connect

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    """An empty hub database in memory."""
    with closing(connect(":memory:")) as connection:
        yield connection


@pytest_asyncio.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    """A client of an empty hub with the default settings."""
    async with (
        LocalHub(tmp_path / "store", api_key=KEY) as hub,
        aiohttp.ClientSession() as session,
    ):
        yield Api(hub, session)
