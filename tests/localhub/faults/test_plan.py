"""Plans of faults: what can be said, and what is refused with which words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from localhub.faults.documents import fault_documents
from prelabel.errors import ConfigError
from prelabel.localhub.faults.fault import Fault
from prelabel.localhub.faults.plan import FaultPlan, plan_of, read_plan

if TYPE_CHECKING:
    from pathlib import Path


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
