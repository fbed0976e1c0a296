"""A process's results on real masks, as digests: run on each road (see test_ahead.py), with their folder as argument.

Prints JSON: for each mask a digest of all that is made of it; the road; and which compiled kernels were never called.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from prelabel.kernels._jit import ROAD

if TYPE_CHECKING:
    from prelabel.polygons.polygons import Polygons

CALLED: set[str] = set()
SMALL = 1_500_000
"""Bytes; larger files only cost time here."""


def _recording(name: str, function: Any) -> Any:
    def call(*arguments: Any) -> Any:
        CALLED.add(name)
        return function(*arguments)

    return call


# Before any module of kernels takes its functions.
ROAD.functions.update({name: _recording(name, function) for name, function in ROAD.functions.items()})

from prelabel import mask_to_polygons  # noqa: E402
from prelabel.errors import PrelabelError  # noqa: E402
from prelabel.kernels.pixel_runs import runs_from_array, runs_to_array  # noqa: E402
from prelabel.kernels.resize import resized  # noqa: E402
from prelabel.kernels.value_counts import count_unknown  # noqa: E402
from prelabel.masks.load import runs_of  # noqa: E402


def results(path: Path) -> list[Any]:
    """All that is made of a mask, through everything that has kernels."""
    runs = runs_of(path, None)
    found: list[Any] = [runs.row_offsets, runs.starts, runs.values, *count_unknown(runs, runs.values[:0])]
    smaller = resized(runs, (max(1, runs.height // 2), max(1, runs.width // 3)))
    found += [smaller.starts, smaller.values]
    if runs.height * runs.width < SMALL:
        found.append(runs_from_array(runs_to_array(runs)).starts)
    colors = {"first": [1], "second": [2, 3, 4] if runs.values.max() > 0xFFFF else [255]}
    ways: list[dict[str, Any]] = [
        {},
        {"tolerance": 1.0},
        {"tolerance": 2.5, "simplification": "rings", "connectivity": 8, "min_area": 3},
        {"tolerance": 1.0, "coordinates": "pixel_centers"},
    ]
    for way in ways:
        polygons = mask_to_polygons(path, **way)
        found += [polygons.points, polygons.ring_offsets, polygons.polygon_offsets, polygons.areas]
        if len(polygons) < 2_000:
            found += _formats(polygons, path, holes="keyhole" if "coordinates" not in way else "fill")
    try:
        found.append(mask_to_polygons(path, colors=colors).points)
    except PrelabelError as error:
        found.append(str(error))
    return found


def _formats(polygons: Polygons, path: Path, *, holes: Any) -> list[Any]:
    annotations = polygons.to_coco(segmentation="rle")
    proof = polygons.verify(path)
    again = [mask_to_polygons(annotation["segmentation"]).points for annotation in annotations[:3]]
    objects = [polygons.to_ango("polygon", holes=holes), polygons.to_ango()]
    texts = b"".join(polygons.to_json(zones=True)).decode()
    return [*objects, texts, annotations, proof.n_wrong_pixels, *again]


def digest(found: list[Any]) -> str:
    """One digest of arrays and plain values."""
    whole = hashlib.sha256()
    for part in found:
        whole.update(part.tobytes() if isinstance(part, np.ndarray) else json.dumps(part).encode())
    return whole.hexdigest()


def main() -> None:
    """Go through the masks."""
    folder = Path(sys.argv[1])
    paths = [path for path in sorted(folder.rglob("*.png")) if path.stat().st_size < SMALL]
    told: dict[str, Any] = {str(path.relative_to(folder)): digest(results(path)) for path in paths[::5]}
    json.dump({**told, "road": ROAD.name, "not called": sorted(ROAD.functions.keys() - CALLED)}, sys.stdout)


main()
