"""Make a CSV, config and schema of any size, and the project for them on a running local hub: for throughput runs.

    python scripts/make_dataset.py FOLDER --rows 20000
    python scripts/make_dataset.py FOLDER --rows 300 --masks OTHER_FOLDER      masks named in turn, every value a class
    python scripts/make_dataset.py FOLDER --rows 300 --masks OTHER_FOLDER --host http://127.0.0.1:8899

With --host (and the key in ANGO_API_KEY) it also creates the project and uploads assets without files behind them, and
prints the command that imports the CSV.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import urllib.request
from pathlib import Path
from typing import Any

from prelabel.demo.seed import seed_config, seed_schema
from prelabel.errors import MaskError
from prelabel.masks.decoders.decode import decode_mask

N_CLASSES = 64


def main() -> None:
    """Read the command line and make the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--masks", type=Path, help="a folder of masks to name in turn; only those that can be read")
    parser.add_argument("--host", help="a running local hub")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    masks = readable_masks(arguments.masks) if arguments.masks else []
    names = write_csv(arguments.folder / "labels.csv", arguments.rows, masks)
    schema, config = seed_schema(with_tools=False), seed_config(with_masks=bool(masks))
    if masks:
        schema["tools"] = [value_tool(value) for value in range(1, N_CLASSES)]
        config["mask_color_mapping"] = {tool["title"]: [value] for value, tool in enumerate(schema["tools"], 1)}
    config["requests_per_minute"] = 100_000
    for name, content in (("schema.json", schema), ("config.json", config)):
        (arguments.folder / name).write_text(json.dumps(content, indent=2), encoding="utf-8")
    if arguments.host:
        project = make_project(arguments.host, os.environ["ANGO_API_KEY"], schema, names)
        extra = f" --mask-root {arguments.masks}" if masks else ""
        folder = arguments.folder
        print(
            f"prelabel import {folder}/labels.csv --config {folder}/config.json --project {project} "
            f"--host {arguments.host}{extra}"
        )


def readable_masks(folder: Path) -> list[str]:
    """Return the folder's files, recursively, that a one-value mapping can read, as paths relative to it."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            try:
                decode_mask(path.read_bytes(), "value")
            except MaskError:
                continue
            found.append(path.relative_to(folder).as_posix())
    return found


def value_tool(value: int) -> dict[str, Any]:
    """A segmentation tool for one mask value."""
    return {"title": f"value {value}", "tool": "segmentation", "schemaId": f"tool{value:019d}", "color": "#f44336"}


def write_csv(path: Path, n_rows: int, masks: list[str]) -> list[str]:
    """Write the CSV with the seed page's columns; return the external IDs."""
    rng = random.Random(n_rows)
    names = [f"asset-{number:07d}.png" for number in range(n_rows)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["External ID", "Color", "Category", "Image Type", "Mask"])
        for number, name in enumerate(names):
            answers = [rng.choice(["red", "blue", "silver"]), rng.choice("ABC"), rng.choice(["Option1", "Option2"])]
            writer.writerow([name, *answers, masks[number % len(masks)] if masks else ""])
    return names


def make_project(host: str, key: str, schema: dict[str, Any], names: list[str]) -> str:
    """Create the project and its assets on a local hub; return its id."""
    project: str = post(host, key, "/v2/project", {"name": "dataset", "description": ""})["project"]["_id"]
    post(host, key, f"/v2/project/{project}", {"categorySchema": schema})
    for start in range(0, len(names), 5000):
        assets = [{"data": f"https://example.com/{n}", "externalId": n} for n in names[start : start + 5000]]
        post(host, key, f"/v2/project/{project}/cloud", {"assets": assets})
    return project


def post(host: str, key: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """POST JSON to the local hub and return the answer's data."""
    headers = {"apikey": key, "Content-Type": "application/json"}
    request = urllib.request.Request(host + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        payload: dict[str, Any] = json.load(answer)["data"]
    return payload


if __name__ == "__main__":
    main()
