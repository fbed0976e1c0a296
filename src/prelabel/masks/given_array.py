"""What a library's caller gives as a mask's array, and what is said of what is none. Part of stage 4."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from prelabel.errors import MaskError
from prelabel.masks.array_shapes import CHANNELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SEVERAL = "several masks go to masks_to_polygons"


def as_array(mask: Any) -> NDArray[Any]:
    """Return what numpy makes of a nested list, an image of Pillow's, a tensor, ...

    Raises:
        MaskError: it makes no array of it.
    """
    if isinstance(mask, np.ma.MaskedArray):
        return mask
    try:
        array = np.asarray(mask)
    except (ValueError, TypeError, RuntimeError) as error:  # tensors on other devices raise the latter two
        if isinstance(mask, list | tuple):
            raise MaskError(f"the rows of the list differ in size, so it is no height x width: {_SEVERAL}") from error
        raise MaskError(f"numpy makes no array of {described(mask)}: {error}") from error
    if array.ndim == 0 and not isinstance(mask, np.ndarray):
        raise MaskError(
            "a mask is an array, a file's bytes or path, or COCO run lengths; "
            f"got {described(mask)}{_instead_of_object(mask)}"
        )
    return array


def described(thing: Any) -> str:
    """Return what a thing is, for a message: ``a BytesIO``, ``an int``, ``None``."""
    if thing is None:
        return "None"
    name = type(thing).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def _instead_of_object(mask: Any) -> str:
    """Say what to give instead of an object that is no array; an empty string where nothing is known."""
    if hasattr(mask, "read"):
        opened = 'open it in binary mode ("rb") and ' if isinstance(mask, io.TextIOBase) else ""
        return f": {opened}give its bytes, or whatever its read() returns"
    return f": {_SEVERAL}" if hasattr(mask, "__iter__") else ""


def instead_of_shape(shape: tuple[int, ...]) -> str:
    """Say, behind a message, where an array of another shape than a mask's goes; an empty string where it is a mask's.

    Args:
        shape: of the whole array.
    """
    stack = "a stack of planes x height x width goes to masks_to_polygons as an array"
    if 0 in shape or len(shape) == 2 or (len(shape) == 3 and shape[2] in CHANNELS):
        return ""
    if len(shape) == 3:
        return f"; {stack}"
    if len(shape) > 3 and 1 in shape:
        return f"; np.squeeze leaves sides of 1 out, and {stack}"
    return f"; {_SEVERAL}" if len(shape) == 1 else ""
