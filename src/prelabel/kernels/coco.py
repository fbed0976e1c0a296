"""COCO's compressed run lengths: counts to text and back (``rleToString`` and ``rleFrString`` of the COCO API).

Each count, from the fourth on less the one two before it, is written in groups of five bits, the lowest first, as
characters from "0" on; the sixth bit says that more follow.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels._jit import RO_I8, RO_U1, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


MAX_GROUPS = 7
"""Characters of a count of up to 32 bits with its sign."""

BAD_CHARACTER, UNFINISHED, TOO_LARGE = -1, -2, -3


@kernel(f"int64({RO_I8}, {RO_I8}, uint8[::1], int64[::1])")
def _write_counts(
    counts: NDArray[np.int64], offsets: NDArray[np.int64], text: NDArray[np.uint8], text_offsets: NDArray[np.int64]
) -> int:
    """Write the counts of many masks.

    Args:
        counts, offsets: the counts of mask k are from entry ``offsets[k]`` to ``offsets[k + 1]``.
        text: uint8, seven per count at least, written.
        text_offsets: int64, masks + 1, written.

    Returns:
        The length of the text.
    """
    at = np.int64(0)
    text_offsets[0] = 0
    for mask in range(len(offsets) - 1):
        for k in range(offsets[mask], offsets[mask + 1]):
            number = counts[k]
            if k > offsets[mask] + 2:
                number -= counts[k - 2]
            more = True
            while more:
                group = number & 31
                number >>= 5
                more = number != -1 if group & 16 else number != 0
                text[at] = 48 + (group | 32 if more else group)
                at += 1
        text_offsets[mask + 1] = at
    return at


@kernel(f"int64({RO_U1}, int64, int64[::1])")
def _read_counts(text: NDArray[np.uint8], most: int, counts: NDArray[np.int64]) -> int:
    """Read the counts of one mask.

    Args:
        text: uint8.
        most: what a count may be at most.
        counts: int64, as long as the text, written.

    Returns:
        How many there are, or BAD_CHARACTER, UNFINISHED (the text ends within a count) or TOO_LARGE (a count below 0
        or above ``most``).
    """
    n_counts = np.int64(0)
    number, n_groups = np.int64(0), np.int64(0)
    for k in range(len(text)):
        group = np.int64(text[k]) - 48
        if group < 0 or group > 63:
            return BAD_CHARACTER
        if n_groups == MAX_GROUPS:
            return TOO_LARGE
        number |= (group & 31) << (5 * n_groups)
        n_groups += 1
        if group & 32:
            continue
        if group & 16:
            number |= np.int64(-1) << (5 * n_groups)
        if n_counts > 2:
            number += counts[n_counts - 2]
        if number < 0 or number > most:
            return TOO_LARGE
        counts[n_counts] = number
        n_counts += 1
        number, n_groups = np.int64(0), np.int64(0)
    return UNFINISHED if n_groups > 0 else n_counts


def counts_to_text(counts: NDArray[np.int64], offsets: NDArray[np.int64]) -> list[str]:
    """Compress the run lengths of many masks.

    Args:
        counts: int64, of 0 to 2**32: lengths of background and object in turn, background first.
        offsets: int64, masks + 1, into ``counts``.

    Returns:
        One text per mask.
    """
    text, text_offsets = np.empty(MAX_GROUPS * len(counts), np.uint8), np.empty(len(offsets), np.int64)
    length = _write_counts(counts, offsets, text, text_offsets)
    whole, ends = text[:length].tobytes().decode("ascii"), text_offsets.tolist()
    return [whole[first:last] for first, last in pairwise(ends)]


def counts_from_text(text: bytes, most: int) -> NDArray[np.int64]:
    """Decompress the run lengths of one mask; memory is in proportion to the text.

    Args:
        text: the compressed counts.
        most: the mask's pixels.

    Raises:
        ValueError: the text is no such text.
    """
    counts = np.empty(len(text), np.int64)
    n_counts = _read_counts(np.frombuffer(text, np.uint8), most, counts)
    if n_counts < 0:
        reasons = {
            BAD_CHARACTER: 'it holds characters outside of "0" to "o"',
            UNFINISHED: "it ends in the middle of a count",
            TOO_LARGE: "a count is negative or larger than the mask",
        }
        raise ValueError(reasons[n_counts])
    return counts[:n_counts]
