"""Both examples of the plugin's page: `prelabel import` into the local hub, read back with the vendor's own client."""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from imerit_ango.models.annotate import AnnotationPayload, Answer
from imerit_ango.sdk import SDK
from PIL import Image

from prelabel.demo.seed import COLORS, QUESTION_OPTIONS, TYPE_OPTIONS, seed_config, seed_schema
from prelabel.localhub import LocalHub
from vendor_sdk import KEY, answers_of, project_with, raster_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


N_ROWS = 12


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[LocalHub]:
    """A local hub over real HTTP."""
    with LocalHub(tmp_path / "store", api_key=KEY) as running:
        yield running


@pytest.fixture
def sdk(hub: LocalHub) -> Iterator[SDK]:
    """The vendor's client of that hub."""
    client = SDK(KEY, host=hub.url)
    yield client
    client.session.close()
    urllib.request.urlcleanup()


def _rows(rng: random.Random, folder: Path, *, with_masks: bool) -> list[dict[str, str]]:
    rows = []
    for number in range(N_ROWS):
        row = {
            "External ID": f"{number:03d}",
            "Color": rng.choice(["red", "NA", "1e5", 'a "quoted", word', "two\nlines", ""]),
            "Category": rng.choice([*TYPE_OPTIONS, ""]),
            "Image Type": rng.choice(["Option1", "Option2", "Option2;Option1", '["Option1", "Option2"]', ""]),
            "Mask": "",
        }
        if with_masks:
            row["Mask"] = f"masks/{number}.png"
            _write_mask(np.random.default_rng(number), folder / row["Mask"])
        rows.append(row)
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return rows


def _write_mask(rng: np.random.Generator, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    labels = np.kron(rng.integers(0, 4, (9, 11)), np.ones((5, 4), np.int64))
    palette = np.array([[0, 0, 0], *(list(bytes.fromhex(color[1:])) for color in COLORS)], np.uint8)
    Image.fromarray(palette[labels]).save(path)


def _import(folder: Path, config: dict[str, Any], project: str, hub: LocalHub) -> dict[str, Any]:
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    command = [sys.executable, "-m", "prelabel", "import", "labels.csv", "--config", "config.json"]
    command += ["--project", project, "--host", hub.url, "--report", "report.json", "--rejects", "rejects.csv"]
    command += ["--no-state"]  # each import is one of its own, also of the same rows
    environment = os.environ | {"ANGO_API_KEY": KEY}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert KEY not in done.stderr + done.stdout + (folder / "report.json").read_text(encoding="utf-8")
    report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return report


def _expected(row: dict[str, str]) -> dict[str, Any]:
    """What a row's cells must be stored as: texts as they are, options by their schema ids."""
    text_id, radio_id, checkbox_id = seed_config(with_masks=False)["classification_schema_ids"]
    stored: dict[str, Any] = {}
    if row["Color"]:
        stored[text_id] = row["Color"]
    if row["Category"]:
        stored[radio_id] = TYPE_OPTIONS[row["Category"]]
    cell = row["Image Type"]
    if cell:
        values = json.loads(cell) if cell.startswith("[") else cell.split(";")
        stored[checkbox_id] = [QUESTION_OPTIONS[value] for value in values]
    return stored


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("with_masks", [False, True], ids=["classification", "segmentation"])
def test_seed_example_lands_value_by_value(hub: LocalHub, sdk: SDK, tmp_path: Path, with_masks: bool) -> None:
    """The page's config, unchanged: every answer and every mask pixel is read back as the CSV has it."""
    rows = _rows(random.Random(7), tmp_path, with_masks=with_masks)
    project = project_with(sdk, seed_schema(with_tools=with_masks), [row["External ID"] for row in rows])

    report = _import(tmp_path, seed_config(with_masks=with_masks), project, hub)
    stored = answers_of(sdk, project)

    counts = {number: count for number, count in report["rows"].items() if count}
    assert counts == {"n_rows": N_ROWS, "n_imported": N_ROWS}
    for row in rows:
        answer = stored[row["External ID"]]
        assert _expected(row) == {entry["schemaId"]: entry["answer"] for entry in answer["classifications"]}
        if with_masks:
            rgb = np.asarray(Image.open(tmp_path / row["Mask"]))
            painted = raster_of(answer["tools"], rgb.shape[:2])
            palette = np.array([[0, 0, 0], *(list(bytes.fromhex(color[1:])) for color in COLORS)], np.uint8)
            assert np.array_equal(rgb, palette[painted])


def test_semantic_mode_makes_one_object_per_class(hub: LocalHub, sdk: SDK, tmp_path: Path) -> None:
    """`semantic_segmentation`: at most one object of each class, its regions as zones, nothing lost."""
    rows = _rows(random.Random(8), tmp_path, with_masks=True)
    project = project_with(sdk, seed_schema(with_tools=True), [row["External ID"] for row in rows])

    _import(tmp_path, seed_config(with_masks=True) | {"segmentation_mode": "semantic_segmentation"}, project, hub)

    for row in rows:
        answer = answers_of(sdk, project)[row["External ID"]]
        titles = [entry["title"] for entry in answer["tools"]]
        rgb = np.asarray(Image.open(tmp_path / row["Mask"]))
        assert len(titles) == len(set(titles))
        assert (rgb.any(axis=2) == (raster_of(answer["tools"], rgb.shape[:2]) > 0)).all()


def test_overwrite_replaces_and_append_adds_once(hub: LocalHub, sdk: SDK, tmp_path: Path) -> None:
    """`overwrite: false` keeps what was there, under its own id, and adding twice adds nothing; `true` replaces it."""
    rows = _rows(random.Random(9), tmp_path, with_masks=True)
    project = project_with(sdk, seed_schema(with_tools=True), [row["External ID"] for row in rows])
    zone = {"region": [[0, 0], [9, 0], [9, 9]], "holes": []}
    tool_id = seed_schema(with_tools=True)["tools"][0]["schemaId"]
    drawn = {"schemaId": tool_id, "objectId": "drawn-by-hand", "segmentation": {"zones": [zone]}}
    task = sdk.get_tasks(project, limit=100)["data"]["tasks"][0]
    sdk.annotate_task(task["_id"], AnnotationPayload(Answer([drawn], [], [])), overwrite=True)
    appending = seed_config(with_masks=True) | {"overwrite": False}

    _import(tmp_path, appending, project, hub)
    once = answers_of(sdk, project)
    _import(tmp_path, appending, project, hub)
    twice = answers_of(sdk, project)
    _import(tmp_path, seed_config(with_masks=True), project, hub)
    replaced = answers_of(sdk, project)

    def ids(answers: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
        return {name: sorted(entry["objectId"] for entry in answer["tools"]) for name, answer in answers.items()}

    assert "drawn-by-hand" in ids(once)[task["externalId"]]
    assert ids(once) == ids(twice)
    assert ids(replaced) == {name: [i for i in listed if i != "drawn-by-hand"] for name, listed in ids(once).items()}
