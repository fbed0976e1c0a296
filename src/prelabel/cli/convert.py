"""``prelabel convert``: a CSV and its masks to import items, one JSON line per row."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from prelabel.cli.console import check_writable, delimiter_of, errors_as_exit_codes, read_api_key, say
from prelabel.cli.options import (
    AllowMaskHost,
    AllowOutsideRoot,
    ApiKeyFile,
    ConfigFile,
    CsvFile,
    Delimiter,
    FetchConcurrency,
    FetchTimeout,
    Host,
    MaskRoot,
    MaxMaskBytes,
    MaxMaskPixels,
    MaxRedirects,
    MaxSharedBytes,
    MinIou,
    Quiet,
    RejectsFile,
    ReportFile,
    Verify,
)
from prelabel.cli.progress import watch
from prelabel.masks.sources.access import DEFAULTS

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
    fetch_concurrency: FetchConcurrency = DEFAULTS.concurrency,
    fetch_timeout: FetchTimeout = DEFAULTS.timeout_s,
    max_mask_bytes: MaxMaskBytes = DEFAULTS.mask.max_bytes,
    max_mask_pixels: MaxMaskPixels = DEFAULTS.mask.max_pixels,
    max_redirects: MaxRedirects = DEFAULTS.max_redirects,
    max_shared_bytes: MaxSharedBytes = DEFAULTS.max_shared_bytes,
    allow_outside_root: AllowOutsideRoot = False,
    allow_mask_host: AllowMaskHost = None,
    api_key_file: ApiKeyFile = None,
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
        api_key = read_api_key(api_key_file) if schema is None else None
        from prelabel.importer.convert import convert  # noqa: PLC0415 - loads the kernels; help must not
        from prelabel.masks.decoders.library_noise import quieten_libraries  # noqa: PLC0415 - likewise

        quieten_libraries()
        with watch(quiet=quiet) as progress:
            done = convert(
                csv,
                config,
                schema=schema,
                out=sys.stdout.buffer if out == _STDOUT else out,
                project=project,
                host=host,
                api_key=api_key,
                on_progress=progress,
                delimiter=delimiter_of(delimiter),
                mask_root=mask_root,
                fetch_concurrency=fetch_concurrency,
                fetch_timeout_s=fetch_timeout,
                max_mask_bytes=max_mask_bytes,
                max_mask_pixels=max_mask_pixels,
                max_redirects=max_redirects,
                max_shared_bytes=max_shared_bytes,
                allow_outside_root=allow_outside_root,
                allow_mask_hosts=allow_mask_host or (),
                report=report,
                rejects=rejects,
                verify=verify,
                min_iou=min_iou,
            )
        sys.stdout.flush()
        if not quiet:
            say(done.summary())
        raise typer.Exit(done.exit_code)
