"""Whole imports against the local hub: what is in the CSV is what can be read back."""

from __future__ import annotations

import asyncio
import csv
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from importer.desk import CONFIG, HEADER, Desk, desk_with
from localhub.project import CAR, KEY
from notes import texts
from prelabel.codes import Code
from prelabel.errors import ConfigError, UploadRefused
from prelabel.hub.client import HubClient
from prelabel.importer.import_labels import import_labels_async
from prelabel.localhub import HubSettings
from prelabel.localhub.testing import failure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp.typedefs import Handler

    from prelabel.outcomes.progress import Progress


async def test_values_arrive(desk: Desk) -> None:
    """Each kind of answer is stored under its asset; the report counts rows, requests and time."""
    progress: list[Progress] = []
    rows = [["0.png", "day", "rain;fog", 'näive, "text"\nline 2', "x"], ["1.png", "night", "", "", ""]]
    report = await desk.run(rows, on_progress=progress.append)

    assert desk.answers() == {
        "0.png": {"cls-type": "opt-day", "cls-seen": ["opt-rain", "opt-fog"], "cls-note": 'näive, "text"\nline 2'},
        "1.png": {"cls-type": "opt-night"},
    }
    assert (report.n_rows, report.n_imported, report.exit_code, report.outcomes, report.notes[1:]) == (2, 2, 0, (), ())
    assert report.n_requests == 3
    assert report.timings.upload_s > 0
    assert (progress[-1].n_rows, progress[-1].n_imported, progress[-1].n_requests) == (2, 2, 3)


async def test_batches_and_requests(tmp_path: Path) -> None:
    """N rows are ceil(N / upload_batch_size) imports plus the cheapest matching, and nothing else."""
    async with desk_with(tmp_path, 250) as desk:
        rows = [[f"{number}.png", "day", "", f"note {number}", ""] for number in range(250)]
        report = await desk.run(rows, {"upload_batch_size": 40})
        assert report.n_batches == desk.requests("POST /v2/import/labels") == 7
        assert report.n_requests == 1 + 3 + 7
        answers = desk.answers()
        assert {each["cls-note"] for each in answers.values()} == {f"note {number}" for number in range(250)}

        report = await desk.run(rows, {"upload_batch_size": 40, "overwrite": False})
        assert report.n_requests == 1 + 7 + 7
        assert desk.answers() == answers


async def test_batches_are_bounded_by_bytes(desk: Desk) -> None:
    """Heavy rows make more, smaller requests."""
    rows = [[f"{number}.png", "", "", "x" * 5000, ""] for number in range(8)]
    report = await desk.run(rows, {"max_batch_bytes": 11_000})

    assert (report.n_imported, report.n_batches) == (8, 4)


async def test_a_hub_with_a_small_limit(tmp_path: Path) -> None:
    """413 halves until it fits; the row that never does fails alone, and may be mended."""
    async with desk_with(tmp_path, 8, settings=HubSettings(max_body_bytes=9_000)) as desk:
        rows = [[f"{number}.png", "", "", "x" * (20_000 if number == 5 else 3_000), ""] for number in range(8)]
        report = await desk.run(rows, rejects=tmp_path / "rejects.csv")

        assert (report.n_imported, report.n_failed) == (7, 1)
        assert [outcome.external_id for outcome in report.failed()] == ["5.png"]
        assert set(desk.answers()) == {f"{number}.png" for number in range(8) if number != 5}


