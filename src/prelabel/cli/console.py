"""What all commands share: messages on stderr, errors as exit codes, the API key, other ends as interrupts."""

from __future__ import annotations

import logging
import os
import re
import shlex
import signal
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prelabel.cli.hang_up import HANG_UP, send_nowhere, terminals
from prelabel.cli.loading import begin_work, loading
from prelabel.errors import ConfigError, ImportFailed, OutputError, PrelabelError, UploadError
from prelabel.hub.api_key import ApiKey
from prelabel.outcomes.output_file import NO_ROOM, cannot_write
from prelabel.spelling import counted, escaped, printable, short

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from prelabel.outcomes.report import Report

SOME_FAILED, USAGE, HUB_FAILED, NOT_WRITTEN, OUR_FAULT, INTERRUPTED = 1, 2, 3, 4, 70, 130
"""Exit codes beside 0."""

_MAX_KEY_CHARS = 4096
_MAX_MESSAGE_CHARS = 10_000


def stderr() -> Console:
    """A console on stderr that knows whether it is a terminal and whether colours are wanted."""
    return console_on(stderr=True, soft_wrap=True)


def console_on(*, stderr: bool, soft_wrap: bool = False) -> Console:
    """A console on one of the standard streams."""
    from rich.console import Console  # noqa: PLC0415 - costs time, and help does not need it

    console = Console(stderr=stderr, highlight=False, soft_wrap=soft_wrap)
    if console.width < 1:  # COLUMNS=0 says that nobody knows; Rich would show nothing
        console.width = 80
    return console


def may_be_terminal() -> bool:
    """Whether stderr may be a terminal. Rich knows it for sure, and is not loaded only to say that it is none."""
    if any(os.environ.get(name) for name in ("FORCE_COLOR", "TTY_COMPATIBLE")):
        return True
    with suppress(ValueError):  # it is closed
        return sys.stderr is not None and sys.stderr.isatty()
    return False


def say(message: str, console: Console | None = None) -> None:
    """Print a message for a person; where nobody can be told, the work is not worth less.

    Args:
        message: the message.
        console: what has something on the screen that is to stay below.
    """
    with suppress(OSError):
        if console is None:
            click.echo(printable(message), err=True)
        else:
            console.print(printable(message), markup=False)


def show(text: str) -> None:
    """Print a line of a result on stdout.

    Raises:
        OutputError: it cannot be written.
    """
    if sys.stdout is None:
        raise OutputError("the standard output is closed: send it somewhere", path="the standard output")
    try:
        click.echo(printable(text))
    except UnicodeEncodeError:  # a locale of few letters
        click.echo(text.encode("ascii", "backslashreplace").decode())
    except BrokenPipeError:
        raise
    except OSError as error:
        raise cannot_write("the standard output", error) from error


