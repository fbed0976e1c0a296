"""The import as a competent user scripts it today: ``python plain_script.py CSV CONFIG HOST PROJECT``.

pandas reads the CSV, Pillow opens each mask, OpenCV finds the contours of each class with their holes and simplifies
them, and Ango's own SDK sends the batches. It checks nothing, reads nothing that is stored and keeps no record.
The API key comes from ANGO_API_KEY.
"""

from __future__ import annotations

import json
import os
import sys
import uuid
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd  # type: ignore[import-untyped] # its stubs are a package of their own
from imerit_ango.sdk import SDK
from PIL import Image


def objects_of(mask: Any, tools: list[tuple[int, str, str]], tolerance: float) -> list[dict[str, Any]]:
    """One object per outer contour of each class, its holes in it.

    Args:
        mask: uint8, height x width.
        tools: value, schema id and title of each class.
        tolerance: of the simplification, pixels.
    """
    objects: list[dict[str, Any]] = []
    present = np.bincount(mask.ravel(), minlength=256)
    for value, schema_id, title in tools:
        if not present[value]:
            continue
        contours, links = cv2.findContours(cv2.inRange(mask, value, value), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
        zones: dict[int, dict[str, Any]] = {}
        holes = []
        for index, (contour, link) in enumerate(zip(contours, links[0].tolist(), strict=True)):
            ring = cv2.approxPolyDP(contour, tolerance, closed=True)
            if len(ring) < 3:
                continue
            if link[3] < 0:
                zones[index] = {"region": ring[:, 0].tolist(), "holes": []}
            else:
                holes.append((link[3], ring[:, 0].tolist()))
        for parent, hole in holes:
            if parent in zones:
                zones[parent]["holes"].append(hole)
        objects += [
            {
                "objectId": uuid.uuid4().hex[:23],
                "schemaId": schema_id,
                "title": title,
                "segmentation": {"zones": [zone]},
            }
            for zone in zones.values()
        ]
    return objects


def main() -> None:
    """Import the CSV."""
    csv, config_path, host, project = sys.argv[1:]
    config = json.loads(Path(config_path).read_text("utf-8"))
    tolerance = config["polygon_simplification_tolerance"]
    sdk = SDK(os.environ["ANGO_API_KEY"], host)
    schema = sdk.get_project(project)["data"]["project"]["categorySchema"]
    schema_ids = {tool["title"]: tool["schemaId"] for tool in schema["tools"]}
    tools = [(values[0], schema_ids[title], title) for title, values in config["mask_color_mapping"].items()]
    batch: list[dict[str, Any]] = []
    for row in pd.read_csv(csv, dtype=str).itertuples(index=False):
        with Image.open(Path(csv).parent / row.Mask) as image:
            mask = np.asarray(image)
        batch.append(
            {
                "externalId": row.ID,
                "objects": objects_of(mask, tools, tolerance),
                "classifications": [],
                "relations": [],
            }
        )
        if len(batch) == config["upload_batch_size"]:
            sdk.import_labels(project, batch)
            batch = []
    if batch:
        sdk.import_labels(project, batch)


if __name__ == "__main__":
    main()