async def test_failed_rows_do_not_stop_others_and_can_be_mended(desk: Desk, tmp_path: Path) -> None:
    """Every way to fail, each in its state with its reason; the rejects import once mended."""
    lines = [
        "0.png,day,,,e0",
        "1.png,dusk,,,e1",
        ",day,,,e2",
        "9.png,day,,,e3",
        "ragged",
        "2.PNG,day,,,e5",
        "3.png,,,ok,",
    ]
    path = desk.folder / "rows.csv"
    path.write_text("\n".join([",".join(HEADER), *lines, ""]))
    given: dict[str, Any] = {**desk.hub.target}
    report = await import_labels_async(path, CONFIG, **given, rejects=tmp_path / "r.csv", report=tmp_path / "r.json")

    assert (report.n_rows, report.n_imported, report.n_failed, report.exit_code) == (7, 2, 5, 1)
    reasons = {outcome.line: outcome.reason for outcome in report.failed()}
    assert reasons.keys() == {3, 4, 5, 6, 7}
    for line, part in {
        3: "dusk",
        4: "the external ID is empty",
        5: "no asset of the project has the external ID '9.png'",
        7: "but one has '2.png', which differs in upper and lower case",
    }.items():
        assert part in reasons[line]
    assert json.loads((tmp_path / "r.json").read_text())["rows"]["n_failed"] == 5

    with (tmp_path / "r.csv").open(newline="") as file:
        rejected = list(csv.DictReader(file))
    assert [row["Extra"] for row in rejected if row["Extra"]] == ["e1", "e2", "e3", "e5"]
    assert all(row["prelabel_error"] for row in rejected if row["Extra"])
    mended = (tmp_path / "r.csv").read_text().replace("dusk", "night").replace("2.PNG", "2.png")
    (tmp_path / "r.csv").write_text(mended)
    again = await import_labels_async(tmp_path / "r.csv", CONFIG, **given)
    assert (again.n_imported, again.n_failed) == (2, 3)
    assert set(desk.answers()) == {"0.png", "1.png", "2.png", "3.png"}


async def test_one_id_on_several_rows(desk: Desk) -> None:
    """Overwrite: the last row decides, the others say so. Append: all are added in row order, also across batches."""
    rows = [["0.png", "day", "", "first", ""], ["1.png", "day", "", "", ""], ["0.png", "night", "", "", ""]]
    report = await desk.run(rows)
    assert desk.answers() == {"0.png": {"cls-type": "opt-night"}, "1.png": {"cls-type": "opt-day"}}
    assert [(outcome.number, outcome.state) for outcome in report.outcomes] == [(1, "skipped")]
    assert "line 4 has the same external ID" in report.outcomes[0].reason

    for size in (1, 100):
        await desk.run([["0.png", "", "", "", ""]])
        report = await desk.run(rows, {"overwrite": False, "upload_batch_size": size})
        assert report.n_imported == 3
        assert desk.answers()["0.png"] == {"cls-type": "opt-night", "cls-note": "first"}


async def test_one_id_on_several_assets(desk: Desk) -> None:
    """Each asset gets the labels, and the row says so."""
    desk.hub.add_assets(["0.png", "0.png"])
    for overwrite in (True, False):
        report = await desk.run([["0.png", "day", "", "", ""]], {"overwrite": overwrite})

        assert [texts(outcome.notes) for outcome in report.outcomes] == [
            ("3 assets have this external ID; each of them gets the labels",)
        ]
        assert len(report.notes) == overwrite  # no masks are brought, and no record is kept
    tasks = [task for task in desk.hub.tasks() if task["externalId"] == "0.png"]
    assert [task["answer"]["classifications"][0]["answer"] for task in tasks] == ["opt-day"] * 3


