"""One row's mask to objects: classes, notes, limits, sizes, and what fails it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from unittest.mock import ANY

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image

from encoding import LocalEncoder
from notes import texts
from prelabel.errors import MaskError, RowError
from prelabel.inputs.config_file import load_config
from prelabel.masks.limits import MaskLimits
from prelabel.model import Binding, MaskClass, MaskValueKind

if TYPE_CHECKING:
    from pathlib import Path
from items.rows import CAR, HOUSE, MASK, PALETTE, TITLES, TREE, VALUES, encoder, painted, rows, save


@pytest.mark.parametrize("value", [1, 255])
def test_the_mapping_tells_how_bits_are_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: int) -> None:
    """White of a 1-bit mask is found by 1 and by 255."""
    monkeypatch.setitem(VALUES, CAR, value)
    save(tmp_path / "a.png", MASK == 1)

    row = encoder(tmp_path, tools=(CAR, TREE)).encode(rows("a.png"), 0)

    assert painted(json.loads(row.item.body)["objects"], MASK.shape) == TITLES[(MASK == 1).astype(int)].tolist()
    assert row.notes == ()


def test_colours(tmp_path: Path) -> None:
    """RGB files, and palettes by their colours."""
    save(tmp_path / "rgb.png", PALETTE[MASK])
    palette = Image.fromarray(MASK)
    palette.putpalette(PALETTE.ravel().tolist())
    palette.save(tmp_path / "palette.png")

    for index in (0, 1):
        row = encoder(tmp_path, "rgb").encode(rows("rgb.png", "palette.png"), index)
        assert painted(json.loads(row.item.body)["objects"], MASK.shape) == TITLES[MASK].tolist()
        assert texts(row.notes) == ()


def test_ignored_classes(tmp_path: Path) -> None:
    """Their pixels bring no objects and are no unknown values either."""
    save(tmp_path / "a.png", MASK)

    row = encoder(tmp_path, tools=(CAR,), ignored=(TREE,)).encode(rows("a.png"), 0)

    assert {item["title"] for item in json.loads(row.item.body)["objects"]} == {"Car"}
    assert texts(row.notes) == ()


def test_unknown_values_are_noted(tmp_path: Path) -> None:
    """With their share of the mask, the most frequent first, five at most by name."""
    save(tmp_path / "one.png", MASK)
    save(tmp_path / "many.png", np.array([[9, 9, 8, 7, 6, 5, 4, 4, 4, 0]], np.uint8))
    table = rows("one.png", "many.png")
    one, many = (encoder(tmp_path, tools=(CAR,), unmatched_masks="import").encode(table, index) for index in (0, 1))

    assert texts(one.notes) == (
        (
            "16.67% of the mask's pixels have no class: [2] 16.67% (1 from 'Car'); they count as background; if "
            'that is meant, name them in "ignore_values"'
        ),
    )
    assert one.mask is not None
    assert one.mask.n_unknown_pixels == 4
    assert texts(many.notes) == (
        (
            "90.00% of the mask's pixels have no class: "
            "[4] 30.00% (3 from 'Car'), [9] 20.00% (8 from 'Car'), [5] 10.00% (4 from 'Car'), "
            "[6] 10.00% (5 from 'Car'), [7] 10.00% (6 from 'Car') and 1 more; they count as background; "
            'the mask holds the numbers 4, 5, 6, 7, 8, 9: class numbers? name them in "mask_color_mapping", as in '
            "{\"Car\": [4]} (maps 33% to 'Car')"
        ),
        "the mask holds no pixel of any class: the row brings no objects",
    )


def test_unknown_colours_are_noted(tmp_path: Path) -> None:
    """As red, green and blue."""
    save(tmp_path / "a.png", PALETTE[MASK])

    row = encoder(tmp_path, "rgb", (CAR,)).encode(rows("a.png"), 0)

    (note,) = texts(row.notes)
    assert note == (
        "16.67% of the mask's pixels have no class: [3, 169, 244] 16.67% (241 from 'Car'); they count as background; "
        'if that is meant, name them in "ignore_values"'
    )


def test_near_colours_are_mapped(tmp_path: Path) -> None:
    """With a tolerance a lossy copy gives the objects of the original; the row says how much was mapped."""
    noise = np.random.default_rng(3).integers(-6, 7, (*MASK.shape, 3))
    noisy = np.clip(PALETTE[MASK].astype(int) + noise, 0, 255).astype(np.uint8)
    save(tmp_path / "exact.png", PALETTE[MASK])
    save(tmp_path / "noisy.png", noisy)
    table = rows("exact.png", "noisy.png")
    table.columns["id"] = ["a0.png", "a0.png"]
    exact, lost = (encoder(tmp_path, "rgb", unmatched_masks="import").encode(table, index) for index in (0, 1))
    mapped = encoder(tmp_path, "rgb", color_tolerance=6).encode(table, 1)

    assert mapped.item.body == exact.item.body != lost.item.body
    n_changed = int(np.count_nonzero((noisy != PALETTE[MASK]).any(axis=2)))
    n_colors = len(np.unique(noisy[(noisy != PALETTE[MASK]).any(axis=2)], axis=0))
    assert texts(mapped.notes) == (f"{n_changed} pixels mapped from {n_colors} near colours",)
    assert mapped.mask is not None
    assert (mapped.mask.n_near_pixels, mapped.mask.n_unknown_pixels) == (n_changed, 0)
    assert '"color_tolerance": 8 would map' in texts(lost.notes)[0]


def test_near_colours_are_proved_as_mapped(tmp_path: Path) -> None:
    """The proof compares with the mask that was traced."""
    save(tmp_path / "a.png", np.full((4, 4, 3), (240, 60, 60), np.uint8))
    config = load_config({"external_id_column": "id", "mask_column": "mask", "color_tolerance": 10})
    binding = Binding((), "rgb", (MaskClass(CAR, 0xF44336),))
    proving = LocalEncoder(config, binding, tmp_path, min_iou=1.0)
    assert texts(proving.encode(rows("a.png"), 0).notes) == (
        "16 pixels mapped from 1 near colour",
        "verified: every pixel is as in the mask",
    )


def test_sizes_are_compared_and_scaled(tmp_path: Path) -> None:
    """A mask of its asset's size passes, another fails or is scaled; the reference and the column are told."""
    save(tmp_path / "a.png", MASK)
    right, wrong, unknown = {"a0.png": ((3, 8),)}, {"a0.png": ((6, 16),)}, {"other": ((6, 16),)}
    plain = encoder(tmp_path).encode(rows("a.png"), 0)

    for shapes in (right, unknown):
        assert encoder(tmp_path, shapes=shapes).encode(rows("a.png"), 0) == replace(plain, mask=ANY)
    with pytest.raises(MaskError, match="the mask is 8 x 3 pixels and the asset 16 x 6") as caught:
        encoder(tmp_path, shapes=wrong).encode(rows("a.png"), 0)
    assert (caught.value.column, caught.value.excerpt) == ("mask", "a.png")
    scaled = encoder(tmp_path, shapes=wrong, resize="nearest").encode(rows("a.png"), 0)
    assert texts(scaled.notes) == ("the mask was scaled from 8 x 3 to the asset's 16 x 6 pixels",)
    large = np.array([["", "Car", "Tree"][value] for value in MASK.repeat(2, 0).repeat(2, 1).flat], object)
    assert painted(json.loads(scaled.item.body)["objects"], (6, 16)) == large.reshape(6, 16).tolist()


