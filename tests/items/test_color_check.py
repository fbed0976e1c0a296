"""Masks whose values have no class: what fails them, what is noted, and hints that hold whatever the tolerance is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pytest
from PIL import Image

from items.rows import CAR, HOUSE, MASK, PALETTE, TREE, encoder, rows, save
from notes import texts
from prelabel import mask_to_polygons
from prelabel.codes import Code
from prelabel.errors import MaskError, RowError

if TYPE_CHECKING:
    from pathlib import Path

    from prelabel.model import MaskValueKind

GREYS = np.repeat(MASK[..., np.newaxis], 3, axis=2)
NUMBERS = 'class numbers? name them in "mask_color_mapping", as in {"Car": [1], "Tree": [2]} (maps '


def failure(folder: Path, kind: MaskValueKind = "rgb", **chosen: Any) -> RowError:
    """Return what the row of the mask a.png fails with."""
    with pytest.raises(RowError) as caught:
        encoder(folder, kind, **chosen).encode(rows("a.png"), 0)
    return caught.value


@pytest.mark.parametrize("tolerance", [None, 0, 1, 2, 4, 16])
@pytest.mark.parametrize("mask", [MASK, GREYS], ids=["grey", "rgb"])
def test_class_numbers_are_named_at_any_tolerance(tmp_path: Path, tolerance: int | None, mask: np.ndarray) -> None:
    """Also where the tolerance makes background of all or of some of them, which is said."""
    save(tmp_path / "a.png", mask)

    error = failure(tmp_path, color_tolerance=tolerance)

    assert error.code == Code.MASK_WITHOUT_CLASS
    assert f"the mask holds the greys 1, 2: {NUMBERS}69% to 'Car', 31% to 'Tree')" in str(error)
    lost = {1: "9 pixels", 2: "13 pixels"}.get(min(tolerance or 0, 2))
    said = f'"color_tolerance": {tolerance} makes background of {lost}: take it out'
    assert (said in str(error)) == bool(lost)
    assert ("take it out" in str(error)) == bool(lost)


@pytest.mark.parametrize("tolerance", [None, 0, 4, 64])
def test_swapped_channels_are_named_at_any_tolerance(tmp_path: Path, tolerance: int | None) -> None:
    """The mask's own colours are tried, not what the tolerance made of them."""
    save(tmp_path / "a.png", PALETTE[MASK][..., ::-1])
    text = str(failure(tmp_path, color_tolerance=tolerance))
    assert "red and blue look swapped (turned round, they map 69% to 'Car', 31% to 'Tree')" in text
    assert "take it out" not in text


def test_a_tolerance_that_gives_swapped_channels_a_class(tmp_path: Path) -> None:
    """The row is in, and its note says what looks wrong."""
    save(tmp_path / "a.png", PALETTE[MASK][..., ::-1])
    (note,) = texts(encoder(tmp_path, "rgb", color_tolerance=120).encode(rows("a.png"), 0).notes)
    assert note.startswith("13 pixels mapped from 2 near colours; red and blue look swapped")


def test_a_tolerance_that_reaches_the_next_class(tmp_path: Path) -> None:
    """Class numbers are one apart, so a tolerance makes one class of another; that is said."""
    save(tmp_path / "a.png", np.where(MASK == 1, 3, MASK).astype(np.uint8))
    row = encoder(tmp_path, color_tolerance=1).encode(rows("a.png"), 0)
    (note,) = texts(row.notes)
    assert note == (
        '9 pixels mapped from 1 near colour; "color_tolerance": 1 reaches from one value of the mapping to another: '
        "take it out"
    )
    save(tmp_path / "a.png", np.clip(PALETTE[MASK].astype(int) + 3, 0, 255).astype(np.uint8))
    (note,) = texts(encoder(tmp_path, "rgb", color_tolerance=130).encode(rows("a.png"), 0).notes)
    assert note.endswith("to another: take it out, or keep it below 120.5")


