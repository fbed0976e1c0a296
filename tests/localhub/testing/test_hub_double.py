"""A hub with one project: filled, looked into, and used over HTTP."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from aiohttp import web

from localhub.project import CAR, SCHEMA
from prelabel.errors import ConfigError
from prelabel.hub.client import HubClient
from prelabel.localhub import Fault, HubSettings
from prelabel.localhub.testing import HubDouble, Labels

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp.typedefs import Handler

BARE: dict[str, Any] = {
    "tools": [{"title": "Car", "tool": "segmentation"}],
    "classifications": [{"title": "Kind", "tool": "checkbox", "options": [{"value": "a"}, {"value": "b"}]}],
}


def status_of(hub: HubDouble, path: str = "/v2/listProjects") -> int:
    """The HTTP status of a call with the hub's key."""
    request = urllib.request.Request(hub.url + path, headers={"apikey": hub.api_key})
    try:
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_it_begins_with_a_project_and_its_assets() -> None:
    """In order, unlabelled, behind the key; without arguments the project is empty."""
    with HubDouble(SCHEMA, ["b", "a"], api_key="k") as hub:
        assert [task["externalId"] for task in hub.tasks()] == ["b", "a"]
        assert hub.labels() == {"b": Labels([], {}), "a": Labels([], {})}
        assert hub.target == {"project": hub.project, "host": hub.url, "api_key": "k"}
        assert status_of(hub, f"/v2/project/{hub.project}") == 200
    with HubDouble() as hub:
        assert (hub.tasks(), hub.schema) == ([], {"tools": [], "classifications": [], "relations": []})


async def test_labels_come_in_and_are_looked_at_in_one_event_loop() -> None:
    """What an import sends is there, by title and value, nested answers among them."""
    nested: dict[str, Any] = {"title": "Why", "tool": "text", "schemaId": "why"}
    kind: dict[str, Any] = {**BARE["classifications"][0], "schemaId": "kind", "classifications": [nested]}
    answer = {"schemaId": "kind", "answer": ["b"], "classifications": [{"schemaId": "why", "answer": "so"}]}
    async with HubDouble({"classifications": [kind]}, ["x"]) as hub, HubClient(hub.url, hub.api_key) as client:
        await client.import_items(hub.project, [orjson.dumps({"externalId": "x", "classifications": [answer]})])
        assert hub.labels() == {"x": Labels([], {"Kind": ["b"], "Why": "so"})}


def test_labels_that_are_there_already() -> None:
    """By title and value, in place of earlier ones; ids the schema did not bring are given."""
    with HubDouble(BARE, ["x", "y"]) as hub:
        hub.label("x", answers={"Kind": ["a"]})
        hub.label("x", objects=[{**CAR, "schemaId": "", "title": "Car"}], answers={"Kind": ["b", "a"]})
        labels = hub.labels()
        (tool,) = hub.schema["tools"]

    assert labels["x"].answers == {"Kind": ["b", "a"]}
    assert [(each["title"], each["objectId"], each["schemaId"]) for each in labels["x"].objects] == [
        ("Car", "car-1", tool["schemaId"])
    ]
    assert labels["y"] == Labels([], {})


@pytest.mark.parametrize(
    ("external_id", "given", "message"),
    [
        ("z", {}, "no asset with the external ID 'z'"),
        ("x", {"answers": {"Knid": ["a"]}}, "a title that the category schema knows"),
        ("x", {"answers": {"Kind": ["a", "A"]}}, "names an option that the category schema does not know"),
        ("x", {"answers": {"Kind": ["A"]}}, "names an option that the category schema does not know"),
        ("x", {"objects": [{"title": "Car", "polygon": [[0, 0]]}]}, "item 1, object 1: polygon must be a list"),
    ],
)
def test_misprints_of_a_test_are_not_taken_for_labels(external_id: str, given: dict[str, Any], message: str) -> None:
    """Where the Hub would drop them without a word; nothing is stored."""
    with HubDouble(BARE, ["x"]) as hub:
        with pytest.raises(ConfigError, match=message):
            hub.label(external_id, **given)
        assert hub.labels() == {"x": Labels([], {})}


def test_assets_that_share_an_external_id() -> None:
    """Labelled and submitted together; told apart by their tasks."""
    with HubDouble(BARE) as hub:
        hub.add_assets(["x", "x"], metadata={"width": 8})
        hub.label("x", answers={"Kind": ["a"]})
        hub.annotate(hub.tasks()[1]["_id"], {"answer": {"classifications": [{"title": "Kind", "answer": ["b"]}]}})
        hub.submit("x")
        with pytest.raises(ConfigError, match="two assets have the external ID 'x'"):
            hub.labels()
        with pytest.raises(ConfigError, match="no asset with the external ID 'y'"):
            hub.submit("y")
        values = {each["schemaId"]: each["value"] for each in hub.schema["classifications"][0]["options"]}
        tasks = hub.tasks()

    stored = [each["answer"] for task in tasks for each in task["answer"]["classifications"]]
    assert [[values[option] for option in options] for options in stored] == [["a"], ["b"]]
    assert [task["stage"] for task in tasks] == ["Label", "Label"]


def test_faults_strike_what_goes_over_http_alone() -> None:
    """Everything else goes on, uncounted; settings last as long as the faults."""
    with HubDouble(SCHEMA, ["x"]) as hub:
        hub.play(Fault("server_error", status=503), page_cap=1)
        assert status_of(hub) == 503
        hub.label("x", answers={"Type": "day"})
        hub.add_assets(["y"])
        assert hub.labels()["x"].answers == {"Type": "day"}
        assert (hub.fault_counts, sum(hub.request_counts.values())) == ({"server_error": 1}, 1)
        hub.play()
        assert (status_of(hub), hub.fault_counts) == (200, {})
        with pytest.raises(ConfigError, match="page_cap is 0"):
            hub.play(page_cap=0)


def test_settings_and_middlewares_are_the_hubs(tmp_path: Path) -> None:
    """A bucket that is a folder, and a middleware that sees the calls."""
    seen: list[str] = []

    @web.middleware
    async def listen(request: web.Request, handler: Handler) -> web.StreamResponse:
        seen.append(request.path)
        return await handler(request)

    (tmp_path / "a.png").write_bytes(b"x")
    with HubDouble(settings=HubSettings(buckets={"masks": tmp_path}), middlewares=[listen]) as hub:
        storage = hub.add_storage(provider="AWS", bucket="masks")
        assert status_of(hub, f"/v2/storages/{storage}/files?bucketName=masks") == 200
        assert seen == [f"/v2/storages/{storage}/files"]


def test_a_schema_that_is_none_ends_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the reason, and with nothing left behind."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(ConfigError, match="tools must be a list of objects"), HubDouble({"tools": {}}):
        pass
    assert list(tmp_path.iterdir()) == []


def test_looking_in_when_it_is_over() -> None:
    """It says where to look instead."""
    with HubDouble() as hub:
        pass
    with pytest.raises(RuntimeError, match="inside its block"):
        hub.labels()


def test_one_double_runs_twice() -> None:
    """Each time with a new project, on a thread or in a loop."""
    hub = HubDouble(SCHEMA, ["x"])

    async def project() -> str:
        async with hub:
            return hub.project

    with hub:
        first = hub.project
        hub.label("x", answers={"Note": "old"})
    assert asyncio.run(project()) != first
    with hub:
        assert hub.labels() == {"x": Labels([], {})}
