"""Holes cut open: one ring, the same area, the same pixels, and edges that never cross."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import rasterio.features
import shapely
from hypothesis import example, given
from hypothesis import strategies as st

import oracles
import strategies
from prelabel.kernels.keyhole import open_holes
from prelabel.polygons.arrays import Polygon
from prelabel.polygons.mask_to_polygons import mask_to_polygons

RING = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], np.uint8)
TOUCHING = np.array([[1, 1, 1, 0], [1, 0, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1]], np.uint8)
CHAIN = np.array([[1, 1, 1, 1, 1], [1, 0, 1, 1, 1], [1, 1, 0, 1, 1], [1, 1, 1, 0, 1], [1, 1, 1, 1, 1]], np.uint8)
ONE_ROW = np.array([[1, 1, 1, 1, 1, 1, 1], [1, 0, 1, 0, 1, 0, 1], [1, 1, 1, 1, 1, 1, 1]], np.uint8)


def opened(polygon: Polygon) -> np.ndarray:
    """Cut one polygon open."""
    rings = [polygon.exterior, *polygon.holes]
    return open_holes(np.concatenate(rings), np.cumsum([0, *map(len, rings)]).astype(np.int32))


def crossings(ring: np.ndarray) -> int:
    """Count pairs of edges that cross in their insides."""
    a, b = ring.astype(np.int64), np.roll(ring, -1, axis=0).astype(np.int64)

    def side(p: np.ndarray, q: np.ndarray, r: np.ndarray) -> np.ndarray:
        return np.sign(  # type: ignore[no-any-return]
            (q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1]) - (q[..., 1] - p[..., 1]) * (r[..., 0] - p[..., 0])
        )

    first, second = (a[:, None], b[:, None]), (a[None], b[None])
    apart = side(*first, second[0]) * side(*first, second[1])
    return int(((apart < 0) & (apart.T < 0)).sum()) // 2


def examples(test: Any) -> Any:
    """Add tricky masks to a test, at no and at some tolerance."""
    for mask in (RING, TOUCHING, CHAIN, ONE_ROW, np.kron(CHAIN, np.ones((3, 3), np.uint8))):
        for tolerance in (0.0, 1.0):
            test = example(mask, tolerance, "shared")(test)
    return test


@examples
@given(
    st.one_of(strategies.masks(max_labels=1), strategies.masks(max_labels=2)),
    st.sampled_from((0.0, 0.5, 1.0, 2.0, 5.0)),
    st.sampled_from(("shared", "rings")),
)
def test_one_ring_is_the_same_polygon(mask: np.ndarray, tolerance: float, simplification: str) -> None:
    """Area by the shoelace, pixels by exact filling, and shapely's reading of the ring; nothing crosses."""
    polygons = mask_to_polygons(mask, tolerance=tolerance, simplification=simplification)  # type: ignore[arg-type]
    for polygon in polygons:
        rings = [polygon.exterior, *polygon.holes]

        ring = opened(polygon)

        assert ring.dtype == np.int32
        assert oracles.shoelace(ring.tolist()) == sum(oracles.shoelace(part.tolist()) for part in rings)
        assert {tuple(point) for part in rings for point in part.tolist()} <= {tuple(point) for point in ring.tolist()}
        np.testing.assert_array_equal(
            oracles.filled([ring.tolist()], mask.shape), oracles.filled([part.tolist() for part in rings], mask.shape)
        )
        assert crossings(ring) == 0
        assert shapely.Polygon(ring).buffer(0).equals(shapely.Polygon(rings[0], rings[1:]))


@given(strategies.masks(max_labels=2))
def test_rasterio_reads_the_mask_from_single_rings(mask: np.ndarray) -> None:
    """Exact rings along pixel edges, burnt by another library."""
    polygons = list(mask_to_polygons(mask, tolerance=0))
    image = np.zeros(mask.shape, np.uint8)
    for polygon in polygons:
        shape = {"type": "Polygon", "coordinates": [opened(polygon).tolist()]}
        # Burnt one by one: what rasterio does where shapes overlap is not what is tested.
        image[rasterio.features.rasterize([shape], mask.shape) == 1] = int(polygon.class_name)

    np.testing.assert_array_equal(image, mask)


def test_a_bridge_is_horizontal_on_pixel_edges() -> None:
    """From the hole's left to the outline, to a new vertex: three more points than before, all on the lattice."""
    (polygon,) = mask_to_polygons(RING)

    assert opened(polygon).tolist() == [
        [0, 0],
        [3, 0],
        [3, 3],
        [0, 3],
        [0, 1],
        [1, 1],
        [1, 2],
        [2, 2],
        [2, 1],
        [1, 1],
        [0, 1],
    ]


def test_a_touching_hole_needs_no_bridge() -> None:
    """The ring passes the common point twice; no point is added."""
    (polygon,) = mask_to_polygons(TOUCHING)
    assert len(polygon.holes) == 1

    ring = opened(polygon).tolist()

    assert len(ring) == len(polygon.exterior) + 4
    assert ring.count([2, 2]) == 2


def test_a_slanted_edge_is_reached_at_a_vertex() -> None:
    """Where the ray ends between lattice points, the bridge goes to a vertex."""
    exterior, hole = np.array([[0, 0], [9, 0], [9, 9], [3, 9]]), np.array([[4, 4], [4, 6], [6, 6], [6, 4]])

    ring = opened(Polygon("a", 0, exterior.astype(np.int32), (hole.astype(np.int32),)))

    assert len(ring) == 4 + 4 + 2
    assert {tuple(p) for p in ring.tolist()} == {tuple(p) for p in [*exterior.tolist(), *hole.tolist()]}
    assert oracles.shoelace(ring.tolist()) == 2 * (81 - 27 / 2 - 4)


def test_a_hole_outside_is_refused() -> None:
    """No wrong ring is made of what is no polygon."""
    exterior, hole = np.array([[4, 0], [9, 0], [9, 9], [4, 9]]), np.array([[1, 1], [1, 2], [2, 2], [2, 1]])

    with pytest.raises(ValueError, match="a hole lies outside of its polygon: only valid polygons can be cut open"):
        opened(Polygon("a", 0, exterior.astype(np.int32), (hole.astype(np.int32),)))
