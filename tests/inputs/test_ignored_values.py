"""``ignore_values`` of a config: what is read, and what would have no effect is refused with the right form."""

from __future__ import annotations

import json
import math
import sys
from typing import Any

import jsonschema
import pytest

from inputs.config_problem import problem
from prelabel.inputs.config_file import load_config, parse_config
from prelabel.inputs.config_schema import config_json_schema

NUMBERS = {"Car": [1], "Person": [2]}
COLOURS = {"Car": "#f44336", "Person": [3, 169, 244]}


def document(mapping: Any, values: Any) -> dict[str, Any]:
    """Return a config."""
    return {"external_id_column": "ID", "mask_column": "m", "mask_color_mapping": mapping, "ignore_values": values}


@pytest.mark.parametrize(
    ("mapping", "values", "read"),
    [
        (NUMBERS, [255], (255,)),
        (NUMBERS, [255.0, -1.0, -1, 0], (255, -1, -1, 0)),
        (NUMBERS, ["nan", "NaN", -9999], ("nan", "nan", -9999)),
        (NUMBERS, [-3.4028234663852886e38, 1e20, 2**32 - 1], (int(-3.4028234663852886e38), 10**20, 2**32 - 1)),
        (NUMBERS, [-sys.float_info.max], (-int(sys.float_info.max),)),
        (COLOURS, [[0, 0, 0], [255, 255, 255]], ((0, 0, 0), (255, 255, 255))),
        ("project_colors", ["#FFFFFF", "#01020380"], ((255, 255, 255), (1, 2, 3))),
        (NUMBERS, [], ()),
    ],
)
def test_what_is_read(mapping: Any, values: Any, read: tuple[Any, ...]) -> None:
    """Whole numbers however written, colours as lists or hex, NaN; the JSON Schema allows them."""
    config = document(mapping, values)
    assert load_config(config).ignore_values == read
    jsonschema.Draft202012Validator(config_json_schema()).validate(config)


def test_nan_as_json_and_toml_have_it() -> None:
    """Python's JSON writes NaN, TOML knows nan."""
    assert parse_config(json.dumps(document(NUMBERS, [math.nan]))).ignore_values == ("nan",)
    toml = 'external_id_column = "ID"\nmask_column = "m"\nignore_values = [nan, -1]\n[mask_color_mapping]\nCar = [1]'
    assert parse_config(toml, toml=True).ignore_values == ("nan", -1)


@pytest.mark.parametrize(
    ("mapping", "values", "part"),
    [
        (
            "project_colors",
            [255],
            'it holds 255, and "mask_color_mapping" has colours, so it would do nothing: write a ',
        ),
        (COLOURS, [255], "write a colour, as in [[255, 255, 255]]"),
        (COLOURS, [[0, 0, 0], 7], "it holds 7, "),
        (COLOURS, [-1], "would do nothing: take it out"),
        (COLOURS, ["nan"], 'it holds "nan", '),
        (COLOURS, [256], "take it out"),
        (NUMBERS, [[0, 0, 0]], "it holds the colour [0, 0, 0], and"),
        (NUMBERS, ["#ffffff"], "would do nothing: write [255]"),
        (NUMBERS, [[128, 0, 0]], "write its grey value or palette index, as in [255]"),
        (NUMBERS, [255, 2], 'it holds 2, which is "Person" in "mask_color_mapping": take it out here or there'),
        (COLOURS, [[244, 67, 54]], 'it holds [244, 67, 54], which is "Car" in'),
        (NUMBERS, [[255]], "it holds the list [255]: write a number by itself, as in [255], and a colour as three"),
        (NUMBERS, 255, 'is 255: write a list of values, such as [255] or [[255, 255, 255]] or [-1, "nan"]'),
        (NUMBERS, "nan", 'is "nan": write a list of values'),
        (NUMBERS, ["255"], 'it holds "255", which no mask does: write whole numbers as in [255]'),
        (NUMBERS, [True], "it holds true, which no mask does"),
        (NUMBERS, [0.5], "it holds 0.5, which no mask does"),
        (NUMBERS, [math.inf], "it holds Infinity, which no mask does"),
        (NUMBERS, [10**400], "which no mask does"),
        (NUMBERS, [None], "it holds null, which no mask does"),
        (COLOURS, [[256, 0, 0]], "it holds [256, 0, 0], which no mask does"),
        (COLOURS, [[0, 0, 0, 255]], "it holds [0, 0, 0, 255], which no mask does"),
    ],
)
def test_what_is_refused(mapping: Any, values: Any, part: str) -> None:
    """One problem, with the key, its value and what to write."""
    error = problem(mask_column="m", mask_color_mapping=mapping, ignore_values=values)
    assert error.field == "ignore_values"
    assert part in str(error)
    assert "problems" not in str(error)


def test_without_masks_nothing_is_compared() -> None:
    """There is no mapping then that could be of another kind."""
    assert load_config({"external_id_column": "ID", "ignore_values": [255]}).ignore_values == (255,)
