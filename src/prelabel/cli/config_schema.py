"""``prelabel config-schema``: what a config may hold, for editors and programs."""

from __future__ import annotations

import json

import typer


def config_schema() -> None:
    """Print the JSON Schema of the config."""
    from prelabel.inputs.config import config_json_schema  # noqa: PLC0415 - loads pydantic; help must not

    typer.echo(json.dumps(config_json_schema(), indent=2))
