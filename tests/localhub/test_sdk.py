"""The vendor's own client against the local hub: the whole flow, as a user of the real Hub would write it."""

from __future__ import annotations

import copy
import json
import textwrap
import urllib.request
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from imerit_ango.models.annotate import AnnotationPayload, Answer
from imerit_ango.models.enums import ExportFormats, ReviewStatus, StorageFileTypes, StorageProvider
from imerit_ango.models.export_options import ExportOptions
from imerit_ango.models.label_category import (
    Classification,
    ClassificationCategory,
    LabelOption,
    Tool,
    ToolCategory,
)
from imerit_ango.models.storage import Storage
from imerit_ango.models.task_filter import DateRange, NumberRange, StringFilter, TaskFilter
from imerit_ango.sdk import SDK

from localhub.project import CAR, HOLE, KEY, RING
from prelabel.localhub import LocalHub

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[LocalHub]:
    """A hub on a thread."""
    with LocalHub(tmp_path / "store", api_key=KEY) as running:
        yield running


@pytest.fixture
def sdk(hub: LocalHub) -> Iterator[SDK]:
    """The vendor's client of that hub."""
    client = SDK(KEY, host=hub.url)
    yield client
    client.session.close()
    urllib.request.urlcleanup()  # the SDK's export leaves its download in the temporary folder


def _label_set(sdk: SDK, project_id: str) -> None:
    tools = [
        ToolCategory(Tool.Segmentation, title="Car", schemaId="tool-car", color="#f44336"),
        ToolCategory(Tool.Polygon, title="Person", schemaId="tool-person", color="#03a9f4"),
    ]
    classifications = [
        ClassificationCategory(
            Classification.Radio,
            title="Type",
            schemaId="cls-type",
            options=[LabelOption("day", "opt-day"), LabelOption("night", "opt-night")],
        ),
        ClassificationCategory(
            Classification.Multi_dropdown,
            title="Seen",
            schemaId="cls-seen",
            options=[LabelOption("rain", "opt-rain"), LabelOption("fog", "opt-fog")],
        ),
        ClassificationCategory(Classification.Text, title="Note", schemaId="cls-note"),
    ]
    sdk.create_label_set(project_id, tools, classifications)


@pytest.fixture
def project_id(sdk: SDK) -> str:
    """A project with a label set and five cloud assets, 0.png to 4.png."""
    made: str = sdk.create_project("flow", "the whole flow")["data"]["project"]["_id"]
    _label_set(sdk, made)
    given = [{"data": f"https://e.com/{number}.png", "externalId": f"{number}.png"} for number in range(5)]
    counts = sdk.upload_files_cloud(made, given)["data"]["assets"]
    assert (counts["assetsCreated"], counts["tasksCreated"]) == (5, 5)
    return made


def _item(external_id: str, *objects: dict[str, Any]) -> dict[str, Any]:
    classifications = [
        {"schemaId": "cls-type", "answer": "night"},
        {"schemaId": "cls-seen", "answer": ["fog", "rain"]},
        {"schemaId": "cls-note", "answer": "wet, dark"},
    ]
    return {"externalId": external_id, "objects": list(objects), "classifications": classifications, "relations": []}


def _task(sdk: SDK, project_id: str, external_id: str) -> dict[str, Any]:
    found = sdk.get_tasks(project_id, include_answer=True, task_filter=TaskFilter(external_id=external_id))["data"]
    assert found["total"] == 1
    task: dict[str, Any] = found["tasks"][0]
    return task


def test_the_label_set_is_read_back(sdk: SDK, project_id: str) -> None:
    """Tools, classifications and options as they were set; the project is in the list."""
    schema = sdk.get_project(project_id)["data"]["project"]["categorySchema"]
    assert [(tool["title"], tool["tool"], tool["color"]) for tool in schema["tools"]] == [
        ("Car", "segmentation", "#f44336"),
        ("Person", "polygon", "#03a9f4"),
    ]
    assert [each["tool"] for each in schema["classifications"]] == ["radio", "multi-dropdown", "text"]
    assert [option["value"] for option in schema["classifications"][0]["options"]] == ["day", "night"]
    listed = sdk.list_projects(page=1, limit=100)["data"]
    assert [(project["_id"], project["name"]) for project in listed["projects"]] == [(project_id, "flow")]


