"""Chords against the piece of chain that they would replace: which node is farthest, and is anything in question."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import U8, inner
from prelabel.kernels.chains import CHAIN, X, Y

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Int64Array = NDArray[np.int64]

LONG = 16
"""Positions from which on a chain is measured several at a time first, and then searched for the farthest."""


@inner("boolean(int64, int64)")
def _are_coprime(a: int, b: int) -> bool:
    a, b = abs(a), abs(b)
    while b:
        a, b = b, a % b
    return a == 1


@inner(f"UniTuple(int64, 2)({CHAIN}, int64, int64, float64)", inline=True)
def farthest(chain: Int64Array, first: int, last: int, tolerance: float) -> tuple[int, int]:
    """Return the inner position farthest from the chord, and what stands against the chord.

    Distances are to the segment between the ends (to the point, where both ends are one).

    Returns:
        The position, the first of several, and 0 if nothing stands against the chord, 1 if its neighbourhood must be
        searched, 2 if it is too far away.
    """
    ax, ay = chain[X, U8(first)], chain[Y, U8(first)]
    dx, dy = chain[X, U8(last)] - ax, chain[Y, U8(last)] - ay
    length2 = dx * dx + dy * dy
    farthest = first + 1
    px, py = chain[X, U8(farthest)] - ax, chain[Y, U8(farthest)] - ay
    widest, along = abs(px * dy - py * dx), px * dx + py * dy
    beyond = (length2 == 0) | (along < 0) | (along > length2)
    if last - first < LONG:
        for k in range(first + 2, last):
            px, py = chain[X, U8(k)] - ax, chain[Y, U8(k)] - ay
            across, along = abs(px * dy - py * dx), px * dx + py * dy
            beyond |= (along < 0) | (along > length2)
            farthest = k if across > widest else farthest
            widest = max(across, widest)
    else:
        for k in range(U8(first + 2), U8(last)):
            px, py = chain[X, k] - ax, chain[Y, k] - ay
            across, along = abs(px * dy - py * dx), px * dx + py * dy
            beyond |= (along < 0) | (along > length2)
            widest = max(across, widest)
        while abs((chain[X, U8(farthest)] - ax) * dy - (chain[Y, U8(farthest)] - ay) * dx) < widest:
            farthest += 1
    if not beyond:
        if np.float64(widest) * np.float64(widest) > tolerance * tolerance * np.float64(length2):
            return farthest, 2
        longer = max(abs(dx), abs(dy))
        return farthest, 0 if widest < longer or (widest == longer and _are_coprime(dx, dy)) else 1
    most = -1.0
    for k in range(first + 1, last):
        px, py = chain[X, U8(k)] - ax, chain[Y, U8(k)] - ay
        along = px * dx + py * dy
        if along <= 0:
            distance2 = np.float64(px * px + py * py) * max(np.float64(length2), 1.0)
        elif along >= length2:
            px -= dx
            py -= dy
            distance2 = np.float64(px * px + py * py) * np.float64(length2)
        else:
            across2 = np.float64(px * dy - py * dx)
            distance2 = across2 * across2
        if distance2 > most:
            most, farthest = distance2, k
    return farthest, 2 if most > tolerance * tolerance * max(np.float64(length2), 1.0) else 1
