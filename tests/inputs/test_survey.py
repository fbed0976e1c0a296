"""The first pass over the CSV's IDs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prelabel.inputs.survey import survey_ids
from tables import rows_of


@given(st.lists(st.lists(st.sampled_from(["", "a", "b", "c"]), max_size=5), max_size=5))
def test_survey(batches: list[list[str]]) -> None:
    """Rows are counted, the last row of each ID is known, and where those that repeat end, across batches."""
    flat = [external_id for batch in batches for external_id in batch]
    first, made = 1, []
    for batch in batches:
        made.append(rows_of(*batch, first=first))
        first += len(batch)
    survey = survey_ids(made, "id")

    assert survey.n_rows == len(flat)
    assert survey.last_rows == {each: number for number, each in enumerate(flat, start=1) if each}
    assert survey.repeated == {
        each: (number, number + 1) for each, number in survey.last_rows.items() if flat.count(each) > 1
    }


@given(st.lists(st.sampled_from("abc"), max_size=12), st.sets(st.integers(1, 12)))
def test_survey_of_a_run_that_goes_on(ids: list[str], done: set[int]) -> None:
    """IDs with a row that is done after one that is not are found out."""
    survey = survey_ids([rows_of(*ids)], "id", done)
    states = {each: [number in done for number, other in enumerate(ids, 1) if other == each] for each in ids}

    expected = {each for each, seen in states.items() if seen != sorted(seen, reverse=True)}
    assert survey.unfinished == (expected if done else set())
