"""What a plugin is sent."""

from __future__ import annotations

from typing import Any

import pytest

from prelabel.localhub.envelope import Refusal
from prelabel.localhub.plugin_sessions.event import event_of

PROJECT = {"_id": "p", "organization": "o"}
LEAST: dict[str, Any] = {
    "projectId": "p",
    "configJSON": None,
    "apiKey": "k",
    "orgId": "o",
    "runBy": "owner@localhost",
    "batches": [],
    "categorySchema": None,
}


def test_what_was_not_given_is_not_sent() -> None:
    """The config is null then, and there are no batches; files have no key at all."""
    nothing = dict.fromkeys(("configJSON", "batches", "inputFile", "fileList", "fileExplorerOptions"))
    assert event_of({}, PROJECT, "k") == LEAST
    assert event_of(nothing, PROJECT, "k") == LEAST


def test_what_was_given_goes_on_as_it_is() -> None:
    """Nothing in it is read here, not even the config: to make sense of it is the plugin's work."""
    given: dict[str, Any] = {"configJSON": "no {json", "batches": ["b"], "inputFile": "no base64!"}
    given |= {"fileList": [{"any": 1}, 2], "fileExplorerOptions": {"bucket": "b", "files": ["f"]}}
    assert event_of(given, PROJECT, "k") == LEAST | given
    assert event_of({"fileExplorerOptions": [1]}, PROJECT, "k")["fileExplorerOptions"] == [1]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"configJSON": {}}, "configJSON must be a text"),
        ({"inputFile": ["b64"]}, "inputFile must be a text"),
        ({"fileList": {}}, "fileList must be a list"),
        ({"fileExplorerOptions": "f"}, "fileExplorerOptions must be a list or an object"),
        ({"batches": "b"}, "batches must be a list of texts"),
        ({"batches": [1]}, "batches must be a list of texts"),
    ],
)
def test_what_is_of_another_kind_is_refused(wrong: dict[str, Any], message: str) -> None:
    """With its name."""
    with pytest.raises(Refusal, match=message) as caught:
        event_of(wrong, PROJECT, "k")
    assert caught.value.status == 400
