"""Texts that are not JSON: what is wrong is named, with its line and column."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.inputs.json_faults import json_fault


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"a": 1,}', 'line 1, column 8: a comma before the closing "}": take it out'),
        ('{"a": [1,\n 2,\n],\n}', 'line 2, column 3: a comma before the closing "]": take it out'),
        ('{\n  // c\n "a": 1}', "line 2, column 3: JSON has no comments: take it out"),
        ('{"a": 1 /* x */}', "line 1, column 9: JSON has no comments: take it out"),
        ('{"a": 1, # x\n}', "line 1, column 10: JSON has no comments: take it out"),
        ("{'a': 1}", "line 1, column 2: ' is no quote in JSON: put names and texts in double quotes"),
        ("{\u201ca\u201d: 1}", "line 1, column 2: \u201c is no quote in JSON"),
        ('{"a": True}', "line 1, column 7: True is no word of JSON: write true"),
        ('{"a": [False]}', "line 1, column 8: False is no word of JSON: write false"),
        ('{"a": None}', "line 1, column 7: None is no word of JSON: write null"),
        ('{"a":\n  Mask}', "line 2, column 3: Mask stands without quotes"),
        ('{"a": "C:\\masks"}', 'line 1, column 10: a backslash in a text is written twice, as in "C:\\\\masks"'),
        ('{"a": 1\n "b": 2}', "line 2, column 2: a comma is missing before this"),
        ('{"a" 1}', "line 1, column 6: a colon is missing before this"),
        ('{"a": "x\ny"}', "line 1, column 9: a text may hold no line break and no tab"),
        ('{"a": 1} {}', "line 1, column 10: the JSON is at its end, and there is more"),
        ('{"a": 1', "line 1, column 8: it ends in the middle"),
        ("", "it is empty"),
        (" \n", "it is empty"),
    ],
)
@pytest.mark.parametrize("parser", ["json", "orjson"])
def test_what_people_write(text: str, fault: str, parser: str) -> None:
    """Whichever parser met it, and whichever place that parser names."""
    with pytest.raises(ValueError, match=r".") as caught:
        json.loads(text) if parser == "json" else orjson.loads(text.encode())
    assert json_fault(caught.value).startswith(fault)


def test_faults_without_a_place() -> None:
    """Nesting too deep, or a number too long, has none."""
    assert json_fault(RecursionError("too deep")) == "too deep; mend it there"
    with pytest.raises(ValueError, match="digits") as caught:
        json.loads("1" * 5000)
    assert "digits" in json_fault(caught.value)


@given(st.text(alphabet="{}[]\",:\\ \n1a#/'", max_size=12))
def test_any_text_is_json_or_has_a_fault(text: str) -> None:
    """No text makes naming its fault fail."""
    fault = "none"
    try:
        json.loads(text)
    except ValueError as error:
        fault = json_fault(error)
    assert fault
