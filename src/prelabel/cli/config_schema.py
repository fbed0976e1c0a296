"""``prelabel config-schema``: what a config may hold, for editors and programs."""

from __future__ import annotations

import json

import click

from prelabel.cli.console import errors_as_exit_codes, show


@click.command("config-schema")
@click.pass_context
def config_schema(ctx: click.Context) -> None:
    """Print the JSON Schema of the config."""
    with errors_as_exit_codes(ctx):
        from prelabel.inputs.config_schema import config_json_schema  # noqa: PLC0415 - help does not need it

        show(json.dumps(config_json_schema(), indent=2))
