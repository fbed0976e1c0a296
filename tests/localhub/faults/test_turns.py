"""When each fault strikes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localhub.faults.documents import fault_documents
from prelabel.localhub.faults.fault import IMPORT_ROUTE, Fault
from prelabel.localhub.faults.plan import FaultPlan, plan_of
from prelabel.localhub.faults.turns import FaultPlayer

IMPORT = ("POST", "/v2/import/labels", 100)
TASKS = ("GET", "/v2/project/p1/tasks", 0)
requests = st.lists(
    st.sampled_from([IMPORT, TASKS, ("GET", "/v2/listProjects", 0), ("POST", "/v2/import/labels", 10**6)]), max_size=40
)


def struck(fault: Fault, n_requests: int, *, seed: int = 0) -> list[int]:
    """Which of some imports, counted from 1, a fault strikes."""
    player = FaultPlayer(FaultPlan(seed, (fault,)))
    return [number for number in range(1, n_requests + 1) if player.blows(*IMPORT)]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault("latency"), [1, 2, 3, 4, 5, 6]),
        (Fault("latency", probability=0), []),
        (Fault("latency", times=2), [1, 2]),
        (Fault("latency", after=2, times=1), [3]),
        (Fault("latency", after=4), [5, 6]),
        (Fault("latency", after=1, burst=3, times=2), [2, 3]),
    ],
)
def test_always_the_first_the_nth_and_from_the_nth_on(fault: Fault, expected: list[int]) -> None:
    """``after`` and ``times`` say which; a burst does not outrun ``times``."""
    assert struck(fault, 6) == expected


@given(st.integers(), st.integers(1, 5), st.floats(0.05, 0.5))
def test_a_burst_goes_on_by_itself(seed: int, burst: int, probability: float) -> None:
    """Strikes come in runs of at least the burst's length, save for the last, and begin where single ones would."""
    singles = struck(Fault("server_error", name="x", probability=probability), 60, seed=seed)
    hits = struck(Fault("server_error", name="x", probability=probability, burst=burst), 60, seed=seed)
    assert hits[:1] == singles[:1]
    runs: list[int] = []
    for number in hits:
        runs[-1:] = [runs[-1] + 1] if runs and number - 1 in hits else [*runs[-1:], 1]
    assert all(length >= burst for length in runs[:-1])


@given(st.lists(fault_documents(), max_size=5, unique_by=lambda each: each.get("name")), st.integers(0), requests)
def test_the_same_seed_and_requests_give_the_same_faults(
    documents: list[dict[str, object]], seed: int, asked: list[tuple[str, str, int]]
) -> None:
    """Twice the same, random waits and statuses included; the counts agree with it and with ``times``."""
    plan = plan_of({"seed": seed, "faults": documents})
    first, second = FaultPlayer(plan), FaultPlayer(plan)
    blows = [first.blows(*each) for each in asked]
    assert blows == [second.blows(*each) for each in asked]
    assert sum(first.counts.values()) == sum(map(len, blows))
    for name, fault in zip(plan.names, plan.faults, strict=True):
        assert first.counts[name] <= min(first.seen[name], fault.times or len(asked))
    for each in blows:
        assert sum(blow.fault.kind != "latency" for blow in each) <= 1


def test_another_seed_gives_other_faults() -> None:
    """The probability is kept about, and the seed matters."""
    fault = Fault("answer_lost", probability=0.3)
    first, second = struck(fault, 1000, seed=1), struck(fault, 1000, seed=2)
    assert first != second
    assert 230 < len(first) < 370
    assert 230 < len(second) < 370


def test_one_more_fault_does_not_move_the_others() -> None:
    """Each fault has its own chances, whatever comes before or after it."""
    rare = Fault("answer_lost", probability=0.2)
    alone = FaultPlayer(FaultPlan(5, (rare,)))
    among = FaultPlayer(FaultPlan(5, (rare, Fault("latency", probability=0.5), Fault("unauthorized", probability=0.5))))
    for _ in range(200):
        hit = any(blow.fault is rare for blow in among.blows(*IMPORT))
        assert hit == bool(alone.blows(*IMPORT))


