"""What mask values mean: tables of classes, and counts of what has none."""

from __future__ import annotations

import numpy as np
import pytest

import oracles
from prelabel.errors import ConfigError
from prelabel.kernels.pixel_runs import runs_from_array
from prelabel.model import TRANSPARENT
from prelabel.polygons.class_table import IGNORED, ClassTable, PixelCounts

TABLE = ClassTable.of([("car", 1), ("tree", 2)], ignored=[3])


def test_class_table_sorts_its_values() -> None:
    """Values may come in any order; targets count classes in the order given."""
    table = ClassTable.of([("a", 9), ("b", 0), ("c", 2**32 - 2)], ignored=[5])

    assert table.names == ("a", "b", "c")
    assert table.keys.tolist() == [0, 5, 9, 2**32 - 2]
    assert table.targets.tolist() == [2, IGNORED, 1, 3]


@pytest.mark.parametrize(
    ("classes", "ignored"), [([("a", 1), ("b", 1)], []), ([("a", 1)], [1]), ([("a", 1)], [2, 2]), ([("a", 0)], [0])]
)
def test_class_table_refuses_repeated_values(classes: list[tuple[str, int]], ignored: list[int]) -> None:
    """One mask value cannot mean two things."""
    with pytest.raises(ConfigError, match=r"^two classes have the same mask value: give each its own$"):
        ClassTable.of(classes, ignored)


def test_classify_counts_every_kind() -> None:
    """Known, background, transparent, ignored and unknown pixels; unknown values by falling number of pixels."""
    pixels = np.array([[1, 1, 2, 0, 0], [3, 3, 3, 7, 7], [9, 9, 9, 8, 8], [TRANSPARENT, 1, 2, 6, 0]], np.uint32)

    classes, counts = TABLE.classify(runs_from_array(pixels))

    expected = [[1, 1, 2, 0, 0], [0] * 5, [0] * 5, [0, 1, 2, 0, 0]]
    assert oracles.pixels_of(classes).tolist() == expected
    assert counts == PixelCounts(20, n_class=5, n_background=4, n_ignored=3, unknown={9: 3, 7: 2, 8: 2, 6: 1})
    assert list(counts.unknown) == [9, 7, 8, 6]
    assert counts.n_unknown == 8


def test_zero_can_be_a_class_and_can_be_ignored() -> None:
    """What the table says of value 0 counts more than that it is usually background."""
    runs = runs_from_array(np.array([[0, 1, 2]], np.uint8))

    _, as_class = ClassTable.of([("sky", 0)]).classify(runs)
    _, as_ignored = ClassTable.of([("car", 1)], ignored=[0]).classify(runs)

    assert as_class == PixelCounts(3, 1, 0, unknown={1: 1, 2: 1})
    assert as_ignored == PixelCounts(3, 1, 0, n_ignored=1, unknown={2: 1})
