"""``prelabel config-schema``: what a config may hold, for editors and programs."""

from __future__ import annotations

import json

import typer  # noqa: TC002 - Typer reads annotations at run time

from prelabel.cli.console import errors_as_exit_codes, show


def config_schema(ctx: typer.Context) -> None:
    """Print the JSON Schema of the config."""
    with errors_as_exit_codes(ctx):
        from prelabel.inputs.config import config_json_schema  # noqa: PLC0415 - loads pydantic; help must not

        show(json.dumps(config_json_schema(), indent=2))
