"""Sessions of a desk, and their data."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from importer.desk import CONFIG, rows_of, write_csv
from prelabel.plugin.desk import SessionDesk
from prelabel.plugin.redaction import Redactor
from prelabel.plugin.settings import PluginSettings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prelabel.localhub.testing import HubDouble


def csv_of(folder: Path, rows: int | Sequence[Sequence[str]]) -> bytes:
    """A CSV's bytes, of so many rows or of these."""
    return write_csv(folder / "rows.csv", rows_of(rows) if isinstance(rows, int) else rows).read_bytes()


def data_for(hub: HubDouble, content: bytes | None, **fields: Any) -> dict[str, Any]:
    """A session's data, as the runtime hands it over."""
    data = {
        "projectId": hub.project,
        "apiKey": hub.api_key,
        "configJSON": json.dumps(CONFIG),
        "session": "s1",
        "orgId": "org",
        "runBy": "user",
        "batches": [],
    }
    if content is not None:
        data["inputFile"] = b64encode(content).decode()
    return data | fields


def desk_for(hub: HubDouble, state: Path, **settings: Any) -> SessionDesk:
    """A desk that takes sessions of a hub."""
    return SessionDesk(PluginSettings(host=hub.url, state=state, **settings), Redactor())


class Lines:
    """What a session's log was told."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, _level: int, text: str) -> None:
        """Take a line."""
        self.texts.append(text)