def test_colours_of_tools_that_the_mapping_leaves_out(tmp_path: Path) -> None:
    """They are named for what they are, with what to write; in masks without any class as well."""
    save(tmp_path / "a.png", PALETTE[MASK])
    (note,) = texts(encoder(tmp_path, "rgb", (CAR,), left_out=(TREE, HOUSE)).encode(rows("a.png"), 0).notes)
    assert note == (
        "16.67% of the mask's pixels have no class: [3, 169, 244] 16.67% (the project's colour of 'Tree', which the "
        'mapping leaves out); they count as background; add it to "mask_color_mapping", as in '
        '{"Tree": [3, 169, 244]}, or name it in "ignore_values" if it is left out on purpose'
    )
    text = str(failure(tmp_path, tools=(HOUSE,), left_out=(TREE, CAR)))
    assert 'add them to "mask_color_mapping", as in {"Car": [244, 67, 54], "Tree": [3, 169, 244]}, or name' in text


def ellipse(value: int) -> np.ndarray:
    """A mask of 240 x 320 pixels with one large object."""
    y, x = np.mgrid[:240, :320]
    return np.where(((x - 150) / 90) ** 2 + ((y - 120) / 70) ** 2 < 1, value, 0).astype(np.uint8)


@pytest.mark.parametrize("quality", [50, 75, 95])
def test_a_lossy_mask_under_other_values(tmp_path: Path, quality: int) -> None:
    """Its noise is no object: the row fails with what would map the object, unless it is to be imported."""
    Image.fromarray(ellipse(255)).save(tmp_path / "a.jpg", quality=quality)
    with pytest.raises(RowError) as caught:
        encoder(tmp_path, tools=(CAR,)).encode(rows("a.jpg"), 0)
    assert caught.value.code == Code.MASK_WITHOUT_CLASS
    text = str(caught.value)
    assert text.startswith("the mask's pixels of classes are nothing but specks, and more pixels have no class, so ")
    assert 'does "mask_color_mapping" name the right values? it may be {"Car": [255]} (maps 9' in text
    assert '; a lossy or smoothed mask? "color_tolerance": ' in text
    assert ", and give 1 object; mend the mapping" in text
    assert "ignore_values" not in text

    (note,) = texts(encoder(tmp_path, tools=(CAR,), unmatched_masks="import").encode(rows("a.jpg"), 0).notes)
    assert '; they count as background; more pixels have no class than have one: does "mask_color_mapping"' in note


def test_specks_beside_classes_that_are_left_out(tmp_path: Path) -> None:
    """A class of small things, and many large ones that are no class here: that is in, and it is asked about."""
    mask = np.repeat(np.arange(10, 34, dtype=np.uint8), 10)[np.newaxis].repeat(100, axis=0)
    mask[::5, ::7] = 1
    save(tmp_path / "a.png", mask)
    row = encoder(tmp_path, tools=(CAR,)).encode(rows("a.png"), 0)
    assert row.mask is not None
    assert row.mask.n_objects == 700
    objects = orjson.loads(row.item.body)["objects"]
    expected = mask_to_polygons(mask, colors={"Car": [1]}).to_ango()
    assert [each["segmentation"] for each in objects] == [each["segmentation"] for each in expected]
    (note,) = texts(row.notes)
    question = 'does "mask_color_mapping" name the right values?'
    assert note.endswith(f"; they count as background; more pixels have no class than have one: {question}")


def test_ignoring_is_a_remedy_for_the_lesser_part(tmp_path: Path) -> None:
    """Where more has no class than has one, the mapping is asked about instead."""
    save(tmp_path / "a.png", MASK)
    (lesser,) = texts(encoder(tmp_path, tools=(CAR,)).encode(rows("a.png"), 0).notes)
    (larger,) = texts(encoder(tmp_path, tools=(TREE,)).encode(rows("a.png"), 0).notes)
    assert lesser.endswith('; if that is meant, name them in "ignore_values"')
    assert larger.endswith('more pixels have no class than have one: does "mask_color_mapping" name the right values?')


def test_many_unknown_colours_are_not_to_be_named(tmp_path: Path) -> None:
    """A smoothed mask has hundreds; to ignore each by name is no advice."""
    smooth = np.linspace(60, 130, 24).astype(np.uint8).reshape(MASK.shape)
    save(tmp_path / "a.png", np.where(MASK[..., np.newaxis] == 1, PALETTE[MASK], smooth[..., np.newaxis]))
    (note,) = texts(encoder(tmp_path, "rgb").encode(rows("a.png"), 0).notes)
    assert "they count as background; more pixels have no class than have one: does" in note
    assert "ignore_values" not in note


