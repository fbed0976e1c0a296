"""The node farthest from a chord, and the verdict on the chord, against exact arithmetic."""

from __future__ import annotations

from fractions import Fraction
from math import gcd
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prelabel.kernels._jit import kernel
from prelabel.kernels.chains import CHAIN
from prelabel.kernels.chords import LONG, farthest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Point = tuple[int, int]


@kernel(f"UniTuple(int64, 2)({CHAIN}, int64, int64, float64)")
def judge(chain: NDArray[np.int64], first: int, last: int, tolerance: float) -> tuple[int, int]:
    """Call it from compiled code, the only place it can be called from."""
    return farthest(chain, first, last, tolerance)


def distance2(point: Point, a: Point, b: Point) -> Fraction:
    """Return the squared distance of a point to a segment."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length2 = dx * dx + dy * dy
    along = Fraction((point[0] - a[0]) * dx + (point[1] - a[1]) * dy, length2) if length2 else Fraction(0)
    along = min(max(along, Fraction(0)), Fraction(1))
    return (point[0] - a[0] - along * dx) ** 2 + (point[1] - a[1] - along * dy) ** 2


def lattice_points_between(piece: list[Point]) -> bool:
    """Tell whether the piece is ever so far from its chord that one may lie there."""
    (ax, ay), (bx, by) = piece[0], piece[-1]
    dx, dy = bx - ax, by - ay
    widest = max(abs((x - ax) * dy - (y - ay) * dx) for x, y in piece)
    longer = max(abs(dx), abs(dy))
    return widest > longer or (widest == longer and gcd(dx, dy) != 1)


points = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=3, max_size=2 * LONG)


@given(points, st.sampled_from((0.5, 1.0, 2.0, 6.0)))
def test_the_farthest_node_and_the_verdict(piece: list[Point], tolerance: float) -> None:
    """The first of the farthest; too far is too far; and near is clear only if there is no room for a lattice point."""
    chain = np.array([range(len(piece)), *zip(*piece, strict=True)], np.int64)
    distances = [distance2(point, piece[0], piece[-1]) for point in piece[1:-1]]

    place, against = judge(chain, 0, len(piece) - 1, tolerance)

    assert place == 1 + distances.index(max(distances))
    assert (against == 2) == (max(distances) > Fraction(tolerance) ** 2)
    assert against != 0 or not lattice_points_between(piece)
