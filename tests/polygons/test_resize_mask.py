"""Masks whose size is not their asset's: told, refused, scaled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import oracles
from prelabel.codes import Code
from prelabel.errors import MaskError
from prelabel.kernels.pixel_runs import runs_from_array
from prelabel.masks.limits import MaskLimits
from prelabel.polygons.resize_mask import fit_to_assets

if TYPE_CHECKING:
    from prelabel.model import Resize

MASK = np.array([[1, 1, 2], [0, 2, 2]], np.uint8)
RUNS = runs_from_array(MASK)
HOW: tuple[Resize, ...] = ("refuse", "nearest")


@pytest.mark.parametrize("how", HOW)
def test_the_asset_s_own_size_passes(how: Resize) -> None:
    """Untouched, with nothing to say."""
    assert fit_to_assets(RUNS, [(2, 3)], how) == (RUNS, None)


def test_an_unknown_size_passes() -> None:
    """Nothing to compare with; who asked for scaling is told that there was none."""
    assert fit_to_assets(RUNS, (), "refuse") == (RUNS, None)
    runs, note = fit_to_assets(RUNS, (), "nearest")
    assert runs is RUNS
    assert note == (Code.SIZE_UNKNOWN, "the asset's size is not known, so the mask was left as it is")


def test_another_size_is_refused() -> None:
    """Both are named, width first, and what to do."""
    with pytest.raises(MaskError, match=r"mask is 3 x 2 pixels and the asset 6 x 4: save .* set \"resize\"") as caught:
        fit_to_assets(RUNS, [(4, 6)], "refuse")
    assert caught.value.shape == (2, 3)


def test_swapped_sides_are_told() -> None:
    """A rotated photograph, most likely."""
    with pytest.raises(MaskError, match="width and height are swapped, so one of the two is rotated"):
        fit_to_assets(RUNS, [(3, 2)], "refuse")


def test_another_size_is_scaled() -> None:
    """As the slow twin does, with a note."""
    scaled, note = fit_to_assets(RUNS, [(5, 7)], "nearest")
    np.testing.assert_array_equal(oracles.pixels_of(scaled), oracles.resized(MASK, 5, 7))
    assert note is not None
    assert note.text == "the mask was scaled from 3 x 2 to the asset's 7 x 5 pixels"


@pytest.mark.parametrize("how", HOW)
def test_assets_of_different_sizes_share_no_mask(how: Resize) -> None:
    """Even where one of them fits."""
    with pytest.raises(MaskError, match=r"different sizes \(3 x 2 and 6 x 4\) and one mask fits one of them"):
        fit_to_assets(RUNS, [(2, 3), (4, 6)], how)


def test_a_hub_cannot_ask_for_a_bomb() -> None:
    """The scaled mask keeps to the limits, in pixels and in runs."""
    with pytest.raises(MaskError, match="30000 x 30000 = 900000000 pixels and at most 500000000"):
        fit_to_assets(RUNS, [(30_000, 30_000)], "nearest")
    with pytest.raises(MaskError, match="more than 100 runs") as caught:
        fit_to_assets(RUNS, [(1000, 3)], "nearest", MaskLimits(max_bytes=6400))
    assert caught.value.shape == (1000, 3)
