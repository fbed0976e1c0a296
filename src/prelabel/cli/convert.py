"""``prelabel convert``: a CSV and its masks to import items, one JSON line per row."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from prelabel.cli.console import check_key_file, complain_of_rows, errors_as_exit_codes, read_api_key, summarize
from prelabel.cli.loading import loading, without_authorities
from prelabel.cli.options import FILE, api_key_option, config_option, csv_argument, quiet_option, takes
from prelabel.cli.progress import watch
from prelabel.errors import ConfigError
from prelabel.importer.options import ConvertOptions
from prelabel.masks.decoders.library_noise import quieten_libraries

EPILOG = """\
Examples:

\b
  prelabel convert labels.csv --config config.json --schema schema.json
  prelabel convert labels.csv --config config.json --project 6612f0d2c3 --out items.ndjson

Exit codes and environment: see prelabel --help."""

_STDOUT = Path("-")


@click.command("convert", epilog=EPILOG)
@csv_argument
@config_option
@takes(ConvertOptions)
@click.option("--out", "-o", type=FILE, default=_STDOUT, metavar="FILE", help="Where to; - is stdout.")
@api_key_option
@quiet_option
@click.pass_context
def convert_command(
    ctx: click.Context,
    csv: Path,
    config: Path,
    *,
    options: dict[str, Any],
    out: Path,
    api_key_file: Path | None,
    quiet: bool,
) -> None:
    """Write import items as NDJSON, and send nothing.

    One line for each row that could be converted, in the CSV's order: what an import would send. --project asks the Hub
    for the project's schema unless --schema is given.
    """
    with errors_as_exit_codes(ctx):
        if out == _STDOUT and sys.stdout is None:
            raise ConfigError("--out: the standard output is closed: name a file", field="out")
        target = sys.stdout.buffer if out == _STDOUT else out
        check_key_file({**options, "out": target}, api_key_file)
        options["api_key"] = None if "schema" in options else read_api_key(api_key_file)
        with loading(), without_authorities():
            from prelabel.importer.convert import convert  # noqa: PLC0415 - loads aiohttp; help must not

        quieten_libraries()
        with watch(quiet=quiet) as progress:
            report = convert(csv, config, **options, out=target, on_progress=progress, on_warning=progress.warn)
        if quiet:
            complain_of_rows(report, options.get("rejects"))
        else:
            summarize(report.summary())
        raise click.exceptions.Exit(report.exit_code)
