"""``ignore_values`` on masks of every kind: background, not noted, not counted as unknown, at any tolerance."""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from items.rows import CAR, HOUSE, MASK, PALETTE, TITLES, TREE, VALUES, encoder, painted, rows, save
from notes import texts
from prelabel.errors import ConfigError, MaskError, RowError
from prelabel.items.void_values import VoidValues

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prelabel.model import MaskValueKind

IS_VOID = np.zeros(MASK.shape, bool)
IS_VOID[0, 3:6] = IS_VOID[2, 7] = True
TITLED = np.where(IS_VOID, "", TITLES[MASK])


def with_void(dtype: str, value: float) -> np.ndarray:
    """Return the mask with some pixels that mean nothing."""
    array = MASK.astype(dtype)
    array[IS_VOID] = value
    return array


def npy(array: np.ndarray) -> bytes:
    """Return a .npy file."""
    file = BytesIO()
    np.save(file, array)
    return file.getvalue()


def tiff(array: np.ndarray) -> bytes:
    """Return a TIFF file."""
    file = BytesIO()
    tifffile.imwrite(file, array)
    return file.getvalue()


def png(array: np.ndarray) -> bytes:
    """Return a PNG file."""
    file = BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


def check(folder: Path, content: bytes, kind: MaskValueKind = "value", **chosen: Any) -> None:
    """The void pixels are background, and nothing is said of them."""
    (folder / "a.png").write_bytes(content)
    row = encoder(folder, kind, **chosen).encode(rows("a.png"), 0)
    assert painted(json.loads(row.item.body)["objects"], MASK.shape) == TITLED.tolist()
    assert texts(row.notes) == ()
    assert row.mask is not None
    assert (row.mask.n_unknown_pixels, row.mask.n_near_pixels) == (0, 0)


@pytest.mark.parametrize("tolerance", [None, 0])
@pytest.mark.parametrize(
    ("write", "dtype", "void"),
    [
        (png, "u1", 255),
        (png, "u2", 65535),
        (tiff, "u1", 255),
        (npy, "u1", 200),
        (npy, "i8", 255),
        (npy, "f4", 255),
        *((write, dtype, -1) for write in (npy, tiff) for dtype in ("i1", "i2", "i4", "i8", "f2", "f4", "f8")),
        *((write, dtype, "nan") for write in (npy, tiff) for dtype in ("f2", "f4", "f8")),
        (npy, "f4", float(np.finfo(np.float32).min)),
        (tiff, "f4", float(np.finfo(np.float32).min)),
        (npy, "i8", -(2**63)),
        (npy, "u8", 2**63),
        (tiff, "f8", 1e20),
        (npy, "f8", float(np.finfo(np.float64).min)),
        (npy, "f4", 1e20),
        (tiff, "f4", 1e20),
        (npy, "f2", 65504),
        (npy, "u8", 2**64 - 1),
        (tiff, "u8", 2**64 - 1),
        (tiff, "u4", 2**32 - 1),
    ],
)
def test_numbers(
    tmp_path: Path, write: Callable[[np.ndarray], bytes], dtype: str, void: Any, tolerance: int | None
) -> None:
    """PNG, TIFF and arrays of every type that can hold them."""
    check(
        tmp_path,
        write(with_void(dtype, np.nan if void == "nan" else void)),
        ignore_values=[void],
        color_tolerance=tolerance,
    )


def test_numbers_that_a_type_cannot_hold(tmp_path: Path) -> None:
    """Are not looked for: neither -1 among bytes, nor 1e20 among floats of 16 bits, nor NaN among integers."""
    for dtype in ("u1", "i2", "f2", "u8"):
        check(tmp_path, npy(np.where(IS_VOID, 0, MASK).astype(dtype)), ignore_values=[-1, 1e20, "nan", -(2**63)])


def test_several_at_once(tmp_path: Path) -> None:
    """-1, NaN and 255 in one array."""
    array = with_void("f4", np.nan)
    array[0, 3], array[2, 7] = -1, 255
    check(tmp_path, npy(array), ignore_values=["nan", -1, 255])