def test_a_tolerance_that_is_meant_brings_no_hint(tmp_path: Path) -> None:
    """Colours near classes are what it is for."""
    save(tmp_path / "a.png", np.clip(PALETTE[MASK].astype(int) + 3, 0, 255).astype(np.uint8))
    (note,) = texts(encoder(tmp_path, "rgb", color_tolerance=4).encode(rows("a.png"), 0).notes)
    assert note == "24 pixels mapped from 3 near colours"


def test_a_tolerance_that_is_too_small(tmp_path: Path) -> None:
    """A larger one is tried."""
    noise = np.random.default_rng(3).integers(-12, 13, (*MASK.shape, 3))
    save(tmp_path / "a.png", np.clip(PALETTE[MASK] + noise, 0, 255).astype(np.uint8))
    notes = texts(encoder(tmp_path, "rgb", color_tolerance=2, unmatched_masks="import").encode(rows("a.png"), 0).notes)
    assert '"color_tolerance": 16 would map ' in notes[0] + notes[1]


def test_imported_all_the_same(tmp_path: Path) -> None:
    """The note of what the tolerance mapped has the hint."""
    save(tmp_path / "a.png", GREYS)
    mapped, empty = texts(
        encoder(tmp_path, "rgb", color_tolerance=2, unmatched_masks="import").encode(rows("a.png"), 0).notes
    )
    assert mapped.startswith(f"13 pixels mapped from 2 near colours; the mask holds the greys 1, 2: {NUMBERS}")
    assert empty == "the mask holds no pixel of any class: the row brings no objects"


def test_palettes_are_named_by_what_a_mapping_of_numbers_reads(tmp_path: Path) -> None:
    """Of a palette of greys 85 and 170 that is 1 and 2; following the hint must find them."""
    palette = Image.fromarray(MASK)
    palette.putpalette([0, 0, 0, 85, 85, 85, 170, 170, 170])
    palette.save(tmp_path / "a.png")

    assert f"the mask holds the greys 1, 2: {NUMBERS}" in str(failure(tmp_path))
    assert encoder(tmp_path, "value").encode(rows("a.png"), 0).notes == ()


def test_wide_numbers_under_colours(tmp_path: Path) -> None:
    """16 bits have no colours at all; the classes they may be are named."""
    save(tmp_path / "a.png", MASK.astype(np.uint16))
    error = failure(tmp_path)
    assert isinstance(error, MaskError)
    assert "holds 16- or 32-bit grey values, but" in str(error)
    assert f"the mask holds the numbers 1, 2: {NUMBERS}" in str(error)


def test_colours_under_numbers(tmp_path: Path) -> None:
    """The project's own are known; others are named as a mapping has them, if they are few."""
    save(tmp_path / "a.png", PALETTE[MASK])
    text = str(failure(tmp_path, "value"))
    assert text.startswith("the mask is in colour (it holds [244, 67, 54])")
    assert text.endswith("; \"mask_color_mapping\": \"project_colors\" would map 69% to 'Car', 31% to 'Tree'")

    save(tmp_path / "a.png", np.array([[0, 0, 0], [0, 128, 0], [128, 0, 0]], np.uint8)[MASK])
    assert str(failure(tmp_path, "value")).endswith(
        '; name them in "mask_color_mapping", as in {"Car": [0, 128, 0], "Tree": [128, 0, 0]} '
        "(maps 69% to 'Car', 31% to 'Tree')"
    )

    save(tmp_path / "a.png", np.random.default_rng(1).integers(0, 256, (9, 9, 3), np.uint8))
    assert str(failure(tmp_path, "value")).endswith("save the mask as greys or with a palette")


def test_hints_are_tried_on_the_first_masks_only(tmp_path: Path) -> None:
    """Trying costs time; a hundred rows of one fault need no hundred trials."""
    save(tmp_path / "a.png", GREYS)
    one = encoder(tmp_path, "rgb")
    messages = []
    for _ in range(20):
        with pytest.raises(RowError) as caught:
            one.encode(rows("a.png"), 0)
        messages.append("class numbers?" in str(caught.value))
    assert messages == [True] * 16 + [False] * 4
