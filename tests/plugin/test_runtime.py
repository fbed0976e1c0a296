"""The plugin under the vendor's own runtime, in both connectors, against a hub that sends it sessions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from plugin import seed_page
from plugin.plugin_process import ID, SECRET, PluginProcess, ask, free_port
from prelabel.errors import ConfigError
from prelabel.importer.import_labels import import_labels
from prelabel.inputs.config_file import load_config
from prelabel.localhub import Fault, HubSettings
from prelabel.localhub.testing import HubDouble
from prelabel.plugin import runtime
from prelabel.plugin.settings import PluginSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "planted-api-key-0987654321"
CONNECTORS = ["WS", "REST"]


def hub_with(bucket: Path, port: int, **more: Any) -> HubDouble:
    """A hub whose plugin is at a port in REST, and connects by itself otherwise."""
    url = f"http://127.0.0.1:{port}" if port else ""
    settings = HubSettings(plugin_id=ID, plugin_secret=SECRET, plugin_url=url, buckets={"masks": bucket}, **more)
    return HubDouble(seed_page.SCHEMA, seed_page.NAMES, api_key=KEY, settings=settings)


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The masks of the seed page's assets."""
    folder = tmp_path_factory.mktemp("bucket")
    seed_page.write_masks(folder)
    return folder


@pytest.fixture(scope="module", params=CONNECTORS)
def plugin(request: pytest.FixtureRequest, bucket: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A plugin and its hub, for all tests that leave them as they were but for labels."""
    port = free_port() if request.param == "REST" else 0
    folder = tmp_path_factory.mktemp(request.param)
    options = ("--class", {"WS": "markdown", "REST": "input"}[request.param])  # the third is in test_interruptions
    environment = {"LOGLEVEL": "DEBUG"}
    with (
        hub_with(bucket, port) as hub,
        PluginProcess(hub, folder, request.param, port, options, environment) as process,
    ):
        yield process


def double_of(plugin: PluginProcess) -> HubDouble:
    """The plugin's hub."""
    assert isinstance(plugin.hub, HubDouble)
    return plugin.hub


def new_project(hub: HubDouble, names: list[str] = seed_page.NAMES) -> str:
    """A new project with the page's schema and some assets; later calls on the hub mean this one."""
    body = {"name": "seed"}
    project = str(ask(f"{hub.url}/v2/project", KEY, body)["project"]["_id"])
    ask(f"{hub.url}/v2/project/{project}", KEY, {"categorySchema": seed_page.SCHEMA})
    hub.project = project
    hub.add_assets(names)
    return project


def storage_of(hub: HubDouble) -> str:
    """A storage of the hub over the masks' bucket."""
    return hub.add_storage(provider="AWS", bucket="masks")


@pytest.mark.parametrize("example", ["classifications", "segmentation", "every key"])
def test_the_page_s_examples_end_as_on_the_command_line(
    plugin: PluginProcess, bucket: Path, tmp_path: Path, example: str
) -> None:
    """Answers and polygons of every asset, and what became of each row: nothing differs."""
    hub = double_of(plugin)
    storage_id = storage_of(hub)
    config, cell = {
        "classifications": (seed_page.CLASSIFICATIONS, ""),
        "segmentation": (seed_page.SEGMENTATION, f"s3://masks/colors/{{}}?storageId={storage_id}"),
        "every key": (seed_page.EVERY_KEY | {"storage_id": storage_id}, "numbers/{}"),
    }[example]
    content = seed_page.csv_with(cell)
    answer = plugin.run(new_project(hub), config, content)
    with hub_with(bucket, 0) as other:
        other_id = storage_of(other)
        swap = {storage_id: other_id}
        (tmp_path / "labels.csv").write_bytes(content.replace(storage_id.encode(), other_id.encode()))
        config = config | {"storage_id": swap.get(str(config["storage_id"]), "")}
        report = import_labels(tmp_path / "labels.csv", config, **other.target)
        assert comparable(hub) == comparable(other)

    assert answer.splitlines()[0] == "8 of 8 rows imported"
    assert report.n_imported == 8
    if example != "classifications":
        assert all(labels.objects for labels in hub.labels().values())


def comparable(hub: HubDouble) -> dict[str, Any]:
    """External ID -> objects and answers, without the ids that are each hub's own."""
    return {
        name: (
            [{key: each[key] for key in ("schemaId", "title", "segmentation")} for each in labels.objects],
            labels.answers,
        )
        for name, labels in hub.labels().items()
    }


@pytest.mark.parametrize(
    "config",
    [
        '{"external_id_column": "External ID", "overwrite": "yes"}',
        '{"external_id_column": "External ID",}',
        "",
        json.dumps({"k" * 1_500_000: 1}),
    ],
)
def test_a_config_error_is_the_command_line_s(plugin: PluginProcess, config: str, tmp_path: Path) -> None:
    """Nothing is sent, and however long the message is it arrives."""
    hub = double_of(plugin)
    before = hub.request_counts["POST /v2/import/labels"]
    answer = plugin.run(hub.project, config, seed_page.csv_with(""))
    (tmp_path / "c.json").write_text(config or "{}")
    with pytest.raises(ConfigError) as theirs:
        load_config(tmp_path / "c.json")
    message = str(theirs.value).replace(str(tmp_path / "c.json"), "config")
    assert answer == f"nothing was imported: {message}"[:30_000] or answer.endswith("(cut)")
    assert len(answer.encode()) < 32_000
    assert hub.request_counts["POST /v2/import/labels"] == before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "brings no CSV"),
        (b"", "brings no CSV"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "nothing was imported"),
        (b"ID;Color\na;b\n", '"external_id_column" names "External ID"'),
        (b"External ID,Color\n", "0 of 0 rows imported"),
    ],
)
def test_a_csv_that_is_none_is_said(plugin: PluginProcess, content: bytes | None, words: str) -> None:
    """None at all, an empty one, a picture, other columns, a header alone."""
    config = {"external_id_column": "External ID"}
    answer = plugin.run(double_of(plugin).project, config, content)
    assert words in answer


