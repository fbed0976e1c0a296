"""The scenes: what the masks hold, and the files on disk."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import scipy.ndimage
from PIL import Image

from prelabel.demo.scenes import HEIGHT_PX, WIDTH_PX, draw_samples, write_files
from prelabel.demo.seed import COLORS

if TYPE_CHECKING:
    from pathlib import Path

    from prelabel.demo.scenes import ClassMask


def _count_holes(inside: np.ndarray) -> int:
    """Background regions that do not touch the frame (8-connected, as the foreground is 4-connected)."""
    padded = np.pad(~inside, 1, constant_values=True)
    return int(scipy.ndimage.label(padded, np.ones((3, 3)))[1]) - 1


def _touches(mask: ClassMask, one: int, other: int) -> bool:
    beside = ((mask[:, :-1] == one) & (mask[:, 1:] == other)) | ((mask[:, :-1] == other) & (mask[:, 1:] == one))
    return bool(beside.any())


def test_the_scenes_are_the_same_every_time() -> None:
    """Chance is seeded, and a longer demo begins like a shorter one."""
    first, again = draw_samples(6), draw_samples(7)
    for one, other in zip(first, again, strict=False):
        assert (one.external_id, one.answers) == (other.external_id, other.answers)
        np.testing.assert_array_equal(one.mask, other.mask)


def test_the_masks_hold_what_makes_masks_hard() -> None:
    """Holes, islands in holes, touching classes, regions at the frame, and rows without a mask or an answer."""
    samples = draw_samples(36)
    masks = [sample.mask for sample in samples if sample.mask is not None]
    assert len(masks) == 33
    assert all(mask.shape == (HEIGHT_PX, WIDTH_PX) and set(np.unique(mask)) <= {0, 1, 2, 3} for mask in masks)
    assert sum(_count_holes(mask == 1) for mask in masks) > 30
    assert sum(_count_holes(mask == 3) > 0 and scipy.ndimage.label(mask == 3)[1] > 1 for mask in masks) > 10
    assert sum(_touches(mask, 1, 2) for mask in masks) > 10
    assert any((mask[:, 0] > 0).any() for mask in masks)
    assert {answer for sample in samples for answer in sample.answers} >= {"", "A", "B", "C", "Option1;Option2"}


def test_mask_files_are_rgb_and_palette_images_by_turns(tmp_path: Path) -> None:
    """Both kinds show the project's colours, and the index of a palette image is the class number."""
    samples = draw_samples(4)
    write_files(tmp_path, samples)
    colors = np.array([[0, 0, 0], *(list(bytes.fromhex(color[1:])) for color in COLORS)], np.uint8)
    for sample, mode in zip(samples, ["RGB", "P", "RGB", "P"], strict=True):
        with Image.open(tmp_path / "masks" / sample.external_id) as image:
            assert image.mode == mode
            np.testing.assert_array_equal(np.asarray(image.convert("RGB")), colors[sample.mask])
            if mode == "P":
                np.testing.assert_array_equal(np.asarray(image), sample.mask)
        with Image.open(tmp_path / "images" / sample.external_id) as photograph:
            assert (photograph.size, photograph.mode) == ((WIDTH_PX, HEIGHT_PX), "RGB")


@pytest.mark.parametrize("example", ["classification", "segmentation"])
def test_the_csv_has_the_documentations_columns(example: str, tmp_path: Path) -> None:
    """Every sample is a row; a sample without a mask has an empty cell."""
    samples = draw_samples(12)
    write_files(tmp_path, samples)
    with (tmp_path / f"{example}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = ["External ID", "Color", "Category", "Image Type", *(["Mask"] if example == "segmentation" else [])]
    assert list(rows[0]) == columns
    assert [tuple(row[column] for column in columns[1:4]) for row in rows] == [sample.answers for sample in samples]
    if example == "segmentation":
        assert [bool(row["Mask"]) for row in rows] == [sample.mask is not None for sample in samples]
        assert all((tmp_path / row["Mask"]).is_file() for row in rows if row["Mask"])
    assert json.loads((tmp_path / f"{example}-config.json").read_bytes())["external_id_column"] == "External ID"
    assert "classifications" in json.loads((tmp_path / f"{example}-schema.json").read_bytes())
