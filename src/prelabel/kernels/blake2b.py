"""BLAKE2b without a key, of a piece of a buffer and without the GIL (RFC 7693, section 3); equal to hashlib's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_I8, inner, read_only
from prelabel.kernels.words import load_word

if TYPE_CHECKING:
    from numpy.typing import NDArray

    UInt64Array = NDArray[np.uint64]

RO_U8 = read_only("uint64")

BLOCK_BYTES = 128
N_STATE = 8
"""Numbers of 64 bits that are carried from block to block."""

_ROUNDS = 12
_ORDERS = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    (14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3),
    (11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4),
    (7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8),
    (9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13),
    (2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9),
    (12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11),
    (13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10),
    (6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5),
    (10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0),
)
WORD_ORDER = np.array([8 * word for k in range(_ROUNDS) for word in _ORDERS[k % len(_ORDERS)]], np.int64)
"""int64, rounds x 16: where in a block the words are that each round mixes in (RFC 7693, section 2.7)."""

IV = np.array(
    [
        0x6A09E667F3BCC908,
        0xBB67AE8584CAA73B,
        0x3C6EF372FE94F82B,
        0xA54FF53A5F1D36F1,
        0x510E527FADE682D1,
        0x9B05688C2B3E6C1F,
        0x1F83D9ABFB41BD6B,
        0x5BE0CD19137E2179,
    ],
    np.uint64,
)
"""uint64, 8: the initialization vector (section 2.6)."""

_PARAMETERS = 0x01010000
_16, _24, _32, _40, _48, _63, _1 = (np.uint64(shift) for shift in (16, 24, 32, 40, 48, 63, 1))


@inner("UniTuple(uint64, 4)(uint64, uint64, uint64, uint64, int64, int64)", inline=True)
def _mix(a: int, b: int, c: int, d: int, x: int, y: int) -> tuple[int, int, int, int]:
    """Mix two words into four of the working vector (section 3.1)."""
    a = a + b + np.uint64(x)
    d ^= a
    d = d >> _32 | d << _32
    c += d
    b ^= c
    b = b >> _24 | b << _40
    a = a + b + np.uint64(y)
    d ^= a
    d = d >> _16 | d << _48
    c += d
    b ^= c
    b = b >> _63 | b << _1
    return a, b, c, d


@inner(f"void(uint64[::1], uint8[::1], int64, uint64, boolean, {RO_I8}, {RO_U8})", inline=True)
def _compress(
    state: UInt64Array,
    text: NDArray[np.uint8],
    at: int,
    n_done: int,
    is_last: bool,
    order: NDArray[np.int64],
    iv: UInt64Array,
) -> None:
    """Work a block of 128 bytes from ``at`` on into the state (section 3.2).

    Args:
        state: uint64, 8, read and written.
        text: uint8.
        at: where the block begins.
        n_done: bytes hashed, this block's included.
        is_last: whether no block follows.
        order, iv: the tables above.
    """
    a0, a1, a2, a3 = state[0], state[1], state[2], state[3]
    b0, b1, b2, b3 = state[4], state[5], state[6], state[7]
    c0, c1, c2, c3 = iv[0], iv[1], iv[2], iv[3]
    d0, d1, d2, d3 = iv[4] ^ n_done, iv[5], iv[6], iv[7]
    if is_last:
        d2 = ~d2
    for k in range(0, len(order), 16):
        w = order[k : k + 16]
        # The columns of the working vector, then its diagonals.
        a0, b0, c0, d0 = _mix(a0, b0, c0, d0, load_word(text, at + w[0]), load_word(text, at + w[1]))
        a1, b1, c1, d1 = _mix(a1, b1, c1, d1, load_word(text, at + w[2]), load_word(text, at + w[3]))
        a2, b2, c2, d2 = _mix(a2, b2, c2, d2, load_word(text, at + w[4]), load_word(text, at + w[5]))
        a3, b3, c3, d3 = _mix(a3, b3, c3, d3, load_word(text, at + w[6]), load_word(text, at + w[7]))
        a0, b1, c2, d3 = _mix(a0, b1, c2, d3, load_word(text, at + w[8]), load_word(text, at + w[9]))
        a1, b2, c3, d0 = _mix(a1, b2, c3, d0, load_word(text, at + w[10]), load_word(text, at + w[11]))
        a2, b3, c0, d1 = _mix(a2, b3, c0, d1, load_word(text, at + w[12]), load_word(text, at + w[13]))
        a3, b0, c1, d2 = _mix(a3, b0, c1, d2, load_word(text, at + w[14]), load_word(text, at + w[15]))
    state[0] ^= a0 ^ c0
    state[1] ^= a1 ^ c1
    state[2] ^= a2 ^ c2
    state[3] ^= a3 ^ c3
    state[4] ^= b0 ^ d0
    state[5] ^= b1 ^ d1
    state[6] ^= b2 ^ d2
    state[7] ^= b3 ^ d3


@inner(f"void(uint8[::1], int64, int64, uint8[::1], uint64[::1], {RO_I8}, {RO_U8})")
def hash_piece(
    text: NDArray[np.uint8],
    first: int,
    last: int,
    digest: NDArray[np.uint8],
    state: UInt64Array,
    order: NDArray[np.int64],
    iv: UInt64Array,
) -> None:
    """Hash a piece of a buffer. What stands behind it is overwritten, 128 bytes at most: there must be as many.

    Args:
        text: uint8; the piece is ``text[first:last]``.
        digest: uint8, written; as long as the digest shall be, 64 at most.
        state: uint64, 8, of any content, written.
        order, iv: :data:`WORD_ORDER` and :data:`IV`.
    """
    for k in range(N_STATE):
        state[k] = iv[k]
    state[0] ^= np.uint64(_PARAMETERS ^ len(digest))
    # The last block is filled up with zeros; an empty piece is one block of them.
    n_blocks = max(1, (last - first + BLOCK_BYTES - 1) // BLOCK_BYTES)
    for k in range(last, first + n_blocks * BLOCK_BYTES):
        text[k] = 0
    for number in range(1, n_blocks + 1):
        is_last = number == n_blocks
        n_done = last - first if is_last else number * BLOCK_BYTES
        _compress(state, text, first + (number - 1) * BLOCK_BYTES, np.uint64(n_done), is_last, order, iv)
    for k in range(len(digest)):
        digest[k] = state[k >> 3] >> np.uint64(8 * (k & 7)) & np.uint64(255)
