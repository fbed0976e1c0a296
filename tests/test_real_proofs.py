"""Every real mask beside the repository, proved: exact in both conventions, with holes cut open, and as COCO."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from conftest import JIT_OFF, SHARED
from prelabel.errors import MaskError
from prelabel.masks.decoders.coco_rle import from_coco_rle
from prelabel.masks.decoders.decode import decode_mask
from prelabel.polygons.arrays import PolygonArrays
from prelabel.polygons.formats.coco import to_coco
from prelabel.polygons.single_rings import single_rings
from prelabel.polygons.trace import TraceOptions, outline
from prelabel.polygons.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

    from prelabel.model import Runs

pytestmark = [
    pytest.mark.masks,
    pytest.mark.skipif(JIT_OFF, reason="so many pixels take too long without the JIT"),
]

NO_MASKS = {".csv", ".json", ".md"}
FOLDER = SHARED / "masks"
FILES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.*") if path.suffix not in NO_MASKS) or ["-"]


def decoded(path: Path) -> Runs:
    """Decode a file as values, or as colours where it has no others."""
    encoded = path.read_bytes()
    try:
        return decode_mask(encoded, "value")
    except MaskError:
        return decode_mask(encoded, "rgb")


@pytest.mark.parametrize("name", FILES)
def test_proofs(shared_masks: Path, name: str) -> None:
    """No pixel is wrong where nothing is lost; where something is, cutting holes open loses no more."""
    runs = decoded(shared_masks / name)
    outlines = outline(runs, None, TraceOptions())

    for options in (TraceOptions(), TraceOptions(coordinates="pixel_centers")):
        proof = verify(outlines.polygons(options, PolygonArrays), runs)
        assert proof.n_wrong_pixels == 0
        assert proof.min_iou == 1.0
    for tolerance in (0.1, 2.0):
        polygons = outlines.polygons(TraceOptions(tolerance), PolygonArrays)
        opened = single_rings(polygons, np.ones(len(polygons), bool), keyhole=True)
        assert opened.n_holes == 0
        drawn, drawn_opened = polygons.to_runs(), opened.to_runs()
        for field in ("row_offsets", "starts", "values"):
            np.testing.assert_array_equal(getattr(drawn, field), getattr(drawn_opened, field))


@pytest.mark.parametrize("name", [name for name in FILES if "reencoded" not in name])
def test_coco_run_lengths(shared_masks: Path, name: str) -> None:
    """The run lengths of the ten largest objects add up to their areas."""
    runs = decoded(shared_masks / name)
    polygons = outline(runs, None, TraceOptions()).polygons(TraceOptions(), PolygonArrays)
    if len(polygons) > 50_000:
        pytest.skip("a dictionary for each of so many objects takes too long")

    annotations = to_coco(polygons, segmentation="rle")

    for annotation in sorted(annotations, key=lambda each: -each["area"])[:10]:
        read = from_coco_rle(annotation["segmentation"])
        outlines = outline(read, None, TraceOptions(connectivity=8))
        assert outlines.rings.polygons()[2].sum() == annotation["area"]
