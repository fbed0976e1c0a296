"""One row to one import item, with real mask files: values, colours, notes, counts, and what goes wrong."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from unittest.mock import ANY

import numpy as np
import pytest
from PIL import Image

import oracles
from encoding import LocalEncoder
from prelabel.errors import MaskError, RowError
from prelabel.inputs.config import load_config
from prelabel.items.row_encoder import RowEncoder
from prelabel.masks.limits import MaskLimits
from prelabel.model import Binding, Classification, ColumnLink, MaskClass, MaskValueKind, Option, RowBatch, Shape, Tool

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CAR = Tool("Car", "c1", "segmentation", (244, 67, 54))
TREE = Tool("Tree", "t1", "segmentation", (3, 169, 244))
HOUSE = Tool("House", "h1", "polygon", (9, 9, 9))
RADIO = Classification("Colour", "r1", "radio", (Option("Red", "o1"), Option("Blue", "o2")))
TEXT = Classification("Note", "x1", "text")
VALUES = {CAR: 1, TREE: 2, HOUSE: 3}
MASK = np.array(
    [
        [1, 1, 1, 0, 2, 2, 0, 0],
        [1, 0, 1, 0, 2, 2, 0, 1],
        [1, 1, 1, 0, 0, 0, 0, 0],
    ],
    np.uint8,
)
PALETTE = np.zeros((256, 3), np.uint8)
PALETTE[1:4] = [(244, 67, 54), (3, 169, 244), (9, 9, 9)]


def save(path: Path, mask: np.ndarray) -> None:
    """Write a PNG file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask).save(path)


def encoder(
    root: Path,
    kind: MaskValueKind | None = "value",
    tools: tuple[Tool, ...] = (CAR, TREE),
    *,
    ignored: tuple[Tool, ...] = (),
    project: str = "p1",
    shapes: Mapping[str, tuple[Shape, ...]] | None = None,
    limits: MaskLimits | None = None,
    **chosen: Any,
) -> LocalEncoder:
    """Return an encoder for a column of answers and a column of masks, and the folder of these."""
    config = load_config({"external_id_column": "id", "mask_column": "mask" if kind else "", **chosen})
    classes = []
    for tool in (*tools, *ignored):
        red, green, blue = tool.color or (0, 0, 0)
        value = red << 16 | green << 8 | blue if kind == "rgb" else VALUES[tool]
        classes.append(MaskClass(tool, value, ignored=tool in ignored))
    columns = (ColumnLink("colour", RADIO), ColumnLink("note", TEXT))
    binding = Binding(columns, kind, tuple(classes) if kind else ())
    return LocalEncoder(RowEncoder(config, binding, project=project, shapes=shapes, limits=limits), root)


def rows(*masks: str, colour: str = "Red", note: str = "") -> RowBatch:
    """Return a batch with one row per mask reference; its numbers start at 11."""
    n = len(masks)
    return RowBatch(
        ("id", "colour", "note", "mask"),
        list(range(11, 11 + n)),
        list(range(12, 12 + n)),
        {"id": [f"a{k}.png" for k in range(n)], "colour": [colour] * n, "note": [note] * n, "mask": list(masks)},
    )


def painted(objects: list[dict[str, Any]], shape: tuple[int, ...]) -> list[list[str]]:
    """Return each pixel's title."""
    image = np.full(shape, "", object)
    for item in objects:
        zones = item["segmentation"]["zones"] if "segmentation" in item else [{"region": item["polygon"], "holes": []}]
        for zone in zones:
            image[oracles.filled([zone["region"], *zone["holes"]], (shape[0], shape[1]))] = item["title"]
    titles: list[list[str]] = image.tolist()
    return titles


TITLES = np.array(["", "Car", "Tree", "House"], object)


def test_a_row_with_everything(tmp_path: Path) -> None:
    """External id, answers and objects; the row's number; counts of the mask; nothing worth a note."""
    save(tmp_path / "m" / "a.png", MASK)

    row = encoder(tmp_path).encode(rows("m/a.png", note="two words"), 0)

    item = json.loads(row.item.body)
    assert (row.item.row_number, row.item.external_id) == (11, "a0.png")
    assert item["externalId"] == "a0.png"
    assert item["classifications"] == [
        {"schemaId": "r1", "answer": "Red"},
        {"schemaId": "x1", "answer": "two words"},
    ]
    assert item["relations"] == []
    assert painted(item["objects"], MASK.shape) == TITLES[MASK].tolist()
    assert row.notes == ()
    assert row.mask is not None
    assert (row.mask.n_objects, row.mask.n_polygons, row.mask.n_pixels, row.mask.n_unknown_pixels) == (3, 3, 24, 0)
    assert row.mask.n_points == 16
    assert min(row.mask.decode_s, row.mask.trace_s) > 0


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
        assert row.notes == ()


