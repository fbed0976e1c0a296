"""BLAKE2b against hashlib's."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from prelabel.kernels._jit import RO_I8, kernel
from prelabel.kernels.blake2b import BLOCK_BYTES, IV, N_STATE, RO_U8, WORD_ORDER, hash_piece

if TYPE_CHECKING:
    from numpy.typing import NDArray


@kernel(f"void(uint8[::1], int64, int64, uint8[::1], uint64[::1], {RO_I8}, {RO_U8})")
def hash_it(
    text: NDArray[np.uint8],
    first: int,
    last: int,
    digest: NDArray[np.uint8],
    state: NDArray[np.uint64],
    order: NDArray[np.int64],
    iv: NDArray[np.uint64],
) -> None:
    """Call it from compiled code, the only place it can be called from."""
    hash_piece(text, first, last, digest, state, order, iv)


def hashed(text: bytes, first: int, last: int, n_bytes: int) -> bytes:
    """Hash a piece of a buffer, with working memory that is full of something else."""
    digest, state = np.full(n_bytes, 7, np.uint8), np.full(N_STATE, 2**64 - 1, np.uint64)
    buffer = np.frombuffer(bytearray(text + b"." * BLOCK_BYTES), np.uint8)
    with np.errstate(over="ignore"):  # numpy's own numbers tell of it, where nothing is compiled
        hash_it(buffer, first, last, digest, state, WORD_ORDER, IV)
    assert buffer[:last].tobytes() == text[:last]
    assert buffer[last + BLOCK_BYTES :].tobytes() == (text + b"." * BLOCK_BYTES)[last + BLOCK_BYTES :]
    return digest.tobytes()


@given(st.binary(max_size=600), st.integers(0, 20), st.integers(0, 20), st.integers(1, 64))
@example(b"abc", 0, 0, 64)
@example(bytes(range(256)), 0, 0, 12)
def test_a_piece_s_hash_is_hashlib_s(text: bytes, before: int, behind: int, n_bytes: int) -> None:
    """Whatever stands around the piece, and however long the digest."""
    first, last = min(before, len(text)), max(min(before, len(text)), len(text) - behind)

    assert hashed(text, first, last, n_bytes) == hashlib.blake2b(text[first:last], digest_size=n_bytes).digest()


def test_lengths_around_whole_blocks() -> None:
    """The last block is full, holds one byte or is all there is."""
    text = np.random.default_rng(1).bytes(3 * BLOCK_BYTES + 2)
    for length in range(len(text) + 1):
        expected = hashlib.blake2b(text[:length], digest_size=12).digest()
        assert hashed(text, 0, length, 12) == expected