def test_a_hub_that_fails_midway_is_gone_on_with(plugin: PluginProcess) -> None:
    """What was confirmed is in; the next session sends the rest and no row twice."""
    hub = double_of(plugin)
    project = new_project(hub)
    config = seed_page.CLASSIFICATIONS | {"upload_batch_size": 1}
    hub.play(Fault("unauthorized", route="POST /v2/import/labels", after=3))
    first = plugin.run(project, config, seed_page.csv_with(""))
    hub.play()
    before = hub.request_counts["POST /v2/import/labels"]
    second = plugin.run(project, config, seed_page.csv_with(""))
    assert first.splitlines()[0] == "3 of 8 rows imported; run it again to go on"
    assert second.splitlines()[:2] == [
        "8 of 8 rows imported",
        "8 imported (3 by earlier sessions), 0 skipped, 0 failed, 0 not sent",
    ]
    assert hub.request_counts["POST /v2/import/labels"] - before == 5


def test_sixty_sessions_at_once_are_bounded_and_the_heart_beats_on(plugin: PluginProcess) -> None:
    """Four of them work, however long; the others are refused at once, in one sentence."""
    hub = double_of(plugin)
    hub.play(Fault("latency", route="POST /v2/import/labels", delay_s=3.0))
    sessions = [plugin.start(new_project(hub), seed_page.CLASSIFICATIONS, seed_page.csv_with("")) for _ in range(60)]
    if plugin.connector == "REST":
        assert all(plugin.is_well() for _ in range(20))
    answers = [plugin.finish(session)["response"].splitlines()[0] for session in sessions]
    hub.play()
    assert set(answers) == {
        "8 of 8 rows imported",
        "the plugin is busy with 4 other sessions: nothing was done, run it again later",
    }
    assert answers.count("8 of 8 rows imported") >= 4


def test_lines_are_few_and_in_the_house_s_style(plugin: PluginProcess) -> None:
    """In REST each is a request to the Hub."""
    hub = double_of(plugin)
    before = hub.request_counts["POST /v2/pluginLog"]
    config = seed_page.CLASSIFICATIONS | {"upload_batch_size": 1}
    document = plugin.finish(plugin.start(new_project(hub), config, seed_page.csv_with("")))
    text = "\n".join(line["msg"] for line in document["lines"])
    assert text.startswith("Plugin session is started!")
    assert "Rows imported: [8/8]" in text
    assert text.endswith("Plugin session is ended!")
    assert hub.request_counts["POST /v2/pluginLog"] - before <= (4 if plugin.connector == "REST" else 0)


def test_no_key_and_no_signature_is_told_anywhere(plugin: PluginProcess) -> None:
    """Not in what the process prints at its most talkative, its state, the Hub's lines, or any answer.

    One session echoes the key where it can: in the config, the CSV's cells, and a Hub that repeats what it was sent.
    """
    hub = double_of(plugin)
    project = new_project(hub, ["a.png"])
    config = {"external_id_column": "External ID", KEY: 1, "mask_column": f"Mask {KEY}"}
    answers = [plugin.run(project, config, b"External ID\na.png\n")]
    signed = "https://masks.invalid/a.png?X-Amz-Signature=planted-signature"
    config = {"external_id_column": "External ID", "mask_column": "Mask", "mask_color_mapping": "project_colors"}
    answers.append(plugin.run(project, config, f"External ID,Mask\na.png,{signed}\n".encode()))
    told = [*answers, plugin.output.read_text(), json.dumps(list(hub.plugin_lines))]
    told += [
        path.read_bytes().decode("latin-1")
        for path in plugin.state.rglob("*")
        if path.is_file() and path.name not in {"labels.csv", "rejects.csv"}  # these are the user's own words
    ]
    for secret in (KEY, SECRET, "planted-signature"):
        assert not [text for text in told if secret in text], f"{secret} is told"


def test_the_runtime_s_two_ways_to_call_are_taken() -> None:
    """One mapping, or keywords as in older versions; the logger is no part of the session."""
    seen = []

    class Desk:
        def take(self, data: dict[str, Any], _emit: Any) -> Any:
            seen.append(data)
            return type("Answer", (), {"text": "done"})

    callback = runtime.callback_of(Desk())  # type: ignore[arg-type]
    assert callback({"projectId": "p", "logger": object()}) == "done"
    assert callback(projectId="p", logger=None) == "done"
    assert seen == [{"projectId": "p"}] * 2


@pytest.mark.parametrize(
    ("name", "remedy"),
    [("pkg_resources", "pip install 'setuptools<82'"), ("socketio", r"pip install 'prelabel\[plugin\]'")],
)
def test_a_runtime_that_cannot_be_imported_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, name: str, remedy: str
) -> None:
    """Rather than a traceback."""

    def fail(_: str) -> None:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr("prelabel.plugin.runtime.importlib.import_module", fail)
    monkeypatch.setenv("CONNECTOR", "WS")
    monkeypatch.setenv("PORT", "1")
    with pytest.raises(ConfigError, match=remedy):
        runtime.load_runtime(PluginSettings(host="https://h"))
