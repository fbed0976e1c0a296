"""What is given for an array: what numpy takes, and what is said of all else."""

from __future__ import annotations

from io import BytesIO, StringIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from prelabel.errors import MaskError
from prelabel.masks.given_array import as_array, instead_of_shape
from prelabel.masks.load import runs_of

PLANE = np.zeros((5, 7), bool)


class OnTheGpu:
    """A tensor that is not in the memory of this machine, as PyTorch has them."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise self.error


@pytest.mark.parametrize("mask", [[[0, 1], [1, 0]], Image.new("L", (2, 2)), np.ma.masked_equal([[0, 1], [1, 0]], 1)])
def test_what_numpy_takes(mask: Any) -> None:
    """Nested lists, images; masked arrays stay as they are."""
    assert as_array(mask).shape == (2, 2)
    assert isinstance(as_array(mask), np.ma.MaskedArray) == isinstance(mask, np.ma.MaskedArray)


@pytest.mark.parametrize(
    ("mask", "part"),
    [
        (None, "run lengths; got None"),
        (5, "got an int"),
        (object(), "got an object"),
        (BytesIO(b"PNG"), "got a BytesIO: give its bytes, or whatever its read() returns"),
        (StringIO("PNG"), 'got a StringIO: open it in binary mode ("rb") and give its bytes'),
        ((each for each in [PLANE]), "got a generator: several masks go to masks_to_polygons"),
        ({1, 2}, "got a set: several masks go to masks_to_polygons"),
        ([[1, 2], [3]], "the rows of the list differ in size, so it is no height x width: several masks go to"),
        ([PLANE, PLANE[:2]], "the rows of the list differ in size"),
        (OnTheGpu(TypeError("use Tensor.cpu()")), "numpy makes no array of an OnTheGpu: use Tensor.cpu()"),
        (OnTheGpu(RuntimeError("use detach()")), "numpy makes no array of an OnTheGpu: use detach()"),
    ],
)
def test_what_numpy_does_not_take(mask: Any, part: str) -> None:
    """It is named for what it is, with what to give instead."""
    with pytest.raises(MaskError) as caught:
        runs_of(mask, None)

    assert part in str(caught.value)
    assert "inhomogeneous" not in str(caught.value)


@pytest.mark.parametrize(
    ("mask", "part"),
    [
        (
            [PLANE, PLANE],
            "got shape (2, 5, 7); a stack of planes x height x width goes to masks_to_polygons as an array",
        ),
        (np.zeros((3, 5, 7), np.uint8), "goes to masks_to_polygons as an array"),
        (np.zeros((3, 1, 5, 7), bool), "got shape (3, 1, 5, 7); np.squeeze leaves sides of 1 out, and a stack of"),
        (["a.png", "b.png"], "got shape (2,); several masks go to masks_to_polygons"),
        ([1, 0, 1], "got shape (3,); several masks go to"),
    ],
)
def test_other_shapes_have_a_place(mask: Any, part: str) -> None:
    """Said behind what a mask is."""
    with pytest.raises(MaskError) as caught:
        runs_of(mask, None)

    assert part in str(caught.value)
    assert caught.value.shape == np.shape(mask)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (0, 7), (2, 3, 4, 5)])
def test_nothing_is_said_of_others(shape: tuple[int, ...]) -> None:
    """Masks, whose fault is another one, and what cannot be known."""
    assert instead_of_shape(shape) == ""
