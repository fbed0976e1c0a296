"""The machine instructions with and without the JIT."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from prelabel.kernels._jit import kernel, read_only
from prelabel.kernels.words import load_word, store_half_word, trailing_zeros


@kernel(f"int64({read_only('uint8')}, int64)")
def load(array: Any, index: int) -> int:
    """Call the instruction from compiled code, the only place it can be called from."""
    word: int = load_word(array, index)
    return word


@kernel("int64(int64)")
def zeros_below(word: int) -> int:
    """Likewise."""
    return trailing_zeros(word)


@kernel("void(uint8[::1], int64, uint32)")
def store(array: Any, index: int, word: int) -> None:
    """Likewise."""
    store_half_word(array, index, word)


@given(st.binary(min_size=8, max_size=40), st.data())
def test_load_word(content: bytes, data: st.DataObject) -> None:
    """Eight bytes from any index, aligned or not, as a signed little-endian integer."""
    index = data.draw(st.integers(0, len(content) - 8))

    assert load(np.frombuffer(content, np.uint8), index) == int.from_bytes(
        content[index : index + 8], "little", signed=True
    )


@given(st.binary(min_size=4, max_size=20), st.integers(0, 2**32 - 1), st.data())
def test_store_half_word(content: bytes, word: int, data: st.DataObject) -> None:
    """Four bytes at any index, and no other byte is touched."""
    index = data.draw(st.integers(0, len(content) - 4))
    array = np.frombuffer(content, np.uint8).copy()

    store(array, index, word)

    assert array.tobytes() == content[:index] + word.to_bytes(4, "little") + content[index + 4 :]


@given(st.integers(-(2**63), 2**63 - 1).filter(bool))
@example(-(2**63))
@example(2**62)
@example(1)
@example(-1)
def test_trailing_zeros(word: int) -> None:
    """Every bit's place, the sign bit's too."""
    assert zeros_below(word) == f"{word & (2**64 - 1):064b}"[::-1].index("1")
