"""Rows with masks as files, and what encodes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

import oracles
from encoding import LocalEncoder
from prelabel.inputs.config_file import load_config
from prelabel.masks.limits import MaskLimits
from prelabel.model import Binding, Classification, ColumnLink, MaskClass, MaskValueKind, Option, RowBatch, Shape, Tool

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CAR = Tool("Car", "c1", "segmentation", (244, 67, 54))

TREE = Tool("Tree", "t1", "segmentation", (3, 169, 244))

HOUSE = Tool("House", "h1", "polygon", (9, 9, 9))

RADIO = Classification("Colour", "r1", "radio", (Option("Red", "o1"), Option("Blue", "o2")))

TEXT = Classification("Note", "x1", "text")

VALUES = {CAR: 1, TREE: 2, HOUSE: 3}

MASK = np.array(
    [
        [1, 1, 1, 0, 2, 2, 0, 0],
        [1, 0, 1, 0, 2, 2, 0, 1],
        [1, 1, 1, 0, 0, 0, 0, 0],
    ],
    np.uint8,
)

PALETTE = np.zeros((256, 3), np.uint8)

PALETTE[1:4] = [(244, 67, 54), (3, 169, 244), (9, 9, 9)]


def save(path: Path, mask: np.ndarray) -> None:
    """Write a PNG file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask).save(path)


def encoder(
    root: Path,
    kind: MaskValueKind | None = "value",
    tools: tuple[Tool, ...] = (CAR, TREE),
    *,
    ignored: tuple[Tool, ...] = (),
    project: str = "p1",
    shapes: Mapping[str, tuple[Shape, ...]] | None = None,
    limits: MaskLimits = MaskLimits(),  # noqa: B008 - frozen
    left_out: tuple[Tool, ...] = (),
    **chosen: Any,
) -> LocalEncoder:
    """Return an encoder for a column of answers and a column of masks, and the folder of these."""
    mapping = {tool.title: [VALUES[tool]] for tool in (*tools, *ignored)} if kind == "value" else "project_colors"
    keys = {"external_id_column": "id", "mask_column": "mask" if kind else "", "mask_color_mapping": mapping}
    config = load_config({**keys, **chosen})
    classes = []
    for tool in (*tools, *ignored):
        red, green, blue = tool.color or (0, 0, 0)
        value = red << 16 | green << 8 | blue if kind == "rgb" else VALUES[tool]
        classes.append(MaskClass(tool, value, ignored=tool in ignored))
    columns = (ColumnLink("colour", RADIO), ColumnLink("note", TEXT))
    others = tuple(MaskClass(tool, int.from_bytes(bytes(tool.color or ()))) for tool in left_out)
    binding = Binding(columns, kind, tuple(classes) if kind else (), others)
    return LocalEncoder(config, binding, root, project=project, shapes=shapes, limits=limits)


def rows(*masks: str, colour: str = "Red", note: str = "") -> RowBatch:
    """Return a batch with one row per mask reference; its numbers start at 11."""
    n = len(masks)
    return RowBatch(
        ("id", "colour", "note", "mask"),
        list(range(11, 11 + n)),
        list(range(12, 12 + n)),
        {"id": [f"a{k}.png" for k in range(n)], "colour": [colour] * n, "note": [note] * n, "mask": list(masks)},
    )


def painted(objects: list[dict[str, Any]], shape: tuple[int, ...]) -> list[list[str]]:
    """Return each pixel's title."""
    image = np.full(shape, "", object)
    for item in objects:
        zones = item["segmentation"]["zones"] if "segmentation" in item else [{"region": item["polygon"], "holes": []}]
        for zone in zones:
            image[oracles.filled([zone["region"], *zone["holes"]], (shape[0], shape[1]))] = item["title"]
    titles: list[list[str]] = image.tolist()
    return titles


TITLES = np.array(["", "Car", "Tree", "House"], object)
