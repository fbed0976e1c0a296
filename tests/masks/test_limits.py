"""The limits: what they let through, to the byte, and what they say of the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prelabel.errors import ConfigError, MaskError
from prelabel.masks.limits import MAX_SIDE, MaskLimits

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_file_of_just_the_limit() -> None:
    """One byte more is too much."""
    limits = MaskLimits(max_bytes=100)
    limits.check_file(100)
    with pytest.raises(MaskError, match="has 101 bytes and at most 100 are allowed: compress it"):
        limits.check_file(101)


def test_pixels_of_just_the_limit() -> None:
    """One more is too much, and the error has the shape."""
    limits = MaskLimits(max_pixels=100)
    limits.check_size((10, 10))
    with pytest.raises(MaskError, match="101 x 1 = 101 pixels and at most 100 are allowed: split it") as caught:
        limits.check_size((1, 101))
    assert caught.value.shape == (1, 101)


def test_bytes_of_pixels_of_just_the_limit() -> None:
    """What a pixel takes while it is decoded counts; a third side does not."""
    limits = MaskLimits(max_bytes=400)
    limits.check_size((10, 10, 3), 4)
    with pytest.raises(MaskError, match="10 x 10 pixels, which take 500 bytes to decode, and at most 400"):
        limits.check_size((10, 10), 5)


@pytest.mark.parametrize("shape", [(1, MAX_SIDE + 1), (MAX_SIDE + 1, 1)])
def test_sides_have_a_limit_of_their_own(shape: tuple[int, int]) -> None:
    """Rows and places of rows are allocated before any pixel is read, however few pixels there are."""
    MaskLimits().check_size((1, MAX_SIDE))
    with pytest.raises(MaskError, match="at most 1048576 are allowed on a side"):
        MaskLimits().check_size(shape)


def test_runs_of_just_the_limit() -> None:
    """Runs are counted by what tracing makes of them."""
    limits = MaskLimits(max_bytes=6400)
    assert limits.max_runs == 100
    limits.check_runs(100, (50, 50))
    with pytest.raises(MaskError, match="falls into more than 100 runs of equal pixels") as caught:
        limits.check_runs(101, (50, 50))
    assert caught.value.shape == (50, 50)


@pytest.mark.parametrize(
    ("limits", "check", "option"),
    [
        ({"max_bytes": 1}, lambda limits: limits.check_file(2), "max_mask_bytes"),
        ({"max_pixels": 1}, lambda limits: limits.check_size((1, 2)), "max_mask_pixels"),
        ({"max_bytes": 1}, lambda limits: limits.check_size((1, 2)), "max_mask_bytes"),
        ({"max_bytes": 1}, lambda limits: limits.check_runs(2, (1, 2)), "max_mask_bytes"),
    ],
)
def test_options_are_named_where_they_are(
    limits: dict[str, Any], check: Callable[[MaskLimits], None], option: str
) -> None:
    """An import has them; a call of the library has none, and says what else its caller can do."""
    with pytest.raises(MaskError, match=f", or raise {option}$"):
        check(MaskLimits(**limits))
    with pytest.raises(MaskError, match=r", or decode it yourself and give its array$") as caught:
        check(MaskLimits(**limits, are_options=False))
    assert "max_mask" not in str(caught.value)


@pytest.mark.parametrize("field", ["max_bytes", "max_pixels"])
def test_limits_are_positive(field: str) -> None:
    """A limit of nothing is a mistake; the error names the option."""
    options: dict[str, Any] = {field: 0}
    with pytest.raises(ConfigError, match=rf"max_mask_{field[4:]} is 0: give a whole number") as caught:
        MaskLimits(**options)
    assert caught.value.field == f"max_mask_{field[4:]}"
