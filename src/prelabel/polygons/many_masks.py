"""One mask where many are wanted: refused at the call, as iterating over it would make masks of its letters or rows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from prelabel.errors import ConfigError
from prelabel.masks.array_shapes import CHANNELS, may_have_planes_last
from prelabel.masks.given_array import described

_ONE_MASK = (str, bytes, bytearray, memoryview, os.PathLike, Mapping)
_NUMBER = (int, float, np.number, np.bool_)


def check_are_many(masks: Any) -> None:
    """Refuse what is no iterable of masks; nothing is taken from it.

    Raises:
        ConfigError: it is one mask, or nothing that can be iterated over.
    """
    if _is_array(masks):
        shape = tuple(masks.shape)
        if _is_one_array(masks, shape):
            also = ", and for planes of such a shape list(masks)" if len(shape) == 3 else ""
            raise _refusal(f"an array of shape {shape}", also)
    elif isinstance(masks, _ONE_MASK) or hasattr(masks, "read") or not _can_be_iterated(masks):
        raise _refusal(described(masks))
    elif isinstance(masks, list | tuple) and _is_row(masks[:1]):
        raise _refusal(f"{described(masks)} of rows of numbers")


def _refusal(what: str, also: str = "") -> ConfigError:
    return ConfigError(f"masks is {what}: give a list of masks; for one mask use mask_to_polygons{also}", field="masks")


def _is_array(thing: Any) -> bool:
    return hasattr(thing, "__array__") and hasattr(thing, "ndim")


def _is_one_array(masks: Any, shape: tuple[int, ...]) -> bool:
    """Whether the parts of an array are rather rows than masks; one axis may be a column of paths."""
    dtype = getattr(masks, "dtype", None)
    if len(shape) == 1:
        return getattr(dtype, "kind", "f") in {"b", "u", "i", "f"}
    if len(shape) == 3 and 0 not in shape:
        is_color = shape[2] in CHANNELS and "bool" not in str(dtype)
        return is_color or shape[2] == 1 or may_have_planes_last(shape)
    return len(shape) < 3


def _is_row(first: Any) -> bool:
    """Whether the first of some masks, if there is one, is a row of numbers."""
    return (
        bool(first)
        and isinstance(first[0], list | tuple | np.ndarray)
        and isinstance(next(iter(first[0]), None), _NUMBER)
    )


def _can_be_iterated(thing: Any) -> bool:
    return hasattr(thing, "__iter__") or hasattr(thing, "__getitem__")  # the latter suffices to iter()
