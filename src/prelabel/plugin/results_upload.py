"""A session's report and rejects where its user can open them: uploaded through the Hub, or else told in its log."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prelabel.errors import PrelabelError
from prelabel.plugin.session_log import MAX_TEXT_BYTES, cut

if TYPE_CHECKING:
    from pathlib import Path

    from prelabel.hub.client import HubClient
    from prelabel.outcomes.report import Report
    from prelabel.plugin.record_folders import RecordFolder
    from prelabel.plugin.request import SessionRequest
    from prelabel.plugin.session_log import SessionLog


@dataclass(frozen=True, slots=True)
class ResultLinks:
    """Where the results are.

    Attributes:
        report, rejects: their URLs, without a signature; empty where they were not uploaded.
        problem: why not, empty where they were.
        folder: the folder on the plugin's volume that has them in any case.
    """

    folder: str
    report: str = ""
    rejects: str = ""
    problem: str = ""


async def upload_results(
    hub: HubClient, request: SessionRequest, report: Report, folder: RecordFolder, log: SessionLog, *, timeout_s: float
) -> ResultLinks:
    """Upload the report, and the rejects where there are any; what cannot be uploaded is told in the log.

    Args:
        hub: the client, open.
        request: the session's.
        report: the report.
        folder: where both were written.
        log: the session's.
        timeout_s: seconds it may take in all.
    """
    has_rejects = bool(report.n_failed)  # rows that were not sent alone are no work for anybody: it is run again
    # Whoever knows its name may open an upload: part of it cannot be guessed.
    stem = f"prelabel-{re.sub(r'[^A-Za-z0-9_-]', '', request.session)[:40] or 'session'}-{secrets.token_hex(8)}"
    try:
        async with asyncio.timeout(timeout_s):
            report_url = await _upload(hub, request.project, f"{stem}-report.json", folder.report)
            rejects_url = ""
            if has_rejects:
                rejects_url = await _upload(hub, request.project, f"{stem}-rejects.csv", folder.rejects)
    except (PrelabelError, OSError) as error:  # a TimeoutError is one
        problem = str(error) or f"the Hub took longer than {timeout_s:g} s"
        if has_rejects:
            beginning = await asyncio.to_thread(_beginning, folder.rejects)
            log.say(f"the rejects could not be uploaded ({problem}); they begin:\n{beginning}", logging.WARNING)
        return ResultLinks(folder.name, problem=problem)
    return ResultLinks(folder.name, report_url, rejects_url)


async def _upload(hub: HubClient, project: str, name: str, path: Path) -> str:
    return await hub.upload(project, name, await asyncio.to_thread(path.read_bytes))


def _beginning(path: Path) -> str:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_TEXT_BYTES).decode("utf-8", "replace")
    except OSError as error:
        return f"(they cannot be read: {error.strerror})"
    return cut(text, MAX_TEXT_BYTES - 1_000)
