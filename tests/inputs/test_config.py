"""The config: the plugin's keys and ours, and an error that teaches for everything else."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.json import encode
from msgspec.structs import asdict

from inputs.config_problem import CLASSIFICATIONS
from prelabel.errors import ConfigError
from prelabel.inputs.config import ImportConfig
from prelabel.inputs.config_check import REMEDIES
from prelabel.inputs.config_file import load_config
from prelabel.inputs.config_schema import config_json_schema

if TYPE_CHECKING:
    from pathlib import Path

SEGMENTATION = CLASSIFICATIONS.replace('"mask_column": ""', '"mask_column": "Mask"')


@pytest.mark.parametrize("text", [CLASSIFICATIONS, SEGMENTATION])
def test_seed_examples_are_accepted_unchanged(text: str, tmp_path: Path) -> None:
    """Both configs of the plugin's page load from a file, keep every value and satisfy the JSON Schema."""
    path = tmp_path / "config.json"
    path.write_text(text, encoding="utf-8")
    config = load_config(path)
    written = json.loads(text)
    assert {key: value for key, value in json.loads(encode(config)).items() if key in written} == written
    jsonschema.Draft202012Validator(config_json_schema()).validate(written)
    assert load_config(written) == config == load_config(config) == load_config(str(path))


def test_defaults_are_the_plugins_and_ours() -> None:
    """What is left out is what the plugin's page and docs/config.md say."""
    assert asdict(load_config({"external_id_column": "ID"})) == {
        "external_id_column": "ID",
        "classification_columns": (),
        "classification_schema_ids": (),
        "mask_column": "",
        "mask_color_mapping": "project_colors",
        "segmentation_mode": "instance_segmentation",
        "polygon_simplification_tolerance": 0.1,
        "storage_id": "",
        "overwrite": True,
        "ignored_schema_ids": (),
        "upload_batch_size": 100,
        "coordinates": "pixel_edges",
        "connectivity": 4,
        "simplification": "shared",
        "polygon_holes": "fill",
        "min_area": 0,
        "max_points_per_asset": None,
        "color_tolerance": None,
        "resize": "refuse",
        "unmatched_masks": "fail",
        "ignore_values": (),
        "requests_per_minute": 100,
        "max_batch_bytes": 4_000_000,
        "match_ids_by": "exact",
        "encoding": "",
    }


def test_config_cannot_be_changed() -> None:
    """A config is checked once, so it must stay as it was."""
    config = load_config({"external_id_column": "ID", "classification_columns": []})
    with pytest.raises(AttributeError, match="immutable"):
        config.overwrite = False  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(config)) == config


def test_a_config_made_by_hand_is_checked_too() -> None:
    """It means what a file of the same keys does, and fails as that does; another for a single key likewise."""
    keys: dict[str, Any] = {
        "external_id_column": "ID",
        "ignored_schema_ids": ["1"],
        "mask_color_mapping": {"a": "#ff0000"},
    }
    config = ImportConfig(**keys)
    assert config == load_config(keys) == ImportConfig(**asdict(config))
    assert (config.ignored_schema_ids, config.mask_color_mapping) == (("1",), {"a": (255, 0, 0)})
    with pytest.raises(ConfigError, match='"min_area" is -1'):
        ImportConfig(**keys, min_area=-1)
    with pytest.raises(ConfigError, match='"min_area" is -1'):
        config.replaced(min_area=-1)


def test_what_was_chosen_is_told_apart_from_defaults() -> None:
    """An import's record knows a config by it."""
    keys = {
        "external_id_column": "ID",
        "overwrite": True,
        "ignore_values": [255, "nan"],
        "mask_color_mapping": {"a": [1]},
    }
    assert json.loads(json.dumps(load_config(keys).choices())) == {
        key: keys[key] for key in keys.keys() - {"overwrite"}
    }


def test_every_key_has_a_remedy_and_a_description() -> None:
    """No key may fail without saying what to write instead, nor stand unexplained in the schema."""
    schema = config_json_schema()
    assert set(REMEDIES) == set(ImportConfig.__struct_fields__) == set(schema["properties"])
    assert all(len(entry["description"]) > 20 for entry in schema["properties"].values())
    assert schema["required"] == ["external_id_column"]
    assert schema["additionalProperties"] is False
    jsonschema.Draft202012Validator.check_schema(schema)


_ANY = (
    st.none() | st.booleans() | st.integers(-3, 300) | st.floats(-2, 2) | st.sampled_from(["", "x", "fill", "rings"])
    | st.lists(st.integers() | st.text(max_size=2), max_size=2) | st.dictionaries(st.text(max_size=2), st.integers())
)  # fmt: skip


@given(key=st.sampled_from(sorted(ImportConfig.__struct_fields__)), value=_ANY)
def test_schema_and_loader_agree(key: str, value: Any) -> None:
    """One wrong or right value anywhere: whatever the loader takes, the JSON Schema takes."""
    document = {"external_id_column": "ID", key: value}
    try:
        load_config(document)
    except ConfigError as error:
        assert error.field.startswith(key) or key.startswith("classification_")  # noqa: PT017 - both ways are right
        return
    jsonschema.Draft202012Validator(config_json_schema()).validate(document)
