"""One session from a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from localhub.project import SCHEMA
from plugin.sessions import Lines, csv_of, data_for
from prelabel.errors import ConfigError
from prelabel.localhub.testing import HubDouble
from prelabel.plugin.desk import SessionDesk
from prelabel.plugin.once import run_once
from prelabel.plugin.redaction import Redactor
from prelabel.plugin.settings import PluginSettings

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_a_session_with_the_csv_in_it_or_beside_it(tmp_path: Path) -> None:
    """The key may be left out of the file as well."""
    with HubDouble(SCHEMA, ["0.png", "1.png"]) as hub:
        settings = PluginSettings(host=hub.url, state=tmp_path / "state")
        whole = data_for(hub, csv_of(tmp_path, 2))
        lean = {name: value for name, value in whole.items() if name not in {"inputFile", "apiKey"}}
        answers = []
        for name, data, csv, key in (("a", whole, None, ""), ("b", lean, tmp_path / "rows.csv", hub.api_key)):
            (tmp_path / name).write_text(json.dumps(data))
            answers.append(run_once(tmp_path / name, SessionDesk(settings, Redactor()), Lines(), csv=csv, api_key=key))
    assert [answer.exit_code for answer in answers] == [0, 0]
    assert answers[1].text.startswith("2 of 2 rows imported, all of them by earlier sessions")


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"{", "is not JSON"), (b"[]", "must hold a JSON object"), (b"\xff\xff\xff", "session"), (None, "cannot read")],
)
def test_a_file_that_is_no_session_is_refused(content: bytes | None, words: str, tmp_path: Path) -> None:
    """With the file's name."""
    path = tmp_path / "session.json"
    if content is not None:
        path.write_bytes(content)
    settings = PluginSettings(host="https://h", state=tmp_path)
    with pytest.raises(ConfigError, match=words) as caught:
        run_once(path, SessionDesk(settings, Redactor()), Lines(), csv=None, api_key="k")
    assert "session.json" in str(caught.value)
