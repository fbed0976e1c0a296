"""Hypothesis strategies for masks and images; everything comes through ``draw``, so it varies and shrinks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from hypothesis import example
from hypothesis import strategies as st

from conftest import JIT_OFF

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Draw = st.DrawFn
    Mask = NDArray[np.uint8]

Test = TypeVar("Test", bound="Callable[..., None]")

MAX_SIDE = 12 if JIT_OFF else 20


def examples(*cases: tuple[Any, ...]) -> Callable[[Test], Test]:
    """Add cases, the arguments of each as a tuple, to a property test."""

    def add(test: Test) -> Test:
        for case in cases:
            test = example(*case)(test)
        return test

    return add


def shapes(max_side: int = MAX_SIDE) -> st.SearchStrategy[tuple[int, int]]:
    """(height, width): any, single rows, single columns, single pixels, and widths about the eight bytes of a word."""
    side = st.integers(1, max_side)
    return st.one_of(
        st.tuples(side, side),
        st.tuples(st.just(1), side),
        st.tuples(side, st.just(1)),
        st.just((1, 1)),
        st.tuples(st.integers(1, 3), st.integers(7, 18)),
    )


@st.composite
def noise(draw: Draw, shape: tuple[int, int], n_labels: int) -> Mask:
    """Pixels without any order: 0 to ``n_labels``."""
    n_pixels = shape[0] * shape[1]
    pixels: Mask = np.frombuffer(draw(st.binary(min_size=n_pixels, max_size=n_pixels)), np.uint8)
    return pixels.reshape(shape) % np.uint8(n_labels + 1)


@st.composite
def blobs(draw: Draw, shape: tuple[int, int], n_labels: int) -> Mask:
    """Rectangles and discs on top of each other, background among them."""
    mask = np.full(shape, draw(st.integers(0, n_labels)), np.uint8)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    for _ in range(draw(st.integers(1, 8))):
        y, x = draw(st.integers(0, shape[0] - 1)), draw(st.integers(0, shape[1] - 1))
        reach = draw(st.integers(0, max(shape) // 2 + 1))
        if draw(st.booleans()):
            inside = (rows - y) ** 2 + (columns - x) ** 2 <= reach**2
        else:
            inside = (abs(rows - y) <= reach) & (abs(columns - x) <= draw(st.integers(0, max(shape) // 2 + 1)))
        mask[inside] = draw(st.integers(0, n_labels))
    return mask


@st.composite
def nested(draw: Draw, shape: tuple[int, int], n_labels: int) -> Mask:
    """Rings within rings: holes in holes."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    depth = np.minimum(np.minimum(rows, columns), np.minimum(shape[0] - 1 - rows, shape[1] - 1 - columns)) // draw(
        st.integers(1, 3)
    )
    mask: Mask = ((depth + draw(st.integers(0, n_labels))) % (n_labels + 1)).astype(np.uint8)
    return mask


@st.composite
def regular(draw: Draw, shape: tuple[int, int], n_labels: int) -> Mask:
    """Checkerboards, stripes, staircases, one value everywhere."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    kind = draw(st.sampled_from(("checkerboard", "stripes", "stairs", "solid")))
    size = draw(st.integers(1, 4))
    pattern = {
        "checkerboard": rows // size + columns // size,
        "stripes": (rows if draw(st.booleans()) else columns) // size,
        "stairs": (rows + columns) // size,
        "solid": np.full(shape, draw(st.integers(0, n_labels))),
    }[kind]
    mask: Mask = (pattern % (n_labels + 1)).astype(np.uint8)
    return mask


@st.composite
def masks(draw: Draw, max_side: int = MAX_SIDE, max_labels: int = 4) -> Mask:
    """A mask of uint8, 0 being background: every kind above, some with single pixels set over it."""
    shape = draw(shapes(max_side))
    kind = draw(st.sampled_from((noise, blobs, blobs, nested, regular)))
    mask: Mask = draw(kind(shape, draw(st.integers(1, max_labels)))).copy()
    for _ in range(draw(st.integers(0, 3))):
        mask[draw(st.integers(0, shape[0] - 1)), draw(st.integers(0, shape[1] - 1))] = draw(st.integers(0, max_labels))
    return mask


@st.composite
def full_masks(draw: Draw, max_side: int = MAX_SIDE, max_labels: int = 4) -> Mask:
    """A mask without background: every pixel belongs to some region, and those regions cover the mask."""
    return draw(masks(max_side, max_labels)) + np.uint8(1)


@st.composite
def images(draw: Draw, max_side: int = MAX_SIDE) -> Mask:
    """A colour mask, height x width x 3 or 4: a few colours that differ in single channels; alphas 0, 1 and 255."""
    mask = draw(masks(max_side, 4))
    channels = draw(st.sampled_from((3, 4)))
    colors = st.lists(st.sampled_from((0, 1, 128, 255)), min_size=3, max_size=3)
    palette = [[*draw(colors), draw(st.sampled_from((0, 0, 1, 255)))] for _ in range(5)]
    image: Mask = np.array(palette, np.uint8)[mask][..., :channels]
    return image


@st.composite
def layouts(draw: Draw, array: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return the same array in another memory layout: Fortran order, a strided or mirrored view, read-only."""
    kind = draw(st.sampled_from(("C", "F", "strided", "mirrored", "shifted")))
    if kind == "F":
        array = np.asfortranarray(array)
    elif kind == "strided":
        wide = np.zeros((2 * array.shape[0], 3 * array.shape[1], *array.shape[2:]), array.dtype)
        wide[::2, 1::3] = array
        array = wide[::2, 1::3]
    elif kind == "mirrored":
        array = array[::-1, ::-1].copy()[::-1, ::-1]
    elif kind == "shifted":  # the bytes start at an odd address
        memory = np.zeros(array.nbytes + 1, np.uint8)
        view = memory[1:].view(array.dtype).reshape(array.shape)
        view[...] = array
        array = view
    if draw(st.booleans()):
        array = array.view()
        array.flags.writeable = False
    return array
