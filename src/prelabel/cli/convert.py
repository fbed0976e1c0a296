"""``prelabel convert``: a CSV and its masks to import items, one JSON line per row."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from prelabel.cli.console import check_writable, delimiter_of, errors_as_exit_codes, read_api_key, say
from prelabel.cli.options import (
    ApiKeyFile,
    ConfigFile,
    CsvFile,
    Delimiter,
    Host,
    MaskRoot,
    MaxMaskBytes,
    MaxMaskPixels,
    MinIou,
    Quiet,
    RejectsFile,
    ReportFile,
    Verify,
)
from prelabel.cli.progress import watch
from prelabel.errors import ConfigError
from prelabel.masks.limits import MAX_MASK_BYTES, MAX_MASK_PIXELS

if TYPE_CHECKING:
    from collections.abc import Mapping

EPILOG = """\
Examples:

\b
  prelabel convert labels.csv --config config.json --schema schema.json
  prelabel convert labels.csv --config config.json --project 6612f0d2c3 --out items.ndjson

Exit codes and environment: see prelabel --help."""

_STDOUT = Path("-")


def convert_command(
    ctx: typer.Context,
    csv: CsvFile,
    config: ConfigFile,
    schema: Annotated[
        Path | None,
        typer.Option("--schema", metavar="FILE", help="The project's category schema as JSON: no Hub needed."),
    ] = None,
    project: Annotated[
        str,
        typer.Option("--project", metavar="ID", help="The project: its schema is asked for unless --schema is given."),
    ] = "",
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Where to; - is stdout.")] = _STDOUT,
    host: Host = None,
    report: ReportFile = None,
    rejects: RejectsFile = None,
    delimiter: Delimiter = None,
    mask_root: MaskRoot = None,
    api_key_file: ApiKeyFile = None,
    max_mask_bytes: MaxMaskBytes = MAX_MASK_BYTES,
    max_mask_pixels: MaxMaskPixels = MAX_MASK_PIXELS,
    verify: Verify = False,
    min_iou: MinIou = None,
    quiet: Quiet = False,
) -> None:
    """Write import items as NDJSON, and send nothing.

    One line for each row that could be converted, in the CSV's order: what an import would send.
    """
    with errors_as_exit_codes(ctx):
        check_writable("--out", None if out == _STDOUT else out, csv)
        check_writable("--report", report, csv)
        check_writable("--rejects", rejects, csv)
        category_schema = schema or _schema_of(project, host, api_key_file)
        from prelabel.conversion import convert  # noqa: PLC0415 - loads the kernels; help must not
        from prelabel.masks.quieting import quieten_libraries  # noqa: PLC0415 - likewise

        quieten_libraries()
        with watch(quiet=quiet) as progress:
            done = convert(
                csv,
                config,
                schema=category_schema,
                out=sys.stdout.buffer if out == _STDOUT else out,
                project=project,
                on_progress=progress,
                delimiter=delimiter_of(delimiter),
                mask_root=mask_root,
                report=report,
                rejects=rejects,
                max_mask_bytes=max_mask_bytes,
                max_mask_pixels=max_mask_pixels,
                verify=verify,
                min_iou=min_iou,
            )
        sys.stdout.flush()
        if not quiet:
            say(done.summary())
        raise typer.Exit(done.exit_code)


def _schema_of(project: str, host: str | None, api_key_file: Path | None) -> Mapping[str, Any]:
    """Ask the Hub for the project, which holds its category schema."""
    if not project:
        raise ConfigError("convert needs --schema FILE, or --project ID to ask the Hub", field="schema")
    api_key = read_api_key(api_key_file)

    import asyncio  # noqa: PLC0415 - help must not load it

    from prelabel.hub.api import connect  # noqa: PLC0415 - likewise

    async def ask() -> Mapping[str, Any]:
        async with connect(host, api_key, requests_per_minute=100) as hub:
            return await hub.get_project(project)

    return asyncio.run(ask())
