"""``prelabel rollback``: put back what an import replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from prelabel.cli.console import complain, errors_as_exit_codes, read_api_key, summarize
from prelabel.cli.interrupts import interrupts_to
from prelabel.cli.loading import loading, without_authorities
from prelabel.cli.options import DECLARED, FILE, api_key_option, quiet_option
from prelabel.cli.progress import watch
from prelabel.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

EPILOG = """\
Examples:

\b
  prelabel rollback labels.csv --dry-run
  prelabel rollback labels.csv
  prelabel rollback --state the-record

Exit codes and environment: see prelabel --help."""


@click.command("rollback", epilog=EPILOG)
@click.argument(
    "record", type=FILE, required=False, metavar="[CSV or DIR]", help="The import's CSV, or the folder of its record."
)
@click.option("--state", type=FILE, metavar="DIR", help="The folder of the record, as given to the import.")
@DECLARED["host"]("host")
@click.option("--dry-run", "-n", is_flag=True, help="Say what would change, and change nothing.")
@api_key_option
@quiet_option
@click.pass_context
def rollback_command(
    ctx: click.Context,
    *,
    record: Path | None,
    state: Path | None,
    host: str | None,
    dry_run: bool,
    api_key_file: Path | None,
    quiet: bool,
) -> None:
    """Put back what an import replaced.

    Every task that the import touched gets the labels it had before. What has been done to these tasks since is lost.
    What will change is said before it does. Interrupted, the same command goes on where it was.
    """
    with errors_as_exit_codes(ctx):
        named = [path for path in (record, state) if path is not None]
        if len(named) != 1:
            raise ConfigError("name the import to undo: its CSV, or the folder of its record, once", field="state")
        api_key = read_api_key(api_key_file)
        with loading(), without_authorities():
            from prelabel.importer.rollback import roll_back  # noqa: PLC0415 - loads aiohttp; help must not
            from prelabel.importer.stop_signal import StopSignal  # noqa: PLC0415 - loads asyncio

        progress, stopper = watch(quiet=quiet, beginning="counting what will change"), StopSignal()
        with interrupts_to(stopper, progress.say), progress:
            done = roll_back(
                named[0],
                host=host,
                api_key=api_key,
                stop=stopper,
                dry_run=dry_run,
                on_plan=lambda plan: None if quiet else progress.say(plan.summary()),
                on_progress=progress,
            )
        if not quiet:
            summarize(done.summary())
        elif done.exit_code:
            complain("; ".join(filter(None, [done.achieved(), done.stopped and f"stopped early: {done.stopped}"])))
        raise click.exceptions.Exit(done.exit_code)
