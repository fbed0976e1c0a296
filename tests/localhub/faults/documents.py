"""Any fault, as JSON has it."""

from __future__ import annotations

from typing import Any, get_args

from hypothesis import strategies as st

from prelabel.localhub.faults.fault import _OPTIONS, FaultKind

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
