"""Errors as exit codes, the API key, where results may be written."""

from __future__ import annotations

import errno
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from prelabel.cli import console
from prelabel.cli.console import check_state, complain_of_rows, errors_as_exit_codes, read_api_key, tell_of_rejects
from prelabel.errors import (
    ConfigError,
    ImportFailed,
    MaskError,
    OutputError,
    PrelabelError,
    UploadRefused,
    UploadUnavailable,
)
from prelabel.inputs.csv_layout import RowForm
from prelabel.model import RowOutcome
from prelabel.outcomes.builder import ReportBuilder

if TYPE_CHECKING:
    from prelabel.model import RowState


def _run(error: BaseException | None, *arguments: str) -> tuple[int, str]:
    """Run a command that raises an error; return its exit code and stderr."""

    @click.group()
    @click.option("--debug", is_flag=True)
    def app(*, debug: bool) -> None:
        """Knows ``--debug``."""

    @app.command()
    @click.option("--quiet", is_flag=True)
    @click.pass_context
    def work(ctx: click.Context, *, quiet: bool) -> None:
        with errors_as_exit_codes(ctx):
            if error is not None:
                raise error

    before = [argument for argument in arguments if argument != "--quiet"]
    done = CliRunner().invoke(app, [*before, "work", *(["--quiet"] if "--quiet" in arguments else [])])
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
            2,
            "error: a/b.csv: No such file or directory\n",
        ),
        (OutputError("cannot write r.json"), 4, "error: cannot write r.json\n"),
        (OSError(errno.ENOSPC, "No space left on device"), 4, "error: input or output: No space left on device\n"),
        (ValueError("x = 1"), 70, "error: a fault in prelabel (ValueError: x = 1)"),
        (ConfigError(f"no {'x' * 100_000}: mend it"), 2, f"error: no {'x' * 197}... mend it\n"),
        (ConfigError("x y " * 100_000), 2, f"error: {('x y ' * 2500)[:-3]}...\n"),
        (KeyError(), 70, "error: a fault in prelabel (KeyError)"),
    ],
)
def test_errors_become_messages_and_exit_codes(error: BaseException | None, code: int, said: str) -> None:
    """Every failure has its exit code and one message, without a traceback."""
    exit_code, stderr = _run(error)
    assert exit_code == code
    assert stderr.startswith(said)
    assert "Traceback" not in stderr


def test_a_terminal_of_no_width_shows_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """As COLUMNS=0 has it, where nobody knows the width."""
    monkeypatch.setenv("COLUMNS", "0")
    assert _run(ConfigError("the config is wrong")) == (2, "error: the config is wrong\n")


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

    @click.command()
    @click.pass_context
    def work(ctx: click.Context) -> None:
        with errors_as_exit_codes(ctx):
            signal.raise_signal(signal.SIGTERM)
            signal.pause()

    try:
        assert CliRunner().invoke(work, []).exit_code == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert signal.getsignal(signal.SIGTERM) == on_term


def test_the_key_comes_from_the_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file wins over the environment; an empty environment variable is none."""
    file = tmp_path / "key"
    file.write_text("  from-the-file\n")
    monkeypatch.setenv("ANGO_API_KEY", "from-the-environment")
    from_file, from_environment = read_api_key(file), read_api_key(None)
    assert (from_file, from_environment) == ("from-the-file", "from-the-environment")
    assert from_file is not None
    assert from_file.source == f"the one in the file {file}"
    assert from_environment is not None
    assert from_environment.source == "ANGO_API_KEY in the environment"
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


def test_a_failed_result_comes_with_the_summary() -> None:
    """What became of the rows is told all the same, unless nobody wants to know."""
    report = ReportBuilder("import", "labels.csv", RowForm.of_names(["id"])).finish()
    error = OutputError("cannot write r.json", path="r.json", report=report)
    exit_code, stderr = _run(error)
    assert exit_code == 4
    assert stderr.startswith("0 of 0 rows imported")
    assert stderr.endswith("error: cannot write r.json\n")
    assert _run(error, "--quiet")[1] == "error: cannot write r.json\n"


def test_a_lost_stream_costs_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages that nobody can read are let go; a result that cannot be printed is said to be lost."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(click, "echo", full)
    console.say("not shown")
    with pytest.raises(OutputError, match=r"cannot write the standard output \(No space left on device\)"):
        console.show("a line")
    with pytest.raises(OutputError, match="cannot write the summary"):
        console.summarize("all is well")


def test_messages_show_bytes_that_are_not_utf8_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    """A path of another encoding is told of on any terminal."""
    console.say("no x\udce9y")
    console.complain("no x\udce9y")
    console.show("no x\udce9y")
    shown = capsys.readouterr()
    assert shown.err == "no x\\xe9y\nerror: no x\\xe9y\n"
    assert shown.out == "no x\\xe9y\n"


def test_messages_only_show(capsys: pytest.CaptureFixture[str]) -> None:
    """A cell cannot set a terminal's title, clear it, go back on its line or turn its direction."""
    text = "a\x1b[2J\x1b]0;t\x07 \x9b31m \u202eb\r\u200f\nc"
    console.say(text)
    console.complain(text)
    console.show(text)
    console.summarize(text)
    shown = capsys.readouterr()
    clean = "a\\x1b[2J\\x1b]0;t\\x07 \\x9b31m \\u202eb\\r\\u200f\nc"
    assert shown.out == f"{clean}\n"
    assert shown.err == f"{clean}\nerror: {clean}\n{clean}\n"


