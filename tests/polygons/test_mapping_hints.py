"""Mappings that are shown: which numbers may be classes, whose colours a mask holds, and what that would map."""

from __future__ import annotations

import numpy as np
import pytest

from prelabel.kernels.pixel_runs import runs_from_array
from prelabel.model import Tool
from prelabel.polygons.mapping_hints import colors_hint, example, numbers_hint

CAR, TREE = Tool("Car", "c", "segmentation", (244, 67, 54)), Tool("Tree", "t", "segmentation", (3, 169, 244))


def hint(*values: int) -> str:
    """What is asked of a mask of these numbers."""
    return numbers_hint(runs_from_array(np.array([[0, *values]], np.uint16)), ["Car", "Tree"])


@pytest.mark.parametrize(
    ("values", "listed"),
    [
        ((1,), "number 1:"),
        ((1, 2), "numbers 1, 2:"),
        ((255,), "number 255:"),
        ((500, 1000), "numbers 500, 1000:"),
        ((*range(1, 20), 255), "numbers 1, 2, 3, 4, 5, 6, 7, 8, ...:"),
        ((11, 21, 32, 33, 34, 35, 36, 37, 38), "numbers 11, 21, 32, 33, 34, 35, 36, 37, ...:"),
    ],
)
def test_numbers_that_may_be_classes(values: tuple[int, ...], listed: str) -> None:
    """Few of any size, or more that are counted up, 255 beside them."""
    assert hint(*values).startswith(f"the mask holds the {listed} class numbers? name them in ")


@pytest.mark.parametrize("values", [(), tuple(range(1, 67)), tuple(range(10, 260, 10))])
def test_numbers_that_are_a_picture(values: tuple[int, ...]) -> None:
    """None, too many, or many that are spread."""
    assert hint(*values) == ""


def test_void_is_no_class() -> None:
    """255 beside numbers that are counted up, alone or beside others it is as good as any."""
    assert hint(1, 2, 255).endswith(
        "as in {\"Car\": [1], \"Tree\": [2]} (maps 33% to 'Car', 33% to 'Tree'); 255 is rather no class: name it in "
        '"ignore_values": [255]'
    )
    assert "ignore_values" not in hint(255) + hint(127, 255)


def test_lossy_colours_of_tools() -> None:
    """Their own mapping fits with a tolerance."""
    rng = np.random.default_rng(1)
    mask = np.repeat(np.array([[[0, 0, 0], [244, 67, 54], [3, 169, 244]]], int), 60, axis=1)
    mask = np.clip(mask + rng.integers(-6, 7, mask.shape), 0, 255).astype(np.uint8)
    assert colors_hint(runs_from_array(mask), [CAR, TREE]) == (
        '"mask_color_mapping": "project_colors" with "color_tolerance": 8 would map 50% to \'Car\', 50% to \'Tree\''
    )


def test_examples_are_cut() -> None:
    """Three classes, their names cut; what they map is of all pixels that are not background."""
    shown = example(["é" * 200, "b", "c", "d"], [1, 2, 3, 4], {1: 5, 2: 3, 3: 1, 4: 1})
    assert shown.startswith('{"' + "é" * 77 + '...": [1], "b": [2], "c": [3]} (maps 50% to ')
    assert shown.endswith(", 30% to 'b', 10% to 'c')")


def test_colours_of_tools() -> None:
    """Where nearly all are; a few odd ones do not matter, tools without a colour neither."""
    mask = np.zeros((10, 10, 3), np.uint8)
    mask[:5], mask[5:], mask[9, 9] = (244, 67, 54), (3, 169, 244), 7
    assert colors_hint(runs_from_array(mask), [CAR, TREE, Tool("x", "x", "segmentation", None)]) == (
        "\"mask_color_mapping\": \"project_colors\" would map 51% to 'Car', 49% to 'Tree'"
    )
    assert colors_hint(runs_from_array(mask), [CAR]) == ""  # three colours, one class
    assert colors_hint(runs_from_array(mask * 0), [CAR]) == ""
