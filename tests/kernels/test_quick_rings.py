"""Rings of small masks in one call, against the same steps one by one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import strategies
from prelabel.kernels import quick_rings as module
from prelabel.kernels.pixel_runs import runs_from_array
from prelabel.kernels.quick_rings import N_VALUES, quick_rings
from prelabel.kernels.ring_walk import follow_rings
from prelabel.kernels.sweep import sweep_runs
from prelabel.model import TRANSPARENT

if TYPE_CHECKING:
    import pytest


def step_by_step(mask: np.ndarray) -> list[list[int]]:
    """Return the rings' arrays and each region's value, as :mod:`sweep` and :mod:`ring_walk` find them."""
    swept = sweep_runs(runs_from_array(mask))
    values = swept.values.tolist()
    return [*(array.tolist() for array in follow_rings(swept)), values]


def at_once(mask: np.ndarray) -> list[list[int]] | None:
    """Return the same, as found in one call."""
    quick = quick_rings(runs_from_array(mask))
    return None if quick is None else [*(array.tolist() for array in quick.rings), quick.values.tolist()]


@given(strategies.masks(max_labels=6))
def test_rings_are_those_of_the_single_steps(mask: np.ndarray) -> None:
    """All arrays are equal, in order too; values are ranked, and background is counted."""
    quick = quick_rings(runs_from_array(mask))

    assert quick is not None
    assert at_once(mask) == step_by_step(mask)
    assert quick.n_zero == np.count_nonzero(mask == 0)
    assert quick.distinct is not None
    assert quick.distinct.tolist() == sorted({*mask.ravel().tolist()} - {0})
    assert quick.distinct[quick.ranks].tolist() == quick.values.tolist()


@given(st.integers(1, 3 * N_VALUES))
def test_many_values_are_not_ranked(n_values: int) -> None:
    """Beyond the room for them; the rings are there all the same."""
    mask = np.arange(1, n_values + 1, dtype=np.uint16)[:, None]

    quick = quick_rings(runs_from_array(mask))

    assert quick is not None
    assert (quick.distinct is None) == (n_values > N_VALUES)
    assert quick.values.tolist() == mask[:, 0].tolist()


def test_transparent_pixels_take_the_long_way() -> None:
    """They are to be made background first."""
    mask = np.array([[1, TRANSPARENT, 0]], np.uint32)

    assert at_once(mask) is None


def test_large_masks_take_the_long_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether they have many runs or long rows."""
    monkeypatch.setattr(module, "MAX_RUNS", 6)

    assert at_once(np.ones((6, 6), np.uint8)) is not None
    assert at_once(np.ones((7, 1), np.uint8)) is None
    assert at_once(np.ones((1, 7), np.uint8)) is None


def test_more_corners_than_expected() -> None:
    """Where no border goes on into the next row there is no room for all in one go; the next mask is traced again."""
    rows, columns = np.mgrid[:60, :40]
    mask = ((columns + rows % 2) // 2 % 2 + 1).astype(np.uint8)

    def both() -> tuple[list[list[int]] | None, list[list[int]] | None]:
        return at_once(mask), at_once(mask[:2, :9])

    with ThreadPoolExecutor(1) as fresh:  # a thread of its own has no memory left from other masks
        found, after = fresh.submit(both).result()

    assert found is None or found == step_by_step(mask)
    assert after == step_by_step(mask[:2, :9])
