"""Requests to the Hub, planned: which folders are listed, what is signed one by one, and how many that makes."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.masks.references import StoredObject, parse_reference
from prelabel.masks.sources.request_plan import LISTED_FROM, Folder, MaskSurvey, StoragePlan, plan_requests


def planned(*keys: str, storage_id: str = "st") -> StoragePlan:
    """The plan for the keys of one storage."""
    survey = MaskSurvey(storage_id)
    survey.see(keys)
    return survey.plan()


def listed(plan: StoragePlan) -> list[str]:
    """The listed folders' paths."""
    return sorted(folder.path for folder in plan.listed)


def test_nothing_stored_takes_no_request() -> None:
    """Paths, URLs and buckets are not the Hub's."""
    assert planned("a.png", "https://h/a.png", "s3://b/a.png", storage_id="").n_requests == 0
    assert planned().n_requests == 0


def test_few_masks_are_signed_one_by_one() -> None:
    """Each takes a request, and the storage one."""
    plan = planned(*(f"m/{n}.png" for n in range(LISTED_FROM - 1)))
    assert (plan.n_storages, listed(plan), plan.n_signed, plan.n_requests) == (1, [], 3, 4)


def test_many_masks_of_a_folder_take_one_request() -> None:
    """However many; what lies elsewhere is signed."""
    plan = planned(*(f"m/{n}.png" for n in range(1000)), "other/a.png")
    assert (listed(plan), plan.n_signed, plan.n_requests) == (["m"], 1, 3)


def test_a_folder_for_each_scene_is_listed_from_above() -> None:
    """Ten thousand folders of one mask each are one request."""
    plan = planned(*(f"data/scene-{n}/mask.png" for n in range(10_000)))
    assert (listed(plan), plan.n_requests) == (["data"], 2)


def test_folders_with_many_masks_are_listed_each() -> None:
    """As long as they are few; what lies beside the masks in the bucket is not listed."""
    cities = [f"masks/{city}/{n}.png" for city in range(10) for n in range(20)]
    assert listed(planned(*cities)) == sorted(f"masks/{city}" for city in range(10))


def test_very_many_folders_are_listed_from_above() -> None:
    """Two thousand requests would take twenty minutes; one for all takes one."""
    assert listed(planned(*(f"masks/{scene}/{n}.png" for scene in range(2000) for n in range(8)))) == ["masks"]


def test_the_whole_bucket_is_not_listed_to_save_some_requests() -> None:
    """Unless the masks themselves lie at its top."""
    tops = [f"{top}/{n}.png" for top in range(40) for n in range(8)]
    assert len(planned(*tops).listed) == 40
    assert listed(planned(*(f"{n}.png" for n in range(9)))) == [""]


def test_storages_and_buckets_are_apart() -> None:
    """Each with its own listings; URLs that name no object are signed."""
    survey = MaskSurvey("st")
    survey.see(f"m/{n}.png" for n in range(9))
    survey.see(f"m/{n}.png?storageId=st2" for n in range(9))
    survey.see(f"s3://b/m/{n}.png" for n in range(9))
    survey.see(f"https://minio.example.com/b/{n}.png" for n in range(9))
    plan = survey.plan()

    assert plan.listed == {Folder("st", "", "m"), Folder("st2", "", "m"), Folder("st", "b", "m")}
    assert (plan.n_storages, plan.n_signed, plan.n_requests) == (2, 9, 14)
    assert str(plan) == "14 requests: 2 to look up storages, 3 to list folders, 9 to sign masks one by one"


def test_folder_of() -> None:
    """A mask is looked for in the nearest listed folder above it, of its own storage and bucket."""
    plan = StoragePlan(1, frozenset({Folder("st", "", "a"), Folder("st", "", "a/b/c")}))
    assert plan.folder_of(StoredObject("st", "a/b/c/d/x.png")) == Folder("st", "", "a/b/c")
    assert plan.folder_of(StoredObject("st", "a/b/x.png")) == Folder("st", "", "a")
    assert plan.folder_of(StoredObject("st", "ab/x.png")) is None
    assert plan.folder_of(StoredObject("st", "a/x.png", "bucket")) is None
    assert plan.folder_of(StoredObject("other", "a/x.png")) is None
    assert plan.folder_of(StoredObject("st", url="https://h/a/x.png")) is None


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join), unique=True, max_size=60))
def test_plans_hold(keys: list[str]) -> None:
    """Every mask is either in a listed folder or counted as signed; listing never costs more than signing."""
    plan = planned(*keys)
    references = [parse_reference(key, "st") for key in keys]
    in_none = [r for r in references if isinstance(r, StoredObject) and plan.folder_of(r) is None]

    assert len(in_none) == plan.n_signed
    assert plan.n_requests <= len(keys) + 1
    for folder in plan.listed:
        assert any(r for r in references if isinstance(r, StoredObject) and plan.folder_of(r) == folder)


def test_the_survey_sees_what_is_repeated() -> None:
    """Cells of several rows, by their text; blank ones are none; a mask named twice is planned once."""
    survey = MaskSurvey("st")
    for cells in (["m/a.png", "m/b.png", "", " "], ["m/a.png", "", "m/c.png"]):
        survey.see(cells)

    assert [survey.is_repeated(cell) for cell in ("m/a.png", "m/b.png", "", "x")] == [True, False, False, False]
    assert survey.plan().n_signed == 3


@pytest.mark.parametrize(
    ("storage_id", "cells", "expected"),
    [
        ("", ["a.png", "", "data:,"], False),
        ("", ["a.png", "https://h/a"], True),
        ("", ["a.png?storageId=x"], True),
        ("st", ["a.png"], True),
        ("st", [""], False),
    ],
)
def test_whether_anything_is_elsewhere(storage_id: str, cells: list[str], expected: bool) -> None:
    """Only then is it worth to look far ahead."""
    survey = MaskSurvey(storage_id)
    survey.see(cells)
    assert survey.has_elsewhere is expected


def test_cells_that_cannot_be_read_are_left_to_their_rows() -> None:
    """A survey does not fail."""
    survey = MaskSurvey("st")
    survey.see(["s3://", "http://[", "ftp://x"])
    assert survey.plan().n_requests == 0


def test_plan_of_counts_alone() -> None:
    """Counts are enough, so that a check without rows at hand can ask too."""
    plan = plan_requests(Counter({Folder("s", "", "m"): 50}), Counter({"s": 2, "t": 1}))
    assert (plan.n_storages, len(plan.listed), plan.n_signed) == (2, 1, 3)
