"""What the Hub asks of a session, read and checked."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from prelabel.errors import ConfigError
from prelabel.inputs.config_file import load_config
from prelabel.plugin.request import SessionRequest

CSV = b64encode(b"ID\na.png\n").decode()
CONFIG = {"external_id_column": "ID", "overwrite": False}


def data_with(**fields: Any) -> dict[str, Any]:
    """A session's data."""
    data = {"projectId": "p1", "apiKey": "key-1", "configJSON": json.dumps(CONFIG), "inputFile": CSV, "session": "s1"}
    return {name: value for name, value in (data | fields).items() if value is not ...}


@pytest.mark.parametrize("config", [json.dumps(CONFIG), CONFIG])
def test_a_config_may_be_text_or_an_object(config: Any) -> None:
    """Its text is what the Hub sends."""
    request = SessionRequest.of(data_with(configJSON=config))
    assert request.config == load_config(CONFIG)
    assert (request.project, request.api_key, request.session) == ("p1", "key-1", "s1")


@pytest.mark.parametrize("config", [None, "", "  \n", {}, ...])
def test_no_config_is_an_empty_one_and_refused_as_on_the_command_line(config: Any) -> None:
    """Nothing is replaced by a default: which column has the IDs has to be said."""
    with pytest.raises(ConfigError) as theirs:
        load_config({})
    with pytest.raises(ConfigError) as ours:
        SessionRequest.of(data_with(configJSON=config))
    assert str(ours.value) == str(theirs.value)


@pytest.mark.parametrize(
    "config",
    [
        '{"external_id_column": "ID", "overwrite": "yes"}',
        '{"external_id_column": "ID", "overwite": true}',
        '{"external_id_column": "ID", "segmentation_mode": "instances"}',
        '{"external_id_column": "ID",}',
        '{"external_id_column": "ID", "external_id_column": "X"}',
        "[1, 2]",
    ],
)
def test_a_wrong_config_is_refused_with_the_messages_of_the_command_line(config: str, tmp_path: Any) -> None:
    """Apart from the file's name, which there is none of."""
    file = tmp_path / "config"
    file.write_text(config)
    with pytest.raises(ConfigError) as theirs:
        load_config(file)
    with pytest.raises(ConfigError) as ours:
        SessionRequest.of(data_with(configJSON=config))
    assert str(ours.value) == str(theirs.value).replace(str(file), "config")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"projectId": ...}, "names no project"),
        ({"projectId": 7}, "names no project"),
        ({"apiKey": ""}, "has no API key"),
        ({"apiKey": None}, "has no API key"),
        ({"inputFile": ...}, "brings no CSV"),
        ({"configJSON": 7}, "must be JSON text"),
        ({"batches": [{}]}, "names no batch"),
    ],
)
def test_what_is_missing_is_said(fields: dict[str, Any], words: str) -> None:
    """With what to do."""
    with pytest.raises(ConfigError, match=words):
        SessionRequest.of(data_with(**fields))


@pytest.mark.parametrize(
    ("batches", "named"),
    [(..., ()), (None, ()), ([], ()), (["b1", "b2", "b1"], ("b1", "b2")), ([{"_id": "b1", "name": "B"}], ("b1",))],
)
def test_batches_come_as_ids_names_or_records(batches: Any, named: tuple[str, ...]) -> None:
    """Each once."""
    assert SessionRequest.of(data_with(batches=batches)).batches == named


def test_restart_is_a_word_of_the_session_and_none_of_the_config() -> None:
    """Each new word begins anew once; true would begin anew for ever."""
    assert SessionRequest.of(data_with(configJSON=json.dumps(CONFIG | {"restart": "2"}))).restart == "2"
    assert SessionRequest.of(data_with(configJSON=json.dumps(CONFIG | {"restart": 3}))).restart == "3"
    assert SessionRequest.of(data_with()).restart == ""
    with pytest.raises(ConfigError, match='"restart" must be a word'):
        SessionRequest.of(data_with(configJSON=json.dumps(CONFIG | {"restart": True})))


def test_a_request_does_not_show_its_key() -> None:
    """Nor its CSV, which may be large."""
    text = repr(SessionRequest.of(data_with(apiKey="planted-key")))
    assert "planted-key" not in text
    assert CSV not in text