@pytest.mark.parametrize("keys", [{}, {"overwrite": False}], ids=["overwrite", "append"])
@pytest.mark.parametrize("has_record", [False, True], ids=["no record", "record"])
async def test_ids_matched_by_a_part(desk: Desk, tmp_path: Path, keys: dict[str, Any], has_record: bool) -> None:
    """Labels arrive under the assets' own IDs, outcomes name the CSV's; what is not one asset's ID fails."""
    desk.hub.add_assets(["x/7.jpg", "deep/8.png"])
    rows = [
        ["0.jpg", "day", "", "", ""],
        ["1.png", "day", "", "", ""],
        ["1.jpg", "night", "", "", ""],
        ["2.tif", "day", "", "", ""],
        ["2.tif", "night", "", "", ""],
        ["x/7.png", "night", "", "", ""],
        ["8.png", "day", "", "", ""],
    ]
    state = {"state": tmp_path / "state"} if has_record else {}
    report = await desk.run(rows, {"match_ids_by": "stem", "upload_batch_size": 3, **keys}, **state)

    assert desk.answers() == {
        "0.png": {"cls-type": "opt-day"},
        "1.png": {"cls-type": "opt-day"},
        "2.png": {"cls-type": "opt-night"},
        "x/7.jpg": {"cls-type": "opt-night"},
    }
    reasons = {outcome.external_id: outcome.reason for outcome in report.failed()}
    assert reasons.keys() == {"1.jpg", "8.png"}
    assert 'the CSV\'s "1.png", "1.jpg" could all mean the asset "1.png"' in reasons["1.jpg"]
    assert "but one has 'deep/8.png', which differs in its folder" in reasons["8.png"]
    assert any("3 external IDs that differ from their assets', such as '0.jpg' and '0.png'" in n for n in report.notes)
    assert {outcome.external_id for outcome in report.outcomes if outcome.state != "failed"} <= {"2.tif"}
    if has_record:
        again = await desk.run(rows, {"match_ids_by": "stem", "upload_batch_size": 3, **keys}, **state)
        assert (again.n_earlier, again.n_failed) == (report.n_imported, 2)
        assert len(desk.answers()) == 4


@pytest.mark.parametrize("keys", [{}, {"overwrite": False}], ids=["overwrite", "append"])
@pytest.mark.parametrize("has_record", [False, True], ids=["no record", "record"])
async def test_only_assets_of_chosen_batches(
    desk: Desk, tmp_path: Path, keys: dict[str, Any], has_record: bool
) -> None:
    """Rows of others are skipped, those whose ID an asset outside has too fail, and nothing outside is touched."""
    desk.hub.add_assets(["twin.png", "twin.png"])
    desk.hub.label("2.png", answers={"Note": "theirs"})
    for name, external_ids in (("A", ["0.png", "3.png", "twin.png"]), ("B", ["1.png", "2.png", "3.png"])):
        await desk.put_into_batch(name, external_ids)
    desk.hub.add_assets(["twin.png"], batches=["B"])
    rows = [
        ["0.png", "day", "", "", ""],
        ["2.png", "day", "", "", ""],
        ["2.png", "night", "", "", ""],
        ["3.png", "day", "", "", ""],
        ["3.png", "night", "", "", ""],
        ["4.png", "day", "", "", ""],
        ["twin.png", "day", "", "", ""],
        ["none.png", "day", "", "", ""],
    ]
    state = {"state": tmp_path / "state"} if has_record else {}
    for is_dry in (True, False):
        report = await desk.run(rows, keys, batches=["A"], dry_run=is_dry, **state)

        outcomes = {outcome.line: (outcome.state, outcome.code) for outcome in report.outcomes}
        assert {line: outcomes[line] for line in (3, 4, 7, 8, 9)} == {
            3: ("skipped", Code.OTHER_BATCH),
            4: ("skipped", Code.OTHER_BATCH),
            7: ("skipped", Code.OTHER_BATCH),
            8: ("failed", Code.AMBIGUOUS_ID),
            9: ("failed", Code.UNMATCHED_ID),
        }
        n_good = report.n_ready if is_dry else report.n_imported
        assert (n_good, report.n_failed) == (2 if not keys else 3, 2)
        assert '3 assets have this external ID, and 1 of them is not in the batch "A"' in next(report.failed()).reason
        assert 'its asset is not in the batch "A", and no others are imported to [other-batch]' in report.summary()
        imported = {} if is_dry else {"0.png": {"cls-type": "opt-day"}, "3.png": {"cls-type": "opt-night"}}
        assert desk.answers() == {"2.png": {"cls-note": "theirs"}, **imported}


