"""Pixels to runs, some rows at a time: part of stage 4, see decode.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prelabel.kernels.pixel_runs import runs_from_array
from prelabel.model import Runs

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from prelabel.masks.limits import MaskLimits

_BAND_PIXELS = 1 << 22  # pixels made an array at a time; beside the decoder's own picture memory stays at a few bytes


def runs_in_bands(
    read_rows: Callable[[int, int], NDArray[np.generic]], shape: tuple[int, int], limits: MaskLimits
) -> Runs:
    """Encode some rows at a time, so that no second full frame is ever made.

    Args:
        read_rows: returns rows ``top`` to ``bottom`` as :func:`prelabel.kernels.pixel_runs.runs_from_array` takes them.
        shape: (height, width) of the whole, at least 1 each.
        limits: how many runs there may be.

    Raises:
        MaskError: there are more.
        ValueError: the pixels are no mask values.
    """
    height, width = shape
    step = max(1, _BAND_PIXELS // width)
    bands: list[Runs] = []
    n_runs = 0
    for top in range(0, height, step):
        bands.append(runs_from_array(read_rows(top, min(top + step, height))))
        n_runs += len(bands[-1].starts)
        limits.check_runs(n_runs, shape)
    if len(bands) == 1:
        return bands[0]
    firsts = np.cumsum([0, *(len(band.starts) for band in bands)]).astype(np.int32)
    return Runs(
        width,
        np.concatenate([*(b.row_offsets[:-1] + n for b, n in zip(bands, firsts[:-1], strict=True)), firsts[-1:]]),
        np.concatenate([band.starts for band in bands]),
        np.concatenate([band.values for band in bands]),
    )
