"""Edges row by row, against fractions and OpenCV's lines."""

from __future__ import annotations

import math
from fractions import Fraction

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import oracles
from prelabel.kernels.edge_rows import count_rows, list_crossings, list_lines

REACH = 14
Edge = tuple[int, oracles.Point, oracles.Point]

lattice = st.tuples(st.integers(0, REACH - 1), st.integers(0, REACH - 1))
rings_drawn = st.lists(st.lists(lattice, max_size=6), max_size=3)


def arrays(rings: list[list[oracles.Point]]) -> tuple[np.ndarray, np.ndarray]:
    """Return points and ring offsets."""
    points = np.array([point for ring in rings for point in ring], np.int32).reshape(-1, 2)
    return points, np.cumsum([0, *map(len, rings)]).astype(np.int32)


def edges_of(rings: list[list[oracles.Point]]) -> list[Edge]:
    """Return each edge with its ring, the upper end first."""
    return [
        (number, a, b) if a[1] <= b[1] else (number, b, a)
        for number, ring in enumerate(rings)
        for a, b in zip([*ring[-1:], *ring[:-1]], ring, strict=True)
    ]


def counted(rings: list[list[oracles.Point]], height: int, beyond: int) -> np.ndarray:
    """Count edges by row with the kernel: where the entries of each row begin, and the last ones end."""
    counts = np.zeros(height + 1, np.int64)
    count_rows(*arrays(rings), beyond, counts)
    return np.cumsum(counts)


@given(rings_drawn, st.integers(1, REACH + 3), st.sampled_from((0, 1)))
def test_edges_of_each_row(rings: list[list[oracles.Point]], height: int, beyond: int) -> None:
    """Rows between an edge's ends, or both ends' rows as well; rows below the picture are none."""
    edges = edges_of(rings)

    counts = np.diff(counted(rings, height, beyond), prepend=0)

    assert counts.tolist() == [0, *(sum(a[1] <= y < b[1] + beyond for _, a, b in edges) for y in range(height))]


@given(rings_drawn, st.integers(1, REACH + 3), st.booleans())
def test_where_edges_cross_rows(rings: list[list[oracles.Point]], height: int, painter: bool) -> None:
    """The first pixel whose centre is not left of the edge; for the painter the pixel it is in, by its fixed point."""
    offsets = counted(rings, height, 0)
    owners = np.array([10 + number for number in range(len(rings))], np.int32)
    cursors, crossings = offsets[:-1].copy(), np.zeros(int(offsets[-1]), np.int64)

    list_crossings(*arrays(rings), owners, painter, cursors, crossings)

    assert cursors.tolist() == offsets[1:].tolist()
    for y in range(height):
        expected = []
        for number, (ax, ay), (bx, by) in edges_of(rings):
            if ay <= y < by and painter:
                x = ax + (y - ay) * Fraction(math.trunc(Fraction((bx - ax) << 16, by - ay)), 1 << 16)
                expected.append((10 + number, 2 * math.floor(x) + (x != math.floor(x))))
            elif ay <= y < by:
                x = ax + (y + Fraction(1, 2) - ay) * (bx - ax) / (by - ay)
                expected.append((10 + number, math.ceil(x - Fraction(1, 2))))
        found = [(int(entry) >> 32, int(entry) & 0xFFFFFFFF) for entry in crossings[offsets[y] : offsets[y + 1]]]
        assert found == expected


@given(rings_drawn)
def test_lines_take_opencv_s_pixels(rings: list[list[oracles.Point]]) -> None:
    """Edge by edge and row by row, from left to right."""
    offsets = counted(rings, REACH, 1)
    cursors, lines = offsets[:-1].copy(), np.full((int(offsets[-1]), 3), -1, np.int32)

    list_lines(*arrays(rings), cursors, lines)

    assert cursors.tolist() == offsets[1:].tolist()
    expected: list[list[tuple[int, int, int]]] = [[] for _ in range(REACH)]
    for number, ring in enumerate(rings):
        for a, b in zip([*ring[-1:], *ring[:-1]], ring, strict=True):
            picture = np.zeros((REACH, REACH), np.uint8)
            cv2.line(picture, a, b, 1)
            for y in np.flatnonzero(picture.any(axis=1)).tolist():
                pixels = np.flatnonzero(picture[y])
                expected[y].append((number, int(pixels[0]), int(pixels[-1])))
                assert len(pixels) == pixels[-1] - pixels[0] + 1
    for y in range(REACH):
        assert [tuple(line) for line in lines[offsets[y] : offsets[y + 1]].tolist()] == expected[y]
