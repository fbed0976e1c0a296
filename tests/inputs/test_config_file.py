"""Reading a config, and what is said of one that cannot be used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from inputs.config_problem import CLASSIFICATIONS, problem
from prelabel.errors import ConfigError
from prelabel.inputs.config_file import load_config, parse_config

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("keys", "field", "parts"),
    [
        ({"external_id_column": ""}, "external_id_column", ['is ""', "name the CSV column"]),
        ({"external_id_column": " \t"}, "external_id_column", ["name the CSV column"]),
        ({"external_id_column": None}, "external_id_column", ["is null"]),
        ({"classification_columns": "Color"}, "classification_columns", ['is "Color"', "write a list of column names"]),
        ({"classification_columns": {"Color"}}, "classification_columns", ["write a list"]),
        ({"classification_columns": ["Color", 5]}, "classification_columns[1]", ["is 5", "write a list"]),
        ({"classification_columns": [""]}, "classification_columns[0]", ['is ""']),
        (
            {"classification_columns": ["Color"]},
            "classification_schema_ids",
            ["0 entries and classification_columns has 1"],
        ),
        (
            {"classification_schema_ids": ["1"]},
            "classification_schema_ids",
            ["1 entry and classification_columns has 0"],
        ),
        (
            {"classification_columns": ["a", "a"], "classification_schema_ids": ["1", "2"]},
            "classification_columns",
            ['"a" is listed more than once'],
        ),
        (
            {"classification_columns": ["a", "b"], "classification_schema_ids": ["1", "1"]},
            "classification_schema_ids",
            ['"1" is listed more than once'],
        ),
        ({"mask_column": 3}, "mask_column", ["is 3", '"" for no masks']),
        ({"segmentation_mode": "semantic"}, "segmentation_mode", ['is "semantic"', '"semantic_segmentation"']),
        ({"polygon_simplification_tolerance": -0.1}, "polygon_simplification_tolerance", ["is -0.1", "0 or more"]),
        ({"polygon_simplification_tolerance": float("nan")}, "polygon_simplification_tolerance", ["is NaN"]),
        ({"polygon_simplification_tolerance": float("inf")}, "polygon_simplification_tolerance", ["is Infinity"]),
        ({"polygon_simplification_tolerance": True}, "polygon_simplification_tolerance", ["is true"]),
        ({"polygon_simplification_tolerance": "0.1"}, "polygon_simplification_tolerance", ['is "0.1"']),
        ({"storage_id": 1234}, "storage_id", ["is 1234", "as text"]),
        ({"overwrite": "false"}, "overwrite", ['is "false"', "write true or false"]),
        ({"overwrite": 1}, "overwrite", ["is 1"]),
        ({"ignored_schema_ids": "1234"}, "ignored_schema_ids", ["write a list of schema IDs"]),
        ({"upload_batch_size": 0}, "upload_batch_size", ["is 0", "1 or more"]),
        ({"upload_batch_size": True}, "upload_batch_size", ["is true"]),
        ({"upload_batch_size": 2.5}, "upload_batch_size", ["is 2.5", "whole number"]),
        ({"coordinates": "pixel_centres"}, "coordinates", ["is", "pixel_centers"]),
        ({"connectivity": 6}, "connectivity", ["is 6", "write 4 or 8"]),
        ({"simplification": None}, "simplification", ["is null", '"rings"']),
        ({"polygon_holes": "keep"}, "polygon_holes", ['write "fill", "keyhole" or "reject"']),
        (
            {"polygon_holes": "keyhole", "coordinates": "pixel_centers"},
            "polygon_holes",
            ['is "keyhole"', 'set "coordinates" to "pixel_edges"'],
        ),
        ({"max_points_per_asset": 2}, "max_points_per_asset", ["is 2", "3 or more, or null"]),
        ({"max_points_per_asset": 10.5}, "max_points_per_asset", ["is 10.5", "whole number of points"]),
        ({"color_tolerance": -1}, "color_tolerance", ["is -1", "0 or more, such as 16, or null"]),
        ({"color_tolerance": "near"}, "color_tolerance", ['is "near"', "whole number of levels"]),
        ({"resize": "bilinear"}, "resize", ['is "bilinear"', 'write "refuse" or "nearest"']),
        ({"resize": None}, "resize", ["is null"]),
        ({"min_area": -1}, "min_area", ["is -1", "0 or more"]),
        ({"requests_per_minute": 0}, "requests_per_minute", ["is 0"]),
        ({"max_batch_bytes": 0}, "max_batch_bytes", ["is 0"]),
        ({"match_ids_by": "prefix"}, "match_ids_by", ['is "prefix"', 'write "exact", "stem", "name" or "case"']),
    ],
)
def test_wrong_value_names_key_value_and_remedy(keys: dict[str, Any], field: str, parts: list[str]) -> None:
    """Each key's mistakes are told with the key, the value and what to write."""
    error = problem(**keys)
    assert error.field == field
    assert str(error).startswith(f'config: "{field}" is ')
    for part in parts:
        assert part in str(error)


def test_unknown_key_is_refused_with_the_nearest() -> None:
    """A misspelt key must not be ignored."""
    error = problem(overwrit=True)
    assert str(error) == 'config: unknown key "overwrit": did you mean "overwrite"?'
    assert error.field == "overwrit"
    assert "overwrite" in error.allowed
    assert "known keys are external_id_column, " in str(problem(zzz=1))


