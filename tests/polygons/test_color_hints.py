"""Hints at what would give values a class: each was tried, and each must help when it is followed."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from prelabel.kernels.pixel_runs import runs_from_array
from prelabel.polygons.class_table import ClassTable
from prelabel.polygons.color_hints import color_hint
from prelabel.polygons.near_colors import KnownColors

CAR, PERSON = ("Car", 0xF44336), ("Person", 0x03A9F4)
SHAPES = np.zeros((40, 60), np.uint8)
SHAPES[5:25, 5:25] = 1
SHAPES[10:35, 35:55] = 2
COLORS = np.array([[0, 0, 0], [244, 67, 54], [3, 169, 244]], np.uint8)


def hint(mask: np.ndarray, classes: list[tuple[str, int]], kind: str = "rgb") -> str:
    """What is said of a mask under these classes."""
    table = ClassTable.of(classes)
    runs = runs_from_array(mask)
    return color_hint(runs, table.classify(runs)[1], KnownColors.of(classes, [], kind), table)  # type: ignore[arg-type]


def test_class_numbers_under_colours() -> None:
    """Greys are named with the classes there are, as the mapping would have them."""
    assert hint(np.repeat(SHAPES[..., np.newaxis], 3, axis=2), [CAR, PERSON]) == (
        'the mask holds the greys 1, 2: class numbers? name them in "mask_color_mapping", as in '
        '{"Car": [1], "Person": [2]}'
    )


def test_red_and_blue_swapped() -> None:
    """As OpenCV saves what it was given as RGB."""
    assert hint(COLORS[SHAPES][..., ::-1], [CAR, PERSON]).startswith("red and blue look swapped")


def test_a_binary_mask_of_another_value() -> None:
    """255 under [1]."""
    assert hint((SHAPES > 0).astype(np.uint8) * 255, [("Car", 1)], "value") == (
        'the mask holds only 255: if that is a class, write its value in "mask_color_mapping": {"Car": [255]}'
    )


@pytest.mark.parametrize("quality", [60, 90])
def test_a_lossy_mask(quality: int) -> None:
    """The tolerance that is named gives as many objects as the hint says, and about those of the original."""
    file = BytesIO()
    Image.fromarray(COLORS[SHAPES]).save(file, "JPEG", quality=quality)
    text = hint(np.asarray(Image.open(file)), [CAR, PERSON])

    assert text.startswith('a lossy or smoothed mask? "color_tolerance": ')
    assert "to 'Car'" in text
    n_objects = int(text.rsplit("give ", 1)[1].split()[0])
    assert 2 <= n_objects <= 6


@pytest.mark.parametrize(
    "mask",
    [
        np.random.default_rng(1).integers(0, 256, (30, 30, 3), np.uint8),
        np.full((4, 4, 3), (128, 128, 200), np.uint8),
    ],
)
def test_no_hint_that_does_not_help(mask: np.ndarray) -> None:
    """A photograph, a colour far from all: nothing is promised."""
    assert hint(mask, [CAR, PERSON]) == ""


def test_a_tolerance_never_mixes_classes_up() -> None:
    """Class numbers one apart: a tolerance would map 3 to 2."""
    assert hint(np.array([[0, 1, 2, 3, 3, 3]], np.uint8), [("a", 1), ("b", 2)], "value") == ""
