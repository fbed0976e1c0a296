"""Rows of runs as the sweep keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prelabel.kernels._jit import RO_I4, RO_U4, kernel
from prelabel.kernels.row_borders import FIELDS, OUTSIDE, rows_agree, write_borders

if TYPE_CHECKING:
    from prelabel.model import Int32Array, UInt32Array


@kernel(f"boolean({RO_I4}, {RO_U4}, uint64, uint64, uint64)")
def agree(starts: Int32Array, values: UInt32Array, above: int, below: int, n_runs: int) -> bool:
    """Call it from compiled code, the only place it can be called from."""
    return rows_agree(starts, values, above, below, n_runs)


@kernel(f"void(int64, {RO_I4}, {RO_U4}, uint64, uint64, uint32[::1], uint64)")
def write(
    width: int, starts: Int32Array, values: UInt32Array, first: int, n_runs: int, rows: UInt32Array, below: int
) -> None:
    """Likewise."""
    write_borders(width, starts, values, first, n_runs, rows, below)


run = st.tuples(st.integers(0, 3), st.integers(0, 2))


@given(st.lists(run, min_size=1, max_size=5), st.data())
def test_rows_that_agree(row: list[tuple[int, int]], data: st.DataObject) -> None:
    """Just where all starts and all values are equal."""
    other = data.draw(st.just(row) | st.lists(run, min_size=len(row), max_size=len(row)))
    starts, values = np.array([(0, 0), *row, *other, (9, 9)]).T

    found = agree(starts.astype(np.int32), values.astype(np.uint32), 1, 1 + len(row), len(row))

    assert found == (row == other)


@given(st.integers(1, 30), st.data())
def test_borders_of_a_row(width: int, data: st.DataObject) -> None:
    """Where each run starts, and its value; the mask's right edge, with the plane outside; and one never reached."""
    row = sorted(data.draw(st.sets(st.integers(0, width - 1), max_size=8)))
    values = data.draw(st.lists(st.integers(0, 2**32 - 2), min_size=len(row), max_size=len(row)))
    before, below = data.draw(st.integers(0, 3)), data.draw(st.integers(0, 9))
    rows = np.full(below + FIELDS * (len(row) + 2) + 5, 4_000_000_000, np.uint32)

    write(
        width,
        np.array([7] * before + row, np.int32),
        np.array([7] * before + values, np.uint32),
        before,
        len(row),
        rows,
        below,
    )

    outside = int(OUTSIDE)
    frame = [(width, outside)] if row else []
    expected = [*zip(row, values, strict=True), *frame, (width + 1, outside)]
    written = rows[below:].tolist()
    assert list(zip(written[::FIELDS], written[1::FIELDS], strict=False))[: len(expected)] == expected
    assert rows[:below].tolist() == [4_000_000_000] * below
