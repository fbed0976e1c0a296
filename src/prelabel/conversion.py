"""Rows to import items in a file, without a Hub: stages 1 to 6, then one line of JSON a row."""

from __future__ import annotations

from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from prelabel.errors import ConfigError
from prelabel.masks.limits import MAX_MASK_BYTES, MAX_MASK_PIXELS, MaskLimits
from prelabel.matching import Matches, RowGate
from prelabel.outcomes import OpenRows
from prelabel.report import Report, ReportBuilder, deliver
from prelabel.source import Source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from prelabel.options import ConfigLike, OnProgress, PathLike
    from prelabel.report import OnError


def convert(  # noqa: PLR0913 - the public surface
    csv: PathLike,
    config: ConfigLike,
    *,
    schema: PathLike | Mapping[str, Any],
    out: PathLike | BinaryIO,
    project: str = "",
    on_progress: OnProgress | None = None,
    delimiter: str | None = None,
    mask_root: PathLike | None = None,
    report: PathLike | None = None,
    rejects: PathLike | None = None,
    n_threads: int | None = None,
    on_error: OnError = "collect",
    max_mask_bytes: int = MAX_MASK_BYTES,
    max_mask_pixels: int = MAX_MASK_PIXELS,
    verify: bool = False,
    min_iou: float | None = None,
) -> Report:
    """Write a CSV's import items as NDJSON, one line per row that could be converted, in row order.

    ``schema`` is a categorySchema or a project that has one, as a JSON file or an object; ``out`` a path, or a binary
    file open for writing, which is left open; ``project`` the project's id, if the object ids are to be those of an
    import into it. The other keywords are those of :class:`prelabel.options.ImportOptions`.

    Raises:
        ConfigError: config, CSV header and schema do not fit each other; nothing was written.
        ImportFailed: rows failed and ``on_error`` is ``"raise"``.
    """
    limits = MaskLimits(max_mask_bytes, max_mask_pixels)
    source = Source.open(csv, config, delimiter, mask_root, n_threads, limits=limits, verify=verify, min_iou=min_iou)
    encoder = source.encoder(source.bind(read_schema(schema)), project)
    books = ReportBuilder("convert", source.csv.name, source.layout.header, source.layout.delimiter, project)
    rows = OpenRows(books, source.layout.delimiter, Matches())
    gate = RowGate(source.config.external_id_column)
    with _opened(out) as lines, closing(source.encoded(encoder, gate)) as chunks:
        for chunk in chunks:
            for item in rows.take(chunk):
                lines.write(item.body + b"\n")
                rows.close(item.row_number, "imported")
            if on_progress is not None:
                on_progress(books.progress(None, 0))
    finished = books.finish(n_threads=source.n_threads)
    return deliver(finished, json_path=report, rejects_path=rejects, on_error=on_error)


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
        document = orjson.loads(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except OSError as error:
        raise ConfigError(f"cannot read the schema {path}: {error.strerror or error}", field="schema") from error
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"the schema {path} is not JSON: {error}", field="schema") from error
    if not isinstance(document, dict):
        raise ConfigError(f"the schema {path} must be a JSON object with tools and classifications", field="schema")
    return document
