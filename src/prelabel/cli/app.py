"""The command ``prelabel`` and what its subcommands share: help, version, ``--debug``."""

from __future__ import annotations

from importlib import import_module

import click

from prelabel import __version__
from prelabel.cli.completion import install_completion, show_completion

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

_COMMANDS = {
    "import": "import_:import_command",
    "rollback": "rollback:rollback_command",
    "convert": "convert:convert_command",
    "hub": "hub:hub_command",
    "plugin": "plugin:plugin_command",
    "demo": "demo:demo_command",
    "config-schema": "config_schema:config_schema",
    "doctor": "doctor:doctor_command",
    "warmup": "warmup:warmup_command",
}
"""In the order of ``--help``."""


class _Commands(click.Group):
    """A command's module is loaded when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"prelabel.cli.{module}"), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from prelabel.spelling import did_you_mean  # noqa: PLC0415 - only who mistypes needs it

            hint = did_you_mean(args[0], _COMMANDS)
            if not hint:
                raise
            raise click.UsageError(f"{error.message.rstrip('.')}:{hint}", ctx) from None


@click.group(
    name="prelabel",
    cls=_Commands,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.version_option(__version__, message="prelabel %(version)s", help="Print the version and exit.")
@click.option("--debug", is_flag=True, help="Show a traceback with every error.")
@install_completion
@show_completion
def app(*, debug: bool) -> None:
    """Import pre-labels from a CSV and its mask files into Ango Hub."""
