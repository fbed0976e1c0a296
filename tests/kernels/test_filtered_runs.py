"""One filtered row to raw runs, against unfiltering it byte by byte."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kernels.png_twins import unfiltered_after
from prelabel.kernels._jit import RO_U1, kernel
from prelabel.kernels.filtered_runs import read_below, read_plain, read_sub, spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array, UInt32Array

    Bytes = NDArray[np.uint8]
    Runs = list[tuple[int, int]]

SUB, UP, PAETH = 1, 2, 4
UNTOUCHED = 4_000_000_000


@kernel(f"int64({RO_U1}, int64, int64, int64, int64, int32[::1], uint32[::1], int64)")
def plain(
    pixels: Bytes, begin: int, end: int, n_bytes: int, inverse: int, starts: Int32Array, values: UInt32Array, first: int
) -> int:
    """Call it from compiled code, the only place it can be called from."""
    return read_plain(pixels, begin, end, n_bytes, inverse, starts, values, first)


@kernel(f"int64({RO_U1}, int64, int64, int64, int64, int32[::1], uint32[::1], int64)")
def sub(
    lines: Bytes, begin: int, end: int, n_bytes: int, inverse: int, starts: Int32Array, values: UInt32Array, first: int
) -> int:
    """Likewise."""
    return read_sub(lines, begin, end, n_bytes, inverse, starts, values, first)


@kernel(f"int64({RO_U1}, int64, int64, int64, int64, int64, boolean, int32[::1], uint32[::1], int64, int64)")
def below(
    lines: Bytes,
    begin: int,
    residual: int,
    end: int,
    n_bytes: int,
    inverse: int,
    is_paeth: bool,
    starts: Int32Array,
    values: UInt32Array,
    above: int,
    first: int,
) -> int:
    """Likewise."""
    return read_below(lines, begin, residual, end, n_bytes, inverse, is_paeth, starts, values, above, first)


@kernel("void(int32[::1], uint32[::1], int64, int64, int64, uint8[::1])")
def spread_out(
    starts: Int32Array, values: UInt32Array, first: int, end: int, n_bytes: int, dense: NDArray[np.uint8]
) -> None:
    """Likewise."""
    spread(starts, values, first, end, n_bytes, dense)


def inverse_of(n_bytes: int) -> int:
    """Return 2**32 / n_bytes, rounded up."""
    return -(-(1 << 32) // n_bytes)


def runs_of(row: list[int], n_bytes: int) -> Runs:
    """Return (start, raw value) of the runs of a row of bytes."""
    pixels = [int.from_bytes(bytes(row[k : k + n_bytes]), "little") for k in range(0, len(row), n_bytes)]
    groups = (next(group) for _, group in groupby(enumerate(pixels), key=lambda pixel: pixel[1]))
    return [(x, value) for x, value in groups]


@st.composite
def rows(draw: st.DrawFn, n_rows: int = 1) -> tuple[int, list[list[int]]]:
    """Bytes of a pixel, and rows of as many pixels: long runs, noise, zeros."""
    n_bytes = draw(st.integers(1, 4))
    byte = draw(st.sampled_from((st.integers(0, 255), st.sampled_from((0, 0, 0, 1, 255)), st.just(0))))
    pixel = st.lists(byte, min_size=n_bytes, max_size=n_bytes)
    n_pixels = draw(st.integers(1, 40))
    made = []
    for _ in range(n_rows):
        runs = draw(st.lists(st.tuples(pixel, st.integers(1, 12)), min_size=1, max_size=12))
        pixels = [one for value, n in runs for one in [value] * n]
        pixels = (pixels * n_pixels)[:n_pixels]
        made.append([part for one in pixels for part in one])
    return n_bytes, made


def around(row: list[int], before: int) -> tuple[Bytes, int, int]:
    """Put a row between others: all bytes, and where it begins and ends."""
    return np.array([9] * before + row + [9] * 3, np.uint8), before, before + len(row)


@given(rows(), st.integers(0, 9), st.integers(0, 3))
def test_plain_rows(drawn: tuple[int, list[list[int]]], before: int, first: int) -> None:
    """Pixels next to one another are compared; bytes before and behind the row are not looked at."""
    n_bytes, (row,) = drawn
    starts, values = np.full(50, -1, np.int32), np.full(50, UNTOUCHED, np.uint32)

    end = plain(*around(row, before), n_bytes, inverse_of(n_bytes), starts, values, first)

    assert list(zip(starts[first:end].tolist(), values[first:end].tolist(), strict=True)) == runs_of(row, n_bytes)
    assert (values[:first] == UNTOUCHED).all()
    assert (values[end:] == UNTOUCHED).all()


@given(rows(), st.integers(0, 9), st.integers(0, 3))
def test_rows_under_sub(drawn: tuple[int, list[list[int]]], before: int, first: int) -> None:
    """Residuals add up, each byte by itself; one that is not 0 begins a run."""
    n_bytes, (residuals,) = drawn
    starts, values = np.full(50, -1, np.int32), np.full(50, UNTOUCHED, np.uint32)

    end = sub(*around(residuals, before), n_bytes, inverse_of(n_bytes), starts, values, first)

    row = unfiltered_after(np.zeros(len(residuals), np.uint8), [SUB, *residuals], n_bytes)
    assert list(zip(starts[first:end].tolist(), values[first:end].tolist(), strict=True)) == runs_of(row, n_bytes)


@given(rows(n_rows=2), st.booleans(), st.integers(0, 9))
def test_rows_under_up_and_paeth(drawn: tuple[int, list[list[int]]], is_paeth: bool, before: int) -> None:
    """From the runs of the row above, which stay as they are."""
    n_bytes, (upper, residuals) = drawn
    above = runs_of(upper, n_bytes)
    lines, begin, end = around(residuals, before)
    residual = next((begin + k for k, byte in enumerate(residuals) if byte), end)
    starts, values = np.full(100, -1, np.int32), np.full(100, UNTOUCHED, np.uint32)
    starts[3 : 4 + len(above)] = [*(x for x, _ in above), 1 << 20]
    values[3 : 3 + len(above)] = [value for _, value in above]

    stop = below(lines, begin, residual, end, n_bytes, inverse_of(n_bytes), is_paeth, starts, values, 3, 50)

    row = unfiltered_after(np.array(upper, np.uint8), [PAETH if is_paeth else UP, *residuals], n_bytes)
    assert list(zip(starts[50:stop].tolist(), values[50:stop].tolist(), strict=True)) == runs_of(row, n_bytes)
    assert values[3 : 3 + len(above)].tolist() == [value for _, value in above]


@given(rows())
def test_runs_spread_out_are_the_row(drawn: tuple[int, list[list[int]]]) -> None:
    """Every byte of it."""
    n_bytes, (row,) = drawn
    runs = runs_of(row, n_bytes)
    starts = np.array([7, *(x for x, _ in runs), len(row) // n_bytes], np.int32)
    values = np.array([7, *(value for _, value in runs), 7], np.uint32)
    dense = np.full(len(row), 99, np.uint8)

    spread_out(starts, values, 1, 1 + len(runs), n_bytes, dense)

    assert dense.tolist() == row
