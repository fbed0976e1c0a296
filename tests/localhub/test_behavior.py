"""The switches of a local hub: each takes what it says, and nothing else."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from prelabel.errors import ConfigError
from prelabel.localhub.behavior import SWITCHABLE, HubBehavior


@pytest.mark.parametrize(
    ("wrong", "wanted"),
    [
        ({"page_cap": 0}, "a whole number above 0"),
        ({"page_cap": True}, "a whole number above 0"),
        ({"page_cap": 2.0}, "a whole number above 0"),
        ({"skip_non_todo": 1}, "true or false"),
        ({"tells_bucket": "no"}, "true or false"),
        ({"url_lifetime_s": 0}, "a number of seconds above 0"),
        ({"url_lifetime_s": True}, "a number of seconds above 0"),
        ({"import_mode": "merge"}, "one of replace, append"),
        ({"asset_form": None}, "one of id, object"),
        ({"listing_form": "xml"}, "one of keys, names, urls, list"),
    ],
)
def test_wrong_values(wrong: dict[str, Any], wanted: str) -> None:
    """The message says which switch, what it was and what it may be; a plan of faults may come from anybody's JSON."""
    ((name, value),) = wrong.items()
    with pytest.raises(ConfigError) as caught:
        HubBehavior(**wrong)
    assert str(caught.value) == f"the local hub's {name} is {value!r}: it must be {wanted}"
    assert (caught.value.field, caught.value.value) == (name, value)


def test_every_switch_may_be_thrown() -> None:
    """One by one, away from what it is at the start."""
    thrown: dict[str, Any] = {
        "page_cap": 7,
        "import_mode": "append",
        "skip_non_todo": True,
        "asset_form": "object",
        "listing_form": "list",
        "tells_bucket": False,
        "url_lifetime_s": 0.5,
    }
    assert set(SWITCHABLE) == set(thrown)
    at_start = asdict(HubBehavior())
    for name, value in thrown.items():
        assert asdict(HubBehavior(**{name: value})) == {**at_start, name: value} != at_start
