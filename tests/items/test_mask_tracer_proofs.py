"""Rows with a budget, a proof or holes cut open: what is sent, what is noted, and which rows fail."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from PIL import Image

import oracles
from encoding import LocalEncoder
from notes import texts
from prelabel.errors import ConfigError, RowError
from prelabel.inputs.config_file import load_config
from prelabel.model import Binding, MaskClass, RowBatch, Tool

if TYPE_CHECKING:
    from pathlib import Path

    from prelabel.model import EncodedRow

ROWS, COLUMNS = np.mgrid[:40, :40]
DISC = (np.hypot(ROWS - 20, COLUMNS - 20) < 16).astype(np.uint8)
HOLED = DISC.copy()
HOLED[10:14, 15:25] = 0
HOLED[18, 18:25] = 0
N_HOLE = 47


def encoded(
    folder: Path, mask: np.ndarray, kind: str = "segmentation", *, proof: dict[str, Any] | None = None, **keys: Any
) -> EncodedRow:
    """Encode one row with one class, "Car"."""
    Image.fromarray(mask).save(folder / "a.png")
    config = load_config({"external_id_column": "id", "mask_column": "mask", **keys})
    binding = Binding((), "value", (MaskClass(Tool("Car", "c1", kind, None), 1),))
    encoder = LocalEncoder(config, binding, folder, **(proof or {}))
    return encoder.encode(RowBatch(("id", "mask"), [1], [2], {"id": ["a"], "mask": ["a.png"]}), 0)


def painted(row: EncodedRow) -> np.ndarray:
    """Return the pixels of the objects sent."""
    image = np.zeros(DISC.shape, np.uint8)
    for item in json.loads(row.item.body)["objects"]:
        zones = item["segmentation"]["zones"] if "segmentation" in item else [{"region": item["polygon"], "holes": []}]
        for zone in zones:
            image[oracles.filled([zone["region"], *zone["holes"]], (40, 40))] = 1
    return image


def test_holes_cut_open(tmp_path: Path) -> None:
    """The polygon tool's single ring paints the mask; the note tells."""
    row = encoded(tmp_path, HOLED, "polygon", polygon_holes="keyhole", proof={"min_iou": 0.0})

    assert texts(row.notes) == (
        "2 holes cut open: the polygon tool cannot hold holes",
        "verified: every pixel is as in the mask",
    )
    np.testing.assert_array_equal(painted(row), HOLED)
    assert row.mask is not None
    assert row.mask.n_points == sum(len(o["polygon"]) for o in json.loads(row.item.body)["objects"])


def test_what_is_sent_is_verified(tmp_path: Path) -> None:
    """Filled holes are wrong pixels, though the trace was exact."""
    row = encoded(tmp_path, HOLED, "polygon", proof={"min_iou": 0.0})

    n_disc = int(DISC.sum())
    iou = (n_disc - N_HOLE) * 10_000 // n_disc / 10_000
    filled, verified = texts(row.notes)
    assert filled == "2 holes filled: the polygon tool cannot hold holes"
    assert verified == f"verified: {N_HOLE} of 1600 pixels are not as in the mask; the least IoU is {iou:g}, of 'Car'"
    np.testing.assert_array_equal(painted(row), DISC)


@pytest.mark.parametrize("coordinates", ["pixel_edges", "pixel_centers"])
def test_exact_rows_pass_any_minimum(tmp_path: Path, coordinates: str) -> None:
    """Also without ``verify``: a minimum implies it."""
    row = encoded(tmp_path, HOLED, coordinates=coordinates, proof={"min_iou": 1.0})

    assert texts(row.notes)[-1] == "verified: every pixel is as in the mask"


def test_a_row_below_the_minimum_fails(tmp_path: Path) -> None:
    """With the class, its IoU, the minimum and the remedy; the error names the column."""
    with pytest.raises(RowError) as caught:
        encoded(tmp_path, HOLED, polygon_simplification_tolerance=6, proof={"min_iou": 0.99})

    message = str(caught.value)
    assert message.startswith("the polygons of 'Car' have an IoU of 0.")
    assert message.endswith(
        'with the mask, and 0.99 is asked for: lower "polygon_simplification_tolerance", or ask for less'
    )
    assert caught.value.column == "mask"


def test_no_proof_no_note(tmp_path: Path) -> None:
    """Without being asked nothing is said."""
    notes = texts(encoded(tmp_path, HOLED, polygon_simplification_tolerance=6).notes)

    assert not any("verified" in note for note in notes)


