"""PNG's filters on bytes: the guess a residual was taken away from, and whole rows made of their residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_U1, U8, inner

if TYPE_CHECKING:
    from numpy.typing import NDArray

NONE, SUB, UP, AVERAGE, PAETH = range(5)


@inner("int64(int64, int64, int64)")
def paeth(a: int, b: int, c: int) -> int:
    """Return the guess from left, above and upper left; equal neighbours, nearly always there, decide at once."""
    if a == c:
        return b
    if b in (a, c):
        return a
    guess = np.int64(0)
    for shift in range(0, 32, 8):
        left, up, corner = (a >> shift) & 255, (b >> shift) & 255, (c >> shift) & 255
        to_left, to_up, to_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
        nearest = left if to_left <= to_up and to_left <= to_corner else (up if to_up <= to_corner else corner)
        guess |= nearest << shift
    return guess


@inner(f"void({RO_U1}, int64, int64, int64, uint8[::1])")
def unfilter(lines: NDArray[np.uint8], begin: int, used: int, n_bytes: int, dense: NDArray[np.uint8]) -> None:
    """Turn the bytes of the row above into those of the row that begins at ``begin``."""
    n = len(dense)
    if used == NONE:
        for i in range(n):
            dense[i] = lines[U8(begin + i)]
    elif used == UP:
        for i in range(n):
            dense[i] = (np.int64(dense[i]) + np.int64(lines[U8(begin + i)])) & 255
    elif used == PAETH:
        for channel in range(n_bytes):
            left = corner = np.int64(0)
            for i in range(channel, n, n_bytes):
                up = np.int64(dense[i])
                left = (paeth(left, up, corner) + np.int64(lines[U8(begin + i)])) & 255
                dense[i] = left
                corner = up
    else:
        for channel in range(n_bytes):
            left = np.int64(0)
            for i in range(channel, n, n_bytes):
                guess = left if used == SUB else (left + np.int64(dense[i])) >> 1
                left = (guess + np.int64(lines[U8(begin + i)])) & 255
                dense[i] = left
