"""``prelabel import``: a CSV and its masks into a project."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from prelabel.cli.console import check_state, check_writable, delimiter_of, errors_as_exit_codes, read_api_key, say
from prelabel.cli.interrupts import interrupts_to
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
from prelabel.cli.progress import telling_how_far, watch
from prelabel.masks.sources.access import DEFAULTS


class OnFailure(StrEnum):
    """What a failed row does to the others."""

    CONTINUE = "continue"
    STOP = "stop"


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
    fetch_concurrency: FetchConcurrency = DEFAULTS.concurrency,
    fetch_timeout: FetchTimeout = DEFAULTS.timeout_s,
    max_mask_bytes: MaxMaskBytes = DEFAULTS.mask.max_bytes,
    max_mask_pixels: MaxMaskPixels = DEFAULTS.mask.max_pixels,
    max_redirects: MaxRedirects = DEFAULTS.max_redirects,
    max_shared_bytes: MaxSharedBytes = DEFAULTS.max_shared_bytes,
    allow_outside_root: AllowOutsideRoot = False,
    allow_mask_host: AllowMaskHost = None,
    max_in_flight: Annotated[
        int, typer.Option("--max-in-flight", min=1, metavar="N", help="Batches on their way to the Hub at once.")
    ] = 4,
    state: Annotated[
        Path | None,
        typer.Option(
            "--state",
            metavar="DIR",
            help="Folder for the record of the import, to go on after a crash, and to undo. CSV.prelabel unless set.",
        ),
    ] = None,
    no_state: Annotated[bool, typer.Option("--no-state", help="Keep no record; each run imports everything.")] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Forget the record (rollback's too) and import everything anew.")
    ] = False,
    undo: Annotated[
        bool,
        typer.Option("--undo/--no-undo", help="Keep replaced labels in the record, for prelabel rollback, or not."),
    ] = True,
    on_error: Annotated[
        OnFailure, typer.Option("--on-error", help="After a failed row, go on with the others or stop.")
    ] = OnFailure.CONTINUE,
    max_failures: Annotated[
        int | None, typer.Option("--max-failures", min=0, metavar="N", help="Stop when more rows than this failed.")
    ] = None,
    deadline: Annotated[
        float | None, typer.Option("--deadline", min=1, metavar="S", help="Stop after so many seconds.")
    ] = None,
    read_back: Annotated[
        bool,
        typer.Option("--read-back", help="Where the Hub's count of labelled tasks is odd, look which are missing."),
    ] = False,
    api_key_file: ApiKeyFile = None,
    verify: Verify = False,
    min_iou: MinIou = None,
    quiet: Quiet = False,
) -> None:
    """Import the labels of a CSV into a project.

    The API key comes from ANGO_API_KEY or --api-key-file. With "overwrite": true in the config, which is the default,
    the existing labels of the assets concerned are replaced; false adds to them.

    Interrupted, by Ctrl-C or a crash, the same command goes on where it was: nothing is lost, nothing sent twice.
    """
    with errors_as_exit_codes(ctx):
        check_writable("--report", report, csv)
        check_writable("--rejects", rejects, csv)
        record = check_state(csv, state, no_state=no_state, restart=restart)
        api_key = read_api_key(api_key_file)
        from prelabel.importer.import_labels import import_labels  # noqa: PLC0415 - likewise
        from prelabel.importer.stop_signal import Stopper  # noqa: PLC0415 - loads asyncio
        from prelabel.masks.decoders.library_noise import quieten_libraries  # noqa: PLC0415 - loads the kernels; help must not

        quieten_libraries()
        progress, stopper = watch(quiet=quiet), Stopper()
        with telling_how_far(progress), interrupts_to(stopper), progress:
            done = import_labels(
                csv,
                config,
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
                max_in_flight=max_in_flight,
                dry_run=dry_run,
                state=record,
                restart=restart,
                undo=undo,
                stop=stopper,
                deadline_s=deadline,
                read_back=read_back,
                max_failures=0 if on_error is OnFailure.STOP else max_failures,
                verify=verify,
                min_iou=min_iou,
            )
        if not quiet:
            say(done.summary())
        raise typer.Exit(done.exit_code)
