"""The options of commands, declared once.

:data:`DECLARED` says how the command line takes the fields of the option records (:mod:`prelabel.importer.options`);
:func:`takes` gives a command all of its record's that are declared. A record's own default is the command's.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Annotated, Any

import typer

CsvFile = Annotated[Path, typer.Argument(help="The CSV file, one row per asset.", show_default=False)]
ConfigFile = Annotated[
    Path,
    typer.Option("--config", "-c", metavar="FILE", help="The config: the plugin's JSON as it is, or TOML."),
]
ApiKeyFile = Annotated[
    Path | None,
    typer.Option("--api-key-file", metavar="FILE", help="File with the API key, instead of ANGO_API_KEY."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary, only warnings and errors.")]


def _file(*names: str, help: str, metavar: str = "FILE") -> Any:  # noqa: A002 - as typer calls it
    return Annotated[Path | None, typer.Option(*names, metavar=metavar, help=help)]


def _count(*names: str, help: str, least: int = 1) -> Any:  # noqa: A002
    return Annotated[int, typer.Option(*names, min=least, metavar="N", help=help)]


def _flag(*names: str, help: str) -> Any:  # noqa: A002
    return Annotated[bool, typer.Option(*names, help=help)]


def _delimiter(text: str | None) -> str | None:
    r"""The character that is meant: ``tab`` and ``\t`` are hard to type otherwise."""
    return "\t" if text in {"tab", "\\t"} else text


DECLARED: dict[str, Any] = {
    "project": Annotated[str, typer.Option("--project", metavar="ID", help="The project's id.")],
    "schema": _file("--schema", help="The project's category schema as JSON: no Hub needed."),
    "host": Annotated[
        str | None,
        typer.Option(
            "--host", envvar="ANGO_HOST", metavar="URL", help="The Hub. https://imeritapi.ango.ai unless set."
        ),
    ],
    "dry_run": _flag("--dry-run", "-n", help="Do everything but the import itself, and say what would happen."),
    "report": _file("--report", help="Write the outcome here as JSON, for programs."),
    "rejects": _file("--rejects", help="Write failed rows here as CSV, with the reason, to mend and rerun."),
    "delimiter": Annotated[
        str | None,
        typer.Option(
            "--delimiter",
            "-d",
            metavar="D",
            help="What stands between cells: , ; or tab. Found out unless set.",
            callback=_delimiter,
        ),
    ],
    "encoding": Annotated[
        str | None,
        typer.Option(
            "--encoding",
            metavar="NAME",
            help="How the CSV is written, and a config or schema that is not UTF-8: such as cp1252. UTF-8 unless set.",
        ),
    ],
    "mask_root": _file(
        "--mask-root", metavar="DIR", help="Folder that mask paths start from. The CSV's own unless set."
    ),
    "fetch_concurrency": _count("--fetch-concurrency", help="Masks fetched at once, where they are URLs or keys."),
    "fetch_timeout_s": Annotated[
        float,
        typer.Option("--fetch-timeout", min=0.1, metavar="S", help="Seconds a mask has to arrive, tries included."),
    ],
    "max_mask_bytes": _count(
        "--max-mask-bytes", help="The most bytes of a mask: of its file, and of its pixels decoded."
    ),
    "max_mask_pixels": _count("--max-mask-pixels", help="The most pixels of a mask; more fail the row."),
    "max_redirects": _count("--max-redirects", least=0, help="Redirects followed to a mask."),
    "max_shared_bytes": _count(
        "--max-shared-bytes", least=0, help="Memory for masks that several rows name, to trace each only once."
    ),
    "allow_outside_root": _flag(
        "--allow-outside-root", help="Read mask files outside of the mask root too, wherever the CSV points."
    ),
    "allow_mask_hosts": Annotated[
        list[str] | None,
        typer.Option(
            "--allow-mask-host",
            metavar="NAME",
            help="A host that masks may come from although its address, or a redirect to it, is refused. Repeatable.",
        ),
    ],
    "batches": Annotated[
        list[str] | None,
        typer.Option(
            "--batch",
            metavar="NAME",
            help="Touch only assets of this batch of the project, by name or id; other rows are skipped. Repeatable.",
        ),
    ],
    "max_in_flight": _count("--max-in-flight", help="Batches of rows on their way to the Hub at once."),
    "state": _file(
        "--state",
        metavar="DIR",
        help="Folder for the record of the import, to go on after a crash, and to undo. CSV.prelabel unless set.",
    ),
    "restart": _flag("--restart", help="Import everything anew (what rollback needs is kept)."),
    "undo": _flag("--undo/--no-undo", help="Keep replaced labels in the record, for prelabel rollback, or not."),
    "max_failures": Annotated[
        int | None, typer.Option("--max-failures", min=0, metavar="N", help="Stop when more rows than this failed.")
    ],
    "deadline_s": Annotated[
        float | None, typer.Option("--deadline", min=1, metavar="S", help="Stop after so many seconds.")
    ],
    "read_back": _flag("--read-back", help="Where the Hub's count of labelled tasks is odd, look which are missing."),
    "verify": _flag("--verify", help="Rasterise each mask's polygons again, compare with the mask, report per row."),
    "min_iou": Annotated[
        float | None,
        typer.Option(
            "--min-iou", min=0, max=1, metavar="X", help="Rows with a class below this IoU fail. Implies --verify."
        ),
    ],
}
"""Field of an option record -> how it is written and described, in the order of ``--help``."""


def takes(record: type[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command an option for each declared field of a record; it gets their values in one mapping, ``options``.

    Args:
        record: the record that the command's library function takes.

    Returns:
        The decorator.
    """
    by_name = {field.name: field for field in fields(record)}
    declared = [_parameter(by_name[name], kind) for name, kind in DECLARED.items() if name in by_name]

    def with_options(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def call(**values: Any) -> None:
            options = {parameter.name: values.pop(parameter.name) for parameter in declared}
            command(**values, options={name: value for name, value in options.items() if value is not None})

        own = inspect.signature(command, eval_str=True)
        before = [each for each in own.parameters.values() if each.kind is not each.KEYWORD_ONLY]
        after = [each for each in own.parameters.values() if each.kind is each.KEYWORD_ONLY and each.name != "options"]
        parameters = [*before, *declared, *after]
        wrapped: Any = call
        wrapped.__signature__ = own.replace(parameters=parameters)
        wrapped.__annotations__ = {each.name: each.annotation for each in parameters}
        return call

    return with_options


def _parameter(field: Field[Any], kind: Any) -> inspect.Parameter:
    default = inspect.Parameter.empty if field.default is MISSING else field.default
    if isinstance(default, Sequence) and not isinstance(default, str):
        default = list(default) or None
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
