"""COCO's compressed counts against pycocotools, and against whatever bytes come."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pycocotools import mask as coco

from prelabel.kernels.coco import counts_from_text, counts_to_text

MANY = 2**31 - 1


@given(st.lists(st.lists(st.integers(0, 2**31 - 1), max_size=12), max_size=5))
@example([[0], [], [5, 0, 5], [2**31 - 1, 0, 0, 2**31 - 1]])
def test_there_and_back(masks: list[list[int]]) -> None:
    """Counts of any size, several masks at once."""
    offsets = np.cumsum([0, *map(len, masks)]).astype(np.int64)
    counts = np.array([count for mask in masks for count in mask], np.int64)

    texts = counts_to_text(counts, offsets)

    assert [counts_from_text(text.encode(), MANY).tolist() for text in texts] == masks


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=12))
def test_text_is_pycocotools(counts: list[int]) -> None:
    """The same characters."""
    theirs = coco.frPyObjects({"size": [sum(counts), 1], "counts": counts}, sum(counts), 1)

    (ours,) = counts_to_text(np.array(counts, np.int64), np.array([0, len(counts)], np.int64))

    assert ours.encode() == theirs["counts"]


@given(st.binary(max_size=40), st.integers(0, 1000))
@example(b"", 0)
def test_any_bytes(text: bytes, most: int) -> None:
    """Counts within bounds, or a reason."""
    try:
        counts = counts_from_text(text, most)
    except ValueError:
        return
    assert len(counts) <= len(text)
    assert ((counts >= 0) & (counts <= most)).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"3/", 'it holds characters outside of "0" to "o"'),
        (b"3p", 'it holds characters outside of "0" to "o"'),
        (b"3P", "it ends in the middle of a count"),
        (b"\x33oooooooo0", "a count is negative or larger than the mask"),
        (b"O", "a count is negative or larger than the mask"),
        (b"b0", "a count is negative or larger than the mask"),
    ],
)
def test_broken_texts(text: bytes, message: str) -> None:
    """What is wrong is said."""
    with pytest.raises(ValueError, match="^" + message + "$"):
        counts_from_text(text, 9)
