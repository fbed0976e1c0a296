"""What colours resemble, against a twin that compares them one by one; what a tolerance maps, and what is said."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import oracles
from prelabel.codes import Code
from prelabel.kernels.pixel_runs import runs_from_array, runs_to_array
from prelabel.model import TRANSPARENT, MaskValueKind
from prelabel.polygons.class_table import ClassTable, PixelCounts
from prelabel.polygons.near_colors import KnownColors, snap, unknown_colors

CAR, TREE, DARK = ("Car", 0xF44336), ("Tree", 0x03A9F4), ("Dark", 0x140000)
KINDS: tuple[MaskValueKind, ...] = ("value", "rgb")


def channels(value: int, kind: MaskValueKind) -> tuple[int, ...]:
    """Return the numbers that are compared."""
    return (value >> 16, value >> 8 & 255, value & 255) if kind == "rgb" else (value,)


def nearest_by_hand(value: int, candidates: list[int], kind: MaskValueKind) -> tuple[int, int]:
    """Return which candidate is nearest and how far it is: by the largest difference, their sum, the order."""

    def distance(index: int) -> tuple[int, int, int]:
        pairs = zip(channels(value, kind), channels(candidates[index], kind), strict=True)
        differences = [abs(one - other) for one, other in pairs]
        return max(differences), sum(differences), index

    best = min(range(len(candidates)), key=distance)
    return best, distance(best)[0]


FEW = st.sampled_from([0, 1, 2, 3, 5, 100, 250, 255])
PACKED = st.builds(lambda r, g, b: r << 16 | g << 8 | b, FEW, FEW, FEW)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_nearest_is_what_a_comparison_one_by_one_finds(kind: MaskValueKind, data: st.DataObject) -> None:
    """Few levels, so that distances are often equal and the order decides."""
    values = PACKED if kind == "rgb" else st.integers(0, 2**32 - 2)
    known = data.draw(st.lists(values, min_size=1, max_size=8, unique=True))
    asked = data.draw(st.lists(values, max_size=20))
    n_classes = data.draw(st.integers(0, len(known)))
    named = [(f"c{i}", value) for i, value in enumerate(known)]
    colors = KnownColors.of(named[:n_classes], named[n_classes:], kind)

    indices, distances = colors.nearest(np.array(asked, np.uint32))

    candidates = known if 0 in known else [0, *known]
    assert colors.values.tolist() == candidates
    expected = [nearest_by_hand(value, candidates, kind) for value in asked]
    assert list(zip(indices.tolist(), distances.tolist(), strict=True)) == expected


def test_many_colours_are_compared_some_at_a_time() -> None:
    """A photograph's colours, against as many classes as ADE20K has."""
    rng = np.random.default_rng(2)
    known = np.unique(rng.integers(1, 1 << 24, 150, np.uint32)).tolist()
    asked = rng.integers(0, 1 << 24, 20_000, np.uint32)
    colors = KnownColors.of([(str(value), value) for value in known], [], "rgb")

    indices, distances = colors.nearest(asked)

    for place in rng.integers(0, len(asked), 200).tolist():
        assert (indices[place], distances[place]) == nearest_by_hand(int(asked[place]), [0, *known], "rgb")


def test_the_background_competes_unless_a_class_is_black() -> None:
    """What is nearly black stays background beside a dark class, and goes to a class that is black itself."""
    for ignored in ([], [TREE]):
        assert KnownColors.of([DARK], ignored, "rgb").nearest(np.array([0x090000], np.uint32))[0].tolist() == [0]
    night = KnownColors.of([DARK, ("Night", 0)], [], "rgb")
    assert night.names == ("'Dark'", "'Night'")
    assert night.nearest(np.array([0x090000], np.uint32))[0].tolist() == [1]


MASKS = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.integers(0, 30))


