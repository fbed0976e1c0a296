"""The examples of the plugin's own page, and a project for each."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from prelabel.demo.seed import CLASSIFICATION_IDS, COLORS, seed_config, seed_schema

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = seed_schema(with_tools=True)
PALETTE = np.array([(0, 0, 0), *(tuple(bytes.fromhex(color[1:])) for color in COLORS)], np.uint8)
CLASSIFICATIONS = seed_config(with_masks=False)
SEGMENTATION = seed_config(with_masks=True)
EVERY_KEY = SEGMENTATION | {
    "mask_color_mapping": {"Car": [1], "Person": [2]},
    "segmentation_mode": "semantic_segmentation",
    "polygon_simplification_tolerance": 1.5,
    "overwrite": False,
    "ignored_schema_ids": [CLASSIFICATION_IDS[2]],
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
        for kind, pixels in (("colors", PALETTE[classes]), ("numbers", np.where(classes == 3, 0, classes))):
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
