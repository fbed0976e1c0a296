"""PNG's filters as the specification, section 9, has them, word for word."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]


def guess(kind: int, left: int, up: int, corner: int) -> int:
    """Return what a filter takes away from a byte."""
    if kind == 4:
        p = left + up - corner
        return min((abs(p - left), 0, left), (abs(p - up), 1, up), (abs(p - corner), 2, corner))[2]
    return [0, left, up, (left + up) // 2][kind]


def unfiltered_after(above: Bytes, line: list[int], n_bytes: int) -> list[int]:
    """Return one row by the slow guesses, on lists."""
    up, row = above.tolist(), [0] * (len(line) - 1)
    for x in range(len(row)):
        left, corner = (row[x - n_bytes], up[x - n_bytes]) if x >= n_bytes else (0, 0)
        row[x] = (line[1 + x] + guess(line[0], left, up[x], corner)) % 256
    return row
