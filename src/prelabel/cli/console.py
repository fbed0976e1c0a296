"""What all commands share: messages on stderr, errors as exit codes, the API key, SIGTERM as an interrupt."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import typer

from prelabel.errors import ConfigError, ImportFailed, PrelabelError, UploadError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.console import Console

SOME_FAILED, USAGE, HUB_FAILED, OUR_FAULT, INTERRUPTED = 1, 2, 3, 70, 130
"""Exit codes beside 0."""

_MAX_KEY_CHARS = 4096


def stderr() -> Console:
    """A console on stderr that knows whether it is a terminal and whether colours are wanted."""
    from rich.console import Console  # noqa: PLC0415 - costs time, and help does not need it

    return Console(stderr=True, highlight=False, soft_wrap=True)


def say(message: str) -> None:
    """Print a message for a person."""
    typer.echo(message, err=True)


def complain(message: str, kind: str = "error") -> None:
    """Print what went wrong."""
    from rich.text import Text  # noqa: PLC0415 - as in stderr()

    stderr().print(Text.assemble((f"{kind}: ", "bold red"), message))


def warn(message: str) -> None:
    """Print what may make the whole run useless, before it is under way."""
    complain(message, "warning")


@contextmanager
def errors_as_exit_codes(ctx: typer.Context) -> Iterator[None]:
    """Run a command's work; say on stderr why it fails, and exit with the code that means it.

    Args:
        ctx: the command's context; its root knows ``--debug``.
    """
    try:
        with _sigterm_interrupts():
            yield
    except KeyboardInterrupt:
        complain("stopped before the end", "interrupted")
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        # Whoever read our stdout has seen enough. Python would complain again while it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(SOME_FAILED) from None
    except typer.Exit:
        raise
    except Exception as error:  # noqa: BLE001 - the border: everything becomes a message and an exit code
        if ctx.find_root().params.get("debug"):
            import traceback  # noqa: PLC0415 - rarely needed

            traceback.print_exc()
        complain(_message(error))
        raise typer.Exit(_exit_code(error)) from None


def _exit_code(error: Exception) -> int:
    match error:
        case ImportFailed():
            return SOME_FAILED
        case UploadError():
            return HUB_FAILED
        case PrelabelError():
            return USAGE
        case _:
            return OUR_FAULT


def _message(error: Exception) -> str:
    if isinstance(error, PrelabelError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'input or output'}: {error.strerror or error}"
    fault = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"a fault in prelabel ({fault}); run 'prelabel --debug ...' again and report what it prints"


@contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does, whatever that is at the time: inside an event loop it cancels the main task."""

    def interrupt(number: int, frame: Any) -> None:
        on_interrupt = signal.getsignal(signal.SIGINT)
        if not callable(on_interrupt):  # started with Ctrl-C ignored, as shells do in the background
            raise KeyboardInterrupt
        on_interrupt(number, frame)

    before = signal.getsignal(signal.SIGTERM)
    with suppress(ValueError):  # only the main thread may
        signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        with suppress(ValueError):
            signal.signal(signal.SIGTERM, before)


def read_api_key(file: Path | None) -> str | None:
    """The API key from a file, or the environment's ANGO_API_KEY; None when there is neither.

    Raises:
        ConfigError: the file cannot be read or holds no key.
    """
    if file is None:
        return os.environ.get("ANGO_API_KEY") or None
    try:
        with file.open(encoding="utf-8") as lines:
            key = lines.read(_MAX_KEY_CHARS).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(f"--api-key-file: cannot read {file}: {reason}", field="api_key") from error
    if not key or len(key.split()) > 1:
        raise ConfigError(f"--api-key-file: {file} must hold the key and nothing else", field="api_key")
    return key


def check_writable(option: str, path: Path | None, csv: Path) -> None:
    """Find out before the work, not after it, that a result has nowhere to go, or would replace the CSV.

    Raises:
        ConfigError: the file's folder does not exist, it cannot be written, or it is the CSV.
    """
    if path is None:
        return
    folder = path.parent
    if not folder.is_dir():
        raise ConfigError(f"{option}: there is no folder {folder}: make it first", field=option)
    if path.is_dir():
        raise ConfigError(f"{option}: {path} is a folder: name a file", field=option)
    if path.exists() and csv.exists() and path.samefile(csv):
        raise ConfigError(f"{option}: {path} is the CSV itself: name another file", field=option)
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise ConfigError(f"{option}: {path} cannot be written: check the permissions", field=option)


def check_state(csv: Path, state: Path | None, *, no_state: bool, restart: bool) -> Path | None:
    """The folder of an import's record, None for no record.

    Raises:
        ConfigError: the options contradict each other.
    """
    if no_state and (state is not None or restart):
        other = "--restart" if state is None else "--state"
        raise ConfigError(f"--no-state and {other} contradict each other: give one of them", field="state")
    return None if no_state else state or csv.with_name(f"{csv.name}.prelabel")
