"""Scanlines of 1-bit pixels: borders by whole words against pixel by pixel; all filters are tested with scanlines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.kernels.bit_lines import read_bit_lines

if TYPE_CHECKING:
    from numpy.typing import NDArray


def read(lines: NDArray[np.uint8], width: int, room: int) -> tuple[int, list[list[int]], list[list[int]]]:
    """Return where the kernel stopped, and starts and values of each row it read."""
    height, n_line = lines.shape
    offsets = np.zeros(height + 1, np.int32)
    starts, values = np.empty(room, np.int32), np.empty(room, np.uint32)
    done = read_bit_lines(lines.reshape(-1), 0, width, np.zeros(n_line - 1, np.uint8), offsets, starts, values)
    rows = [slice(offsets[y], offsets[y + 1]) for y in range(max(done, 0))]
    return done, [starts[row].tolist() for row in rows], [values[row].tolist() for row in rows]


@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=40), min_size=1, max_size=3), st.integers(1, 5))
def test_runs_are_those_of_the_pixels(stretches: list[list[int]], stretch: int) -> None:
    """Rows beyond one word, and that end within a byte; bits after the last pixel count for nothing."""
    width = stretch * min(map(len, stretches))
    pixels = np.array([np.repeat(np.array(row) > 0, stretch)[:width] for row in stretches], np.uint8)
    packed = np.packbits(pixels, axis=1)
    packed[:, -1] |= 0xFF >> (width - 1) % 8 + 1
    lines = np.hstack([np.zeros((len(pixels), 1), np.uint8), packed])

    done, starts, values = read(lines, width, width * len(pixels))

    assert done == len(pixels)
    expected = [[x for x in range(width) if x == 0 or row[x] != row[x - 1]] for row in pixels]
    assert starts == expected
    assert values == [[int(row[x]) for x in begins] for row, begins in zip(pixels, expected, strict=True)]


@pytest.mark.parametrize("used", [2, 4])
def test_rows_without_residuals_are_the_row_above(used: int) -> None:
    """Under Up and Paeth; the first row has only zeros above it."""
    lines = np.array([[used, 0, 0], [0, 0x0F, 0xF0], [used, 0, 0]], np.uint8)

    assert read(lines, 16, 100) == (3, [[0], [0, 4, 12], [0, 4, 12]], [[0], [0, 1, 0], [0, 1, 0]])


def test_it_stops_for_room_and_at_unknown_filters() -> None:
    """A row is begun only where each of its pixels may be a run."""
    lines = np.array([[0, 0x55], [0, 0x55], [0, 0x55]], np.uint8)
    assert read(lines, 8, 15)[0] == 1
    assert read(lines, 8, 24)[0] == 3
    lines[1, 0] = 5
    assert read(lines, 8, 24)[0] == -1
