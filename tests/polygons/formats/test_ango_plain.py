"""Ango's objects as plain values."""

from __future__ import annotations

import numpy as np
import pytest

import oracles
from polygons.formats.pictures import RING
from prelabel.errors import ConfigError, RowError
from prelabel.polygons.mask_to_polygons import mask_to_polygons


def test_ango_segmentation() -> None:
    """Zones with holes; ids of the schema where they are given."""
    ring, square = mask_to_polygons(RING, colors={"car": [1], "tree": [2]}).to_ango(schema_ids={"car": "c1"})

    assert (ring["title"], ring["schemaId"], square["schemaId"]) == ("car", "c1", "")
    (zone,) = ring["segmentation"]["zones"]
    assert oracles.turned(zone["region"]) == [(0, 0), (3, 0), (3, 3), (0, 3)]
    assert [oracles.turned(hole) for hole in zone["holes"]] == [[(1, 1), (1, 2), (2, 2), (2, 1)]]
    assert len(ring["objectId"]) == 23


def test_ango_modes_and_tools() -> None:
    """Classes as objects, polygons as one ring each, holes as asked."""
    polygons = mask_to_polygons(np.hstack([RING, np.zeros((3, 1), np.uint8), RING]))

    assert [o["title"] for o in polygons.to_ango(mode="semantic_segmentation")] == ["1", "2"]
    filled = polygons.to_ango("polygon")
    assert [(o["title"], len(o["polygon"])) for o in filled] == [("1", 4), ("1", 4), ("2", 4), ("2", 4)]
    opened = polygons.to_ango("polygon", holes="keyhole")
    assert [len(o["polygon"]) for o in opened] == [11, 11, 4, 4]
    with pytest.raises(RowError, match="have 2 holes, and the polygon tool holds none"):
        polygons.to_ango("polygon", holes="reject")
    with pytest.raises(ConfigError, match="tool is 'box': give"):
        polygons.to_ango("box")  # type: ignore[arg-type]
