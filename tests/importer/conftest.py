"""What the tests of whole imports share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from importer.desk import Desk, desk_with

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A hub with eight assets."""
    async with desk_with(tmp_path, 8) as desk:
        yield desk
