"""Masks read some rows at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from masks.corpus import check_runs
from prelabel.errors import MaskError
from prelabel.kernels.pixel_runs import runs_from_array, runs_to_array
from prelabel.masks.decoders import row_bands as bands
from prelabel.masks.decoders.row_bands import runs_in_bands
from prelabel.masks.limits import MaskLimits

SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)


@given(hnp.arrays(np.uint8, SHAPES, elements=st.integers(0, 2)), st.integers(1, 30))
def test_bands_do_not_show(array: np.ndarray, band_pixels: int) -> None:
    """However many rows a band has, the runs are those of the whole, and every row is read once."""
    read: list[int] = []

    def rows(top: int, bottom: int) -> np.ndarray:
        read.extend(range(top, bottom))
        return array[top:bottom]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bands, "_BAND_PIXELS", band_pixels)
        runs = runs_in_bands(rows, (array.shape[0], array.shape[1]), MaskLimits())

    check_runs(runs)
    whole = runs_from_array(array)
    assert np.array_equal(runs_to_array(runs), array)
    assert np.array_equal(runs.starts, whole.starts)
    assert read == list(range(array.shape[0]))


def test_noise_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The band that breaks the limit is the last one."""
    monkeypatch.setattr(bands, "_BAND_PIXELS", 20)
    noise = np.arange(1000, dtype=np.uint16).reshape(50, 20)
    read: list[int] = []

    def rows(top: int, bottom: int) -> np.ndarray:
        read.append(top)
        return noise[top:bottom]

    with pytest.raises(MaskError, match="more than 100 runs"):
        runs_in_bands(rows, (50, 20), MaskLimits(max_bytes=6400))
    assert read == [0, 1, 2, 3, 4, 5]
