"""Rows to import items in a file, without a Hub: stages 1 to 6, then one line of JSON a row."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, aclosing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Unpack

import orjson

from prelabel.errors import ConfigError, PrelabelError
from prelabel.hub.asset_matching import Matches
from prelabel.hub.client import connect
from prelabel.importer.mask_supply import supplied
from prelabel.importer.opened_csv import Source
from prelabel.importer.row_filter import RowGate
from prelabel.inputs.encodings import decode_text
from prelabel.outcomes.builder import ReportBuilder
from prelabel.outcomes.pending_rows import OpenRows
from prelabel.outcomes.report import Report, deliver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from prelabel.hub.client import HubClient
    from prelabel.importer.options import ConfigLike, MaskOptions, OnProgress, PathLike
    from prelabel.outcomes.report import OnError


def convert(  # noqa: PLR0913 - the public surface
    csv: PathLike,
    config: ConfigLike,
    *,
    out: PathLike | BinaryIO,
    schema: PathLike | Mapping[str, Any] | None = None,
    project: str = "",
    host: str | None = None,
    api_key: str | None = None,
    on_progress: OnProgress | None = None,
    delimiter: str | None = None,
    report: PathLike | None = None,
    rejects: PathLike | None = None,
    n_threads: int | None = None,
    on_error: OnError = "collect",
    verify: bool = False,
    min_iou: float | None = None,
    **masks: Unpack[MaskOptions],
) -> Report:
    """Write a CSV's import items as NDJSON, one line per row that could be converted, in row order.

    ``schema`` is a categorySchema or a project that has one, as a JSON file or an object; without one the Hub is asked
    for the project's, and for what masks in its storages need. ``out`` is a path, or a binary file open for writing,
    which is left open; ``project`` the project's id, with a schema only needed if the object ids are to be those of an
    import into it. The other keywords are those of :class:`prelabel.importer.options.ImportOptions` and
    :class:`prelabel.importer.options.MaskOptions`.

    Raises:
        ConfigError: config, CSV header and schema do not fit each other; nothing was written.
        UploadError: the Hub refused the key or could not be reached; nothing was written.
        ImportFailed: rows failed and ``on_error`` is ``"raise"``.
        PrelabelError: this was called in a running event loop.
    """
    source = Source.open(csv, config, delimiter, n_threads, verify=verify, min_iou=min_iou, **masks)
    books = ReportBuilder("convert", source.csv.name, source.layout.form, project)
    if schema is None and not project:
        raise ConfigError("convert needs --schema FILE, or --project ID to ask the Hub", field="schema")
    given = None if schema is None else read_schema(schema)
    hub = connect(host, api_key, requests_per_minute=source.config.requests_per_minute) if given is None else None
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(_convert(source, books, given, hub, out, on_progress))
    else:
        raise PrelabelError("convert cannot run in a running event loop: call it in a thread (asyncio.to_thread)")
    finished = books.finish(hub.transport.n_requests if hub is not None else 0, n_threads=source.n_threads)
    return deliver(finished, json_path=report, rejects_path=rejects, on_error=on_error)


async def _convert(
    source: Source,
    books: ReportBuilder,
    schema: Mapping[str, Any] | None,
    hub: HubClient | None,
    out: PathLike | BinaryIO,
    on_progress: OnProgress | None,
) -> None:
    """Stages 2 to 6, and the file."""
    async with AsyncExitStack() as stack:
        if hub is not None:
            await stack.enter_async_context(hub)
            schema = await hub.get_project(books.project)
        assert schema is not None, "there is a schema or a Hub"
        encoder = source.encoder(source.bind(schema), books.project)
        n_rows, supply = None, None
        if source.config.mask_column:
            survey, masks = await asyncio.to_thread(source.survey)
            n_rows, supply = survey.n_rows, await stack.enter_async_context(supplied(source, masks, books, hub))
        lines = stack.enter_context(_opened(out))
        rows = OpenRows(books, Matches())
        gate = RowGate(source.config.external_id_column)
        async for chunk in await stack.enter_async_context(aclosing(source.encoded(encoder, gate, supply))):
            for item in rows.take(chunk):
                lines.writelines((item.body, b"\n"))
                rows.close(item.row_number, "imported")
            if on_progress is not None:
                on_progress(books.progress(n_rows, 0 if hub is None else hub.transport.n_requests))


def _opened(out: PathLike | BinaryIO) -> AbstractContextManager[BinaryIO]:
    return Path(out).open("wb") if isinstance(out, str | Path) else nullcontext(out)


def read_schema(schema: PathLike | Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a categorySchema given as an object or as a JSON file.

    Raises:
        ConfigError: the file cannot be read or is no JSON object.
    """
    if not isinstance(schema, str | Path):
        return schema
    path = Path(schema)
    try:
        document = orjson.loads(decode_text(path.read_bytes(), f"the schema {path}"))
    except OSError as error:
        raise ConfigError(f"cannot read the schema {path}: {error.strerror or error}", field="schema") from error
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"the schema {path} is not JSON: {error}", field="schema") from error
    if not isinstance(document, dict):
        raise ConfigError(f"the schema {path} must be a JSON object with tools and classifications", field="schema")
    return document