@pytest.mark.parametrize("tolerance", [None, 0, 40])
def test_colours(tmp_path: Path, tolerance: int | None) -> None:
    """In RGB, in palettes by their colours; a tolerance does not make classes of them, however near they are."""
    colors = np.where(IS_VOID[..., np.newaxis], np.array([244, 67, 74], np.uint8), PALETTE[MASK])
    check(tmp_path, png(colors), "rgb", ignore_values=[[244, 67, 74]], color_tolerance=tolerance)

    palette = Image.fromarray(with_void("u1", 255))
    palette.putpalette([*PALETTE.ravel().tolist()[:-3], 224, 224, 192])
    file = BytesIO()
    palette.save(file, "PNG")
    check(tmp_path, file.getvalue(), "rgb", ignore_values=["#e0e0c0"], color_tolerance=tolerance)
    check(tmp_path, file.getvalue(), "value", ignore_values=[255], color_tolerance=0)


def test_black_may_be_named(tmp_path: Path) -> None:
    """It is background already."""
    black = np.where(IS_VOID[..., np.newaxis], np.uint8(0), PALETTE[MASK])
    check(tmp_path, png(black), "rgb", ignore_values=[[0, 0, 0]])


def test_what_is_nearly_void_is_so_with_a_tolerance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lossy white beside a class that is nearly white stays void."""
    monkeypatch.setitem(VALUES, CAR, 244)
    save(tmp_path / "a.png", np.array([[244, 254, 251, 235, 0]], np.uint8))
    row = encoder(tmp_path, tools=(CAR,), ignore_values=[255], color_tolerance=5).encode(rows("a.png"), 0)
    assert painted(json.loads(row.item.body)["objects"], (1, 5)) == [["Car", "", "", "", ""]]
    near, unknown = texts(row.notes)
    assert near == "2 pixels mapped from 2 near colours"
    assert unknown.startswith("20.00% of the mask's pixels have no class: [235] 20.00% (9 from 'Car')")


def test_a_mask_of_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is empty, not one that fits no class; nearly void is as good with a tolerance."""
    monkeypatch.setitem(VALUES, CAR, 100)
    monkeypatch.setitem(VALUES, TREE, 150)
    save(tmp_path / "a.png", np.full(MASK.shape, 255, np.uint8))
    save(tmp_path / "b.png", np.array([[255, 253, 0]], np.uint8))
    nothing = "the mask holds no pixel of any class: the row brings no objects"
    assert texts(encoder(tmp_path, ignore_values=[255]).encode(rows("a.png"), 0).notes) == (nothing,)
    assert texts(encoder(tmp_path, ignore_values=[255], color_tolerance=3).encode(rows("b.png"), 0).notes) == (
        "1 pixel mapped from 1 near colour",
        nothing,
    )


def test_void_beside_other_values_does_not_pass_for_a_class(tmp_path: Path) -> None:
    """Class numbers that fit nothing fail the row all the same."""
    save(tmp_path / "a.png", np.where(IS_VOID, np.uint8(255), MASK + 10))
    with pytest.raises(RowError, match="no pixel of any class"):
        encoder(tmp_path, ignore_values=[255]).encode(rows("a.png"), 0)


@pytest.mark.parametrize(("dtype", "odd", "named"), [("i2", -1, "-1"), ("f4", -1, "-1"), ("f4", "nan", '"nan"')])
@pytest.mark.parametrize("write", [npy, tiff])
def test_the_remedy_names_them(
    tmp_path: Path, write: Callable[[np.ndarray], bytes], dtype: str, odd: Any, named: str
) -> None:
    """As they are written in a config."""
    (tmp_path / "a.png").write_bytes(write(with_void(dtype, float(odd))))
    with pytest.raises(MaskError) as caught:
        encoder(tmp_path).encode(rows("a.png"), 0)
    assert f'in an import, "ignore_values": [{named}] makes background of' in str(caught.value)
    check(tmp_path, (tmp_path / "a.png").read_bytes(), ignore_values=json.loads(f"[{named}]"))


def test_a_projects_class_is_not_ignored(tmp_path: Path) -> None:
    """Its colour is known only with the project; one that is ignored anyway may be named."""
    with pytest.raises(ConfigError, match=r'holds \[244, 67, 54\], which is the class "Car": take it out') as caught:
        encoder(tmp_path, "rgb", ignore_values=[[244, 67, 54]])
    assert caught.value.field == "ignore_values"
    encoder(tmp_path, "rgb", (TREE, HOUSE), ignored=(CAR,), ignore_values=[[244, 67, 54]])


def test_what_runs_and_files_may_hold() -> None:
    """Sorted once: what a decoded mask may hold, and what only a file does."""
    void = VoidValues.of([255, -1, 2**32 - 1, 0], "value")
    assert (void.values.tolist(), void.numbers) == ([255, 0], (-1, 2**32 - 1))
    assert VoidValues.of([(1, 2, 3)], "rgb").values.tolist() == [0x010203]