def test_a_budget_that_fits_changes_nothing(tmp_path: Path) -> None:
    """Not a byte and not a note."""
    row = encoded(tmp_path, HOLED, max_points_per_asset=1000)

    assert row.item == encoded(tmp_path, HOLED).item
    assert texts(row.notes) == ()


def test_a_budget_is_kept(tmp_path: Path) -> None:
    """The note says with which tolerance and how exactly, and what is sent is what it says."""
    row = encoded(tmp_path, HOLED, max_points_per_asset=24)

    *_, simplified, verified = texts(row.notes)
    n_points = sum(
        len(ring)
        for o in json.loads(row.item.body)["objects"]
        for zone in o["segmentation"]["zones"]
        for ring in (zone["region"], *zone["holes"])
    )
    assert simplified.startswith("simplified with a tolerance of ")
    assert simplified.endswith(f' px instead of 0.1 px to keep to "max_points_per_asset" (24): {n_points} points')
    assert n_points <= 24
    tolerance = float(simplified.split()[5])
    same = encoded(tmp_path, HOLED, polygon_simplification_tolerance=tolerance, proof={"min_iou": 0.0})
    assert same.item == row.item
    assert verified == texts(same.notes)[-1]
    assert verified.startswith(f"verified: {int((painted(row) != HOLED).sum())} of 1600 pixels are not")


def test_a_budget_counts_what_is_sent(tmp_path: Path) -> None:
    """Filled holes cost nothing, holes cut open cost more than zones."""
    points = {
        holes: encoded(tmp_path, HOLED, "polygon", polygon_holes=holes, max_points_per_asset=1000).mask
        for holes in ("fill", "keyhole")
    }

    filled, opened = (counts.n_points for counts in points.values() if counts is not None)
    zones = encoded(tmp_path, HOLED).mask
    assert zones is not None
    assert filled == zones.n_points - 8
    assert zones.n_points < opened <= zones.n_points + 6


def test_a_budget_that_cannot_be_kept(tmp_path: Path) -> None:
    """Says how many points there are at the coarsest."""
    noise = ((ROWS * 7 + COLUMNS * 13) % 5 == 0).astype(np.uint8)

    with pytest.raises(RowError, match=r'points at a tolerance of 64 px, and "max_points_per_asset" is 50: raise it'):
        encoded(tmp_path, noise, max_points_per_asset=50)


def test_a_proof_is_of_what_readers_paint(tmp_path: Path) -> None:
    """Class after class, a ring of one class clears what another had inside it; object after object it does not."""
    mask = np.zeros((40, 40), np.uint8)
    mask[0, :] = 1
    mask[5:15, 5:15] = 2
    mask[6:14, 6:14] = 1
    Image.fromarray(mask).save(tmp_path / "a.png")
    tools = (Tool("Car", "c1", "segmentation", None), Tool("Tree", "t1", "segmentation", None))
    binding = Binding((), "value", tuple(MaskClass(tool, value) for value, tool in enumerate(tools, 1)))
    notes = []
    for mode in ("instance_segmentation", "semantic_segmentation"):
        keys = {"external_id_column": "id", "mask_column": "mask", "coordinates": "pixel_centers"}
        config = load_config({**keys, "segmentation_mode": mode})
        encoder = LocalEncoder(config, binding, tmp_path, min_iou=0.0)
        row = encoder.encode(RowBatch(("id", "mask"), [1], [2], {"id": ["a"], "mask": ["a.png"]}), 0)
        image = np.zeros(mask.shape, np.uint8)
        for item in json.loads(row.item.body)["objects"]:
            for zone in item["segmentation"]["zones"]:
                cv2.fillPoly(image, [np.array(zone["region"], np.int32)], 1 + (item["title"] == "Tree"))
                for hole in zone["holes"]:
                    cv2.fillPoly(image, [np.array(hole, np.int32)], 0)
        notes.append((texts(row.notes)[-1].partition(" of 1600")[0], int((image != mask).sum())))

    assert notes == [("verified: every pixel is as in the mask", 0), ("verified: 64", 64)]


@pytest.mark.parametrize("min_iou", [-0.1, 1.5, float("nan")])
def test_minimum_out_of_range(tmp_path: Path, min_iou: float) -> None:
    """From 0 to 1."""
    with pytest.raises(ConfigError, match=f"min_iou is {min_iou}: give a number from 0 to 1"):
        encoded(tmp_path, DISC, proof={"min_iou": min_iou})
