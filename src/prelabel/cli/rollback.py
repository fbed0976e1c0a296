"""``prelabel rollback``: put back what an import replaced."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prelabel.cli.console import errors_as_exit_codes, read_api_key, say
from prelabel.cli.interrupts import interrupts_to
from prelabel.cli.options import ApiKeyFile, Quiet

EPILOG = """\
Example:

\b
  prelabel rollback --state labels.csv.prelabel

Exit codes and environment: see prelabel --help."""


def rollback_command(
    ctx: typer.Context,
    state: Annotated[Path, typer.Option("--state", metavar="DIR", help="The folder of the import's record.")],
    api_key_file: ApiKeyFile = None,
    quiet: Quiet = False,
) -> None:
    """Put back what an import replaced.

    Every task that the import touched gets the labels it had before. What has been done to these tasks since is lost.
    Interrupted, the same command goes on where it was.
    """
    with errors_as_exit_codes(ctx):
        api_key = read_api_key(api_key_file)
        from prelabel.importer.rollback import roll_back  # noqa: PLC0415 - loads aiohttp; help must not
        from prelabel.importer.stop_signal import StopSignal  # noqa: PLC0415 - loads asyncio

        stopper = StopSignal()
        with interrupts_to(stopper):
            done = roll_back(state, api_key=api_key, stop=stopper)
        if not quiet:
            say(done.summary())
        raise typer.Exit(done.exit_code)
