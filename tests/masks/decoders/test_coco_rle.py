"""COCO run lengths as masks: what pycocotools writes is read, and what is broken is told."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pycocotools import mask as coco

import oracles
import strategies
from conftest import JIT_OFF
from prelabel.errors import MaskError
from prelabel.masks.decoders.coco_rle import from_coco_rle
from prelabel.masks.limits import MaskLimits
from prelabel.polygons.mask_to_polygons import mask_to_polygons


def lengths_of(mask: np.ndarray) -> list[int]:
    """Count column by column, background first, pixel by pixel."""
    counts, last = [0], 0
    for pixel in mask.T.ravel().tolist():
        if pixel != last:
            counts.append(0)
            last = pixel
        counts[-1] += 1
    return counts


@given(strategies.masks(max_labels=1))
@example(np.ones((1, 1), np.uint8))
@example(np.zeros((3, 2), np.uint8))
def test_as_pycocotools_writes_it(mask: np.ndarray) -> None:
    """Compressed bytes, compressed text and plain lengths give the mask, in the shortest runs there are."""
    compressed = coco.encode(np.asfortranarray(mask))

    for counts in (compressed["counts"], compressed["counts"].decode(), lengths_of(mask), np.array(lengths_of(mask))):
        runs = from_coco_rle({"size": list(mask.shape), "counts": counts})
        assert (runs.row_offsets.tolist(), runs.starts.tolist(), runs.values.tolist()) == oracles.runs_of(
            mask.astype(np.int64)
        )
        assert runs.width == mask.shape[1]


def test_lengths_of_nothing() -> None:
    """Counts of 0 are allowed anywhere."""
    runs = from_coco_rle({"size": (2, 3), "counts": [0, 0, 1, 0, 0, 2, 3, 0]})

    assert oracles.pixels_of(runs).tolist() == [[0, 1, 0], [1, 0, 0]]


@pytest.mark.parametrize("size", [np.array([2, 3]), np.array([2.0, 3.0]), [2.0, 3.0], (np.uint8(2), np.float32(3))])
@pytest.mark.parametrize("counts", [[1, 2, 3], [1.0, 2.0, 3.0], np.array([1, 2, 3], np.uint8)])
def test_whole_numbers_of_any_type(size: Any, counts: Any) -> None:
    """As arrays, and as JSON of other languages, have them."""
    assert oracles.pixels_of(from_coco_rle({"size": size, "counts": counts})).tolist() == [[0, 1, 0], [1, 0, 0]]


@pytest.mark.parametrize(
    ("rle", "message"),
    [
        ({"counts": [4]}, 'a COCO mask has "size": [height, width] in pixels, 1 or more: give it'),
        ({"size": [2], "counts": [4]}, '"size": [height, width] in pixels, 1 or more: got [2]'),
        ({"size": [2, 0], "counts": []}, "in pixels, 1 or more: got [2, 0]"),
        ({"size": [2.5, 2], "counts": [5]}, "in pixels, 1 or more: got [2.5, 2]"),
        ({"size": np.array([2, 3, 4]), "counts": [6]}, "got array([2, 3, 4])"),
        ({"size": np.array([[2, 3]]), "counts": [6]}, "got array([[2, 3]])"),
        ({"size": "23", "counts": [6]}, "got '23'"),
        ({"size": None, "counts": [6]}, "got None"),
        ({"size": [9] * 999, "counts": [6]}, "9, 9..."),
        ({"size": [True, 2], "counts": [2]}, '"size": [height, width]'),
        ({"size": [40_000, 40_000], "counts": [1_600_000_000]}, "at most 500000000 are allowed"),
        ({"size": [2, 2]}, 'a COCO mask has "counts", a list of lengths or a text'),
        ({"size": [2, 2], "counts": [1, 2]}, "add up to 3 pixels, and the size is 2 x 2 = 4"),
        ({"size": [2, 2], "counts": []}, "add up to 0 pixels"),
        ({"size": [2, 2], "counts": [5, -1]}, "a count is negative or larger than the mask"),
        ({"size": [2, 2], "counts": [1.5, 2.5]}, "it is not a list of whole numbers"),
        ({"size": [2, 2], "counts": [[4]]}, "it is not a list of whole numbers"),
        ({"size": [2, 2], "counts": [2**70]}, "the COCO counts cannot be read"),
        ({"size": [2, 2], "counts": "4P"}, "it ends in the middle of a count"),
        ({"size": [2, 2], "counts": "4é"}, 'characters outside of "0" to "o"'),
    ],
)
def test_broken_masks(rle: dict[str, Any], message: str) -> None:
    """What is wrong, with the numbers."""
    with pytest.raises(MaskError) as caught:
        from_coco_rle(rle)

    assert message in str(caught.value)


@given(st.text(max_size=20), st.integers(1, 6), st.integers(1, 6))
def test_any_text(text: str, height: int, width: int) -> None:
    """A mask of the given size or a MaskError, whatever stands there."""
    try:
        runs = from_coco_rle({"size": [height, width], "counts": text})
    except MaskError:
        return
    assert oracles.pixels_of(runs).shape == (height, width)


def test_a_coco_mask_is_traced() -> None:
    """The front door takes it: class "1", or the class whose colour is [1]."""
    mask = np.array([[0, 1, 1], [0, 1, 0]], np.uint8)
    rle = {"size": [2, 3], "counts": lengths_of(mask)}

    assert mask_to_polygons(rle).class_names == ("1",)
    polygons = mask_to_polygons(rle, colors={"car": [1]})

    assert polygons.class_names == ("car",)
    np.testing.assert_array_equal(oracles.painted(polygons), mask)
    with pytest.raises(MaskError, match=r"a COCO mask holds single values, but colors are \[r, g, b\]"):
        mask_to_polygons(rle, colors={"car": [1, 1, 1]})


def test_limits_come_before_pixels() -> None:
    """A size beyond the limit; and upright stripes, which are few counts but a run for every pixel."""
    with pytest.raises(MaskError, match="100000 x 100000 = 10000000000 pixels and at most 500000000"):
        from_coco_rle({"size": [100_000, 100_000], "counts": [10_000_000_000]})
    stripes = {"size": [20, 30], "counts": [20] * 30}
    assert len(from_coco_rle(stripes, MaskLimits(max_bytes=64 * 600)).starts) == 600
    with pytest.raises(MaskError, match="more than 599 runs") as caught:
        from_coco_rle(stripes, MaskLimits(max_bytes=64 * 600 - 1))
    assert caught.value.shape == (20, 30)


@pytest.mark.skipif(JIT_OFF, reason="counting 400 million runs takes the compiled kernel")
def test_a_bomb_of_stripes_takes_little_memory() -> None:
    """Runs are counted before they are made."""
    tracemalloc.start()
    with pytest.raises(MaskError, match="more than 16777216 runs"):
        from_coco_rle({"size": [20_000, 20_000], "counts": [20_000] * 20_000})
    assert tracemalloc.get_traced_memory()[1] < 20 << 20
    tracemalloc.stop()