def test_limits_fail_a_row(tmp_path: Path) -> None:
    """Of the file and of the pixels."""
    save(tmp_path / "a.png", MASK)
    for limits, part in ((MaskLimits(max_bytes=20), "at most 20"), (MaskLimits(max_pixels=23), "at most 23")):
        with pytest.raises(MaskError, match=part) as caught:
            encoder(tmp_path, limits=limits).encode(rows("a.png"), 0)
        assert caught.value.column == "mask"


def test_what_else_is_noted(tmp_path: Path) -> None:
    """Small objects, filled holes, borders held back, repeated points."""
    save(tmp_path / "a.png", MASK)
    save(tmp_path / "house.png", np.where(MASK == 1, 3, 0).astype(np.uint8))
    busy = np.random.default_rng(1).integers(1, 3, (30, 30)).astype(np.uint8)
    save(tmp_path / "busy.png", busy)

    small = encoder(tmp_path, min_area=2).encode(rows("a.png"), 0)
    all_small = encoder(tmp_path, min_area=99).encode(rows("a.png"), 0)
    holes = encoder(tmp_path, tools=(HOUSE,)).encode(rows("house.png"), 0)
    held_back = encoder(tmp_path, polygon_simplification_tolerance=3.0).encode(rows("busy.png"), 0)
    repeated = encoder(tmp_path, coordinates="pixel_centers").encode(rows("a.png"), 0)

    assert texts(small.notes) == ('1 pixel left out in objects below "min_area"',)
    assert texts(all_small.notes) == ('13 pixels left out in objects below "min_area"',)
    assert texts(holes.notes) == ("1 hole filled: the polygon tool cannot hold holes",)
    (note,) = texts(held_back.notes)
    assert note.endswith(" borders simplified less than the tolerance allows, to stay apart")
    assert int(note.split()[0]) > 0
    # The pixel at the right, and the hole of one pixel: two points each; they are repeated to be three.
    assert texts(repeated.notes) == ("4 points repeated in rings of one pixel or one line",)