def test_labels_are_imported_and_exported(sdk: SDK, project_id: str, tmp_path: Path) -> None:
    """What is imported is in the task by schemaId, and in the export by value, geometry untouched."""
    person = {"schemaId": "tool-person", "title": "Person", "polygon": RING}
    answer = sdk.import_labels(project_id, [_item("1.png", CAR, person), _item("nobody.png")])
    assert answer == {"status": "success", "data": {"project": "1 / 1 tasks are labeled."}}
    stored = _task(sdk, project_id, "1.png")
    assert stored["isPreLabeled"] is True
    assert {each["schemaId"]: each["answer"] for each in stored["answer"]["classifications"]} == {
        "cls-type": "opt-night",
        "cls-seen": ["opt-fog", "opt-rain"],
        "cls-note": "wet, dark",
    }
    assert stored["answer"]["tools"][0]["segmentation"] == {"zones": [{"region": RING, "holes": [HOLE]}]}
    assert {tool["metadata"]["createdBy"] for tool in stored["answer"]["tools"]} == {"import"}

    assert sdk.export(project_id) == []
    records = sdk.export(project_id, ExportOptions(stage=[]))
    assert [record["externalId"] for record in records] == [f"{number}.png" for number in range(5)]
    task = records[1]["task"]
    assert {each["title"]: each["answer"] for each in task["classifications"]} == {
        "Type": "night",
        "Seen": ["fog", "rain"],
        "Note": "wet, dark",
    }
    assert task["tools"][1]["polygon"] == RING
    lines, count = sdk.export(project_id, ExportOptions(stage=["Start"], export_format=ExportFormats.NDJSON))
    assert (list(lines), count) == (records, 5)
    sdk.export(project_id, ExportOptions(stage=[]), zip_file_path=str(tmp_path / "export.zip"))
    with zipfile.ZipFile(tmp_path / "export.zip") as archive:
        assert json.loads(archive.read(archive.namelist()[0])) == records


def test_annotating_merges_or_overwrites(sdk: SDK, project_id: str) -> None:
    """overwrite=False keeps what is there (the SDK merges), overwrite=True replaces it; tasks move on when told."""
    sdk.import_labels(project_id, [_item("0.png", CAR)])
    task_id = _task(sdk, project_id, "0.png")["_id"]
    person = {"schemaId": "tool-person", "objectId": "person-1", "polygon": RING}

    def payload() -> AnnotationPayload:
        return AnnotationPayload(Answer([copy.deepcopy(person)], [{"schemaId": "cls-type", "answer": "opt-day"}]))

    assert sdk.annotate_task(task_id, payload(), overwrite=False)
    merged = sdk.get_task(task_id)["data"]["task"]["answer"]
    assert [tool["objectId"] for tool in merged["tools"]] == ["person-1", "car-1"]
    assert {each["schemaId"]: each["answer"] for each in merged["classifications"]} == {
        "cls-type": "opt-day",
        "cls-seen": ["opt-fog", "opt-rain"],
        "cls-note": "wet, dark",
    }
    assert sdk.annotate_task(task_id, payload(), overwrite=True, send_to_next_stage=True)
    task = sdk.get_task(task_id)["data"]["task"]
    assert [tool["objectId"] for tool in task["answer"]["tools"]] == ["person-1"]
    assert task["stage"] == "Label"
    assert sdk.annotate_task(task_id, payload(), overwrite=True, send_to_next_stage=True)
    assert [record["externalId"] for record in sdk.export(project_id)] == ["0.png"]


def test_an_untouched_task_can_be_merged_into(sdk: SDK, project_id: str) -> None:
    """The SDK's merge reads all three lists of a task nobody has touched."""
    task_id = _task(sdk, project_id, "4.png")["_id"]
    assert sdk.annotate_task(task_id, AnnotationPayload(Answer([copy.deepcopy(CAR)])), overwrite=False)
    assert [tool["objectId"] for tool in _task(sdk, project_id, "4.png")["answer"]["tools"]] == ["car-1"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (TaskFilter(external_id=StringFilter(in_list=["1.png", "3.png", "x"])), ["1.png", "3.png"]),
        (TaskFilter(external_id=StringFilter(nin=["1.png", "3.png"])), ["0.png", "2.png", "4.png"]),
        (TaskFilter(external_id=StringFilter(ne="0.png", regex="^[012]")), ["1.png", "2.png"]),
        (TaskFilter(external_id=StringFilter(exists=False)), []),
        (TaskFilter(assignee=StringFilter(exists=False), stage="Start", priority=NumberRange(gte=0, lt=1)), None),
        (TaskFilter(stage=["Label", "Complete"]), []),
        (TaskFilter(is_skipped=False, is_draft=False, is_benchmark=False, task_type="default"), None),
        (TaskFilter(open_issues_count=0, duration=NumberRange(lte=0), total_duration=NumberRange(eq=0)), None),
        (TaskFilter(review_status=ReviewStatus.ACCEPTED), []),
        (TaskFilter(batches=["none"]), []),
    ],
)
def test_task_filters(sdk: SDK, project_id: str, wanted: TaskFilter, expected: list[str] | None) -> None:
    """Every kind of the SDK's filter finds what it says; None stands for all five tasks."""
    found = sdk.get_tasks(project_id, limit=100, task_filter=wanted, sort="createdAt")["data"]
    everything = [f"{number}.png" for number in range(5)]
    assert [task["externalId"] for task in found["tasks"]] == (everything if expected is None else expected)


