"""What a plugin is told at its start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prelabel.errors import ConfigError
from prelabel.plugin.settings import PluginSettings, connector_of, host_of, port_of, secret_of

if TYPE_CHECKING:
    from pathlib import Path


def test_a_secret_is_the_variable_or_the_file_it_names(tmp_path: Path) -> None:
    """Both ways, the file's line end left out."""
    file = tmp_path / "secret"
    file.write_text("s3cr3t\n")

    assert secret_of("X", {"X": " s3cr3t "}, what="secret") == "s3cr3t"
    assert secret_of("X", {"X_FILE": str(file)}, what="secret") == "s3cr3t"
    assert secret_of("X", {}, what="") == ""


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "there is no plugin secret: set X, or X_FILE"),
        ({"X": "a", "X_FILE": "b"}, "both X and X_FILE are set"),
        ({"X_FILE": "/nowhere/at/all"}, "cannot read /nowhere/at/all: No such file"),
    ],
)
def test_a_secret_that_cannot_be_had_is_named(environ: dict[str, str], words: str) -> None:
    """What is missing, and how to give it."""
    with pytest.raises(ConfigError, match=words):
        secret_of("X", environ, what="plugin secret")


@pytest.mark.parametrize("content", [b"", b"two words", b"\xff\xfe", b"x" * 5000])
def test_a_file_that_holds_no_secret_is_refused_and_not_shown(tmp_path: Path, content: bytes) -> None:
    """An empty one, a text, bytes, or something far too long."""
    file = tmp_path / "secret"
    file.write_bytes(content)

    with pytest.raises(ConfigError, match="X_FILE") as caught:
        secret_of("X", {"X_FILE": str(file)}, what="secret")

    assert "two words" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("", "https://imeritapi.ango.ai"),
        ("imeritapi.ango.ai", "https://imeritapi.ango.ai"),
        ("https://imeritapi.ango.ai/v2/", "https://imeritapi.ango.ai"),
        ("http://127.0.0.1:8765/", "http://127.0.0.1:8765"),
    ],
)
def test_a_host_is_written_as_the_runtime_joins_it(text: str, host: str) -> None:
    """It puts ``/v2/...`` and ``/socket.io`` behind it."""
    assert host_of(text) == host


def test_a_host_that_would_show_keys_to_the_network_is_refused() -> None:
    """Http is for this machine alone."""
    with pytest.raises(ConfigError, match="not encrypted"):
        host_of("http://hub.example.com")


def test_the_runtime_s_own_variables_are_checked() -> None:
    """It would take any other word for REST, and fail on a port that is none."""
    assert [connector_of(word) for word in ("ws", "REST", " Rest ")] == ["WS", "REST", "REST"]
    assert port_of("8080") == 8080
    for wrong in ("0", "65536", "http", "", "-1", "9" * 40):
        with pytest.raises(ConfigError, match="PORT is"):
            port_of(wrong)
    with pytest.raises(ConfigError, match=r"WS .* or REST"):
        connector_of("grpc")


def test_settings_do_not_show_their_secret() -> None:
    """Not even where somebody prints them."""
    assert "s3cr3t" not in repr(PluginSettings(secret="s3cr3t", host="https://h"))
