"""Polygons as plain arrays."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st

import oracles
import strategies
from polygons.formats.pictures import options
from polygons.tracing import NESTED, TABLE, trace_options, traced, traced_runs
from prelabel.kernels.pixel_runs import runs_from_array
from prelabel.polygons.mask_to_polygons import mask_to_polygons
from prelabel.polygons.trace import TraceOptions


def test_polygons_one_by_one() -> None:
    """Length, index, negative index and iteration agree; a polygon knows its class, object, exterior and holes."""
    polygons = traced(NESTED, TABLE)

    assert [(p.class_name, p.object_index, len(p.holes)) for p in polygons] == [("car", 0, 1), ("tree", 1, 0)]
    assert len(polygons) == 2
    assert polygons.n_holes == 1
    assert polygons[-1].class_name == polygons[1].class_name == "tree"
    assert polygons[-2].exterior.tolist() == polygons[0].exterior.tolist()
    assert polygons[np.int64(1)].exterior.tolist() == polygons[1].exterior.tolist()  # type: ignore[index]
    assert oracles.turned(polygons[1].exterior.tolist()) == [(0, 2), (1, 2), (1, 3), (0, 3)]


@pytest.mark.parametrize("index", [2, -3, 10**9])
def test_there_is_no_such_polygon(index: int) -> None:
    """An index out of range says so, with the number there are."""
    with pytest.raises(IndexError, match=rf"^polygon {index} of 2$"):
        traced(NESTED, TABLE)[index]


@given(strategies.masks(), trace_options, st.booleans())
@example(np.zeros((2, 2), np.uint8), TraceOptions(), True)
def test_to_json(mask: np.ndarray, chosen: TraceOptions, zones: bool) -> None:
    """One text per polygon, as the json module writes and reads it."""
    polygons = traced_runs(runs_from_array(mask), None, chosen)

    texts = polygons.to_json(zones=zones)

    assert texts == [oracles.to_json(rings, zones=zones) for rings in oracles.rings_in(polygons)]
    for text, polygon in zip(texts, polygons, strict=True):
        read = json.loads(text)
        assert (read["region"] if zones else read) == polygon.exterior.tolist()


@given(strategies.masks(), options)
def test_bounds(mask: np.ndarray, chosen: dict[str, Any]) -> None:
    """The bounds of each polygon, as shapely finds them."""
    polygons = mask_to_polygons(mask, **chosen)

    assert polygons.bounds.dtype == np.int32
    np.testing.assert_array_equal(polygons.bounds, shapely.bounds(polygons.to_shapely()).reshape(-1, 4))
