"""The examples of the plugin's own page, and a project for each."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

COLORS = {"Car": (244, 67, 54), "Person": (3, 169, 244), "Other": (156, 39, 176)}
COLOR_ID, TYPE_ID, QUESTION_ID = "8c481a58f4c68e5db0a5016", "12a20f8061c044bcff26688", "1976d3fc0fa1429e23f7171"
TOOL_IDS = {"Car": "f104b6b9cdb84966812b002", "Person": "c6faa323be0cbb84634f566", "Other": "b34867a913e35379d100997"}

SCHEMA: dict[str, Any] = {
    "tools": [
        {
            "title": title,
            "tool": "segmentation",
            "required": False,
            "schemaId": TOOL_IDS[title],
            "classifications": [],
            "multiple": False,
            "color": "#{:02x}{:02x}{:02x}".format(*color),
            "shortcutKey": str(number),
        }
        for number, (title, color) in enumerate(COLORS.items(), 4)
    ],
    "classifications": [
        {"title": "Color", "tool": "text", "schemaId": COLOR_ID, "classifications": [], "options": [], "regex": ""},
        {
            "title": "Type",
            "tool": "radio",
            "schemaId": TYPE_ID,
            "classifications": [],
            "options": [
                {"value": "A", "schemaId": "0ab9ff484461bb8d5952369"},
                {"value": "B", "schemaId": "23b5e8770c797a9ad036777"},
                {"value": "C", "schemaId": "64989cbf9f9ddd38b882118"},
            ],
        },
        {
            "title": "Question",
            "tool": "checkbox",
            "schemaId": QUESTION_ID,
            "classifications": [],
            "options": [
                {"value": "Option1", "schemaId": "1c00ef1ec8bca05c3550770"},
                {"value": "Option2", "schemaId": "b90770265328965f1f7c070"},
            ],
        },
    ],
    "relations": [],
}

CLASSIFICATIONS: dict[str, Any] = {
    "external_id_column": "External ID",
    "classification_columns": ["Color", "Category", "Image Type"],
    "classification_schema_ids": [COLOR_ID, TYPE_ID, QUESTION_ID],
    "mask_column": "",
    "mask_color_mapping": "project_colors",
    "segmentation_mode": "instance_segmentation",
    "polygon_simplification_tolerance": 0.1,
    "storage_id": "",
    "overwrite": True,
    "ignored_schema_ids": [],
    "upload_batch_size": 100,
}
SEGMENTATION = CLASSIFICATIONS | {"mask_column": "Mask"}
EVERY_KEY = SEGMENTATION | {
    "mask_color_mapping": {"Car": [1], "Person": [2]},
    "segmentation_mode": "semantic_segmentation",
    "polygon_simplification_tolerance": 1.5,
    "overwrite": False,
    "ignored_schema_ids": [QUESTION_ID],
    "upload_batch_size": 3,
}
"""Each key of the page with another value than its default; ``storage_id`` is to be filled in."""

NAMES = [f"street-{number:02}.png" for number in range(8)]


def write_masks(bucket: Path) -> None:
    """Two masks for each asset: by the classes' colours, and by class numbers."""
    for number, name in enumerate(NAMES):
        classes = np.zeros((48, 64), np.uint8)
        classes[4:20, 4 + number : 30] = 1
        classes[10:14, 10:16] = 0
        classes[26:40, 8 : 40 + number] = 2
        classes[30:44, 50:60] = 3 if number % 2 else 1
        palette = np.array([(0, 0, 0), *COLORS.values()], np.uint8)
        for kind, pixels in (("colors", palette[classes]), ("numbers", np.where(classes == 3, 0, classes))):
            path = bucket / kind / name
            path.parent.mkdir(parents=True, exist_ok=True)
            file = io.BytesIO()
            Image.fromarray(pixels.astype(np.uint8)).save(file, "PNG")
            path.write_bytes(file.getvalue())


def csv_with(masks: str) -> bytes:
    """The page's CSV; ``masks`` is what a mask's cell is, with ``{}`` for its name."""
    lines = ["External ID,Color,Category,Image Type,Mask"]
    for number, name in enumerate(NAMES):
        options = "Option1" if number % 2 else "Option1;Option2"
        lines.append(f"{name},colour {number},{'ABC'[number % 3]},{options},{masks.format(name)}")
    return ("\n".join(lines) + "\n").encode()