def summarize(summary: str) -> None:
    """Print how the work ended.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        click.echo(printable(summary), err=True)
    except OSError as error:
        raise cannot_write("the summary to stderr", error, "2>") from error


def tell_of_rejects(report: Report, file: object) -> None:
    """Say where the rows are that are not in, and what to do with them."""
    n_rejected = report.n_failed + report.n_not_sent
    reason = "with its reason" if n_rejected == 1 else "each with its reason"
    if n_rejected and file is not None:
        say(f"{counted(n_rejected, 'row')} not in, {reason}: {escaped(str(file))}")
        if report.n_failed:
            what = "it" if report.n_failed == 1 else "what failed"
            say(f"mend {what} in the CSV and run the same command, or mend this file and import it by itself")
    elif file is not None:
        say(f"no row is left to mend: {escaped(str(file))} has the header only")
    elif n_rejected:
        say("--rejects FILE writes the rows that are not in, each with its reason")


def complain_of_rows(report: Report, rejects: object) -> None:
    """Say in one line, where nothing else is said, that rows are not in; nothing where all are."""
    if not report.exit_code:
        return
    rows = counted(report.n_rows, "row")
    ends = ((report.n_failed, "failed"), (report.n_not_sent, "not sent"))
    parts = [", ".join(f"{n:,} of {rows} {what}" for n, what in ends if n)]
    parts += [f"stopped early: {report.stopped}"] if report.stopped else []
    if parts[0]:
        n_rejected = report.n_failed + report.n_not_sent
        them, reason = ("it", "with its reason") if n_rejected == 1 else ("them", "each with its reason")
        parts.append(f"{escaped(str(rejects))} has {them}" if rejects else f"--rejects FILE writes {them}, {reason}")
    complain("; ".join(filter(None, parts)))


def complain(message: str, kind: str = "error", console: Console | None = None) -> None:
    """Print what went wrong; the console is that of :func:`say`."""
    if console is None and not may_be_terminal():
        say(f"{kind}: {message}")
        return
    from rich.text import Text  # noqa: PLC0415 - as in stderr()

    with suppress(OSError):
        (console or stderr()).print(Text.assemble((f"{kind}: ", "bold red"), printable(message)))


def run(command: Callable[[], None]) -> None:
    """Run the whole command line; what stands in a stream's buffer at the end is written, or said to be lost."""
    _keep_standard_streams()
    try:
        command()
    except SystemExit as end:
        code = _flushed(end.code)
        if code == INTERRUPTED:
            _end_at_once_if_compiling()
        sys.exit(code)
    except OSError as error:  # of help and the like, which no command guards
        complain(str(cannot_write("the standard output", error)))
        _flushed(NOT_WRITTEN)
        sys.exit(NOT_WRITTEN)


def _end_at_once_if_compiling() -> None:
    """Not wait, as Python would at its end, for a thread that compiles a kernel: nothing can interrupt it."""
    from prelabel.kernels import is_compiling  # noqa: PLC0415 - help does not need it

    if is_compiling():
        os._exit(INTERRUPTED)


def _keep_standard_streams() -> None:
    """Let no file take the number of a standard stream that was closed: what is printed would end up in it."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def _flushed(code: Any) -> Any:
    """The exit code once all is flushed; Python would complain by itself, later and less clearly."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            if not code and not isinstance(error, BrokenPipeError):
                complain(str(cannot_write("the standard output", error)))
                code = NOT_WRITTEN
    return code


def warn(message: str, console: Console | None = None) -> None:
    """Print what may make the whole run useless, before it does harm; the console is that of :func:`say`."""
    complain(message, "warning", console)


@contextmanager
def errors_as_exit_codes(ctx: click.Context) -> Iterator[None]:
    """Run a command's work; say on stderr why it fails, and exit with the code that means it.

    Args:
        ctx: the command's context; its root knows ``--debug``, and itself perhaps ``--quiet``.
    """
    if ctx.find_root().params.get("debug"):
        logging.basicConfig(format="%(name)s: %(message)s")
    else:
        logging.getLogger("prelabel").addHandler(logging.NullHandler())  # the report has it
    begin_work()
    try:
        with _ends_interrupt():
            yield
    except KeyboardInterrupt:
        complain("stopped before the end", "interrupted")
        raise click.exceptions.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        # Whoever read our stdout has seen enough. Python would complain again while it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise click.exceptions.Exit(SOME_FAILED) from None
    except click.exceptions.Exit:
        raise
    except Exception as error:  # noqa: BLE001 - the border: everything becomes a message and an exit code
        if ctx.find_root().params.get("debug"):
            import traceback  # noqa: PLC0415 - rarely needed

            traceback.print_exc()
        if isinstance(error, OutputError) and error.report is not None and not ctx.params.get("quiet"):
            say(error.report.summary())
        complain(_message(error))
        raise click.exceptions.Exit(_exit_code(error)) from None


def _exit_code(error: Exception) -> int:
    match error:
        case ImportFailed():
            return SOME_FAILED
        case UploadError():
            return HUB_FAILED
        case OutputError():
            return NOT_WRITTEN
        case PrelabelError():
            return USAGE
        case OSError():  # else a path that is too long, a folder that is gone
            return NOT_WRITTEN if error.errno in NO_ROOM else USAGE
        case _:
            return OUR_FAULT


