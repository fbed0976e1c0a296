"""What is wrong with a config."""

from __future__ import annotations

from typing import Any

import pytest

from prelabel.errors import ConfigError
from prelabel.inputs.config import load_config


def problem(**keys: Any) -> ConfigError:
    """Load a config that is sound but for the given keys, and return the error."""
    with pytest.raises(ConfigError) as caught:
        load_config({"external_id_column": "ID", **keys})
    return caught.value
