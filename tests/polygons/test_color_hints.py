"""Hints at what would give values a class: each was tried, and each must help when it is followed."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from prelabel.kernels.pixel_runs import runs_from_array
from prelabel.polygons.class_table import ClassTable
from prelabel.polygons.color_hints import ColorHints
from prelabel.polygons.near_colors import KnownColors

if TYPE_CHECKING:
    from prelabel.model import MaskValueKind

CAR, PERSON = ("Car", 0xF44336), ("Person", 0x03A9F4)
ROAD = ("Road", 0x808080)
SHAPES = np.zeros((40, 60), np.uint8)
SHAPES[5:25, 5:25] = 1
SHAPES[10:35, 35:55] = 2
COLORS = np.array([[0, 0, 0], [244, 67, 54], [3, 169, 244]], np.uint8)


def hint(mask: np.ndarray, classes: list[tuple[str, int]], kind: MaskValueKind = "rgb") -> str:
    """What is said of a mask under these classes; grey masks can also be read as numbers."""
    table = ClassTable.of(classes)
    hints = ColorHints(KnownColors.of(classes, [], kind), table)
    runs = runs_from_array(mask)
    counts = table.classify(runs)[1]
    is_grey = mask.ndim == 3 and bool((mask == mask[..., :1]).all())
    numbers = runs_from_array(np.ascontiguousarray(mask[..., 0])) if is_grey else None
    return hints.mistaken(runs, counts, numbers) or hints.helpful(runs, counts)


def as_grey(values: np.ndarray) -> np.ndarray:
    """Return a mask as RGB."""
    return np.repeat(values[..., np.newaxis], 3, axis=2)


def as_jpeg(mask: np.ndarray, quality: int) -> np.ndarray:
    """Return what is left of a mask."""
    file = BytesIO()
    Image.fromarray(mask).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def test_class_numbers_under_colours() -> None:
    """Greys are named with the classes there are, as the mapping would have them, and with what that maps."""
    assert hint(as_grey(SHAPES), [CAR, PERSON]) == (
        'the mask holds the greys 1, 2: class numbers? name them in "mask_color_mapping", as in '
        "{\"Car\": [1], \"Person\": [2]} (maps 56% to 'Person', 44% to 'Car')"
    )


def test_class_numbers_beside_a_dark_class() -> None:
    """They are nearer to it than to the others, and still no colours."""
    assert "class numbers?" in hint(as_grey(SHAPES * 2), [CAR, ("Night", 0x060606)])


def test_greys_near_a_grey_class_are_lossy() -> None:
    """Not class numbers."""
    mask = as_grey(np.where(SHAPES == 1, 127, np.where(SHAPES == 2, 130, 0)).astype(np.uint8))
    assert hint(mask, [CAR, ROAD]).startswith(
        "a lossy or smoothed mask? \"color_tolerance\": 2 would map 100% to 'Road'"
    )


@pytest.mark.parametrize(
    ("mask", "also"),
    [(COLORS[SHAPES], ""), (as_jpeg(COLORS[SHAPES.repeat(4, 0).repeat(4, 1)], 80), ', and set "color_tolerance" to ')],
)
def test_red_and_blue_swapped(mask: np.ndarray, also: str) -> None:
    """As OpenCV saves what it was given as RGB; turned round, a lossy mask needs a tolerance too."""
    text = hint(mask[..., ::-1], [CAR, PERSON])
    assert text.startswith("red and blue look swapped (turned round, they map ")
    assert "to 'Person'" in text
    assert also in text
    assert bool(also) == ("color_tolerance" in text)


def test_some_channels_are_not_swapped_alone() -> None:
    """Turning all colours round must not lose a class that is right; colours of equal red and blue do not matter."""
    half = np.where((SHAPES == 1)[..., np.newaxis], COLORS[SHAPES][..., ::-1], COLORS[SHAPES])
    assert "swapped" not in hint(half, [CAR, PERSON])
    green = np.where((SHAPES == 2)[..., np.newaxis], np.array([0, 200, 0], np.uint8), COLORS[SHAPES])
    assert "they map 56% to 'Grass', 44% to 'Car'" in hint(green[..., ::-1], [CAR, ("Grass", 0x00C800)])


def test_a_binary_mask_of_another_value() -> None:
    """255 under [1]."""
    assert hint((SHAPES > 0).astype(np.uint8) * 255, [("Car", 1)], "value") == (
        'the mask holds only 255: if that is a class, write its value in "mask_color_mapping": {"Car": [255]} '
        "(maps 100% to 'Car'); if it means nothing, in \"ignore_values\": [255]"
    )


def test_speckles_of_known_colours_are_no_classes() -> None:
    """No tolerance makes a picture of them, and no mapping either."""
    is_car = np.random.default_rng(1).random((60, 80, 1)) < 0.5
    assert hint(np.where(is_car, (243, 67, 54), (1, 1, 1)).astype(np.uint8), [CAR, PERSON]) == ""


def test_more_numbers_than_classes() -> None:
    """Counted up, 255 beside them: the mapping names others."""
    mask = np.where(SHAPES == 2, 255, SHAPES + np.arange(60, dtype=np.uint8) // 20).astype(np.uint8)
    assert hint(mask, [("Car", 200)], "value").startswith("the mask holds the numbers 1, 2, 255: class numbers? ")


def test_other_colours_than_the_mapping_has() -> None:
    """Those of another palette."""
    palette = np.array([[0, 0, 0], [128, 0, 0], [0, 128, 0]], np.uint8)
    assert hint(palette[SHAPES], [CAR, PERSON]) == (
        'the mask holds [0, 128, 0], [128, 0, 0]: if those are classes, write their values in "mask_color_mapping": '
        "{\"Car\": [0, 128, 0], \"Person\": [128, 0, 0]} (maps 56% to 'Car', 44% to 'Person')"
    )


@pytest.mark.parametrize("quality", [60, 90])
def test_a_lossy_mask(quality: int) -> None:
    """The tolerance that is named gives as many objects as the hint says, and about those of the original."""
    text = hint(as_jpeg(COLORS[SHAPES], quality), [CAR, PERSON])

    assert text.startswith('a lossy or smoothed mask? "color_tolerance": ')
    assert "to 'Car'" in text
    n_objects = int(text.rsplit("give ", 1)[1].split()[0])
    assert 2 <= n_objects <= 6


@pytest.mark.parametrize(
    "mask",
    [
        np.random.default_rng(1).integers(0, 256, (30, 30, 3), np.uint8),
        np.full((4, 4, 3), (128, 128, 200), np.uint8),
        as_grey(np.random.default_rng(1).integers(0, 256, (30, 30), np.uint8)),  # a grey picture
        as_grey(np.arange(60, dtype=np.uint8).reshape(6, 10) * 4),  # of few levels
    ],
)
def test_no_hint_that_does_not_help(mask: np.ndarray) -> None:
    """A photograph, a colour far from all: nothing is promised."""
    assert hint(mask, [CAR, PERSON]) == ""


def test_a_tolerance_never_mixes_classes_up() -> None:
    """Class numbers one apart: a tolerance would map 3 to 2."""
    assert hint(np.array([[0, 1, 2, 3, 3, 3]], np.uint8), [("a", 1), ("b", 2)], "value") == ""


@pytest.mark.parametrize(
    ("mask", "classes", "kind"),
    [
        # A class that the mapping does not name is no noise of another one.
        (np.where(SHAPES == 1, 10, np.where(SHAPES == 2, 13, 0)).astype(np.uint8), [("a", 10), ("b", 20)], "value"),
        (np.array([[0, 0, 0], [244, 67, 54], [200, 67, 54]], np.uint8)[SHAPES], [CAR, PERSON], "rgb"),
        # Nothing but one class, and no background.
        (np.where(np.arange(2400).reshape(40, 60) % 7, 250, 252).astype(np.uint8), [("a", 255)], "value"),
        (as_grey(np.random.default_rng(2).integers(126, 131, (40, 60), np.uint8)), [CAR, ROAD], "rgb"),
        # Speckles.
        (np.random.default_rng(3).choice(np.array([2, 253], np.uint8), (40, 60)), [("a", 255)], "value"),
    ],
)
def test_no_tolerance_that_leaves_no_picture(
    mask: np.ndarray, classes: list[tuple[str, int]], kind: MaskValueKind
) -> None:
    """It would map everything, and nothing would be right."""
    assert "color_tolerance" not in hint(mask, classes, kind)