@given(MASKS, st.integers(0, 12))
def test_snapped_masks_hold_known_values_and_far_ones(mask: np.ndarray, tolerance: int) -> None:
    """Pixel by pixel: near values became the nearest known one, the others are as they were; the counts say so."""
    colors = KnownColors.of([("a", 10), ("b", 20)], [("c", 28)], "value")
    candidates = [0, 10, 20, 28]

    snapped = snap(runs_from_array(mask), colors, tolerance)

    expected = mask.copy()
    for y, x in np.ndindex(mask.shape):
        index, distance = nearest_by_hand(int(mask[y, x]), candidates, "value")
        if distance <= tolerance:
            expected[y, x] = candidates[index]
    np.testing.assert_array_equal(oracles.pixels_of(snapped.runs), expected)
    assert snapped.n_pixels == np.count_nonzero(expected != mask)
    assert snapped.n_colors == len(np.unique(mask[expected != mask]))
    assert (snapped.runs.row_offsets.tolist(), snapped.runs.starts.tolist(), snapped.runs.values.tolist()) == (
        oracles.runs_of(expected.astype(np.int64))
    )


def test_transparent_pixels_stay_so() -> None:
    """They are no colour that could be near one."""
    rgba = np.array([[[244, 67, 54, 255], [245, 67, 54, 0], [244, 60, 54, 255]]], np.uint8)
    snapped = snap(runs_from_array(rgba), KnownColors.of([CAR], [], "rgb"), 255)
    assert runs_to_array(snapped.runs).tolist() == [[CAR[1], TRANSPARENT, CAR[1]]]
    assert (snapped.n_pixels, snapped.n_colors) == (1, 1)
    assert snapped.note == (Code.NEAR_COLORS, "1 pixel mapped from 1 near colour")


def test_a_mask_without_near_colours_is_not_touched() -> None:
    """Not even copied."""
    runs = runs_from_array(np.array([[0, 10, 30]], np.uint8))
    snapped = snap(runs, KnownColors.of([("a", 10)], [], "value"), 5)
    assert snapped.runs is runs
    assert (snapped.n_pixels, snapped.n_colors, snapped.note) == (0, 0, None)


def test_snapped_colours_count_as_what_they_became() -> None:
    """A class, an ignored one, background; and what is too far stays unknown."""
    mask = np.array([[[240, 70, 50], [5, 165, 240], [2, 2, 2], [90, 90, 90]]], np.uint8)
    table = ClassTable.of([CAR], [TREE[1]])

    snapped = snap(runs_from_array(mask), KnownColors.of([CAR], [TREE], "rgb"), 8)

    _, counts = table.classify(snapped.runs)
    assert (counts.n_class, counts.n_ignored, counts.n_background, counts.unknown) == (1, 1, 1, {0x5A5A5A: 1})
    assert snapped.n_pixels == 3


def described(unknown: dict[int, int], colors: KnownColors) -> str:
    """What is written of a mask of a hundred pixels with these values."""
    return unknown_colors(PixelCounts(100, 0, 100, unknown=unknown), colors)


def test_unknown_colours_are_described_by_what_they_resemble() -> None:
    """Their share, the nearest class, how far it is; the most frequent five, the rest counted."""
    colors = KnownColors.of([CAR], [TREE], "rgb")
    assert described({0xF24030: 20, 0x03A0F4: 10, 0x020202: 5}, colors) == (
        "35.00% of the mask's pixels have no class: [242, 64, 48] 20.00% (6 from 'Car'), "
        "[3, 160, 244] 10.00% (9 from 'Tree', which is ignored), [2, 2, 2] 5.00% (2 from the background)"
    )
    many = described(dict.fromkeys(range(11, 20), 1), KnownColors.of([("a", 10)], [], "value"))
    assert many.endswith("[15] 1.00% (5 from 'a') and 4 more")


def test_how_far_known_colours_reach() -> None:
    """Half the way between the two that are nearest, the background among them."""
    assert KnownColors.of([("a", 100), ("b", 160)], [], "value").reach == 30
    assert KnownColors.of([("a", 8)], [], "value").reach == 4
