"""The command ``prelabel`` and what its subcommands share: help, version, ``--debug``."""

# Typer reads annotations at run time, so what stands in them is imported for real, here and in every command.

from __future__ import annotations

from typing import Annotated

import typer

from prelabel import __version__
from prelabel.cli.config_schema import config_schema
from prelabel.cli.convert import EPILOG as CONVERT_EPILOG
from prelabel.cli.convert import convert_command
from prelabel.cli.demo import EPILOG as DEMO_EPILOG
from prelabel.cli.demo import demo_command
from prelabel.cli.doctor import EPILOG as DOCTOR_EPILOG
from prelabel.cli.doctor import doctor_command
from prelabel.cli.hub import EPILOG as HUB_EPILOG
from prelabel.cli.hub import hub_command
from prelabel.cli.import_ import EPILOG as IMPORT_EPILOG
from prelabel.cli.import_ import import_command
from prelabel.cli.plugin import EPILOG as PLUGIN_EPILOG
from prelabel.cli.plugin import plugin_command
from prelabel.cli.rollback import EPILOG as ROLLBACK_EPILOG
from prelabel.cli.rollback import rollback_command
from prelabel.cli.warmup import EPILOG as WARMUP_EPILOG
from prelabel.cli.warmup import warmup_command

_EPILOG = """\
Examples:

\b
  prelabel demo
  prelabel import labels.csv --config config.json --project 6612f0d2c3 --dry-run
  prelabel convert labels.csv --config config.json --schema schema.json

Exit codes:

\b
  0    every row was imported, or skipped for a reason
  1    some rows failed; --rejects has them, ready to be mended
  2    wrong usage or config; nothing was sent
  3    the Hub could not be reached, or refused us
  4    a result could not be written; labels may be in, the message says so
  70   a fault in prelabel itself; please report it
  130  interrupted; the same command goes on from there

Environment:

\b
  ANGO_API_KEY  the API key; or give --api-key-file (never the key itself)
  ANGO_HOST     the Hub's address, https://imeritapi.ango.ai unless set
  NO_COLOR      set to anything: no colours

Messages and progress go to stderr; stdout carries data only."""

app = typer.Typer(
    name="prelabel",
    epilog=_EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,  # keeps the lines of the epilogs as they are
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("import", epilog=IMPORT_EPILOG)(import_command)
app.command("rollback", epilog=ROLLBACK_EPILOG)(rollback_command)
app.command("convert", epilog=CONVERT_EPILOG)(convert_command)
app.command("hub", epilog=HUB_EPILOG)(hub_command)
app.command("plugin", epilog=PLUGIN_EPILOG)(plugin_command)
app.command("demo", epilog=DEMO_EPILOG)(demo_command)
app.command("config-schema")(config_schema)
app.command("doctor", epilog=DOCTOR_EPILOG)(doctor_command)
app.command("warmup", epilog=WARMUP_EPILOG)(warmup_command)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"prelabel {__version__}")
        raise typer.Exit


@app.callback()
def prelabel(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback with every error.")] = False,
) -> None:
    """Import pre-labels from a CSV and its mask files into Ango Hub."""