@pytest.mark.parametrize("reference", ["", "  "])
def test_no_mask(tmp_path: Path, reference: str) -> None:
    """An empty cell is a row without objects, not an error."""
    row = encoder(tmp_path).encode(rows(reference), 0)

    assert json.loads(row.item.body)["objects"] == []
    assert (row.mask, row.notes) == (None, ())


def test_no_mask_column(tmp_path: Path) -> None:
    """Classifications alone."""
    row = encoder(tmp_path, None).encode(rows("absent.png", colour="Blue"), 0)

    assert json.loads(row.item.body) == {
        "externalId": "a0.png",
        "objects": [],
        "classifications": [{"schemaId": "r1", "answer": "Blue"}],
        "relations": [],
    }
    assert row.mask is None


def test_ignored_classes(tmp_path: Path) -> None:
    """Their pixels bring no objects and are no unknown values either."""
    save(tmp_path / "a.png", MASK)

    row = encoder(tmp_path, tools=(CAR,), ignored=(TREE,)).encode(rows("a.png"), 0)

    assert {item["title"] for item in json.loads(row.item.body)["objects"]} == {"Car"}
    assert row.notes == ()


def test_unknown_values_are_noted(tmp_path: Path) -> None:
    """With their share of the mask, the most frequent first, five at most by name."""
    save(tmp_path / "one.png", MASK)
    save(tmp_path / "many.png", np.array([[9, 9, 8, 7, 6, 5, 4, 4, 4, 0]], np.uint8))
    one, many = (encoder(tmp_path, tools=(CAR,)).encode(rows("one.png", "many.png"), index) for index in (0, 1))

    assert one.notes == (
        "16.67% of the mask's pixels have no class and count as background: [2] 16.67% (1 from 'Car')",
    )
    assert one.mask is not None
    assert one.mask.n_unknown_pixels == 4
    assert many.notes == (
        (
            "90.00% of the mask's pixels have no class and count as background: "
            "[4] 30.00% (3 from 'Car'), [9] 20.00% (8 from 'Car'), [5] 10.00% (4 from 'Car'), "
            "[6] 10.00% (5 from 'Car'), [7] 10.00% (6 from 'Car') and 1 more"
        ),
        "the mask holds no pixel of any class: the row brings no objects",
    )


def test_unknown_colours_are_noted(tmp_path: Path) -> None:
    """As red, green and blue."""
    save(tmp_path / "a.png", PALETTE[MASK])

    row = encoder(tmp_path, "rgb", (CAR,)).encode(rows("a.png"), 0)

    said = "16.67% of the mask's pixels have no class and count as background: [3, 169, 244] 16.67% (241 from 'Car')"
    assert row.notes == (said,)


def test_near_colours_are_mapped(tmp_path: Path) -> None:
    """With a tolerance a lossy copy gives the objects of the original; the row says how much was mapped."""
    noise = np.random.default_rng(3).integers(-6, 7, (*MASK.shape, 3))
    noisy = np.clip(PALETTE[MASK].astype(int) + noise, 0, 255).astype(np.uint8)
    save(tmp_path / "exact.png", PALETTE[MASK])
    save(tmp_path / "noisy.png", noisy)
    table = rows("exact.png", "noisy.png")
    table.columns["id"] = ["a0.png", "a0.png"]
    exact, lost = (encoder(tmp_path, "rgb").encode(table, index) for index in (0, 1))
    mapped = encoder(tmp_path, "rgb", color_tolerance=6).encode(table, 1)

    assert mapped.item.body == exact.item.body != lost.item.body
    n_changed = int(np.count_nonzero((noisy != PALETTE[MASK]).any(axis=2)))
    n_colors = len(np.unique(noisy[(noisy != PALETTE[MASK]).any(axis=2)], axis=0))
    assert mapped.notes == (f"{n_changed} pixels mapped from {n_colors} near colours",)
    assert mapped.mask is not None
    assert (mapped.mask.n_near_pixels, mapped.mask.n_unknown_pixels) == (n_changed, 0)
    assert '"color_tolerance": 6 would map those shown' in lost.notes[0]


