"""The command itself: help that teaches, the version, usage errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from prelabel import __version__
from prelabel.cli.app import app

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Command

COMMANDS = ("import", "rollback", "convert", "hub", "demo", "config-schema")


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_teaches(flag: str) -> None:
    """Help lists the commands and shows examples, exit codes and the environment, each on its own line."""
    done = CliRunner().invoke(app, [flag])
    assert done.exit_code == 0
    for command in COMMANDS:
        assert re.search(rf"^  {command} ", done.output, re.MULTILINE)
    assert re.search(r"^    prelabel demo$", done.output, re.MULTILINE)
    for code in (0, 1, 2, 3, 4, 70, 130):
        assert re.search(rf"^    {code}  +\w", done.output, re.MULTILINE)
    assert "ANGO_API_KEY" in done.output
    assert "ANGO_HOST" in done.output


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    """Each command says what it does; short descriptions are whole in the list of commands."""
    done = CliRunner().invoke(app, [command, "-h"])
    assert done.exit_code == 0
    assert f"Usage: prelabel {command}" in done.output
    listed = CliRunner().invoke(app, ["--help"]).output.partition("Commands:")[2]
    assert "..." not in listed, "a description is too long for the list"


def test_the_api_key_is_no_option() -> None:
    """A key on the command line would be seen by every user of the machine."""
    for command in COMMANDS:
        assert not re.search(r"--api-key(?!-file)", CliRunner().invoke(app, [command, "--help"]).output)


def test_version() -> None:
    """The version goes to stdout, as data."""
    done = CliRunner().invoke(app, ["--version"])
    assert done.exit_code == 0
    assert done.stdout == f"prelabel {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["import"], "Missing argument"),
        (["import", "x.csv", "--config", "c.json"], "--project"),
        (["import", "x.csv", "--config", "c.json", "--project", "p", "--dryrun"], "--dry-run"),
        (["import", "x.csv", "--config", "c.json", "--project", "p", "--max-in-flight", "0"], "--max-in-flight"),
        (["exprot"], "No such command"),
        (["imprt"], """No such command 'imprt': did you mean "import"?"""),
        (["hub", "--port", "70000"], "--port"),
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str], said: str) -> None:
    """Usage errors name the argument and exit with 2."""
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    assert said in done.output


@pytest.mark.parametrize(
    ("words", "completed"), [("prelabel ro", ["rollback"]), ("prelabel rollback --dry", ["--dry-run"])]
)
def test_bash_completes(words: str, completed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is installed by ``--install-completion`` asks the program in this way."""
    monkeypatch.setenv("_PRELABEL_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
    answer = CliRunner().invoke(app, [], prog_name="prelabel").output
    assert [line.removeprefix("plain,") for line in answer.split()] == completed


def test_completion_is_shown_for_the_command_that_is_typed(prelabel: Command) -> None:
    """Also by the module: nobody completes "python -m prelabel"."""
    assert "-F _prelabel_completion prelabel\n" in prelabel("--show-completion", "bash").stdout


@pytest.mark.parametrize(
    ("shell", "file"), [("bash", ".bashrc"), ("zsh", ".zshrc"), ("fish", ".config/fish/config.fish")]
)
def test_completion_is_installed_once(shell: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line of the start file asks for the script; what else is in the file stays."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SHELL", f"/bin/{shell}")
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text("echo hello")

    named = CliRunner().invoke(app, ["--install-completion", shell])
    found_out = CliRunner().invoke(app, ["--install-completion"])

    assert (named.exit_code, found_out.exit_code) == (0, 0)
    first, line = (tmp_path / file).read_text().splitlines()
    assert first == "echo hello"
    assert f"_PRELABEL_COMPLETE={shell}_source prelabel" in line


def test_nothing_is_installed_where_it_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line is said, to be added by hand."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".bashrc").mkdir()
    done = CliRunner().invoke(app, ["--install-completion", "bash"])
    assert done.exit_code == 2
    assert "_PRELABEL_COMPLETE=bash_source prelabel" in done.output


def test_completing_installs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option is on the line, but the line is not sent yet."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("_PRELABEL_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "prelabel --install-completion bash ro")
    monkeypatch.setenv("COMP_CWORD", "3")
    assert CliRunner().invoke(app, [], prog_name="prelabel").output == "plain,rollback\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("option", ["--install-completion", "--show-completion"])
def test_shells_that_cannot_complete_are_named(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written for them."""
    monkeypatch.setenv("SHELL", "/bin/dash")
    done = CliRunner().invoke(app, [option])
    assert done.exit_code == 2
    assert "write one of bash, zsh, fish, not 'dash'" in done.output


def test_completion_is_offered() -> None:
    """Help tells of it."""
    assert "--install-completion" in CliRunner().invoke(app, ["--help"]).output


@pytest.mark.parametrize("option", ["--deadline", "--fetch-timeout", "--min-iou"])
def test_no_number_is_in_no_range(option: str) -> None:
    """Everything would count as fewer seconds, and every IoU as enough."""
    done = CliRunner().invoke(app, ["import", "x.csv", "--config", "c.json", "--project", "p", option, "nan"])
    assert done.exit_code == 2
    assert "'nan' is not a number" in done.output
