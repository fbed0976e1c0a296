"""Whole numbers of every type, and what is none."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from prelabel.masks.whole_number import whole_number


@pytest.mark.parametrize("value", [3, 3.0, np.uint8(3), np.int64(3), np.float32(3), np.float64(3)])
def test_whole_numbers(value: Any) -> None:
    """As ints of Python's own."""
    assert whole_number(value) == 3
    assert type(whole_number(value)) is int


@pytest.mark.parametrize(
    "value",
    [True, np.True_, 2.5, float("nan"), float("inf"), np.float16(0.5), "3", b"3", None, [3], np.array([3]), Decimal(3)],
    ids=repr,
)
def test_what_is_none(value: Any) -> None:
    """Truth values, fractions, text, lists."""
    assert whole_number(value) is None
