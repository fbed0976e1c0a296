"""``prelabel import``: a CSV and its masks into a project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from prelabel.cli.console import (
    check_key_file,
    check_state,
    complain_of_rows,
    errors_as_exit_codes,
    read_api_key,
    summarize,
    tell_of_rejects,
)
from prelabel.cli.interrupts import interrupts_to
from prelabel.cli.loading import loading, without_authorities
from prelabel.cli.options import api_key_option, config_option, csv_argument, quiet_option, takes
from prelabel.cli.progress import telling_how_far, watch
from prelabel.importer.options import ImportOptions
from prelabel.masks.decoders.library_noise import quieten_libraries

if TYPE_CHECKING:
    from pathlib import Path

EPILOG = """\
Examples:

\b
  export ANGO_API_KEY=...
  prelabel import labels.csv --config config.json --project 6612f0d2c3 --dry-run
  prelabel import labels.csv --config config.json --project 6612f0d2c3

Exit codes and environment: see prelabel --help."""


@click.command("import", epilog=EPILOG)
@csv_argument
@config_option
@takes(ImportOptions)
@click.option("--no-state", is_flag=True, help="Keep no record; each run imports everything.")
@click.option(
    "--on-error",
    type=click.Choice(["continue", "stop"]),
    default="continue",
    help="After a failed row, go on with the others or stop.",
)
@api_key_option
@quiet_option
@click.pass_context
def import_command(
    ctx: click.Context,
    csv: Path,
    config: Path,
    *,
    options: dict[str, Any],
    no_state: bool,
    on_error: str,
    api_key_file: Path | None,
    quiet: bool,
) -> None:
    """Import the labels of a CSV into a project.

    The API key comes from ANGO_API_KEY or --api-key-file. With "overwrite": true in the config, which is the default,
    the existing labels of the assets concerned are replaced; false adds to them.

    Interrupted, by Ctrl-C or a crash, the same command goes on where it was: nothing is lost, nothing sent twice.
    """
    with errors_as_exit_codes(ctx):
        check_key_file(options, api_key_file)
        options["state"] = check_state(csv, options.get("state"), no_state=no_state, restart=options["restart"])
        options["api_key"] = read_api_key(api_key_file)
        if on_error == "stop":
            options["max_failures"] = 0
        with loading(), without_authorities():
            from prelabel.importer.import_labels import import_labels  # noqa: PLC0415 - loads aiohttp; help must not
            from prelabel.importer.stop_signal import StopSignal  # noqa: PLC0415 - loads asyncio

        quieten_libraries()
        progress, stop = watch(quiet=quiet), StopSignal()
        with telling_how_far(progress), interrupts_to(stop, progress.say), progress:
            report = import_labels(csv, config, **options, on_progress=progress, on_warning=progress.warn, stop=stop)
        if quiet:
            complain_of_rows(report, options.get("rejects"))
        else:
            summarize(report.summary())
            tell_of_rejects(report, options.get("rejects"))
        raise click.exceptions.Exit(report.exit_code)
