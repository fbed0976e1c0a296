"""``prelabel config-schema``: the JSON Schema, as printed."""

from __future__ import annotations

import json

import jsonschema
import pytest
from click.testing import CliRunner

from prelabel.cli.app import app
from prelabel.demo.seed import seed_config


def test_the_schema_accepts_the_documentations_configs_and_refuses_a_misspelt_key() -> None:
    """What is printed is a JSON Schema that an editor can use."""
    done = CliRunner().invoke(app, ["config-schema"])
    assert done.exit_code == 0
    validator = jsonschema.Draft202012Validator(json.loads(done.stdout))
    validator.check_schema(validator.schema)
    for with_masks in (False, True):
        validator.validate(seed_config(with_masks=with_masks))
    with pytest.raises(jsonschema.ValidationError, match="mask_colum"):
        validator.validate({**seed_config(with_masks=True), "mask_colum": "Mask"})