@pytest.mark.parametrize("key", ["api_key", "apiKey", "API-KEY", "token"])
def test_api_key_is_never_repeated(key: str) -> None:
    """A key that was put into the config by mistake shows up in no message, field or cause."""
    error = problem(**{key: "s3cr3t"})
    assert "ANGO_API_KEY" in str(error)
    assert "s3cr3t" not in repr((str(error), error.__dict__, error.__cause__, error.__context__))


def test_all_problems_are_told_at_once() -> None:
    """A person mends a config once, not once per mistake."""
    with pytest.raises(ConfigError) as caught:
        load_config({"upload_batch_size": 0, "overwrite": None, "extra": 1})
    message = str(caught.value)
    assert message.startswith("config has 4 problems: ")
    for part in (
        '"external_id_column" is missing',
        '"overwrite" is null',
        '"upload_batch_size" is 0',
        'unknown key "extra"',
    ):
        assert part in message
    assert caught.value.field == "external_id_column"


def test_key_given_twice_is_an_error() -> None:
    """JSON readers keep the last of two; here nobody has to guess, at any depth."""
    with pytest.raises(ConfigError, match='the key "overwrite" is given 2 times: keep one') as caught:
        parse_config('{"external_id_column": "ID", "overwrite": true, "overwrite": false}')
    assert caught.value.field == "overwrite"
    with pytest.raises(ConfigError, match='the key "Car" is given 2 times'):
        parse_config('{"external_id_column": "ID", "mask_color_mapping": {"Car": [1], "Car": [2]}}')


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (
            '{"external_id_column": "ID",}',
            'is not JSON: line 1, column 28: a comma before the closing "}": take it out',
        ),
        ('{\n// here\n"a": 1}', "is not JSON: line 2, column 1: JSON has no comments: take it out"),
        ("", "is not JSON: it is empty"),
        ("[" * 100_000, "is not JSON: "),
        ("[]", 'must hold a JSON object, {"external_id_column": ...}, not []'),
        ("null", "not null"),
    ],
)
def test_text_that_is_no_object(text: str, part: str) -> None:
    """What is no JSON object is told as that, with the file's name."""
    with pytest.raises(ConfigError) as caught:
        parse_config(text, origin="my.json")
    assert str(caught.value).startswith("my.json ")
    assert part in str(caught.value)


def test_toml_by_suffix(tmp_path: Path) -> None:
    """A TOML file holds the same config; broken TOML is told as such."""
    path = tmp_path / "config.TOML"
    path.write_text('external_id_column = "ID"\n[mask_color_mapping]\nCar = [1]\n', encoding="utf-8")
    assert load_config(path).mask_color_mapping == {"Car": (1,)}
    path.write_text("external_id_column = ", encoding="utf-8")
    with pytest.raises(ConfigError, match="is not TOML: "):
        load_config(path)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file, a folder and other encodings are told apart; a byte order mark is no matter."""
    with pytest.raises(ConfigError, match=r"cannot read the config .*absent\.json: No such file"):
        load_config(tmp_path / "absent.json")
    with pytest.raises(ConfigError, match="is a folder: name the config file in it"):
        load_config(tmp_path)
    path = tmp_path / "config.json"
    path.write_text(CLASSIFICATIONS, encoding="utf-16-le")
    with pytest.raises(ConfigError, match="is UTF-16 or UTF-32 without a byte order mark: name the right one"):
        load_config(path)
    path.write_bytes(CLASSIFICATIONS.replace("Color", "Größe").encode("cp1252"))
    with pytest.raises(ConfigError, match=r"is not UTF-8, on line \d+: .*'Größe' as cp1252.*; name the right one with"):
        load_config(path)
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        path.write_text(CLASSIFICATIONS, encoding=encoding)
        assert load_config(path).external_id_column == "External ID"


def test_floods_are_dammed() -> None:
    """Long values and names are cut, and of many problems the first are told."""
    for keys in (
        {"segmentation_mode": "x" * 100_000},
        {"y" * 100_000: 1},
        {f"key {number}": 1 for number in range(5000)},
        {"mask_color_mapping": {"z" * 100_000: [1, 2]}},
        {"mask_color_mapping": {"a" * 100_000: [1], "b" * 100_000: [1]}},
    ):
        assert len(str(problem(**keys))) < 20 * 600
    assert str(problem(**{f"key {number}": 1 for number in range(5000)})).endswith(" and 4980 more")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (b'{"external_id_column": "a", "\\ud800": 1}', 'unknown key "\\ud800"'),
        (b'{"external_id_column": "a\\ud800"}', "external_id_column"),
        (b'{"external_id_column": "a", "min_area": 1' + b"0" * 400 + b"}", '"min_area" is 1000'),
        (b'{"external_id_column": "a", "upload_batch_size": 1' + b"0" * 400 + b"}", '"upload_batch_size" is 1000'),
        (b'{"external_id_column": "a", "storage_id": ' + b"[" * 900 + b"]" * 900 + b"}", '"storage_id" is'),
    ],
)
def test_values_that_nothing_can_show(text: bytes, part: str, tmp_path: Path) -> None:
    """Halves of characters, numbers beyond all floats, thousands of levels: a problem like any other."""
    path = tmp_path / "c.json"
    path.write_bytes(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert part in str(caught.value)


def test_values_of_python_that_json_has_not() -> None:
    """A config given as a mapping may hold anything."""
    for value in ({("a", "b"): 1}, {"x": {("a",): 1}}, 10**5000):
        with pytest.raises(ConfigError, match="mask_color_mapping"):
            load_config({"external_id_column": "a", "mask_color_mapping": value})
