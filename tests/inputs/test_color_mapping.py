"""The mapping of classes to values: sound ones are kept, others told with the class and the remedy."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inputs.config_problem import problem
from prelabel.inputs.color_mapping import MAX_GREY, as_json, read_mapping
from prelabel.inputs.config_file import load_config
from prelabel.inputs.config_schema import config_json_schema


@pytest.mark.parametrize(
    ("mapping", "part"),
    [
        ("colors", 'is "colors": write "project_colors", or'),
        ([1], "is [1]: write"),
        ({}, "it names no class"),
        ({"Car": 1}, '"Car" is 1: write the value as a list, [1]'),
        ({"Car": "f44336"}, '"Car" is "f44336": write one value, such as [1], or three'),
        ({"Car": "#f4433"}, 'such as [244, 67, 54] or "#f44336"'),
        ({"Car": "#f44336\n"}, '"Car" is "#f44336\\n": write'),
        ({"Car": ["#f44336"]}, '"#f44336" is not a whole number'),
        ({"Car": "#f44336", "Bus": [244, 67, 54]}, '"Car" and "Bus" both have [244, 67, 54]'),
        ({"Car": []}, '"Car" is []: write one value'),
        ({"Car": [1, 2]}, '"Car" is [1, 2]: write one value'),
        ({"Car": [1, 2, 3, 255]}, '"Car" is [1, 2, 3, 255]: write one value'),
        ({"Car": [244, 67, 256]}, "256 is not a whole number from 0 to 255"),
        ({"Car": [-1]}, f"-1 is not a whole number from 0 to {MAX_GREY}"),
        ({"Car": [MAX_GREY + 1]}, f"{MAX_GREY + 1} is not a whole number from 0 to {MAX_GREY}"),
        ({"Car": [True]}, "true is not a whole number"),
        ({"Car": [1.0]}, "1.0 is not a whole number"),
        ({"Car": ["1"]}, '"1" is not a whole number'),
        ({"Car": [1], "Person": [1]}, '"Car" and "Person" both have [1]: give each class its own value'),
        ({"Car": [1, 2, 3], "Person": [1, 2, 3]}, '"Car" and "Person" both have [1, 2, 3]'),
        ({"Car": [1], "Person": [1, 2, 3]}, '"Car" has one value and "Person" has three'),
        ({" ": [1]}, 'the class name " " is not one'),
        ({5: [1]}, "the class name 5 is not one"),
    ],
)
def test_wrong_mapping_names_class_and_remedy(mapping: Any, part: str) -> None:
    """A mapping's mistakes are told with the class and what to write."""
    error = problem(mask_color_mapping=mapping)
    assert error.field == "mask_color_mapping"
    assert part in str(error)


@given(st.data())
def test_sound_mappings_keep_their_colors(data: st.DataObject) -> None:
    """Any mapping of distinct colours in range, of one or of three values, is kept, and the JSON Schema allows it."""
    part = data.draw(st.sampled_from([st.integers(0, MAX_GREY), st.integers(0, 255)]))
    n_parts = data.draw(st.sampled_from([1, 3]))
    color = st.lists(part if n_parts == 1 else st.integers(0, 255), min_size=n_parts, max_size=n_parts)
    colors = data.draw(st.lists(color, min_size=1, max_size=5, unique_by=tuple))
    mapping = {f"class {index}": color for index, color in enumerate(colors)}
    config = load_config({"external_id_column": "ID", "mask_color_mapping": mapping})
    assert config.mask_color_mapping == {name: tuple(color) for name, color in mapping.items()}
    jsonschema.Draft202012Validator(config_json_schema()).validate(
        {"external_id_column": "ID", "mask_color_mapping": mapping}
    )


def test_hex_colors() -> None:
    """A class's colour may be written as the project shows it; alpha is left off."""
    mapping = {"Car": "#f44336", "Person": "#03A9F4ff", "Other": [1, 2, 3]}
    config = load_config({"external_id_column": "ID", "mask_color_mapping": mapping})
    assert config.mask_color_mapping == {"Car": (244, 67, 54), "Person": (3, 169, 244), "Other": (1, 2, 3)}
    validator = jsonschema.Draft202012Validator(config_json_schema())
    validator.validate({"external_id_column": "ID", "mask_color_mapping": mapping})
    assert not validator.is_valid({"external_id_column": "ID", "mask_color_mapping": {"Car": "red"}})
    assert "a mask holds either grey values or colours" in str(problem(mask_color_mapping={"A": [1], "B": "#000000"}))


@given(st.dictionaries(st.text("ab", min_size=1), st.binary(min_size=3, max_size=3), min_size=1))
def test_a_color_in_any_notation(colors: dict[str, bytes]) -> None:
    """Digits of either case, with alpha or without, lists and tuples: the same tuples, or the same complaint."""
    notations = (
        {name: f"#{color.hex()}" for name, color in colors.items()},
        {name: f"#{color.hex().upper()}80" for name, color in colors.items()},
        {name: list(color) for name, color in colors.items()},
        {name: tuple(color) for name, color in colors.items()},
    )
    if len(set(colors.values())) < len(colors):
        for notation in notations:
            with pytest.raises(ValueError, match="give each class its own value"):
                read_mapping(notation)
        return
    for notation in notations:
        assert read_mapping(notation) == notations[-1]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.just("project_colors"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("Car", max_size=3) | st.integers(), inner),
)


@given(JUNK)
def test_anything_is_read_or_refused(value: Any) -> None:
    """Nothing but ValueError comes out of it, in few words; what is read is read again as it is."""
    try:
        colors = read_mapping(value)
    except ValueError as error:
        assert 0 < len(str(error)) < 800  # noqa: PT017 - both ways are right
        return
    assert read_mapping(colors) == colors


def test_values_are_shown_as_json() -> None:
    """As a person wrote them, letters of any script included; what JSON has not as Python shows it, and cut."""
    assert as_json({"Größe": [1, None, True]}) == '{"Größe": [1, null, true]}'
    assert as_json({1j}) == '"{1j}"'
    assert len(as_json(["x" * 10_000])) < 500