async def test_several_batches_by_name_and_id(desk: Desk) -> None:
    """Any of them is enough, and an ID whose assets are all in some of them is imported to all."""
    desk.hub.add_assets(["0.png"])
    await desk.put_into_batch("A", ["0.png"])
    await desk.put_into_batch("B", ["1.png"])
    async with HubClient(desk.hub.url, KEY) as client:
        document = await client.get_project(desk.hub.project)
    ids = {each["name"]: each["_id"] for each in document["batches"]}
    rows = [[f"{number}.png", "day", "", "", ""] for number in range(3)]
    report = await desk.run(rows, batches=["A", ids["B"]])

    assert (report.n_imported, report.n_skipped, report.exit_code) == (2, 1, 0)
    assert sorted(task["externalId"] for task in desk.hub.tasks() if task["answer"]["classifications"]) == [
        "0.png",
        "0.png",
        "1.png",
    ]


async def test_batches_and_ids_matched_by_a_part(desk: Desk) -> None:
    """What the CSV's ID means is found first, then whether it is in a batch."""
    await desk.put_into_batch("A", ["0.png"])
    rows = [["0.jpg", "day", "", "", ""], ["1.jpg", "day", "", "", ""], ["z.jpg", "day", "", "", ""]]
    report = await desk.run(rows, {"match_ids_by": "stem"}, batches=["A"])

    assert desk.answers() == {"0.png": {"cls-type": "opt-day"}}
    assert [(outcome.external_id, outcome.code) for outcome in report.outcomes] == [
        ("1.jpg", Code.OTHER_BATCH),
        ("z.jpg", Code.UNMATCHED_ID),
    ]


async def test_batches_in_a_large_project(tmp_path: Path) -> None:
    """Only the batch is listed, and what else bears the IDs asked for; the filter is the Hub's."""
    async with desk_with(tmp_path, 2_600) as desk:
        await desk.put_into_batch("A", [f"{number}.png" for number in range(120)])
        rows = [[f"{number}.png", "day", "", "", ""] for number in range(100, 130)]
        report = await desk.run(rows, batches=["A"])

        assert (report.n_imported, report.n_skipped) == (20, 10)
        assert report.n_requests == 1 + 2 + 1 + 1
        assert desk.answers().keys() == {f"{number}.png" for number in range(100, 120)}


@pytest.mark.parametrize("given", ["a", "C"])
async def test_batches_that_the_project_lacks(desk: Desk, given: str) -> None:
    """Nothing is sent, and the batches there are are named."""
    await desk.put_into_batch("A", ["0.png"])
    with pytest.raises(ConfigError, match=f'the project has no batch "{given}": .*it has "A"'):
        await desk.run([["0.png", "day", "", "", ""]], batches=["A", given])
    assert desk.answers() == {}


