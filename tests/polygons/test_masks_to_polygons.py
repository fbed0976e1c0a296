"""Many masks at once: the same polygons as one by one, in order, errors at their turn, stacks among them."""

from __future__ import annotations

import os
import pickle
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import prelabel
import strategies
from polygons.test_mask_to_polygons import COLORS, MASK, png
from prelabel.errors import ConfigError, MaskError
from prelabel.polygons import masks_to_polygons as module
from prelabel.polygons.mask_to_polygons import mask_to_polygons
from prelabel.polygons.masks_to_polygons import masks_to_polygons

if TYPE_CHECKING:
    from pathlib import Path

    from prelabel.polygons.polygons import Polygons

STACK = np.stack([MASK == 1, MASK > 0])
RLE = {"size": [2, 2], "counts": [1, 2, 1]}


def content(polygons: Polygons) -> list[Any]:
    """Return all of it as plain values."""
    arrays = (polygons.points, polygons.ring_offsets, polygons.polygon_offsets, polygons.areas)
    indices = (polygons.class_indices, polygons.object_indices)
    return [polygons.shape, polygons.class_names, polygons.counts, *(each.tolist() for each in (*arrays, *indices))]


def test_every_kind_of_mask(tmp_path: Path) -> None:
    """Arrays, bytes, paths and run lengths give what they give one by one; stacks have an object a plane."""
    path = tmp_path / "mask.png"
    path.write_bytes(png(MASK))
    masks = [MASK, png(MASK), bytearray(png(MASK)), path, str(path), RLE, COLORS[MASK], MASK.tolist()]

    *results, of_stack = masks_to_polygons([*masks, STACK], n_threads=2)

    assert [content(each) for each in results] == [content(mask_to_polygons(mask)) for mask in masks]
    assert of_stack.object_indices.tolist() == [0, 1]
    assert of_stack.areas.tolist() == STACK.sum(axis=(1, 2)).tolist()


@given(st.lists(strategies.masks(), max_size=40), st.integers(1, 3), st.sampled_from((0.1, 1.0)))
def test_results_are_those_of_single_masks(masks: list[np.ndarray], n_threads: int, tolerance: float) -> None:
    """In order, whatever the number of threads."""
    results = masks_to_polygons(iter(masks), n_threads=n_threads, tolerance=tolerance)

    assert list(map(content, results)) == [content(mask_to_polygons(mask, tolerance=tolerance)) for mask in masks]


def test_a_stack_by_itself_is_its_planes() -> None:
    """The masks may be an array, whose planes they then are."""
    assert [len(each) for each in masks_to_polygons(STACK)] == [1, 1]


def test_options_reach_the_tracer() -> None:
    """All of them, for stacks too."""
    dots = np.array([[1, 0, 0, 1], [0, 1, 0, 0]], np.uint8)
    options: dict[str, Any] = {
        "colors": {"dot": [1]},
        "tolerance": 2,
        "simplification": "rings",
        "coordinates": "pixel_centers",
        "connectivity": 8,
        "min_area": 2,
    }

    plain, stacked = masks_to_polygons([dots, dots[None] == 1], **options)

    assert content(plain) == content(mask_to_polygons(dots, **options))
    assert stacked.points.tolist() == plain.points.tolist()
    assert stacked.coordinates == "pixel_centers"
    assert not plain.may_overlap
    assert stacked.may_overlap


def test_stacks_as_wide_as_colours() -> None:
    """Integers of three columns are colours unless the caller says otherwise."""
    narrow = np.ones((2, 4, 3), np.uint8)

    (colours,), (planes,) = masks_to_polygons([narrow]), masks_to_polygons([narrow], stacks=True)

    assert (colours.shape, len(colours)) == ((2, 4), 1)
    assert (planes.shape, len(planes)) == ((4, 3), 2)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_an_error_is_raised_at_its_turn(n_threads: int) -> None:
    """With the mask's number in text and field, after the results before it; then all is over."""
    results = masks_to_polygons([MASK, MASK, b"no mask", MASK], n_threads=n_threads)

    assert len(next(results)) == len(next(results)) == 2
    with pytest.raises(MaskError, match=r"^mask 2: the file begins with") as caught:
        next(results)
    assert caught.value.mask_index == 2
    assert pickle.loads(pickle.dumps(caught.value)).mask_index == 2
    assert list(results) == []


@pytest.mark.parametrize("n_threads", [1, 2])
def test_errors_as_results(n_threads: int, tmp_path: Path) -> None:
    """They stand in their masks' places, and the others' results are there."""
    absent = tmp_path / "absent.png"

    first, second, third, fourth = masks_to_polygons(
        [absent, MASK, np.full((2, 5, 5), 9), MASK], n_threads=n_threads, on_error="return"
    )

    assert isinstance(first, MaskError)
    assert str(first).startswith(f'mask 0: cannot read the mask "{absent}": No such file')
    assert (first.mask_index, first.excerpt, first.__cause__ is not None) == (0, str(absent), True)
    assert isinstance(third, MaskError)
    assert (third.mask_index, third.shape) == (2, (2, 5, 5))
    assert [len(each) for each in (second, fourth) if not isinstance(each, MaskError)] == [2, 2]


def test_kept_errors_keep_no_masks() -> None:
    """A service that collects errors must not hold the pictures they came of."""
    mask = np.full((50, 50), 0.5)
    alive = weakref.ref(mask)

    (error,) = masks_to_polygons([mask], on_error="return")
    del mask

    assert isinstance(error, MaskError)
    assert alive() is None


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"on_error": "skip"}, 'on_error is \'skip\': give "raise" or "return"'),
        ({"n_threads": 0}, "n_threads is 0: give a whole number, 1 or more, or None"),
        ({"n_threads": True}, "n_threads is True"),
        ({"n_threads": "2"}, "n_threads is '2'"),
        ({"on_error": ["raise"]}, "on_error is ['raise']"),
        ({"tolerance": "x"}, "tolerance is 'x'"),
        ({"min_area": 2.5}, "min_area is 2.5"),
        ({"colors": [1]}, "colors is a list"),
        ({"n_threads": 1.5}, "n_threads is 1.5"),
        ({"tolerance": -1}, "tolerance is -1"),
        ({"colors": {}}, "colors is empty"),
    ],
)
def test_options_are_checked_at_the_call(options: dict[str, Any], part: str) -> None:
    """Before any mask is asked for."""
    with pytest.raises(ConfigError) as caught:
        masks_to_polygons(iter([MASK]), **options)

    assert part in str(caught.value)


def test_cores_are_those_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Python counts them where it does, else the scheduler, else all there are."""
    monkeypatch.setattr(os, "process_cpu_count", lambda: 5, raising=False)
    assert module._count_cores() == 5
    monkeypatch.delattr(os, "process_cpu_count")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3}, raising=False)
    assert module._count_cores() == 2
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert module._count_cores() == 1


def test_public_names() -> None:
    """It is the package's own."""
    assert prelabel.masks_to_polygons is masks_to_polygons
