"""Masks traced as tests want them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st

from prelabel.kernels.pixel_runs import runs_from_array
from prelabel.polygons.class_table import ClassTable
from prelabel.polygons.polygons import Polygons
from prelabel.polygons.trace import TraceOptions, outline

if TYPE_CHECKING:
    from prelabel.model import Runs

NESTED = np.array(
    [
        [0, 1, 1, 1, 1, 1, 0],
        [0, 1, 0, 0, 0, 1, 0],
        [2, 1, 0, 3, 0, 1, 0],
        [0, 1, 0, 0, 0, 1, 3],
        [3, 1, 1, 1, 1, 1, 0],
    ],
    np.uint8,
)

CORNERS = np.array([[1, 0, 2, 0], [0, 1, 0, 2], [2, 0, 1, 0], [0, 2, 0, 1]], np.uint8)

TABLE = ClassTable.of([("car", 1), ("tree", 2)], ignored=[3])

trace_options = st.builds(
    TraceOptions,
    tolerance=st.sampled_from((0.0, 0.1, 0.5, 1.0, 3.0)),
    simplification=st.sampled_from(("shared", "rings")),
    coordinates=st.sampled_from(("pixel_edges", "pixel_centers")),
    connectivity=st.sampled_from((4, 8)),
    min_area=st.sampled_from((0, 1, 2, 3, 10)),
)


def traced_runs(runs: Runs, table: ClassTable | None, options: TraceOptions) -> Polygons:
    """Trace a mask, with all the conversions of the result."""
    return outline(runs, table, options).polygons(options, Polygons)


def traced(mask: np.ndarray, table: ClassTable | None = None, **chosen: Any) -> Polygons:
    """Trace an array."""
    return traced_runs(runs_from_array(mask), table, TraceOptions(**chosen))
