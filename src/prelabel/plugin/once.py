"""One session from a file: to try a plugin without its slot in a Hub, and to see what somebody else's session does."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from prelabel.errors import ConfigError
from prelabel.inputs.encodings import decode_text
from prelabel.inputs.json_faults import json_fault
from prelabel.plugin.csv_source import csv_source_of
from prelabel.spelling import escaped

if TYPE_CHECKING:
    from pathlib import Path

    from prelabel.plugin.answer import SessionAnswer
    from prelabel.plugin.desk import Emit, SessionDesk


def run_once(path: Path, desk: SessionDesk, emit: Emit, *, csv: Path | None, api_key: str) -> SessionAnswer:
    """Run the session that a file describes, as a Hub would have sent it.

    Args:
        path: JSON with the runtime's fields: projectId, configJSON, apiKey, inputFile, batches and so on. The config
            may stand there as an object.
        desk: takes it.
        emit: tells a line of the session's log.
        csv: the CSV, where the file does not bring it.
        api_key: the key, where the file does not have it.

    Raises:
        ConfigError: a file cannot be read.
    """
    data = _session_in(path)
    if csv is not None:
        data["inputFile"] = b64encode(_bytes_of(csv, "the CSV")).decode()
    data.setdefault("apiKey", api_key)
    if not data["apiKey"]:
        raise ConfigError("the session has no API key: set ANGO_API_KEY, or apiKey in the file", field="api_key")
    if "projectId" not in data:
        raise ConfigError(
            f'the session {escaped(str(path))} names no project: write {{"projectId": ..., "configJSON": {{...}}}}',
            field="session",
        )
    try:
        csv_source_of(data)
    except ConfigError as error:
        raise ConfigError(f"{error}; or give --csv FILE", field="csv") from error
    return desk.take(data, emit)


def _session_in(path: Path) -> dict[str, Any]:
    name = escaped(str(path))
    text = decode_text(_bytes_of(path, "the session"), f"the session {name}", None)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"the session {name} is not JSON: {json_fault(error)}", field="session") from error
    if not isinstance(document, dict):
        raise ConfigError(f'the session {name} must hold a JSON object, {{"projectId": ...}}', field="session")
    return document


def _bytes_of(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"cannot read {what} {escaped(str(path))}: {error.strerror or error}; check the path", field="session"
        ) from error
