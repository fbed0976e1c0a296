"""A session's report and rejects where its user can open them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.request import urlopen

from importer.desk import rows_of
from localhub.project import SCHEMA
from plugin.sessions import Lines, csv_of, data_for, desk_for
from prelabel.localhub import Fault
from prelabel.localhub.testing import HubDouble

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [*rows_of(2), ["nope.png", "day", "", "a remark", ""]]


def test_the_links_open_the_report_and_the_rejects(tmp_path: Path) -> None:
    """The same as on the volume; their names hold a part that cannot be guessed."""
    with HubDouble(SCHEMA, ["0.png", "1.png"]) as hub:
        data = data_for(hub, csv_of(tmp_path, ROWS))
        texts = [desk_for(hub, tmp_path / "state").take(data, Lines()).text for _ in range(2)]
        report_url, rejects_url = (line.rpartition(": ")[2] for line in texts[0].splitlines()[-2:])
        report = json.loads(urlopen(report_url).read())
        rejects = urlopen(rejects_url).read()

    (folder,) = (tmp_path / "state" / "imports").iterdir()
    assert report["rows"]["n_failed"] == 1
    assert rejects == (folder / "rejects.csv").read_bytes()
    assert b"nope.png,day,,a remark," in rejects
    assert texts[0] != texts[1], "the names are the same"


def test_what_cannot_be_uploaded_is_told_in_the_log(tmp_path: Path) -> None:
    """The rejects' beginning, and where both are."""
    lines = Lines()
    with HubDouble(SCHEMA, ["0.png", "1.png"]) as hub:
        hub.play(Fault("unauthorized", route="GET /v2/getUploadUrl"))
        answer = desk_for(hub, tmp_path / "state").take(data_for(hub, csv_of(tmp_path, ROWS)), lines)

    assert "the report could not be uploaded (the Hub refused (HTTP 401" in answer.text
    assert "full report: on the plugin's volume, in imports/" in answer.text
    assert any("nope.png,day,,a remark," in text for text in lines.texts)


def test_a_place_that_takes_no_file_is_no_secret_lost(tmp_path: Path) -> None:
    """The URL that the Hub gave is in no message: it may write."""
    lines = Lines()
    with HubDouble(SCHEMA, ["0.png", "1.png"]) as hub:
        hub.play(Fault("server_error", route="PUT /files/*", status=503))
        answer = desk_for(hub, tmp_path / "state").take(data_for(hub, csv_of(tmp_path, ROWS)), lines)

    assert "could not be put where the Hub said (HTTP 503)" in answer.text
    assert not any("token" in text or "?" in text.replace("?...", "") for text in [answer.text, *lines.texts])
