"""How shells are told to complete commands and options."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

_START_FILES = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/config.fish"}
_VARIABLE = "_PRELABEL_COMPLETE"
"""By it a shell asks this program, as click has it."""


def _install(ctx: click.Context, param: click.Parameter, shell: str | None) -> None:
    """Add a line to the shell's start file, once."""
    if shell is None or ctx.resilient_parsing:  # which is how a command line is read that is still being typed
        return
    shell = _known(shell)
    ask = f"{_VARIABLE}={shell}_source prelabel"
    line = f"{ask} | source" if shell == "fish" else f'eval "$({ask})"'
    file = Path.home() / _START_FILES[shell]
    try:
        _add(line, file)
    except OSError as error:
        raise click.BadParameter(f"cannot write {file}: {error.strerror}; it should hold the line {line}") from error
    click.echo(f"{file} has it; a new {shell} completes prelabel")
    ctx.exit()


def _add(line: str, file: Path) -> None:
    before = file.read_text("utf-8", "surrogateescape") if file.exists() else ""
    if line not in before.splitlines():
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as start_file:
            start_file.write(f"{line}\n" if before.endswith("\n") or not before else f"\n{line}\n")


def _show(ctx: click.Context, param: click.Parameter, shell: str | None) -> None:
    """Print the shell's script."""
    if shell is None or ctx.resilient_parsing:
        return
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - only here

    completion = get_completion_class(_known(shell))
    assert completion is not None, "click knows the shells that we do"
    click.echo(completion(ctx.command, {}, "prelabel", _VARIABLE).source())
    ctx.exit()


def _known(shell: str) -> str:
    """The shell that was named, or else that of the environment.

    Raises:
        click.BadParameter: it is none of those that can complete.
    """
    shell = shell or Path(os.environ.get("SHELL", "")).name
    if shell not in _START_FILES:
        raise click.BadParameter(f"write one of {', '.join(_START_FILES)}, not {shell!r}")
    return shell


def _option(name: str, callback: Callable[..., None], help: str) -> Callable[[Any], Any]:  # noqa: A002 - as click calls it
    """An option that acts at once; its value, the shell, may be left out."""
    return click.option(
        name,
        is_flag=False,
        flag_value="",
        metavar="[SHELL]",
        is_eager=True,
        expose_value=False,
        callback=callback,
        help=help,
    )


install_completion = _option("--install-completion", _install, "Let the shell complete commands and options.")
show_completion = _option("--show-completion", _show, "Print the shell's script for it instead.")