def test_near_colours_are_proved_as_mapped(tmp_path: Path) -> None:
    """The proof compares with the mask that was traced."""
    save(tmp_path / "a.png", np.full((4, 4, 3), (240, 60, 60), np.uint8))
    config = load_config({"external_id_column": "id", "mask_column": "mask", "color_tolerance": 10})
    binding = Binding((), "rgb", (MaskClass(CAR, 0xF44336),))
    proving = LocalEncoder(RowEncoder(config, binding, project="p1", min_iou=1.0), tmp_path)
    assert proving.encode(rows("a.png"), 0).notes == (
        "16 pixels mapped from 1 near colours",
        "verified: every pixel is as in the mask",
    )


def test_sizes_are_compared_and_scaled(tmp_path: Path) -> None:
    """A mask of its asset's size passes, another fails or is scaled; the reference and the column are told."""
    save(tmp_path / "a.png", MASK)
    right, wrong, unknown = {"a0.png": ((3, 8),)}, {"a0.png": ((6, 16),)}, {"other": ((6, 16),)}
    plain = encoder(tmp_path).encode(rows("a.png"), 0)

    for shapes in (right, unknown):
        assert encoder(tmp_path, shapes=shapes).encode(rows("a.png"), 0) == plain._replace(mask=ANY)
    with pytest.raises(MaskError, match="the mask is 8 x 3 pixels and the asset 16 x 6") as caught:
        encoder(tmp_path, shapes=wrong).encode(rows("a.png"), 0)
    assert (caught.value.column, caught.value.excerpt) == ("mask", "a.png")
    scaled = encoder(tmp_path, shapes=wrong, resize="nearest").encode(rows("a.png"), 0)
    assert scaled.notes == ("the mask was scaled from 8 x 3 to the asset's 16 x 6 pixels",)
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

    assert small.notes == ('1 pixels left out in objects below "min_area"',)
    assert all_small.notes == ('13 pixels left out in objects below "min_area"',)
    assert holes.notes == ("1 holes filled: the polygon tool cannot hold them",)
    (note,) = held_back.notes
    assert note.endswith(" borders simplified less than the tolerance allows, to stay apart")
    assert int(note.split()[0]) > 0
    # The pixel at the right, and the hole of one pixel: two points each; they are repeated to be three.
    assert repeated.notes == ("4 points repeated in rings of one pixel or one line",)


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


def test_ids_are_the_row_s_own(tmp_path: Path) -> None:
    """The same row gives the same ids in every import; another asset or project gives others."""
    save(tmp_path / "a.png", MASK)
    batch = rows("a.png", "a.png")

    def ids(project: str, index: int) -> set[str]:
        row = encoder(tmp_path, project=project).encode(batch, index)
        return {item["objectId"] for item in json.loads(row.item.body)["objects"]}

    assert ids("p1", 0) == ids("p1", 0)
    assert len(ids("p1", 0) | ids("p1", 1) | ids("p2", 0)) == 9


def test_threads_do_not_disturb_each_other(tmp_path: Path) -> None:
    """One encoder, many threads: each row's item is what one thread makes of it."""
    generator = np.random.default_rng(2)
    references = [f"{k}.png" for k in range(12)]
    for reference in references:
        save(tmp_path / reference, generator.integers(0, 3, generator.integers(3, 24, 2)).astype(np.uint8))
    batch = rows(*references)
    busy = encoder(tmp_path, polygon_simplification_tolerance=1.0)
    expected = [busy.encode(batch, index).item for index in range(12)]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda index: busy.encode(batch, index).item, [*range(12)] * 4))

    assert found == expected * 4


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

    with pytest.raises(RowError, match="have 1 holes, which the polygon tool cannot hold") as caught:
        encoder(tmp_path, tools=(HOUSE,), polygon_holes="reject").encode(rows("house.png"), 0)

    assert caught.value.column == "mask"


def test_answer_that_is_none(tmp_path: Path) -> None:
    """A cell's error names its own column, and the mask is not looked at."""
    with pytest.raises(RowError) as caught:
        encoder(tmp_path).encode(rows("absent.png", colour="Green"), 0)

    assert (caught.value.column, caught.value.excerpt) == ("colour", "Green")
    assert not isinstance(caught.value, MaskError)