def test_the_first_of_several_strikes_and_waits_come_on_top() -> None:
    """One answer can only be spoilt once: the others keep their turn. Waits stand on the side they say."""
    faults = (
        Fault("latency", name="late", work_done=True),
        Fault("unauthorized", times=1),
        Fault("html_answer", times=1),
        Fault("latency", name="early"),
    )
    player = FaultPlayer(FaultPlan(0, faults))
    names = [[blow.fault.name or blow.fault.kind for blow in player.blows(*IMPORT)] for _ in range(3)]
    assert names == [["early", "unauthorized", "late"], ["early", "html_answer", "late"], ["early", "late"]]
    assert player.counts == {"late": 3, "unauthorized": 1, "html_answer": 1, "early": 3}
    assert player.seen == {"late": 3, "unauthorized": 3, "html_answer": 3, "early": 3}


@pytest.mark.parametrize(
    ("route", "method", "path", "is_matched"),
    [
        (IMPORT_ROUTE, "POST", "/v2/import/labels", True),
        (IMPORT_ROUTE, "GET", "/v2/import/labels", False),
        (IMPORT_ROUTE, "POST", "/v2/import/labels/x", False),
        ("* /v2/*", "DELETE", "/v2/project/p/assets", True),
        ("* /v2/*", "GET", "/page.css", False),
        ("GET /v2/project/{project}/tasks", "GET", "/v2/project/p1/tasks", True),
        ("GET /v2/project/{project}/tasks", "GET", "/v2/project/p1/assets", False),
        ("GET /v2/project/{project}", "GET", "/v2/project/p1/tasks", False),
        ("GET /v2/project/*", "GET", "/v2/project/p1/tasks", True),
        ("* /v2/a.b", "GET", "/v2/axb", False),
        ("* /*", "PUT", "/files/p/assets/a.png", True),
    ],
)
def test_routes(route: str, method: str, path: str, is_matched: bool) -> None:
    """Methods, stars and segments in braces; all else is literal."""
    player = FaultPlayer(FaultPlan(0, (Fault("latency", route=route),)))
    assert bool(player.blows(method, path, 0)) == is_matched
    assert player.seen == {"latency": int(is_matched)}


def test_some_kinds_look_at_more_than_the_route() -> None:
    """Sizes count only above the limit, and lies about labels are told of imports only."""
    faults = (Fault("body_too_large", max_bytes=99, times=1), Fault("understated_count"), Fault("dropped_items"))
    player = FaultPlayer(FaultPlan(0, faults))
    assert player.blows("POST", "/v2/import/labels", 99)[0].fault.kind == "understated_count"
    assert player.blows(*IMPORT)[0].fault.kind == "body_too_large"
    assert player.blows(*TASKS) == []
    assert player.seen == {"body_too_large": 1, "understated_count": 2, "dropped_items": 2}


def test_what_chance_decides() -> None:
    """A wait between its bounds, and any of the usual statuses, unless they are set."""
    faults = (Fault("server_error"), Fault("latency", delay_s=1, max_delay_s=2))
    player = FaultPlayer(FaultPlan(0, faults))
    waits, errors = zip(*(player.blows(*IMPORT) for _ in range(50)), strict=True)
    assert {blow.status for blow in errors} == {500, 502, 503, 504}
    assert all(1 <= blow.wait_s <= 2 for blow in waits)
    assert len({blow.wait_s for blow in waits}) > 40
    fixed = FaultPlayer(FaultPlan(0, (Fault("server_error", status=507), Fault("latency", delay_s=1))))
    assert [(blow.status, blow.wait_s) for blow in fixed.blows(*IMPORT)] == [(200, 1), (507, pytest.approx(0.1))]
