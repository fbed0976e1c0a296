"""Reading parameters and bodies, writing JSON."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.localhub import envelope as wire
from prelabel.localhub.envelope import Page, Refusal


def test_page_defaults_and_cap() -> None:
    """Page 1 of 10 by default; a limit beyond the cap is cut without a word."""
    assert wire.page_of({}, 100) == Page(1, 10)
    assert wire.page_of({"page": "3", "limit": "1000"}, 100) == Page(3, 100)
    assert wire.page_of({"page": "3", "limit": "20"}, 100).offset == 40


@given(text=st.text(min_size=1), name=st.sampled_from(["page", "limit"]))
def test_any_page_text_is_a_number_or_refused(text: str, name: str) -> None:
    """Whatever stands there: a usable number comes out, or a refusal that names the parameter."""
    page, message = Page(1, 1), f"{name} must be a whole number"
    try:
        page = wire.page_of({name: text}, 100)
    except Refusal as refusal:
        message = str(refusal)
    assert f"{name} must be a whole number" in message
    assert page.number >= 1
    assert 1 <= page.size <= 100
    assert page.offset < 2**63


@pytest.mark.parametrize(("text", "expected"), [("True", True), ("true", True), ("FALSE", False), ("", True)])
def test_flags_ignore_case(text: str, expected: bool) -> None:
    """The SDK writes Python's True in one place and true in another."""
    assert wire.flag_of({"includeAnswer": text}, "includeAnswer", default=True) is expected


@pytest.mark.parametrize(
    ("text", "expected"), [("", []), ("a,b", ["a", "b"]), ('["a, b","c"]', ["a, b", "c"]), ("[]", [])]
)
def test_lists_as_json_or_with_commas(text: str, expected: list[str]) -> None:
    """Both ways of writing a list of texts are read."""
    assert wire.list_param({"batches": text}, "batches") == expected


@pytest.mark.parametrize("text", ["[1]", "[", '["a",null]'])
def test_a_list_of_anything_else_is_refused(text: str) -> None:
    """A list of numbers or half a list is refused by name."""
    with pytest.raises(Refusal, match="the parameter batches"):
        wire.list_param({"batches": text}, "batches")


@pytest.mark.parametrize("text", ["[]", "1", '"a"', "{", "null"])
def test_an_object_parameter_must_be_one(text: str) -> None:
    """Filters that are no JSON object are refused by name."""
    with pytest.raises(Refusal, match="the parameter filter"):
        wire.object_param({"filter": text}, "filter")


def test_json_nested_beyond_the_encoder_is_refused() -> None:
    """What could be read but not written again is the caller's fault, not ours."""
    deep: Any = []
    for _ in range(400):
        deep = [deep]
    with pytest.raises(Refusal, match="the body cannot be stored"):
        wire.json_text(deep)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(2, 2.0), (1.5, 1.5), (True, 0.0), ("3", 0.0), (float("nan"), 0.0), (float("inf"), 0.0), (None, 0.0)],
)
def test_numbers_or_zero(value: Any, expected: float) -> None:
    """Only finite numbers count."""
    assert wire.number_or_zero(value) == expected


def test_times_are_written_as_the_hub_writes_them() -> None:
    """ISO 8601 with milliseconds and Z."""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", wire.now_text())
