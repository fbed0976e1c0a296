"""What is wrong with a config."""

from __future__ import annotations

from typing import Any

import pytest

from prelabel.errors import ConfigError
from prelabel.inputs.config_file import load_config

CLASSIFICATIONS = """{
  "external_id_column": "External ID",
  "classification_columns": ["Color", "Category", "Image Type"],
  "classification_schema_ids": ["8c481a58f4c68e5db0a5016", "12a20f8061c044bcff26688", "1976d3fc0fa1429e23f7171"],
  "mask_column": "",
  "mask_color_mapping": "project_colors",
  "segmentation_mode": "instance_segmentation",
  "polygon_simplification_tolerance": 0.1,
  "storage_id": "",
  "overwrite": true,
  "ignored_schema_ids": [],
  "upload_batch_size": 100
}"""


def problem(**keys: Any) -> ConfigError:
    """Load a config that is sound but for the given keys, and return the error."""
    with pytest.raises(ConfigError) as caught:
        load_config({"external_id_column": "ID", **keys})
    return caught.value
