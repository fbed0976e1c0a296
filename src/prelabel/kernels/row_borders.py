"""A row's runs as the sweep keeps them: border by border, with room for what hangs on each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_I4, RO_U4, U8, inlined, inner

if TYPE_CHECKING:
    from prelabel.model import Int32Array, UInt32Array


OUTSIDE = np.uint32(0xFFFFFFFF)
"""The value of the plane around the mask; no run has it."""

# Fields of a border in the sweep's memory of a row: where it is, the value on its right, and the bends at its upper
# end of the region on its left and of the one on its right.
FIELDS = 4


@inner(f"boolean({RO_I4}, {RO_U4}, uint64, uint64, uint64)")
def rows_agree(starts: Int32Array, values: UInt32Array, above: int, below: int, n_runs: int) -> bool:
    """Tell whether two rows of as many runs have the same borders between the same values."""
    for k in range(n_runs):
        if starts[above + k] != starts[below + k] or values[above + k] != values[below + k]:
            return False
    return True


@inlined
def write_borders(
    width: int, starts: Int32Array, values: UInt32Array, first: int, n_runs: int, rows: UInt32Array, below: int
) -> None:
    """Write the borders of the row whose runs begin at ``first`` from place ``below`` on, and one never reached."""
    one, fields = U8(1), U8(FIELDS)
    end = below
    for k in range(n_runs):
        rows[end] = starts[first + k]
        rows[end + one] = values[first + k]
        end += fields
    if n_runs > 0:
        rows[end], rows[end + one] = width, OUTSIDE
        end += fields
    rows[end], rows[end + one] = width + 1, OUTSIDE