def test_task_filters_by_time(sdk: SDK, project_id: str) -> None:
    """A span of time around a task's own is found, one after it is not."""
    made = datetime.fromisoformat(_task(sdk, project_id, "0.png")["createdAt"])
    around = DateRange(gte=made, lte=made + timedelta(days=1))
    assert sdk.get_tasks(project_id, task_filter=TaskFilter(created_at=around))["data"]["total"] == 5
    later = DateRange(gt=made + timedelta(days=1))
    assert sdk.get_tasks(project_id, task_filter=TaskFilter(created_at=later))["data"]["total"] == 0


def test_pages_and_fields_of_tasks(sdk: SDK, project_id: str) -> None:
    """Pages do not overlap, and only the wanted fields come."""
    pages = [sdk.get_tasks(project_id, page=page, limit=2)["data"] for page in (1, 2, 3, 4)]
    assert [len(page["tasks"]) for page in pages] == [2, 2, 1, 0]
    assert {page["total"] for page in pages} == {5}
    assert [task["externalId"] for page in pages for task in page["tasks"]] == [f"{n}.png" for n in (4, 3, 2, 1, 0)]
    task = sdk.get_tasks(project_id, fields="stage,answer")["data"]["tasks"][0]
    assert set(task) == {"_id", "project", "asset", "stage", "answer"}


def test_asset_filters(sdk: SDK, project_id: str) -> None:
    """By external id and by pre-labels; each asset names its task."""
    sdk.import_labels(project_id, [_item("2.png", CAR)])
    found = sdk.get_assets(project_id, filters={"externalId": "2.png"})["data"]["assets"]
    assert found == sdk.get_assets(project_id, filters={"isPreLabeled": True})["data"]["assets"]
    assert found[0]["labelTasks"][0]["_id"] == _task(sdk, project_id, "2.png")["_id"]
    sdk.delete_assets(project_id, [found[0]["_id"]])
    assert sdk.get_assets(project_id)["data"]["total"] == 4


def test_batches(sdk: SDK, project_id: str) -> None:
    """Made one by one or together, given to assets by name, found through both."""
    assert sdk.create_batch(project_id, "b1")["data"]["project"]["name"] == "b1"
    sdk.create_batches(project_id, ["b1", "b2"])
    batches = sdk.get_batches(project_id)
    assert [batch["name"] for batch in batches] == ["b1", "b2"]
    sdk.upload_files_cloud(project_id, [{"data": "https://e.com/x.png", "batches": ["b2"]}], batches=["b1"])
    ids = [batch["_id"] for batch in batches]
    assert sdk.get_assets(project_id, filters={"batches": ids})["data"]["assets"][0]["externalId"] == "x.png"
    assert sdk.get_tasks(project_id, task_filter=TaskFilter(batches=ids[:1]))["data"]["total"] == 1
    first = sdk.get_assets(project_id, filters={"externalId": "0.png"})["data"]["assets"][0]["_id"]
    sdk.assign_batches(project_id, [first], ids[:1])
    exported = sdk.export(project_id, ExportOptions(stage=[], batches=ids[:1]))
    assert [(record["externalId"], record["batches"]) for record in exported] == [
        ("0.png", ["b1"]),
        ("x.png", ["b1", "b2"]),
    ]


@pytest.mark.filterwarnings("ignore:unclosed file <_io:ResourceWarning")  # the SDK does not close what it uploads
def test_local_files_are_uploaded(sdk: SDK, project_id: str, tmp_path: Path, hub: LocalHub) -> None:
    """The bytes arrive, the asset's URL gives them back, and so does its signed URL."""
    path = tmp_path / "my photo #1.png"
    path.write_bytes(b"\x89PNG and so on")
    sdk.upload_files(project_id, [{"data": str(path), "externalId": "photo", "metadata": {"width": 4, "height": 3}}])
    asset = sdk.get_assets(project_id, filters={"externalId": "photo"})["data"]["assets"][0]
    assert asset["data"].startswith(f"{hub.url}/files/{project_id}/assets/")
    assert asset["metadata"] == {"width": 4, "height": 3}
    signed = sdk._get_signed_url(asset["data"], project_id, StorageFileTypes.ASSET)
    for url in (asset["data"], signed):
        assert sdk.session.get(url).content == b"\x89PNG and so on"