def test_the_file_of_the_key_is_not_written_over(tmp_path: Path) -> None:
    """The library does not know of that file, the command does."""
    key_file = tmp_path / "key"
    key_file.write_text("k")
    console.check_key_file({"report": tmp_path / "r.json", "rejects": None}, key_file)
    with pytest.raises(ConfigError, match=r"--rejects: .*key is the file of the API key: name another file"):
        console.check_key_file({"rejects": tmp_path / "." / "key"}, key_file)


@pytest.mark.parametrize(
    ("program", "prefix", "words"),
    [
        ("/src/prelabel/__main__.py", "/v", f"{sys.executable} -m prelabel demo --serve"),
        ("/my env/bin/prelabel", "/my env", "'/my env/bin/prelabel' demo --serve"),
        ("/usr/bin/prelabel", sys.base_prefix, "prelabel demo --serve"),
        ("-c", "/v", f"{sys.executable} -m prelabel demo --serve"),
    ],
)
def test_how_it_is_called_again(program: str, prefix: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line to copy works in any shell, also where an environment's programs are not on the path."""
    monkeypatch.setattr(sys, "argv", [program])
    monkeypatch.setattr(sys, "prefix", prefix)
    assert console.command_line("demo", "--serve") == words


@pytest.mark.parametrize(
    ("csv", "folder"), [("a/labels.csv", "a/labels.csv.prelabel"), ("-", "stdin.prelabel"), ("a/-", "a/-.prelabel")]
)
def test_the_record_lies_beside_the_csv(csv: str, folder: str) -> None:
    """One that comes through a pipe has no name to take."""
    assert check_state(Path(csv), None, no_state=False, restart=False) == Path(folder)
    assert check_state(Path(csv), Path("s"), no_state=False, restart=True) == Path("s")
    assert check_state(Path(csv), None, no_state=True, restart=False) is None


@pytest.mark.parametrize("csv", [".", "/", ""])
def test_a_csv_without_a_name(csv: str) -> None:
    """A folder, or a variable that is not set."""
    with pytest.raises(ConfigError, match="is a folder: name the CSV file in it"):
        check_state(Path(csv), None, no_state=False, restart=False)


@pytest.mark.parametrize(
    ("states", "stopped", "rejects", "line"),
    [
        (["imported"], "", None, ""),
        (["imported", "failed"], "", None, "error: 1 of 2 rows failed; --rejects FILE writes it, with its reason\n"),
        (["failed"] * 2, "", "r.csv", "error: 2 of 2 rows failed; r.csv has them\n"),
        (
            ["failed", "not sent"],
            "interrupted",
            None,
            (
                "error: 1 of 2 rows failed, 1 of 2 rows not sent; stopped early: interrupted; "
                "--rejects FILE writes them, each with its reason\n"
            ),
        ),
        (["imported"], "interrupted", "r.csv", "error: stopped early: interrupted\n"),
    ],
)
def test_quiet_runs_say_in_a_line_what_is_not_in(
    states: list[RowState], stopped: str, rejects: str | None, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever wants no summary still wants to know why the exit code is not 0."""
    builder = ReportBuilder("import", "rows.csv", RowForm.of_names(["id"]))
    for number, state in enumerate(states, 1):
        builder.record(RowOutcome(number, number + 1, "a", state, "why"))
    complain_of_rows(builder.finish(stopped=stopped, stopped_by="interrupt" if stopped else ""), rejects)
    assert capsys.readouterr().err == line


@pytest.mark.parametrize(
    ("states", "said"),
    [
        (
            ["failed"],
            (
                "1 row not in, with its reason: r.csv\n"
                "mend it in the CSV and run the same command, or mend this file and import it by itself\n"
            ),
        ),
        (
            ["failed", "failed"],
            (
                "2 rows not in, each with its reason: r.csv\n"
                "mend what failed in the CSV and run the same command, or mend this file and import it by itself\n"
            ),
        ),
        (["not sent"], "1 row not in, with its reason: r.csv\n"),
        (["imported"], "no row is left to mend: r.csv has the header only\n"),
    ],
)
def test_the_last_line_says_what_to_do_with_rejects(
    states: list[RowState], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was only not sent needs no mending."""
    builder = ReportBuilder("import", "rows.csv", RowForm.of_names(["id"]))
    for number, state in enumerate(states, 1):
        builder.record(RowOutcome(number, number + 1, "a", state, "why"))
    tell_of_rejects(builder.finish(), Path("r.csv"))
    assert capsys.readouterr().err == said