@pytest.mark.parametrize("by", ["exact", "stem"])
@pytest.mark.parametrize("overwrite", [True, False])
async def test_a_hub_that_does_not_tell_batches(tmp_path: Path, by: str, overwrite: bool) -> None:
    """Nothing is sent, as any asset might be one that was not chosen."""

    @web.middleware
    async def silent(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if request.path.endswith("/assets") and isinstance(response, web.Response):
            answer = json.loads(response.body)  # type: ignore[arg-type]
            for asset in answer["data"]["assets"]:
                del asset["batches"]
            return web.json_response(answer)
        return response

    async with desk_with(tmp_path, 3, middlewares=[silent]) as desk:
        await desk.put_into_batch("A", ["0.png"])
        config = {"match_ids_by": by, "overwrite": overwrite}
        with pytest.raises(UploadRefused, match="the Hub does not tell which assets are in a batch"):
            await desk.run([["0.png", "day", "", "", ""]], config, batches=["A"])
        assert desk.answers() == {}


async def test_a_hub_that_passes_over_the_filter_of_batches(tmp_path: Path) -> None:
    """What it lists beside the batch's assets is not taken for theirs."""

    @web.middleware
    async def unfiltered(request: web.Request, handler: Handler) -> web.StreamResponse:
        if "filters" in request.query:
            query = {name: value for name, value in request.query.items() if name != "filters"}
            request = request.clone(rel_url=request.rel_url.with_query(query))
        return await handler(request)

    async with desk_with(tmp_path, 2_600, middlewares=[unfiltered]) as desk:
        await desk.put_into_batch("A", ["3.png", "2500.png"])
        rows = [[f"{number}.png", "day", "", "", ""] for number in [*range(30), 2_500]]
        report = await desk.run(rows, batches=["A"])

        assert (report.n_imported, report.n_skipped) == (2, 29)
        assert desk.answers().keys() == {"3.png", "2500.png"}


async def test_masks_of_ids_matched_by_a_part(desk: Desk) -> None:
    """Sizes are the matched assets', and objects have the ids that the assets' own IDs give them."""
    desk.hub.add_assets(["big.JPG"], metadata={"width": 5, "height": 4})
    Image.fromarray(np.ones((4, 4), np.uint8)).save(desk.folder / "small.png")
    Image.fromarray(np.ones((4, 5), np.uint8)).save(desk.folder / "right.png")
    config = {"mask_column": "Extra", "mask_color_mapping": {"Car": [1]}, "match_ids_by": "case"}
    refused = await desk.run([["BIG.jpg", "", "", "", "small.png"]], config)
    (outcome,) = refused.failed()
    assert outcome.column == "Extra"
    assert (await desk.run([["BIG.jpg", "", "", "", "right.png"]], config)).exit_code == 0
    own = await desk.run([["big.JPG", "", "", "", "right.png"]], config | {"overwrite": False})

    (stored,) = [task for task in desk.hub.tasks() if task["externalId"] == "big.JPG"]
    assert own.exit_code == 0
    assert len(stored["answer"]["tools"]) == 1


async def test_near_misses_are_named_where_labels_are_read_first(desk: Desk, tmp_path: Path) -> None:
    """Matching is left to the reading of batches there; the project is listed for hints, once, and not without need."""
    listing = "GET /v2/project/{project}/assets"
    sound = await desk.run([["0.png", "day", "", "", ""]], {"overwrite": False})
    assert (sound.exit_code, desk.requests(listing)) == (0, 0)

    rows = [[external_id, "day", "", "", ""] for external_id in ("0.png", "0.png ", "01.png", '"2.png"', "3.jpg")]
    report = await desk.run(rows, {"upload_batch_size": 2}, state=tmp_path / "state")

    reasons = {outcome.external_id: outcome.reason for outcome in report.failed()}
    assert {external_id: reason.partition("differs in ")[2] for external_id, reason in reasons.items()} == {
        "0.png ": "spaces around it: mend the CSV or the asset",
        "01.png": "leading zeros: mend the CSV or the asset",
        '"2.png"': "quotes around it: mend the CSV or the asset",
        "3.jpg": 'its extension: mend the CSV or the asset, or write "match_ids_by": "stem"',
    }
    assert (report.n_imported, desk.requests(listing)) == (1, 1)


async def test_overwrite_and_append(desk: Desk) -> None:
    """Overwrite leaves only what was imported; append keeps the rest, and running it twice adds nothing."""
    desk.hub.label("0.png", objects=[CAR], answers={"Note": "old"})
    for _ in range(2):
        report = await desk.run([["0.png", "day", "", "", ""]], {"overwrite": False})
        assert report.notes == ()
    (task,) = [task for task in desk.hub.tasks() if task["answer"]["tools"]]
    assert [made["objectId"] for made in task["answer"]["tools"]] == ["car-1"]
    assert desk.answers()["0.png"] == {"cls-type": "opt-day", "cls-note": "old"}

    await desk.run([["0.png", "night", "", "", ""]])
    assert not any(task["answer"]["tools"] for task in desk.hub.tasks())
    assert desk.answers()["0.png"] == {"cls-type": "opt-night"}


async def test_masks(desk: Desk) -> None:
    """Masks beside the CSV become objects; a mask that is none fails its row; counts are in the report."""
    mask = np.zeros((6, 8, 3), np.uint8)
    mask[1:3, 1:4] = (0xF4, 0x43, 0x36)
    mask[4:6, 5:8] = (0xF4, 0x43, 0x36)
    mask[0, 7] = (1, 2, 3)
    Image.fromarray(mask).save(desk.folder / "m.png")
    (desk.folder / "bad.png").write_bytes(b"no picture")
    rows = [["0.png", "day", "m.png"], ["1.png", "day", "bad.png"], ["2.png", "day", ""], ["3.png", "", "gone.png"]]
    config = {
        "classification_columns": ["Kind"],
        "classification_schema_ids": ["cls-type"],
        "mask_column": "Mask",
        "ignored_schema_ids": [],
    }
    report = await desk.run(rows, config, header=("ID", "Kind", "Mask"))
    tools = {task["externalId"]: task["answer"]["tools"] for task in desk.hub.tasks()}

    zones = [zone for made in tools["0.png"] for zone in made["segmentation"]["zones"]]
    assert [made["schemaId"] for made in tools["0.png"]] == ["tool-car", "tool-car"]
    assert sorted(sorted(zone["region"]) for zone in zones) == [
        [[1, 1], [1, 3], [4, 1], [4, 3]],
        [[5, 4], [5, 6], [8, 4], [8, 6]],
    ]
    assert tools["1.png"] == tools["2.png"] == []
    assert [(outcome.number, outcome.state) for outcome in report.outcomes] == [
        (1, "imported"),
        (2, "failed"),
        (4, "failed"),
    ]
    assert (report.masks.n_masks, report.masks.n_objects, report.masks.n_unknown_pixels) == (1, 2, 1)


MASKED: dict[str, Any] = {
    "classification_columns": [],
    "classification_schema_ids": [],
    "mask_column": "Mask",
    "mask_color_mapping": {"Car": [1]},
}


def give_sizes(desk: Desk) -> None:
    """Put a mask of 8 x 6 pixels on the desk, and add assets of this size, half of it, both, and none."""
    mask = np.zeros((6, 8), np.uint8)
    mask[2:4, 2:6] = 1
    Image.fromarray(mask).save(desk.folder / "m.png")
    for external_ids, width, height in ((["same", "both"], 8, 6), (["half", "both"], 4, 3)):
        desk.hub.add_assets(external_ids, metadata={"width": width, "height": height})


def masked(*external_ids: str) -> list[list[str]]:
    """Rows that share a mask."""
    return [[each, "m.png"] for each in external_ids]


async def test_sizes_of_masks_and_assets(desk: Desk) -> None:
    """A mask of another size fails its row, where the Hub tells the asset's; a note says where it does not."""
    give_sizes(desk)
    report = await desk.run(masked("same", "half", "both", "0.png"), MASKED, header=("ID", "Mask"))

    reasons = {outcome.external_id: outcome.reason for outcome in report.failed()}
    assert set(reasons) == {"half", "both"}
    assert (
        'the mask is 8 x 6 pixels and the asset 4 x 3: save the mask in the asset\'s size, or set "resize"'
        in (reasons["half"])
    )
    assert "have different sizes" in reasons["both"]
    assert [note.partition(":")[0] for note in report.notes] == [
        "masks were not compared with the sizes of 1 of 4 assets"
    ]


async def test_masks_are_scaled_to_their_assets(desk: Desk) -> None:
    """With "resize": "nearest" the labels arrive in the asset's pixels, and the row says so."""
    give_sizes(desk)
    report = await desk.run(masked("same", "half"), MASKED | {"resize": "nearest"}, header=("ID", "Mask"))

    zones = {
        task["externalId"]: [sorted(zone["region"]) for tool in task["answer"]["tools"] for zone in _zones(tool)]
        for task in desk.hub.tasks()
        if task["answer"]["tools"]
    }
    assert zones == {"same": [[[2, 2], [2, 4], [6, 2], [6, 4]]], "half": [[[1, 1], [1, 2], [3, 1], [3, 2]]]}
    assert [(outcome.external_id, texts(outcome.notes)) for outcome in report.outcomes] == [
        ("half", ("the mask was scaled from 8 x 6 to the asset's 4 x 3 pixels",))
    ]
    assert report.n_failed == 0


def _zones(tool: dict[str, Any]) -> list[dict[str, Any]]:
    zones: list[dict[str, Any]] = tool["segmentation"]["zones"]
    return zones


@pytest.mark.parametrize("keys", [{}, {"overwrite": False}])
async def test_masks_are_matched_beforehand(desk: Desk, keys: dict[str, Any], tmp_path: Path) -> None:
    """Also where each batch is read: unmatched rows fail before their masks are looked at, with a hint, for a page."""
    give_sizes(desk)
    rows = [*masked("same"), ["BOTH", "gone.png"], ["half", "m.png"]]
    report = await desk.run(rows, MASKED | keys, header=("ID", "Mask"), state=tmp_path / "state")

    reasons = {outcome.external_id: outcome.reason for outcome in report.failed()}
    assert "but one has 'both', which differs in upper and lower case" in reasons["BOTH"]
    assert "the mask is 8 x 6 pixels and the asset 4 x 3" in reasons["half"]
    assert report.n_requests == 1 + 1 + 1 + 1  # the project, a page of assets, a reading, an import
    assert report.n_imported == 1


async def test_an_id_shared_by_assets_is_told_once(desk: Desk, tmp_path: Path) -> None:
    """Matched beforehand and read again: one note, and the Hub's count is as expected."""
    give_sizes(desk)
    desk.hub.add_assets(["same"], metadata={"width": 8, "height": 6})
    report = await desk.run(masked("same"), MASKED, header=("ID", "Mask"), state=tmp_path / "state")

    assert [texts(outcome.notes) for outcome in report.outcomes] == [
        ("2 assets have this external ID; each of them gets the labels",)
    ]
    assert report.notes == ()


async def test_limits_of_masks(desk: Desk) -> None:
    """As options of the import; a limit of nothing is refused before anything is read."""
    give_sizes(desk)
    rows = masked("same")
    for option, part in (("max_mask_pixels", "at most 10 are allowed"), ("max_mask_bytes", "at most 10 are allowed")):
        report = await desk.run(rows, MASKED, header=("ID", "Mask"), **{option: 10})
        assert [part in outcome.reason for outcome in report.failed()] == [True]
        with pytest.raises(ConfigError, match=f"{option} is 0"):
            await desk.run(rows, MASKED, header=("ID", "Mask"), **{option: 0})


async def test_dry_run_sends_nothing(desk: Desk) -> None:
    """Everything is read, checked and counted, nothing is written."""
    rows = [["0.png", "day", "", "", ""], ["1.png", "dusk", "", "", ""]]
    for overwrite in (True, False):
        report = await desk.run(rows, {"overwrite": overwrite}, dry_run=True)

        assert (report.kind, report.n_ready, report.n_failed, report.n_batches) == ("dry run", 1, 1, 1)
    assert desk.requests("POST /v2/import/labels") == 0
    assert desk.answers() == {}


async def test_an_appending_or_choosy_hub_is_noticed(tmp_path: Path) -> None:
    """Fewer labelled tasks than expected are a note, not a failure."""
    async with desk_with(tmp_path, 3, settings=HubSettings(skip_non_todo=True)) as desk:
        desk.hub.submit("0.png")
        report = await desk.run([[f"{number}.png", "day", "", "", ""] for number in range(3)])

    assert report.n_imported == 3
    assert "the Hub says it labelled 2 tasks where 3 were expected" in report.notes[1]


async def test_a_key_refused_on_the_way(tmp_path: Path) -> None:
    """Every row still ends in a state; the exit code is 3; the rejects hold what is left to do."""
    n_imports = 0

    @web.middleware
    async def expire(request: web.Request, handler: Any) -> web.StreamResponse:
        nonlocal n_imports
        n_imports += request.path == "/v2/import/labels"
        return failure("Invalid API KEY", status=401) if n_imports > 3 else await handler(request)

    async with desk_with(tmp_path, 300, middlewares=[expire]) as desk:
        rows = [[f"{number}.png", "day", "", "", ""] for number in range(300)]
        report = await desk.run(rows, {"upload_batch_size": 10}, max_in_flight=1, rejects=tmp_path / "r.csv")

    assert (report.n_rows, report.n_imported, report.n_failed + report.n_not_sent, report.exit_code) == (
        300,
        30,
        270,
        3,
    )
    assert "check the API key" in report.stopped
    assert n_imports == 4
    assert len((tmp_path / "r.csv").read_text().splitlines()) == 271


async def test_a_refused_batch(tmp_path: Path) -> None:
    """The bad row fails with the Hub's words, all others are in."""

    @web.middleware
    async def choosy(request: web.Request, handler: Any) -> web.StreamResponse:
        is_bad = request.path == "/v2/import/labels" and b"poison" in await request.read()
        return failure("bad item", status=400) if is_bad else await handler(request)

    async with desk_with(tmp_path, 8, middlewares=[choosy]) as desk:
        rows = [[f"{number}.png", "", "", "poison" if number == 3 else "fine", ""] for number in range(8)]
        report = await desk.run(rows, {"upload_batch_size": 4})
        assert report.n_requests == 2 + 2 + 4

    assert [outcome.external_id for outcome in report.failed()] == ["3.png"]
    assert {outcome.reason for outcome in report.failed()} == {"the Hub refused (HTTP 400, 'bad item')"}
    assert (report.n_imported, report.exit_code) == (7, 1)


async def test_an_empty_csv(desk: Desk) -> None:
    """A header alone is an import of nothing."""
    report = await desk.run([])

    assert (report.n_rows, report.exit_code, report.n_batches) == (0, 0, 0)


ROW = st.tuples(
    st.sampled_from(["0.png", "1.png", "2.png"]),
    st.sampled_from(["", "day", "night"]),
    st.sampled_from(["", "rain", "rain;fog"]),
    st.sampled_from(["", "one", "two"]),
    st.just(""),
)
STEP = st.tuples(st.booleans(), st.sets(st.sampled_from(["cls-note", "cls-type"])), st.lists(ROW, max_size=6))
STORED = {"rain": ["opt-rain"], "rain;fog": ["opt-rain", "opt-fog"], "day": "opt-day", "night": "opt-night"}


def model(stored: dict[str, dict[str, Any]], overwrite: bool, ignored: set[str], rows: Sequence[Sequence[str]]) -> None:
    """What an import is to do, said simply."""
    last = {row[0]: row for row in rows}
    for row in rows:
        if overwrite and last[row[0]] is not row:
            continue
        pairs = zip(CONFIG["classification_schema_ids"], row[1:4], strict=True)
        new = {schema: STORED.get(cell, cell) for schema, cell in pairs if cell and schema not in ignored}
        old = stored.get(row[0], {})
        kept = {schema: answer for schema, answer in old.items() if not overwrite or schema in ignored}
        stored[row[0]] = kept | new


@settings(max_examples=12)
@given(steps=st.lists(STEP, min_size=1, max_size=4), size=st.sampled_from([1, 2, 100]), recorded=st.booleans())
def test_any_sequence_of_imports_does_what_the_model_says(
    steps: list[tuple[bool, set[str], list[tuple[str, ...]]]], size: int, recorded: bool
) -> None:
    """Overwriting and adding in turns, with ignored schemas, repeated IDs and batches of any size."""

    async def run(folder: Path) -> None:
        stored: dict[str, dict[str, Any]] = {}
        async with desk_with(folder, 3) as desk:
            for number, (overwrite, ignored, drawn) in enumerate(steps):
                rows = [list(row) for row in drawn]
                config = {"overwrite": overwrite, "ignored_schema_ids": sorted(ignored), "upload_batch_size": size}
                report = await desk.run(rows, config, state=folder / str(number) if recorded else None)
                assert report.n_failed == 0
                model(stored, overwrite, ignored, rows)
                assert desk.answers() == {each: answers for each, answers in stored.items() if answers}

    with tempfile.TemporaryDirectory() as name:
        asyncio.run(run(Path(name)))
