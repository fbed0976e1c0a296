"""Mask files that are not for the fast road of PNG, each to its reader: part of stage 4, see decode.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prelabel.masks.decoders.decode_errors import refusing
from prelabel.masks.decoders.npy import pixels_in_npy
from prelabel.masks.decoders.npz import array_in_npz
from prelabel.masks.decoders.pillow import open_raster, stored
from prelabel.masks.decoders.pixel_values import Layout, Stored, check_readable, hide_void, whole_numbers
from prelabel.masks.decoders.row_bands import runs_in_bands
from prelabel.masks.decoders.tiff import read_tiff

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prelabel.masks.decoders.pixel_values import Pixels
    from prelabel.masks.limits import MaskLimits
    from prelabel.model import MaskValueKind


def read_other(encoded: bytes, name: str, kind: MaskValueKind, limits: MaskLimits, void: Sequence[float]) -> Stored:
    """Read a mask file of any format, and say what is wrong with one that cannot be read.

    Args:
        encoded: the file.
        name: its format, see :mod:`prelabel.masks.decoders.signatures`.
        kind: what the mask mapping speaks of.
        limits: how large a mask may be.
        void: numbers that mean nothing.

    Raises:
        MaskError: as :func:`prelabel.masks.decoders.decode.decode_mask`.
    """
    if name == "npz":
        with refusing("the .npz file is damaged, or of a rare kind"):
            return _read_array(array_in_npz(encoded, limits), kind, limits, void)
    if name == "npy":
        return _read_array(encoded, kind, limits, void)
    if name == "TIFF":
        return read_tiff(encoded, kind, limits, void)
    return stored(open_raster(encoded, name, kind, limits), limits, void)


def _read_array(encoded: bytes, kind: MaskValueKind, limits: MaskLimits, void: Sequence[float]) -> Stored:
    with refusing("the .npy file is damaged, or of a rare kind"):
        array = pixels_in_npy(encoded)
    shape = (array.shape[0], array.shape[1])
    limits.check_size(shape)
    if array.ndim == 3:
        mode = "RGB" if array.shape[2] == 3 else "RGBA"
    else:
        mode = {"b1": "1", "u1": "L"}.get(array.dtype.str[1:], "I")
    layout = Layout(mode, shape)
    check_readable(layout, kind)

    def read_rows(top: int, bottom: int) -> Pixels:
        pixels = array[top:bottom]
        return whole_numbers(pixels, hide_void(pixels, void))

    with refusing("the .npy file cannot be decoded", shape):
        runs = runs_in_bands(read_rows, shape, limits)
    return Stored(runs, layout)
