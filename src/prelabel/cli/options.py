"""The options of commands, declared once.

:data:`DECLARED` says how the command line takes the fields of the option records (:mod:`prelabel.importer.options`);
:func:`takes` gives a command all of its record's that are declared. A record's own default is the command's.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

Decorator = Callable[[Any], Any]

FILE = click.Path(path_type=Path)


class Number(click.FloatRange):
    """A number in a range; what is no number, "nan", is in none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or say what is wrong with it."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


csv_argument = click.argument("csv", type=FILE, help="The CSV file, one row per asset.")
config_option = click.option(
    "--config",
    "-c",
    type=FILE,
    metavar="FILE",
    required=True,
    help="The config: the plugin's JSON as it is, or TOML.",
)
api_key_option = click.option(
    "--api-key-file", type=FILE, metavar="FILE", help="File with the API key, instead of ANGO_API_KEY."
)
quiet_option = click.option("--quiet", "-q", is_flag=True, help="No progress and no summary, only warnings and errors.")


def _option(*names: str, **attributes: Any) -> Callable[..., Decorator]:
    """An option that a record's field gives its name and default."""

    def named(field: str, **more: Any) -> Decorator:
        return click.option(field, *names, **attributes, **more)

    return named


def _file(*names: str, help: str, metavar: str = "FILE") -> Callable[..., Decorator]:  # noqa: A002 - as click calls it
    return _option(*names, type=FILE, metavar=metavar, help=help)


def _count(*names: str, help: str, least: int = 1) -> Callable[..., Decorator]:  # noqa: A002
    return _option(*names, type=click.IntRange(min=least), metavar="N", help=help)


def _flag(*names: str, help: str) -> Callable[..., Decorator]:  # noqa: A002
    return _option(*names, is_flag=True, help=help)


def _texts(*names: str, help: str) -> Callable[..., Decorator]:  # noqa: A002
    return _option(*names, multiple=True, metavar="NAME", help=help)


def _delimiter(_ctx: click.Context, _param: click.Parameter, text: str | None) -> str | None:
    r"""The character that is meant: ``tab`` and ``\t`` are hard to type otherwise."""
    return "\t" if text in {"tab", "\\t"} else text


DECLARED: dict[str, Callable[..., Decorator]] = {
    "project": _option("--project", metavar="ID", help="The project's id."),
    "schema": _file("--schema", help="The project's category schema as JSON: no Hub needed."),
    "host": _option(
        "--host",
        envvar="ANGO_HOST",
        show_envvar=True,
        metavar="URL",
        help="The Hub. https://imeritapi.ango.ai unless set.",
    ),
    "dry_run": _flag("--dry-run", "-n", help="Do everything but the import itself, and say what would happen."),
    "report": _file("--report", help="Write the outcome here as JSON, for programs."),
    "rejects": _file("--rejects", help="Write failed rows here as CSV, with the reason, to mend and rerun."),
    "delimiter": _option(
        "--delimiter",
        "-d",
        metavar="D",
        help="What stands between cells: , ; or tab. Found out unless set.",
        callback=_delimiter,
    ),
    "encoding": _option(
        "--encoding",
        metavar="NAME",
        help="How the CSV is written, and a config or schema that is not UTF-8: such as cp1252. UTF-8 unless set.",
    ),
    "mask_root": _file(
        "--mask-root", metavar="DIR", help="Folder that mask paths start from. The CSV's own unless set."
    ),
    "fetch_concurrency": _count("--fetch-concurrency", help="Masks fetched at once, where they are URLs or keys."),
    "fetch_timeout_s": _option(
        "--fetch-timeout",
        type=Number(min=0.1),
        metavar="S",
        help="Seconds a mask has to arrive, tries included.",
    ),
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
    "allow_mask_hosts": _texts(
        "--allow-mask-host",
        help="A host that masks may come from although its address, or a redirect to it, is refused. Repeatable.",
    ),
    "batches": _texts(
        "--batch",
        help="Touch only assets of this batch of the project, by name or id; other rows are skipped. Repeatable.",
    ),
    "max_in_flight": _count("--max-in-flight", help="Batches of rows on their way to the Hub at once."),
    "state": _file(
        "--state",
        metavar="DIR",
        help="Folder for the record of the import, to go on after a crash, and to undo. CSV.prelabel unless set.",
    ),
    "restart": _flag("--restart", help="Import everything anew (what rollback needs is kept)."),
    "undo": _option("--undo/--no-undo", help="Keep replaced labels in the record, for prelabel rollback, or not."),
    "max_failures": _count("--max-failures", least=0, help="Stop when more rows than this failed."),
    "deadline_s": _option("--deadline", type=Number(min=1), metavar="S", help="Stop after so many seconds."),
    "read_back": _flag("--read-back", help="Where the Hub's count of labelled tasks is odd, look which are missing."),
    "verify": _flag("--verify", help="Rasterise each mask's polygons again, compare with the mask, report per row."),
    "min_iou": _option(
        "--min-iou",
        type=Number(min=0, max=1),
        metavar="X",
        help="Rows with a class below this IoU fail. Implies --verify.",
    ),
}
"""Field of an option record -> how it is written and described, in the order of ``--help``."""


def takes(record: type[Any]) -> Decorator:
    """Give a command an option for each declared field of a record; it gets their values in one mapping, ``options``.

    Args:
        record: the record that the command's library function takes.

    Returns:
        The decorator.
    """
    by_name = inspect.signature(record).parameters
    declared = [name for name in DECLARED if name in by_name]

    def with_options(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def call(**values: Any) -> None:
            options = {name: values.pop(name) for name in declared}
            command(**values, options={name: value for name, value in options.items() if value not in {None, ()}})

        for name in reversed(declared):  # as decorators that stand below each other
            DECLARED[name](name, **_default(by_name[name]))(call)
        return call

    return with_options


def _default(field: inspect.Parameter) -> dict[str, Any]:
    """What click is told of a record's own default; it knows by itself that there is none."""
    if field.default is field.empty:
        return {"required": True}
    if field.default is None or (isinstance(field.default, Sequence) and not field.default):
        return {}
    return {"default": field.default}
