"""A mask as a library's caller has it, an array, encoded bytes, a path or COCO run lengths, to runs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from prelabel.errors import MaskError
from prelabel.kernels.pixel_runs import runs_from_array
from prelabel.masks.array_shapes import picture_shape
from prelabel.masks.decoders.decode import decode_as_stored, decode_mask
from prelabel.masks.decoders.pixel_values import OtherKind, whole_numbers
from prelabel.masks.given_array import as_array, instead_of_shape
from prelabel.masks.limits import MaskLimits
from prelabel.spelling import quoted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import MaskValueKind, Runs

_LIMITS = MaskLimits(are_options=False)


def runs_of(mask: Any, kind: MaskValueKind | None, mapped: Iterable[int] | None = None) -> Runs:
    """Return a mask's runs, whatever it is given as.

    Args:
        mask: as :func:`prelabel.mask_to_polygons` takes it.
        kind: what its pixels must hold, None for any.
        mapped: the values that have a class, None where every one is a class of its own.

    Raises:
        MaskError: it cannot be read, or is no mask of this kind.
    """
    if isinstance(mask, np.ndarray):  # the cheapest to tell, and the least to do
        return _of_array(mask, kind)
    if isinstance(mask, bytes | bytearray | memoryview):
        return _decoded(bytes(mask), kind, mapped)
    if isinstance(mask, str | os.PathLike):
        return _of_file(mask, kind, mapped)
    if isinstance(mask, Mapping):
        if kind == "rgb":
            raise MaskError("a COCO mask holds single values, but colors are [r, g, b]: give colors as [1]")
        from prelabel.masks.decoders.coco_rle import from_coco_rle  # noqa: PLC0415 - kernels that only these masks need

        return from_coco_rle(mask, _LIMITS)
    return _of_array(as_array(mask), kind)


def _of_file(path: str | os.PathLike[str], kind: MaskValueKind | None, mapped: Iterable[int] | None) -> Runs:
    """Return the runs of a file, and name it in what is said of it."""
    try:
        encoded = Path(os.fsdecode(path)).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: characters no path can hold
        from prelabel.masks.given_path import unreadable  # noqa: PLC0415 - loads much, which most masks need not

        raise unreadable(path, error) from error
    try:
        return _decoded(encoded, kind, mapped)
    except MaskError as error:
        from prelabel.masks.given_path import shown_path  # noqa: PLC0415 - as above

        name = shown_path(path)
        error.args = (f"{quoted(name)}: {error}",)
        error.excerpt = name[:200]
        raise


def _of_array(mask: NDArray[Any], kind: MaskValueKind | None) -> Runs:
    """Return the runs of an array."""
    given = mask.shape
    try:
        if mask.ndim == 3:
            mask = mask.reshape(picture_shape(given))
        array = np.asarray(mask)
        hidden = _masked_out(mask) if isinstance(mask, np.ma.MaskedArray) else None
        runs = runs_from_array(whole_numbers(array, hidden))
    except ValueError as error:
        raise MaskError(f"{error}{instead_of_shape(given)}", shape=given) from error
    if kind is not None and (array.ndim == 3) != (kind == "rgb"):
        held, wanted = ("colours", "[value]") if array.ndim == 3 else ("single values", "[r, g, b]")
        raise MaskError(f"the mask holds {held}, but colors are {wanted}: give both the same kind", shape=array.shape)
    return runs


def _masked_out(mask: np.ma.MaskedArray[Any, Any]) -> NDArray[np.bool_]:
    """Return the pixels that a numpy masked array leaves out: those with any channel masked."""
    hidden: NDArray[np.bool_] = np.ma.getmaskarray(mask)
    return np.logical_or.reduce(hidden, axis=2) if hidden.ndim == 3 else hidden


def _decoded(encoded: bytes, kind: MaskValueKind | None, mapped: Iterable[int] | None) -> Runs:
    """Return the runs of a file's bytes, and say what is wrong with them in the words of a call, not of an import."""
    try:
        return decode_as_stored(encoded, _LIMITS) if kind is None else decode_mask(encoded, kind, _LIMITS, mapped)
    except OtherKind as error:
        error.args = (error.said_of('"colors"'),)
        raise
    except MaskError as error:
        error.args = (f"{error}{instead_of_shape(error.shape or ())}",)
        raise
