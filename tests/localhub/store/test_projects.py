"""Projects and their batches in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prelabel.localhub.envelope import Page, Refusal
from prelabel.localhub.store import projects

if TYPE_CHECKING:
    import sqlite3


def test_a_new_project_has_the_default_workflow(db: sqlite3.Connection) -> None:
    """Start, Label, Complete, an empty schema, no batches."""
    project = projects.create_project(db, {"name": "p"})
    assert [(stage["id"], stage["type"]) for stage in project["stages"]] == [
        ("Start", "Start"),
        ("Label", "Label"),
        ("Complete", "Complete"),
    ]
    assert project["categorySchema"] == {"tools": [], "classifications": [], "relations": []}
    assert (project["batches"], project["queueVersion"], project["assetCount"]) == ([], 2, 0)
    assert projects.show_project(db, project["_id"]) == project


def test_projects_share_the_organization(db: sqlite3.Connection) -> None:
    """One hub is one organization."""
    made = [projects.create_project(db, {"name": name}) for name in "ab"]
    assert made[0]["organization"] == made[1]["organization"]
    assert made[0]["_id"] != made[1]["_id"]


def test_only_the_given_keys_change(db: sqlite3.Connection) -> None:
    """A partial update leaves the rest; ids cannot be set."""
    before = projects.create_project(db, {"name": "p", "description": "d"})
    after = projects.update_project(db, before["_id"], {"name": "q", "_id": "x", "benchmarkEnabled": True})
    assert after == {**before, "name": "q", "benchmarkEnabled": True}


def test_batches_are_added_once(db: sqlite3.Connection) -> None:
    """Names the project has already keep their ids."""
    project_id = projects.create_project(db, {"name": "p"})["_id"]
    first = projects.add_batches(db, project_id, ["a"])["batches"]
    project = projects.add_batches(db, project_id, ["b", "a", "b"])
    assert [batch["name"] for batch in project["batches"]] == ["a", "b"]
    assert project["batches"][:1] == first
    assert projects.batch_ids(project, ["b", first[0]["_id"]]) == [project["batches"][1]["_id"], first[0]["_id"]]
    with pytest.raises(Refusal, match=r"Invalid batch: c\."):
        projects.batch_ids(project, ["c"])


def test_a_listing_is_short_and_counted(db: sqlite3.Connection) -> None:
    """Five fields for each project, and the total beside the page."""
    for number in range(3):
        projects.create_project(db, {"name": f"p{number}"})
    listed = projects.list_projects(db, Page(2, 2), "seq DESC")
    assert listed["total"] == 3
    assert [project["name"] for project in listed["projects"]] == ["p0"]
    assert set(listed["projects"][0]) == {"_id", "name", "description", "organization", "createdAt"}


def test_a_deleted_project_is_gone(db: sqlite3.Connection) -> None:
    """Deleting twice is refused with the Hub's words."""
    project_id = projects.create_project(db, {"name": "p"})["_id"]
    projects.delete_project(db, project_id)
    with pytest.raises(Refusal, match=f"Invalid project: {project_id}."):
        projects.delete_project(db, project_id)


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({}, "a project needs a name"),
        ({"name": 5}, "a project: name must be a text"),
        ({"name": "p", "stages": []}, "stages must be a list of stages, one at least"),
        ({"name": "p", "stages": [{"id": 1}]}, "every stage must be an object with a text as its id"),
        ({"name": "p", "stages": [{"id": "a", "next": "b"}]}, "the stage 'a': next must be a list"),
        ({"name": "p", "categorySchema": []}, "categorySchema must be an object"),
    ],
)
def test_what_is_no_project_is_refused(db: sqlite3.Connection, body: dict[str, Any], part: str) -> None:
    """The message says which key has the wrong form."""
    with pytest.raises(Refusal) as caught:
        projects.create_project(db, body)
    assert part in str(caught.value)
