"""One fault: every option has a rule, and what breaks one is refused with which words."""

from __future__ import annotations

from typing import Any

import pytest

from localhub.faults.documents import KINDS, VALUES
from prelabel.errors import ConfigError
from prelabel.localhub.faults.fault import _OPTIONS, _RULES
from prelabel.localhub.faults.plan import plan_of


def test_every_kind_and_every_option_has_its_rule() -> None:
    """No kind without options listed, no option without a rule, and none that no kind takes."""
    assert _OPTIONS.keys() == set(KINDS)
    assert VALUES.keys() == _RULES.keys()
    common = {"name", "route", "probability", "after", "times", "burst"}
    assert {option for options in _OPTIONS.values() for option in options} == _RULES.keys() - common


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"kind": "latncy"}, "faults[0]: kind is 'latncy': did you mean \"latency\"?"),
        ({"kind": "zzz"}, "faults[0]: kind is 'zzz': give one of too_many_requests, server_error"),
        ({"kind": ["latency"]}, "faults[0]: kind is ['latency']:"),
        ({}, "faults[0] has no kind: give one of too_many_requests"),
        ({"kind": "latency", "dealy_s": 1}, 'faults[0] has an unknown key "dealy_s": did you mean "delay_s"?'),
        ({"kind": "latency", "status": 500}, "status means nothing to latency: it takes delay_s, max_delay_s"),
        ({"kind": "answer_lost", "n_items": 2}, "n_items means nothing to answer_lost: it takes no options"),
        ({"kind": "latency", "probability": 1.5}, "probability is 1.5: it must be a number from 0 to 1"),
        ({"kind": "latency", "probability": True}, "probability is True: it must be a number from 0 to 1"),
        ({"kind": "latency", "probability": float("nan")}, "probability is nan: it must be"),
        ({"kind": "latency", "after": -1}, "after is -1: it must be a whole number, at least 0"),
        ({"kind": "latency", "times": 0}, "times is 0: it must be a whole number above 0, or null"),
        ({"kind": "latency", "burst": 0}, "burst is 0: it must be a whole number above 0"),
        ({"kind": "latency", "name": "a#2"}, "name is 'a#2': it must be a text without"),
        ({"kind": "latency", "route": "/v2/*"}, "route is '/v2/*': it must be a method and a path, such as \"POST /v2"),
        ({"kind": "latency", "delay_s": float("inf")}, "delay_s is inf: it must be a number of seconds"),
        ({"kind": "latency", "delay_s": 2, "max_delay_s": 1}, "max_delay_s is 1: it must not be below delay_s, 2"),
        ({"kind": "server_error", "status": 404}, "status is 404: a server_error's must be 500 or more"),
        ({"kind": "html_answer", "status": 600}, "status is 600: it must be an HTTP status from 200 to 599"),
        ({"kind": "too_many_requests", "retry_after_form": "http"}, 'it must be "seconds" or "date"'),
        ({"kind": "body_too_large", "max_bytes": "1M"}, "max_bytes is '1M': it must be a whole number, at least 0"),
        ({"kind": "truncated_answer", "sent_share": 2}, "sent_share is 2: it must be a number from 0 to 1"),
        ({"kind": "slow_drip", "chunk_bytes": 0}, "chunk_bytes is 0: it must be a whole number above 0"),
        ({"kind": "dropped_items", "hidden": 1}, "hidden is 1: it must be true or false"),
    ],
)
def test_a_wrong_fault_is_named(fault: dict[str, Any], message: str) -> None:
    """Which fault, which key, which value, and what would be right."""
    with pytest.raises(ConfigError) as caught:
        plan_of({"faults": [fault]})
    assert message in str(caught.value)
    assert str(caught.value).startswith("faults[0]")
