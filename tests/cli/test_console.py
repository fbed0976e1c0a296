"""Errors as exit codes, the API key, where results may be written."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from prelabel.cli.console import check_writable, errors_as_exit_codes, read_api_key
from prelabel.errors import (
    ConfigError,
    ImportFailed,
    MaskError,
    PrelabelError,
    UploadRefused,
    UploadUnavailable,
)

if TYPE_CHECKING:
    from pathlib import Path


def _run(error: BaseException | None, *arguments: str) -> tuple[int, str]:
    """Run a command that raises an error; return its exit code and stderr."""
    app = typer.Typer()

    @app.callback()
    def root(debug: bool = False) -> None:
        """Knows ``--debug``."""

    @app.command()
    def work(ctx: typer.Context) -> None:
        with errors_as_exit_codes(ctx):
            if error is not None:
                raise error

    done = CliRunner().invoke(app, [*arguments, "work"])
    return done.exit_code, done.stderr


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (None, 0, ""),
        (ConfigError("the config is wrong"), 2, "error: the config is wrong\n"),
        (PrelabelError("await it"), 2, "error: await it\n"),
        (MaskError("no mask"), 2, "error: no mask\n"),
        (ImportFailed("3 of 4 rows failed"), 1, "error: 3 of 4 rows failed\n"),
        (UploadRefused("HTTP 401"), 3, "error: HTTP 401\n"),
        (UploadUnavailable("no [answer]"), 3, "error: no [answer]\n"),
        (KeyboardInterrupt(), 130, "interrupted: stopped before the end\n"),
        (
            FileNotFoundError(2, "No such file or directory", "a/b.csv"),
            70,
            "error: a/b.csv: No such file or directory\n",
        ),
        (ValueError("x = 1"), 70, "error: a fault in prelabel (ValueError: x = 1)"),
        (KeyError(), 70, "error: a fault in prelabel (KeyError)"),
    ],
)
def test_errors_become_messages_and_exit_codes(error: BaseException | None, code: int, said: str) -> None:
    """Every failure has its exit code and one message, without a traceback."""
    exit_code, stderr = _run(error)
    assert exit_code == code
    assert stderr.startswith(said)
    assert "Traceback" not in stderr


def test_debug_shows_the_traceback() -> None:
    """With ``--debug`` the traceback comes before the message."""
    exit_code, stderr = _run(ConfigError("the config is wrong"), "--debug")
    assert exit_code == 2
    assert stderr.startswith("Traceback")
    assert stderr.endswith("error: the config is wrong\n")


@pytest.mark.parametrize("ignored", [False, True])
def test_sigterm_stops_like_ctrl_c(ignored: bool) -> None:
    """SIGTERM interrupts, also where Ctrl-C is ignored; the handlers are put back."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN if ignored else signal.default_int_handler)
    on_term = signal.getsignal(signal.SIGTERM)
    app = typer.Typer()

    @app.command()
    def work(ctx: typer.Context) -> None:
        with errors_as_exit_codes(ctx):
            signal.raise_signal(signal.SIGTERM)
            signal.pause()

    try:
        assert CliRunner().invoke(app, []).exit_code == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert signal.getsignal(signal.SIGTERM) == on_term


def test_the_key_comes_from_the_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file wins over the environment; an empty environment variable is none."""
    file = tmp_path / "key"
    file.write_text("  from-the-file\n")
    monkeypatch.setenv("ANGO_API_KEY", "from-the-environment")
    assert read_api_key(file) == "from-the-file"
    assert read_api_key(None) == "from-the-environment"
    monkeypatch.setenv("ANGO_API_KEY", "")
    assert read_api_key(None) is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot read .*key: No such file or directory"),
        (b"", "must hold the key and nothing else"),
        (b"one two", "must hold the key and nothing else"),
        (b"\xff\xfe", "it is not text"),
    ],
)
def test_a_key_file_that_holds_no_key(tmp_path: Path, content: bytes | None, said: str) -> None:
    """The message names the option and the file, and never shows what is in it."""
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=said) as caught:
        read_api_key(file)
    assert "--api-key-file" in str(caught.value)
    assert "two" not in str(caught.value)


def test_results_need_a_place(tmp_path: Path) -> None:
    """A missing folder, a folder instead of a file, or the CSV itself is found before the work."""
    table = tmp_path / "labels.csv"
    table.write_text("ID\n")
    check_writable("--report", None, table)
    check_writable("--report", tmp_path / "new.json", table)
    with pytest.raises(ConfigError, match=r"--report: there is no folder .*nowhere: make it first"):
        check_writable("--report", tmp_path / "nowhere" / "new.json", table)
    with pytest.raises(ConfigError, match=r"--rejects: .* is a folder: name a file"):
        check_writable("--rejects", tmp_path, table)
    with pytest.raises(ConfigError, match=r"--rejects: .*labels.csv is the CSV itself: name another file"):
        check_writable("--rejects", tmp_path / "." / "labels.csv", table)