def _message(error: Exception) -> str:
    """What to print of an error; what somebody gave in place of a path or an id may be a whole file."""
    words = re.sub(r"\S{1000,}", lambda word: short(word[0]), _text_of(error))
    return short(words, _MAX_MESSAGE_CHARS)


def _text_of(error: Exception) -> str:
    if isinstance(error, PrelabelError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'input or output'}: {error.strerror or error}"
    fault = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"a fault in prelabel ({fault}); run 'prelabel --debug ...' again and report what it prints"


@contextmanager
def _ends_interrupt() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does, whatever that is at the time: inside an event loop it cancels the main task.

    A terminal that is closed interrupts as well, unless nohup has it ignored.
    """
    streams = terminals()

    def hang_up(number: int, frame: Any) -> None:
        send_nowhere(streams)
        raise KeyboardInterrupt

    def interrupt(number: int, frame: Any) -> None:
        on_interrupt = signal.getsignal(signal.SIGINT)
        if not callable(on_interrupt):  # started with Ctrl-C ignored, as shells do in the background
            raise KeyboardInterrupt
        on_interrupt(number, frame)

    handlers = {signal.SIGTERM: interrupt}
    handlers |= {number: hang_up for number in HANG_UP if signal.getsignal(number) is not signal.SIG_IGN}
    before = {number: signal.getsignal(number) for number in handlers}
    with suppress(ValueError):  # only the main thread may
        for number, handler in handlers.items():
            signal.signal(number, handler)
    try:
        yield
    finally:
        with suppress(ValueError):
            for number, former in before.items():
                signal.signal(number, former)


def read_api_key(file: Path | None) -> ApiKey | None:
    """The API key from a file, or the environment's ANGO_API_KEY; None when there is neither.

    Raises:
        ConfigError: the file cannot be read or holds no key.
    """
    if file is None:
        return ApiKey(key, "ANGO_API_KEY in the environment") if (key := os.environ.get("ANGO_API_KEY")) else None
    try:
        with file.open(encoding="utf-8") as lines:
            key = lines.read(_MAX_KEY_CHARS).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(f"--api-key-file: cannot read {file}: {reason}", field="api_key") from error
    if not key or len(key.split()) > 1:
        raise ConfigError(f"--api-key-file: {file} must hold the key and nothing else", field="api_key")
    return ApiKey(key, f"the one in the file {escaped(str(file))}")


def command_line(*arguments: str) -> str:
    """How this program is called again from any shell: as it was found, unless it is everybody's on the path."""
    program, is_module = Path(sys.argv[0]), Path(sys.argv[0]).stem == "__main__"
    if is_module or not program.stem.startswith("prelabel"):
        words = [sys.executable, "-m", "prelabel"]
    elif sys.prefix == sys.base_prefix:
        words = ["prelabel"]
    else:  # an environment's own: it may be on the path here and not where this is typed
        words = [str(program.absolute())]
    return shlex.join([*words, *arguments])


def check_key_file(options: dict[str, Any], key_file: Path | None) -> None:
    """Refuse results that would replace the key's file, which the library does not know.

    Raises:
        ConfigError: one of them is that file.
    """
    with loading():
        from prelabel.importer.output_paths import check_places  # noqa: PLC0415 - help does not need it

    outputs = {f"--{name}": options.get(name) for name in ("out", "report", "rejects")}
    if key_file is not None:
        check_places(outputs, {"the file of the API key": key_file})


def check_state(csv: Path, state: Path | None, *, no_state: bool, restart: bool) -> Path | None:
    """The folder of an import's record, None for no record.

    Raises:
        ConfigError: the options contradict each other, or the CSV has no name that the folder could take.
    """
    if not csv.name:  # ".", "/" or nothing
        raise ConfigError(f"{csv} is a folder: name the CSV file in it", field="csv", value=str(csv))
    if no_state and (state is not None or restart):
        other = "--restart" if state is None else "--state"
        raise ConfigError(f"--no-state and {other} contradict each other: give one of them", field="state")
    name = "stdin" if str(csv) == "-" else csv.name
    return None if no_state else state or csv.with_name(f"{name}.prelabel")
