"""``prelabel import``: a CSV and its masks into a project."""

from __future__ import annotations

from typing import Annotated

import typer

from prelabel.cli.console import check_writable, delimiter_of, errors_as_exit_codes, read_api_key, say
from prelabel.cli.options import (
    ApiKeyFile,
    ConfigFile,
    CsvFile,
    Delimiter,
    Host,
    MaskRoot,
    Quiet,
    RejectsFile,
    ReportFile,
)
from prelabel.cli.progress import telling_how_far, watch

EPILOG = """\
Examples:

\b
  export ANGO_API_KEY=...
  prelabel import labels.csv --config config.json --project 6612f0d2c3 --dry-run
  prelabel import labels.csv --config config.json --project 6612f0d2c3

Exit codes and environment: see prelabel --help."""


def import_command(
    ctx: typer.Context,
    csv: CsvFile,
    config: ConfigFile,
    project: Annotated[str, typer.Option("--project", metavar="ID", help="The project's id.")],
    host: Host = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Do everything but the import itself, and say what would happen.")
    ] = False,
    report: ReportFile = None,
    rejects: RejectsFile = None,
    delimiter: Delimiter = None,
    mask_root: MaskRoot = None,
    max_in_flight: Annotated[
        int, typer.Option("--max-in-flight", min=1, metavar="N", help="Batches on their way to the Hub at once.")
    ] = 4,
    api_key_file: ApiKeyFile = None,
    quiet: Quiet = False,
) -> None:
    """Import the labels of a CSV into a project.

    The API key comes from ANGO_API_KEY or --api-key-file. With "overwrite": true in the config, which is the default,
    the existing labels of the assets concerned are replaced; false adds to them.
    """
    with errors_as_exit_codes(ctx):
        check_writable("--report", report, csv)
        check_writable("--rejects", rejects, csv)
        api_key = read_api_key(api_key_file)
        from prelabel.pipeline import import_labels  # noqa: PLC0415 - loads the kernels; help must not

        progress = watch(quiet=quiet)
        with telling_how_far(progress), progress:
            done = import_labels(
                csv,
                config,
                project=project,
                host=host,
                api_key=api_key,
                on_progress=progress,
                delimiter=delimiter_of(delimiter),
                mask_root=mask_root,
                report=report,
                rejects=rejects,
                max_in_flight=max_in_flight,
                dry_run=dry_run,
            )
        if not quiet:
            say(done.summary())
        raise typer.Exit(done.exit_code)