def test_storages(sdk: SDK, project_id: str, tmp_path: Path) -> None:
    """A storage is made, listed, used for signing, and deleted."""
    folder = tmp_path / "store" / "buckets" / "masks"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(b"mask")
    storage_id = sdk.create_storage(Storage("s", StorageProvider.AWS, "pub", "hush"))["data"]["storage"]["_id"]
    assert "hush" not in str(sdk.get_storages())
    assert sdk.get_storages(storage_id)["_id"] == storage_id
    files = sdk.list_storage_files(storage_id, "masks")["data"]["files"]
    name = "https://masks.s3.eu-central-1.amazonaws.com/a.png"
    signed = sdk._get_signed_url(name, project_id, StorageFileTypes.ASSET, storage_id)
    for url in (files[0]["signedUrl"], signed):
        assert sdk.session.get(url).content == b"mask"
    sdk.delete_storage(storage_id)
    assert sdk.get_storages()["data"]["storages"] == []


def test_requeueing(sdk: SDK, project_id: str) -> None:
    """Tasks go where they are told, without their answers if so wished."""
    sdk.import_labels(project_id, [_item("0.png", CAR)])
    answer = sdk.requeue_tasks(project_id, "Label", {"externalIds": ["0.png"]}, {"removeAnnotations": True})
    assert answer["data"]["modifiedCount"] == {"modified": 1, "toStageId": "Label"}
    task = _task(sdk, project_id, "0.png")
    assert (task["stage"], task["answer"]["tools"]) == ("Label", [])


def test_a_restart_keeps_what_the_sdk_stored(tmp_path: Path) -> None:
    """Two hubs, one after the other, over one folder."""
    for number in range(2):
        with LocalHub(tmp_path, api_key=KEY) as hub:
            sdk = SDK(KEY, host=hub.url)
            if number == 0:
                project_id = sdk.create_project("p")["data"]["project"]["_id"]
                _label_set(sdk, project_id)
                sdk.upload_files_cloud(project_id, [{"data": "https://e.com/a.png", "externalId": "a.png"}])
                sdk.import_labels(project_id, [_item("a.png", CAR)])
                before = sdk.export(project_id, ExportOptions(stage=[]))
            after = sdk.export(project_id, ExportOptions(stage=[]))
            sdk.session.close()
    assert after == before
    assert after[0]["task"]["tools"][0]["objectId"] == "car-1"


def test_imports_from_many_threads(hub: LocalHub, sdk: SDK) -> None:
    """Clients that import at the same time do not get into each other's way."""
    project_id = sdk.create_project("p")["data"]["project"]["_id"]
    given = [{"data": f"https://e.com/{number}", "externalId": str(number)} for number in range(80)]
    sdk.upload_files_cloud(project_id, given)

    def send(number: int) -> str:
        client = SDK(KEY, host=hub.url)
        cars = [
            {"externalId": str(n), "objects": [{**CAR, "objectId": f"o{n}"}]}
            for n in range(number * 10, number * 10 + 10)
        ]
        try:
            return str(client.import_labels(project_id, cars)["data"]["project"])
        finally:
            client.session.close()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(send, range(8))) == ["10 / 10 tasks are labeled."] * 8
    records = sdk.export(project_id, ExportOptions(stage=[]))
    assert [record["task"]["tools"][0]["objectId"] for record in records] == [f"o{n}" for n in range(80)]
    assert hub.request_counts["POST /v2/import/labels"] == 8


def test_what_the_hub_refuses_the_sdk_raises(hub: LocalHub, sdk: SDK) -> None:
    """A wrong key and an unknown project arrive as the SDK's exceptions, with the Hub's words."""
    stranger = SDK("wrong", host=hub.url)
    with pytest.raises(Exception, match='"message":"Invalid API KEY"'):
        stranger.list_projects()
    stranger.session.close()
    with pytest.raises(Exception, match="Invalid project: nope"):
        sdk.get_project("nope")
    with pytest.raises(Exception, match="item 1 says no asset"):
        sdk.import_labels(sdk.create_project("p")["data"]["project"]["_id"], [{"objects": []}])


@pytest.mark.filterwarnings("ignore:unclosed file <_io:ResourceWarning")  # the SDK does not close what it uploads
def test_the_readme_makes_a_project(
    hub: LocalHub, sdk: SDK, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its lines run as they stand there, with a schema and an image beside them."""
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    lines = readme.partition("    import json\n")[2].partition("\n## ")[0]
    monkeypatch.chdir(tmp_path)
    Path("schema.json").write_text('{"tools": [], "classifications": [], "relations": []}')
    Path("street-0001.png").write_bytes(b"pixels")

    exec(textwrap.dedent(f"    import json\n{lines}"), {"sdk": sdk})

    project = capsys.readouterr().out.strip()
    assert hub.projects == {project: "streets"}
    assert [asset["externalId"] for asset in sdk.get_assets(project)["data"]["assets"]] == ["street-0001.png"]
