"""Plans of faults: what can be said, and what is refused with which words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.errors import ConfigError
from prelabel.localhub.faults.plan import _OPTIONS, _RULES, Fault, FaultKind, FaultPlan, plan_of, read_plan

if TYPE_CHECKING:
    from pathlib import Path

KINDS = get_args(FaultKind)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "name": st.text(st.characters(exclude_characters="#", codec="utf-8"), max_size=5),
    "route": st.sampled_from(["POST /v2/import/labels", "* /v2/*", "GET /v2/project/{project}/tasks"]),
    "probability": st.floats(0, 1),
    "after": st.integers(0, 9),
    "times": st.none() | st.integers(1, 9),
    "burst": st.integers(1, 9),
    "status": st.none() | st.integers(500, 599),
    "work_done": st.booleans(),
    "retry_after_s": st.none() | st.floats(0, 1e6),
    "retry_after_form": st.sampled_from(["seconds", "date"]),
    "delay_s": st.floats(0, 10),
    "max_delay_s": st.none() | st.floats(10, 20),
    "max_bytes": st.integers(0, 2**40),
    "sent_share": st.floats(0, 1),
    "chunk_bytes": st.integers(1, 2**20),
    "n_items": st.integers(1, 100),
    "hidden": st.booleans(),
}


@st.composite
def fault_documents(draw: st.DrawFn, names: bool = True) -> dict[str, Any]:
    """Any fault as JSON has it, with options that its kind takes."""
    kind = draw(st.sampled_from(KINDS))
    keys = {"route", "probability", "after", "times", "burst", *_OPTIONS[kind]} | ({"name"} if names else set())
    return {"kind": kind} | draw(st.fixed_dictionaries({}, optional={key: VALUES[key] for key in sorted(keys)}))


def test_every_kind_and_every_option_has_its_rule() -> None:
    """No kind without options listed, no option without a rule, and none that no kind takes."""
    assert _OPTIONS.keys() == set(KINDS)
    assert VALUES.keys() == _RULES.keys()
    common = {"name", "route", "probability", "after", "times", "burst"}
    assert {option for options in _OPTIONS.values() for option in options} == _RULES.keys() - common


@given(st.lists(fault_documents(names=False), max_size=4), st.integers(), st.booleans())
def test_a_plan_is_read_back_as_it_was(documents: list[dict[str, Any]], seed: int, skip: bool) -> None:
    """What a plan writes about itself is the same plan again, also by way of JSON text."""
    plan = plan_of({"seed": seed % 2**53, "faults": documents, "settings": {"skip_non_todo": skip}})
    assert plan_of(orjson.loads(orjson.dumps(plan.document()))) == plan
    assert [fault.kind for fault in plan.faults] == [document["kind"] for document in documents]


def test_an_empty_plan_plays_nothing() -> None:
    """All keys may be left out."""
    assert plan_of({}) == FaultPlan(0, (), {})


def test_faults_have_names_of_their_own() -> None:
    """The given one or the kind, numbered from the second."""
    faults = (Fault("latency"), Fault("answer_lost", name="lost"), Fault("latency"), Fault("latency"))
    assert FaultPlan(faults=faults).names == ("latency", "lost", "latency#2", "latency#3")


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


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "the plan must be a JSON object"),
        ({"fault": []}, 'the plan has an unknown key "fault": did you mean "faults"?'),
        ({"faults": {}}, "faults must be a list of objects"),
        ({"faults": [{"kind": "latency"}, 7]}, "faults[1] must be a JSON object"),
        ({"seed": "7"}, "seed is '7': it must be a whole number"),
        ({"settings": []}, "settings must be a JSON object"),
        (
            {"settings": {"import_mod": "append"}},
            'settings has an unknown key "import_mod": did you mean "import_mode"?',
        ),
        ({"settings": {"api_key": "x"}}, 'settings has an unknown key "api_key"'),
        ({"settings": {"import_mode": "merge"}}, "import_mode is 'merge': it must be one of replace, append"),
        ({"settings": {"page_cap": 0}}, "page_cap is 0: it must be a whole number above 0"),
        ({"settings": {"page_cap": "7"}}, "page_cap is '7': it must be a whole number above 0"),
        ({"settings": {"skip_non_todo": "no"}}, "skip_non_todo is 'no': it must be true or false"),
        ({"settings": {"tells_bucket": 0}}, "tells_bucket is 0: it must be true or false"),
        ({"settings": {"url_lifetime_s": "1 h"}}, "url_lifetime_s is '1 h': it must be a number of seconds"),
        (
            {"faults": [{"kind": "latency", "name": "a"}, {"kind": "answer_lost", "name": "a"}]},
            '2 faults are named "a": names must differ',
        ),
    ],
)
def test_a_wrong_plan_is_named(document: Any, message: str) -> None:
    """The place, the value and the remedy."""
    with pytest.raises(ConfigError) as caught:
        plan_of(document)
    assert message in str(caught.value)


def test_a_plan_in_a_file(tmp_path: Path) -> None:
    """It is read; and what is wrong with the file or in it is said with its name."""
    path = tmp_path / "faults.json"
    path.write_text('{"seed": 3, "faults": [{"kind": "latency", "times": 2}]}')
    assert read_plan(path) == FaultPlan(3, (Fault("latency", times=2),))
    path.write_text('{"faults": [{"kind": "latncy"}]}')
    with pytest.raises(ConfigError, match=r"faults\.json: faults\[0\]: kind is 'latncy'") as caught:
        read_plan(path)
    assert caught.value.field == "faults[0].kind"
    path.write_text("{")
    with pytest.raises(ConfigError, match=r"faults\.json is not valid JSON"):
        read_plan(path)
    with pytest.raises(ConfigError, match=r"cannot read the faults file .*missing\.json: No such file"):
        read_plan(tmp_path / "missing.json")
