"""Stages 2 to 6, and a file in place of the Hub: a CSV's import items as NDJSON, one line per row."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from prelabel.errors import ConfigError, PrelabelError
from prelabel.hub.asset_matching import Matches
from prelabel.importer.mask_supply import open_mask_supply
from prelabel.importer.opened_csv import OpenedCsv
from prelabel.importer.options import ConvertOptions, takes
from prelabel.importer.output_paths import check_outputs
from prelabel.importer.row_filter import RowFilter
from prelabel.importer.watcher import Watcher
from prelabel.inputs.encodings import decode_text
from prelabel.inputs.json_faults import json_fault
from prelabel.kernels import telling
from prelabel.outcomes.builder import ReportBuilder
from prelabel.outcomes.deliver import deliver
from prelabel.outcomes.output_file import OutputFile
from prelabel.outcomes.pending_rows import PendingRows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prelabel.errors import OutputError
    from prelabel.hub.client import HubClient
    from prelabel.importer.options import ConfigLike, PathLike
    from prelabel.outcomes.report import Report


@takes(ConvertOptions)
def convert(csv: PathLike, config: ConfigLike, options: ConvertOptions) -> Report:
    """Write a CSV's import items as NDJSON, one line per row that could be converted, in row order.

    Args:
        csv: the file.
        config: a file, a mapping or an ImportConfig.
        options: the keywords below.

    Returns:
        What became of each row.

    Raises:
        ConfigError: config, CSV header and schema do not fit each other; nothing was written.
        UploadError: the Hub refused the key or could not be reached; nothing was written.
        OutputError: a result could not be written; the error has the report, and the other results are there.
        ImportFailed: rows failed and ``on_error`` is ``"raise"``.
        PrelabelError: this was called in a running event loop.

    Example:
        >>> report = convert("labels.csv", "config.json", schema="schema.json", out="items.ndjson")
        >>> report.exit_code, len(Path("items.ndjson").read_bytes().splitlines())
        (0, 4)
    """
    check_outputs(csv, config, options)
    opened = OpenedCsv.open(csv, config, options)
    report = ReportBuilder("convert", opened.csv.name, opened.layout.form, options.project)
    if options.schema is None and not options.project:
        raise ConfigError("convert needs --schema FILE, or --project ID to ask the Hub", field="schema")
    schema, hub = None, None
    if options.schema is not None:
        schema = read_schema(options.schema, options.encoding or opened.config.encoding or None)
    else:
        from prelabel.hub.client import connect  # noqa: PLC0415 - loads aiohttp, of no use to a file

        hub = connect(options.host, options.api_key, requests_per_minute=opened.config.requests_per_minute)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        fault = asyncio.run(_convert(opened, options, report, schema, hub))
    else:
        raise PrelabelError("convert cannot run in a running event loop: call it in a thread (asyncio.to_thread)")
    report.warn_of_no_rows(options.on_warning)
    finished = report.finish(hub.transport.n_requests if hub is not None else 0, n_threads=opened.n_threads)
    return deliver(
        finished,
        json_path=options.report,
        rejects_path=options.rejects,
        on_error=options.on_error,
        faults=[] if fault is None else [fault],
    )


async def _convert(
    opened: OpenedCsv,
    options: ConvertOptions,
    report: ReportBuilder,
    schema: Mapping[str, Any] | None,
    hub: HubClient | None,
) -> OutputError | None:
    """Returns why the items could not be written; the other results are, all the same."""
    watcher = Watcher(options.on_progress, report.progress, hub)
    async with AsyncExitStack() as stack:
        if options.on_progress is not None:  # else it is logged
            stack.enter_context(telling(watcher.tell_of_compiling))
        await stack.enter_async_context(watcher.ticking())
        if hub is not None:
            await stack.enter_async_context(hub)
            schema = await hub.get_project(options.project)
        assert schema is not None, "there is a schema or a Hub"
        binding = opened.bind(schema)
        for warning in await asyncio.to_thread(opened.warnings, binding, schema):
            report.warn(warning, options.on_warning)
        if opened.config.match_ids_by != "exact":
            report.note('external IDs are as the CSV has them: "match_ids_by" acts when they are imported')
        masks = None
        if opened.config.mask_column:
            ids, survey = await asyncio.to_thread(opened.survey)
            report.n_counted = ids.n_rows
            masks = await stack.enter_async_context(open_mask_supply(opened, binding, survey, report, hub))
        matches = Matches()
        lines = stack.enter_context(OutputFile(options.out, "--out"))
        rows = PendingRows(report, matches)
        row_filter = RowFilter(opened.config.external_id_column)
        encoded = aclosing(opened.encoded(binding, matches, row_filter, masks))
        async for chunk in await stack.enter_async_context(encoded):
            for item in rows.take(chunk):
                lines.write(item.body + b"\n")
                rows.close(item.row_number, report.good_state)
            watcher.tell()
    return lines.fault


def read_schema(schema: PathLike | Mapping[str, Any], encoding: str | None = None) -> Mapping[str, Any]:
    """Return a categorySchema given as an object or as a JSON file, whose encoding may be named if it is not UTF-8.

    Raises:
        ConfigError: the file cannot be read or is no JSON object.
    """
    if not isinstance(schema, str | Path):
        return schema
    path = Path(schema)
    try:
        document = orjson.loads(decode_text(path.read_bytes(), f"the schema {path}", encoding))
    except OSError as error:
        raise ConfigError(f"cannot read the schema {path}: {error.strerror or error}", field="schema") from error
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"the schema {path} is not JSON: {json_fault(error)}", field="schema") from error
    if not isinstance(document, dict):
        raise ConfigError(f"the schema {path} must be a JSON object with tools and classifications", field="schema")
    return document
