"""Masks saved by numpy: part of stage 4, see decode.py."""

from __future__ import annotations

import math
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from prelabel.errors import MaskError
from prelabel.masks.array_shapes import CHANNELS, picture_shape

if TYPE_CHECKING:
    from numpy.typing import NDArray


def pixels_in_npy(encoded: bytes) -> NDArray[np.generic]:
    """Return the pixels of a .npy file where they lie; nothing is unpickled, nothing copied or allocated.

    Args:
        encoded: the file, with a correct signature.

    Returns:
        Read-only, height x width of bools, integers or floats in either byte order, or height x width x 3 or 4 of
        uint8; a third side of 1 is left out, and a first one, as of one channel or one image.

    Raises:
        MaskError: another shape or type, bools that are none, or the file is cut off.
        ValueError: a header that is none; numpy raises others too, for the caller to map.
    """
    stream = BytesIO(encoded)
    version = np.lib.format.read_magic(stream)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, by_columns, dtype = read_header(stream)
    shape = picture_shape(shape)
    is_grey = len(shape) == 2 and dtype.kind in "buif" and dtype.itemsize <= 8
    is_color = len(shape) == 3 and shape[2] in CHANNELS and dtype == np.uint8
    if not (is_grey or is_color) or min(shape) < 1:
        raise MaskError(
            f"an array of shape {shape} and type {dtype} is no mask; save height x width of integers or bools, "
            "or height x width x 3 or 4 of uint8",
            shape=shape,
        )
    n_bytes = math.prod(shape) * dtype.itemsize
    n_found = len(encoded) - stream.tell()
    if n_bytes > n_found:
        raise MaskError(f"the .npy file is cut off: it holds {n_found} of {n_bytes} bytes of pixels", shape=shape)
    pixels: NDArray[np.generic] = np.frombuffer(encoded, dtype, math.prod(shape), stream.tell())
    if dtype.kind == "b" and int(pixels.view(np.uint8).max()) > 1:
        raise MaskError("the .npy file holds bools that are neither 0 nor 1; save it again", shape=shape)
    return pixels.reshape(shape, order="F" if by_columns else "C")