def test_config_reaches_the_geometry(tmp_path: Path) -> None:
    """Each key does its work."""
    save(tmp_path / "a.png", MASK)
    save(tmp_path / "dots.png", np.array([[1, 0], [0, 1]], np.uint8))

    semantic = encoder(tmp_path, segmentation_mode="semantic_segmentation").encode(rows("a.png"), 0)
    joined = encoder(tmp_path, connectivity=8).encode(rows("dots.png"), 0)
    apart = encoder(tmp_path).encode(rows("dots.png"), 0)

    assert [item["title"] for item in json.loads(semantic.item.body)["objects"]] == ["Car", "Tree"]
    assert len(json.loads(joined.item.body)["objects"]) == 1
    assert len(json.loads(apart.item.body)["objects"]) == 2


def test_mask_that_is_not_there(tmp_path: Path) -> None:
    """The error names the column and the reference."""
    with pytest.raises(MaskError, match=r"no mask file 'absent\.png'") as caught:
        encoder(tmp_path).encode(rows("absent.png"), 0)

    assert (caught.value.column, caught.value.excerpt) == ("mask", "absent.png")


@pytest.mark.parametrize(
    ("kind", "content", "part"),
    [
        ("value", b"", "the file is empty"),
        ("value", b"not an image", "it is no PNG"),
        ("value", b"\x89PNG\r\n\x1a\n and no more", "PNG file"),
    ],
)
def test_mask_that_is_none(tmp_path: Path, kind: MaskValueKind, content: bytes, part: str) -> None:
    """Whatever the file is, the error is the row's, with its column and reference."""
    (tmp_path / "a.png").write_bytes(content)

    with pytest.raises(MaskError) as caught:
        encoder(tmp_path, kind).encode(rows("a.png"), 0)

    assert part in str(caught.value)
    assert (caught.value.column, caught.value.excerpt) == ("mask", "a.png")


def test_mask_of_the_other_kind(tmp_path: Path) -> None:
    """A colour mask beside one value per class."""
    save(tmp_path / "a.png", PALETTE[MASK])

    with pytest.raises(MaskError, match="the mask is in colour") as caught:
        encoder(tmp_path).encode(rows("a.png"), 0)

    assert caught.value.column == "mask"
    assert caught.value.shape == (3, 8)


def test_holes_that_are_refused(tmp_path: Path) -> None:
    """The row fails, and its error names the mask column."""
    save(tmp_path / "house.png", np.where(MASK == 1, 3, 0).astype(np.uint8))

    with pytest.raises(RowError, match="have 1 hole, and the polygon tool holds none") as caught:
        encoder(tmp_path, tools=(HOUSE,), polygon_holes="reject").encode(rows("house.png"), 0)

    assert caught.value.column == "mask"
