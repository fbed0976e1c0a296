"""The next byte that matters, against looking at one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prelabel.kernels._jit import RO_U1, kernel
from prelabel.kernels.byte_search import skip_equal, skip_zeros

if TYPE_CHECKING:
    from numpy.typing import NDArray


@kernel(f"int64({RO_U1}, int64, int64)")
def next_nonzero(lines: NDArray[np.uint8], at: int, end: int) -> int:
    """Call it from compiled code, the only place it can be called from."""
    return skip_zeros(lines, at, end)


@kernel(f"int64({RO_U1}, int64, int64, int64)")
def next_change(pixels: NDArray[np.uint8], at: int, end: int, n_bytes: int) -> int:
    """Likewise."""
    return skip_equal(pixels, at, end, n_bytes)


# Long stretches of one byte, so that the steps of 8 and of 32 bytes are taken, in arrays that may end anywhere.
stretches = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 90)), min_size=1, max_size=4)


@given(stretches, st.data())
def test_zeros_are_skipped(parts: list[tuple[int, int]], data: st.DataObject) -> None:
    """Up to the first other byte, or the end that is asked for, wherever the array ends."""
    content = b"".join(bytes([value]) * length for value, length in parts)
    at = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(at, len(content)))

    found = next_nonzero(np.frombuffer(content, np.uint8), at, end)

    assert found == next((k for k in range(at, end) if content[k]), end)


@given(stretches, st.integers(1, 4), st.data())
def test_equal_pixels_are_skipped(parts: list[tuple[int, int]], n_bytes: int, data: st.DataObject) -> None:
    """Up to the first byte that is not that of the pixel before."""
    content = bytes(n_bytes) + b"".join(bytes([value]) * length for value, length in parts)
    at = data.draw(st.integers(n_bytes, len(content)))
    end = data.draw(st.integers(at, len(content)))

    found = next_change(np.frombuffer(content, np.uint8), at, end, n_bytes)

    assert found == next((k for k in range(at, end) if content[k] != content[k - n_bytes]), end)
