"""The next byte that matters, found by words of eight: most bytes of a mask are like those before them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prelabel.kernels._jit import RO_U1, U8, inner
from prelabel.kernels.words import load_word, trailing_zeros

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@inner(f"boolean({RO_U1}, int64, int64)", inline=True)
def words_are_equal(pixels: NDArray[np.uint8], at: int, n_bytes: int) -> bool:
    """Tell whether the 32 bytes from ``at`` on are those ``n_bytes`` before."""
    return (
        (load_word(pixels, at) ^ load_word(pixels, at - n_bytes))
        | (load_word(pixels, at + 8) ^ load_word(pixels, at + 8 - n_bytes))
        | (load_word(pixels, at + 16) ^ load_word(pixels, at + 16 - n_bytes))
        | (load_word(pixels, at + 24) ^ load_word(pixels, at + 24 - n_bytes))
    ) == 0


@inner(f"int64({RO_U1}, int64, int64)")
def skip_zeros(lines: NDArray[np.uint8], at: int, end: int) -> int:
    """Return where the first byte from ``at`` on lies that is not 0; ``end`` if there is none before it."""
    last_word = len(lines) - 8
    while at < end:
        if at <= last_word:  # a word may reach into the next row
            word = load_word(lines, at)
            if word != 0:
                return min(at + (trailing_zeros(word) >> 3), end)
            at += 8
            while (
                at + 32 <= end
                and (
                    load_word(lines, at)
                    | load_word(lines, at + 8)
                    | load_word(lines, at + 16)
                    | load_word(lines, at + 24)
                )
                == 0
            ):
                at += 32
        elif lines[U8(at)] != 0:
            return at
        else:
            at += 1
    return end


@inner(f"int64({RO_U1}, int64, int64, int64)")
def skip_equal(pixels: NDArray[np.uint8], at: int, end: int, n_bytes: int) -> int:
    """Return where the first byte from ``at`` on lies that differs from that ``n_bytes`` before, or ``end``."""
    last_word = len(pixels) - 8
    while at < end:
        if at <= last_word:
            word = load_word(pixels, at) ^ load_word(pixels, at - n_bytes)
            if word != 0:
                return min(at + (trailing_zeros(word) >> 3), end)
            at += 8
            while at + 32 <= end and words_are_equal(pixels, at, n_bytes):
                at += 32
        elif pixels[U8(at)] != pixels[U8(at - n_bytes)]:
            return at
        else:
            at += 1
    return end
